package model

import (
	"strconv"

	"github.com/apigen-go/apigen/generator/internal/spec"
)

// Direction says which way a payload travels: readOnly members are left out of
// requests and writeOnly members out of responses.
type Direction int

// The directions.
const (
	Request Direction = iota + 1
	Response
)

// Sample makes up a JSON value that is valid under s. The same seed gives the
// same text, different seeds give different strings and numbers where the
// schema leaves room. Seed 0 and every multiple of 4 carry all properties, the
// others leave some of the optional ones out. It reports false when no valid
// value was found, for example because a pattern cannot be met.
func Sample(s *spec.Schema, dir Direction, seed uint64) (string, bool) {
	for _, try := range []struct {
		offset  uint64
		minimal bool
	}{{0, false}, {1, false}, {0, true}, {1, true}, {2, true}, {3, true}} {
		g := &sampler{dir: dir, seed: seed, offset: try.offset, minimal: try.minimal}
		v, ok := g.value(s, place{name: "value"})
		if ok && conforms(s, v, dir) {
			return encodeValue(v), true
		}
	}
	return "", false
}

// SampleText makes up the text of a scalar parameter: the value of [Sample]
// without quotes. It reports false for schemas of arrays and objects.
func SampleText(s *spec.Schema, seed uint64) (string, bool) {
	for offset := range uint64(4) {
		text, ok := Sample(s, Request, seed+offset)
		if !ok {
			return "", false
		}
		v, err := decodeValue(text)
		if err != nil {
			return "", false
		}
		switch v := v.(type) {
		case string:
			if v != "" {
				return v, true
			}
		case bool:
			return strconv.FormatBool(v), true
		case number:
			return string(v), true
		case []any, *object:
			return "", false
		}
	}
	return "", false
}

// place is where a sampled value sits: the member name it is known by and what
// tells it from its neighbours.
type place struct {
	name  string
	index string // "-0-1": positions inside the arrays and maps around it
	depth int
}

func (p place) member(name string) place {
	return place{name: name, index: p.index, depth: p.depth + 1}
}

func (p place) item(i int) place {
	return place{name: p.name, index: p.index + "-" + strconv.Itoa(i), depth: p.depth + 1}
}

// Limits that keep samples of large and recursive schemas small.
const (
	maxSampleDepth = 24
	maxFullDepth   = 6   // optional members are left out below
	maxFullNodes   = 400 // and beyond this many values
)

type sampler struct {
	dir     Direction
	seed    uint64
	offset  uint64 // shifts the choice between alternatives
	minimal bool   // required members only
	nodes   int
	stack   []*spec.Schema
}

// value makes up a value for s, trying its alternatives in turn.
func (g *sampler) value(s *spec.Schema, at place) (any, bool) {
	core := s
	for core.Target != nil {
		core = core.Target
	}
	on := 0
	for _, x := range g.stack {
		if x == core {
			on++
		}
	}
	if on > 1 || at.depth > maxSampleDepth {
		return nil, nullable(s)
	}
	g.stack = append(g.stack, core)
	defer func() { g.stack = g.stack[:len(g.stack)-1] }()
	g.nodes++

	tries := 1
	for k := 0; k < tries && k < 32; k++ {
		sh := shapeOf(s, func(alts []*spec.Schema) int {
			tries = max(tries, len(alts))
			return int((g.seed/4 + g.offset + uint64(k)) % uint64(len(alts)))
		})
		v, ok := g.emit(sh, at)
		if ok && (tries == 1 || conforms(s, v, g.dir)) {
			return v, true
		}
	}
	return nil, nullable(s)
}

// emit makes up a value for one merged shape.
func (g *sampler) emit(sh *shape, at place) (any, bool) {
	if sh.never {
		return nil, false
	}
	if sh.enum != nil {
		return g.choice(sh, at)
	}
	if sh.null && at.depth > 0 && g.seed%4 == 3 && hash(at.name)%2 == 0 {
		return nil, true
	}
	switch kind := sh.kind(g.seed / 4); kind {
	case "object":
		return g.object(sh, at)
	case "array":
		return g.array(sh, at)
	case "string":
		return g.text(sh, at)
	case "integer", "number":
		return g.number(sh, kind == "integer", at)
	case "boolean":
		return (g.seed+hash(at.name+at.index))%2 == 0, true
	case "null":
		return nil, true
	}
	return nil, false
}

// choice picks a value of an enum, null last.
func (g *sampler) choice(sh *shape, at place) (any, bool) {
	var values []any
	hasNull := false
	for _, v := range sh.enum {
		switch {
		case v == nil:
			hasNull = true
		case sh.allows(v):
			values = append(values, v)
		}
	}
	if len(values) == 0 {
		return nil, hasNull && (sh.null || !sh.typed)
	}
	return values[(g.seed/4+hash(at.index)+g.offset)%uint64(len(values))], true
}

func (g *sampler) array(sh *shape, at place) (any, bool) {
	want := max(sh.minItems, int(1+g.seed%2))
	if g.minimal {
		want = sh.minItems
	}
	if sh.maxItems >= 0 {
		want = min(want, sh.maxItems)
	}
	list := []any{}
	items := sh.item()
	for i := 0; len(list) < want && i < want*4+8; i++ {
		v, ok := g.value(items, at.item(i))
		if !ok {
			break
		}
		if sh.unique && holds(list, v) {
			// A small set of values: let the choice move on.
			g.offset++
			continue
		}
		list = append(list, v)
	}
	return list, len(list) >= sh.minItems
}

func (g *sampler) object(sh *shape, at place) (any, bool) {
	o := &object{}
	var spare []*member
	for _, p := range sh.props {
		s := p.schema()
		if isReadOnly(s) && g.dir == Request || isWriteOnly(s) && g.dir == Response {
			continue
		}
		required := sh.required[p.name]
		if !required && (at.depth >= maxFullDepth || g.nodes > maxFullNodes) {
			continue
		}
		v, ok := g.value(s, at.member(p.name))
		switch {
		case !ok && required:
			return nil, false
		case !ok:
		case required || g.keeps(p.name):
			o.set(p.name, v)
		default:
			spare = append(spare, &member{p.name, v})
		}
	}
	for _, name := range sh.requiredBeyond() {
		v, ok := g.value(sh.extra(), at.member(name))
		if !ok {
			return nil, false
		}
		o.set(name, v)
	}
	for _, m := range spare {
		if len(o.members) >= sh.minProps {
			break
		}
		o.set(m.name, m.value)
	}
	want := sh.minProps
	if sh.maps() && !g.minimal && at.depth < maxFullDepth {
		want = max(want, 1+int(g.seed%2))
	}
	for i := 0; len(o.members) < want && !sh.closed; i++ {
		v, ok := g.value(sh.extra(), at.item(i))
		if !ok {
			break
		}
		o.set("key"+strconv.Itoa(i+1), v)
	}
	g.shrink(sh, o)
	return o, len(o.members) >= sh.minProps
}

// keeps tells whether an optional member is part of this sample.
func (g *sampler) keeps(name string) bool {
	switch {
	case g.minimal:
		return false
	case g.seed%4 == 0:
		return true
	case g.seed%4 == 1:
		return false
	}
	return (hash(name)+g.seed)%2 == 0
}

// shrink drops optional members until maxProperties holds.
func (g *sampler) shrink(sh *shape, o *object) {
	for i := len(o.members) - 1; i >= 0 && sh.maxProps >= 0 && len(o.members) > sh.maxProps; i-- {
		if !sh.required[o.members[i].name] {
			o.members = append(o.members[:i], o.members[i+1:]...)
		}
	}
}

func holds(list []any, v any) bool {
	for _, x := range list {
		if equalValues(x, v) {
			return true
		}
	}
	return false
}

// hash is FNV-1a: stable across runs, which the runtime's own is not.
func hash(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}
