package model

import (
	"math"
	"math/big"
	"slices"

	"github.com/apigen-go/apigen/generator/internal/spec"
)

// integerFormats are the formats of integers and what they allow.
var integerFormats = map[string]struct {
	kind     Kind
	min, max string
}{
	"int8":   {Int32, "-128", "127"},
	"uint8":  {Int32, "0", "255"},
	"int16":  {Int32, "-32768", "32767"},
	"uint16": {Int32, "0", "65535"},
	"int32":  {Int32, "-2147483648", "2147483647"},
	"uint32": {Int64, "0", "4294967295"},
	"int64":  {Int64, "-9223372036854775808", "9223372036854775807"},
	"uint64": {Uint64, "0", "18446744073709551615"},
}

// integer is the kind of an integer: the one of its format, else int64, unless
// limits or values of the schema lie beyond that.
func (b *builder) integer(s *spec.Schema, u *use) Kind {
	f, ok := integerFormats[s.Format]
	kind := f.kind
	switch {
	case !ok || s.Strict || s.Format == "int64":
		kind = wideKind(s)
	case s.Format != "int32" && s.Format != "uint64": // the kind allows more than the format
		u.Rules = u.Rules.narrow(Rules{Min: f.min, Max: f.max, MaxLength: -1, MaxItems: -1})
	}
	b.p.Integers = b.p.Integers || kind == Uint64 || kind == Big
	return kind
}

// rounding is how far a limit may lie beyond 64 bits and still mean them: what a
// program that knows 53 bits only makes of the limit of 64.
const rounding = 1024

// wideKind is the smallest kind that holds what a schema speaks of.
func wideKind(s *spec.Schema) Kind {
	var low, high, other []*big.Rat
	add := func(to *[]*big.Rat, n *spec.Number) {
		if n != nil {
			if r := rat(string(*n)); r != nil {
				*to = append(*to, r)
			}
		}
	}
	add(&low, s.Minimum)
	add(&low, s.ExclusiveMinimum)
	add(&high, s.Maximum)
	add(&high, s.ExclusiveMaximum)
	add(&other, s.MultipleOf)
	values := s.Enum
	if s.Const != nil {
		values = append(slices.Clone(values), *s.Const)
	}
	for _, v := range values {
		n := spec.Number(v.JSON)
		add(&other, &n)
	}
	within := func(min, max *big.Int) bool {
		return !slices.ContainsFunc(slices.Concat(low, high, other), func(r *big.Rat) bool {
			return r.Cmp(new(big.Rat).SetInt(min)) < 0 || r.Cmp(new(big.Rat).SetInt(max)) > 0
		})
	}
	slack := big.NewInt(rounding)
	minInt, maxInt, maxUint := big.NewInt(math.MinInt64), big.NewInt(math.MaxInt64), new(big.Int).SetUint64(math.MaxUint64)
	switch {
	case within(minInt, maxInt), s.Format != "" && within(new(big.Int).Sub(minInt, slack), new(big.Int).Add(maxInt, slack)):
		return Int64
	case within(new(big.Int), maxUint) && (len(low) > 0 && len(high) > 0 || len(values) > 0):
		return Uint64
	}
	return Big
}

// beyondFloat reports whether limits or values of a number are beyond float64.
func beyondFloat(s *spec.Schema) bool {
	for _, n := range []*spec.Number{s.Minimum, s.Maximum, s.ExclusiveMinimum, s.ExclusiveMaximum, s.MultipleOf} {
		if n != nil {
			if _, ok := numberLiteral(Float64, string(*n)); !ok {
				return true
			}
		}
	}
	return slices.ContainsFunc(s.Enum, func(v spec.Value) bool {
		_, ok := numberLiteral(Float64, v.JSON)
		return !ok && v.JSON != "null"
	})
}
