package model

import (
	"math/big"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/apigen-go/apigen/generator/internal/spec"
)

// Mutant is a request value that breaks one constraint of its schema.
type Mutant struct {
	Pointer string // JSON pointer of the offending value, "" for the whole; for a missing member the place it should be
	Rule    string // the broken keyword: "required", "type", "maxLength", …
	JSON    string
}

// Mutants returns the values next to valid that break one constraint of s each,
// in a stable order. Below a union without a discriminator the pointer names
// the union, because no service can tell which variant was meant.
func Mutants(s *spec.Schema, valid string) []Mutant {
	v, err := decodeValue(valid)
	if err != nil || !conforms(s, v, Request) {
		return nil
	}
	m := &mutator{root: s}
	m.walk(s, v, spot{put: func(x any) any { return x }})
	return m.out
}

type mutator struct {
	root *spec.Schema
	out  []Mutant
}

// spot is a place inside the valid value.
type spot struct {
	pointer string
	union   *string       // pointer of the enclosing union, if any
	put     func(any) any // the whole value with another one in this place
	depth   int
}

func (at spot) member(o *object, name string) spot {
	return spot{
		pointer: at.pointer + "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name),
		union:   at.union,
		put:     func(x any) any { return at.put(o.with(name, x)) },
		depth:   at.depth + 1,
	}
}

func (at spot) first(list []any) spot {
	return spot{
		pointer: at.pointer + "/0",
		union:   at.union,
		put:     func(x any) any { return at.put(append([]any{x}, list[1:]...)) },
		depth:   at.depth + 1,
	}
}

// add records the value with x at the spot unless it is still valid.
func (m *mutator) add(at spot, rule string, x any) {
	whole := at.put(x)
	if conforms(m.root, whole, Request) {
		return
	}
	pointer := at.pointer
	if at.union != nil {
		pointer = *at.union
	}
	m.out = append(m.out, Mutant{pointer, rule, encodeValue(whole)})
}

// missing records the value with x at the spot; the offence is at its member.
func (m *mutator) missing(at spot, name, rule string, x any) {
	whole := at.put(x)
	if conforms(m.root, whole, Request) {
		return
	}
	pointer := at.member(&object{}, name).pointer
	if at.union != nil {
		pointer = *at.union
	}
	m.out = append(m.out, Mutant{pointer, rule, encodeValue(whole)})
}

func (m *mutator) walk(s *spec.Schema, v any, at spot) {
	if at.depth > 8 {
		return
	}
	sh := shapeOf(s, func(alts []*spec.Schema) int {
		return max(0, slices.IndexFunc(alts, func(alt *spec.Schema) bool { return conforms(alt, v, Request) }))
	})
	if sh.union && !sh.discerned && at.union == nil {
		at.union = &at.pointer
	}
	if v != nil {
		m.add(at, "type", wrongType(v))
		if _, ok := v.(number); ok && !slices.Contains(sh.types, "number") {
			m.add(at, "type", number("1.5"))
		}
		m.add(at, "null", nil)
	}
	if sh.enum != nil {
		m.add(at, "enum", outsider(v))
		return
	}
	switch v := v.(type) {
	case string:
		m.stringMutants(sh, v, at)
	case number:
		m.numberMutants(sh, v, at)
	case []any:
		m.arrayMutants(sh, v, at)
	case *object:
		m.objectMutants(sh, v, at)
	}
}

func wrongType(v any) any {
	switch v.(type) {
	case string:
		return number("4711")
	case bool:
		return "perhaps"
	}
	return "wrong"
}

// outsider returns a value of the type of v that no enum has.
func outsider(v any) any {
	switch v := v.(type) {
	case number:
		return number("-987654")
	case bool:
		return !v
	}
	return "no-such-value"
}

// maxMutantSize bounds what a too long string or list may cost.
const maxMutantSize = 20_000

func (m *mutator) stringMutants(sh *shape, v string, at spot) {
	if sh.minLen > 0 {
		m.add(at, "minLength", string([]rune(v)[:sh.minLen-1]))
	}
	if sh.maxLen >= 0 && sh.maxLen < maxMutantSize {
		m.add(at, "maxLength", v+strings.Repeat("x", sh.maxLen+1-utf8.RuneCountInString(v)))
	}
	for _, pattern := range sh.patterns {
		for _, wrong := range []string{v + "!", "!" + v, strings.Repeat("!", max(1, sh.minLen)), v + "\u2603", "~ ~"} {
			n := utf8.RuneCountInString(wrong)
			if n >= sh.minLen && (sh.maxLen < 0 || n <= sh.maxLen) && !matchesAll([]string{pattern}, wrong) {
				m.add(at, "pattern", wrong)
				break
			}
		}
	}
	if wrong, ok := wrongFormats[sh.format]; ok {
		m.add(at, "format", wrong)
	}
}

var wrongFormats = map[string]string{
	"uuid":      "not-a-uuid",
	"date":      "2024-02-30",
	"date-time": "2024-01-15 09:30",
	"email":     "nobody.example.com",
	"ipv4":      "10.0.0.256",
	"ipv6":      "2001:db8::g",
	"uri":       "not a uri",
	"byte":      "%%%",
}

func (m *mutator) numberMutants(sh *shape, v number, at spot) {
	one := big.NewRat(1, 1)
	lo, hi := sh.limits()
	if lo != nil && len(sh.min) > 0 {
		below := new(big.Rat).Set(lo.r)
		if !lo.exclusive {
			below.Sub(below, one)
		}
		m.add(at, "minimum", decimal(below))
	}
	if hi != nil && len(sh.max) > 0 {
		above := new(big.Rat).Set(hi.r)
		if !hi.exclusive {
			above.Add(above, one)
		}
		m.add(at, "maximum", decimal(above))
	}
	if step := rat(sh.multipleOf); step != nil && step.Sign() > 0 {
		shift := new(big.Rat).Quo(step, big.NewRat(2, 1))
		if slices.Contains(sh.types, "integer") {
			shift = one
		}
		m.add(at, "multipleOf", decimal(shift.Add(shift, rat(string(v)))))
	}
	switch sh.format {
	case "int32":
		m.add(at, "format", number("2147483648"))
	case "int64":
		m.add(at, "format", number("9223372036854775808"))
	}
}

func (m *mutator) arrayMutants(sh *shape, v []any, at spot) {
	if sh.minItems > 0 {
		m.add(at, "minItems", v[:sh.minItems-1])
	}
	if len(v) == 0 {
		return
	}
	if sh.maxItems >= 0 && sh.maxItems < maxMutantSize/10 {
		long := slices.Clone(v)
		for len(long) <= sh.maxItems {
			long = append(long, v[len(v)-1])
		}
		m.add(at, "maxItems", long)
	}
	if sh.unique && (sh.maxItems < 0 || len(v) < sh.maxItems) {
		m.add(at, "uniqueItems", append(slices.Clone(v), v[len(v)-1]))
	}
	if len(sh.items) > 0 {
		m.walk(sh.item(), v[0], at.first(v))
	}
}

func (m *mutator) objectMutants(sh *shape, v *object, at spot) {
	for _, member := range v.members {
		if sh.required[member.name] {
			m.missing(at, member.name, "required", v.without(member.name))
		}
	}
	if sh.closed {
		m.missing(at, "unexpected_member", "additionalProperties", v.with("unexpected_member", true))
	}
	if sh.minProps > 0 && len(v.members) >= sh.minProps {
		m.add(at, "minProperties", &object{v.members[:sh.minProps-1]})
	}
	if sh.maxProps >= 0 && sh.maxProps < maxMutantSize/100 && sh.maps() {
		full := v
		for i := 0; len(full.members) > 0 && len(full.members) <= sh.maxProps; i++ {
			full = full.with("more"+string(rune('a'+i%26))+strings.Repeat("z", i/26), v.members[0].value)
		}
		m.add(at, "maxProperties", full)
	}
	for _, p := range sh.props {
		s := p.schema()
		item, ok := v.get(p.name)
		if !ok || isReadOnly(s) {
			continue
		}
		below := at.member(v, p.name)
		if sh.discerned && sh.discriminator == p.name && at.union == nil {
			// An unknown discriminator value may be reported for the union.
			below.union = &at.pointer
		}
		m.walk(s, item, below)
	}
	if sh.maps() && len(v.members) > 0 {
		m.walk(sh.extra(), v.members[0].value, at.member(v, v.members[0].name))
	}
}
