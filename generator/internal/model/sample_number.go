package model

import (
	"math/big"
)

// number makes up a number on the grid of multipleOf, or of 1 for integers and
// 1/2 for others, so that it reads well and survives 32-bit floats.
func (g *sampler) number(sh *shape, integer bool, at place) (any, bool) {
	lo, hi := sh.limits()
	step := sh.step(integer, lo, hi)
	width := new(big.Rat).Mul(step, big.NewRat(100_000, 1))
	switch {
	case lo == nil && hi == nil:
		lo, hi = &limit{r: step}, &limit{r: width}
	case hi == nil:
		hi = &limit{r: new(big.Rat).Add(lo.r, width)}
	case lo == nil && hi.r.Cmp(step) >= 0:
		lo = &limit{r: step}
	case lo == nil:
		lo = &limit{r: new(big.Rat).Sub(hi.r, width)}
	}
	first, last := lo.steps(step, true), hi.steps(step, false)
	count := new(big.Int).Sub(last, first)
	if count.Sign() < 0 {
		return nil, false
	}
	count.Add(count, big.NewInt(1))
	k := new(big.Int).SetUint64(g.seed + hash(at.name+at.index)%97)
	k.Add(first, k.Mod(k, count))
	return decimal(new(big.Rat).Mul(step, new(big.Rat).SetInt(k))), true
}

// limit is one end of a range.
type limit struct {
	r         *big.Rat
	exclusive bool
}

// limits returns the tightest bounds, nil where there is none.
func (sh *shape) limits() (lo, hi *limit) {
	if f, ok := integerFormats[sh.format]; ok && f.max != "" {
		hi = &limit{r: rat(f.max)}
	}
	for _, b := range sh.min {
		if r := rat(b.value); r != nil && (lo == nil || r.Cmp(lo.r) >= 0) {
			lo = &limit{r, b.exclusive || lo != nil && lo.exclusive && r.Cmp(lo.r) == 0}
		}
	}
	for _, b := range sh.max {
		if r := rat(b.value); r != nil && (hi == nil || r.Cmp(hi.r) <= 0) {
			hi = &limit{r, b.exclusive || hi != nil && hi.exclusive && r.Cmp(hi.r) == 0}
		}
	}
	return lo, hi
}

// step is the distance between two samples.
func (sh *shape) step(integer bool, lo, hi *limit) *big.Rat {
	if r := rat(sh.multipleOf); r != nil && r.Sign() > 0 {
		if integer {
			return new(big.Rat).SetInt(r.Num())
		}
		return r
	}
	if integer {
		return big.NewRat(1, 1)
	}
	step := big.NewRat(1, 2)
	if lo != nil && hi != nil {
		for range 64 {
			if new(big.Rat).Sub(hi.r, lo.r).Cmp(new(big.Rat).Mul(step, big.NewRat(4, 1))) > 0 {
				break
			}
			step.Mul(step, big.NewRat(1, 2))
		}
	}
	return step
}

// steps returns how many steps from zero the first (or last) value lies that
// keeps to the limit.
func (l *limit) steps(step *big.Rat, first bool) *big.Int {
	q := new(big.Rat).Quo(l.r, step)
	n := new(big.Int).Div(q.Num(), q.Denom()) // floor: the denominator is positive
	switch {
	case first && (!q.IsInt() || l.exclusive):
		n.Add(n, big.NewInt(1))
	case !first && q.IsInt() && l.exclusive:
		n.Sub(n, big.NewInt(1))
	}
	return n
}
