package model

import (
	"slices"

	"github.com/apigen-go/apigen/generator/internal/spec"
)

// shape is a schema with its references, its allOf parts and one chosen variant
// of each oneOf and anyOf merged into one set of constraints.
type shape struct {
	never bool // nothing is valid
	null  bool // null is valid
	typed bool // types is a restriction
	types []string

	enum     []any // nil: any value; const is an enum of one
	format   string
	patterns []string
	examples []string // JSON texts

	min, max         []bound
	multipleOf       string
	minLen, maxLen   int // max: -1 for none, here and below
	minItems         int
	maxItems         int
	unique           bool
	minProps         int
	maxProps         int
	items            []*spec.Schema
	props            []*shapeProp
	required         map[string]bool
	additional       []*spec.Schema
	closed           bool
	seen             map[*spec.Schema]bool
	choose           func([]*spec.Schema) int
	union, discerned bool   // a variant was chosen, and a discriminator names it
	discriminator    string // the property that does
}

type bound struct {
	value     string
	exclusive bool
}

// shapeProp is a property with the schemas of all parts that name it.
type shapeProp struct {
	name  string
	parts []*spec.Schema
}

// schema returns the one schema all parts add up to.
func (p *shapeProp) schema() *spec.Schema {
	if len(p.parts) == 1 {
		return p.parts[0]
	}
	return &spec.Schema{AllOf: p.parts}
}

// shapeOf merges s; choose picks between the variants of a oneOf or anyOf.
func shapeOf(s *spec.Schema, choose func([]*spec.Schema) int) *shape {
	sh := &shape{
		maxLen: -1, maxItems: -1, maxProps: -1,
		required: map[string]bool{},
		seen:     map[*spec.Schema]bool{},
		choose:   choose,
	}
	sh.absorb(s)
	sh.null = nullable(s)
	if sh.enum != nil && !holds(sh.enum, nil) {
		sh.null = false
	}
	return sh
}

// absorb adds the constraints of s.
func (sh *shape) absorb(s *spec.Schema) {
	if s == nil || sh.seen[s] {
		return
	}
	sh.seen[s] = true // a second time it adds nothing
	if s.Bool != nil && !*s.Bool {
		sh.never = true
	}
	sh.absorb(s.Target)
	sh.absorbTypes(s.Types)
	if s.Const != nil {
		sh.absorbEnum([]spec.Value{*s.Const})
	}
	sh.absorbEnum(s.Enum)
	sh.absorbScalar(s)
	sh.absorbLists(s)
	for _, part := range s.AllOf {
		sh.absorb(part)
	}
	sh.absorbVariant(s, s.OneOf)
	sh.absorbVariant(s, s.AnyOf)
}

func (sh *shape) absorbTypes(types []string) {
	if len(types) == 0 {
		return
	}
	if !sh.typed {
		sh.typed, sh.types = true, slices.Clone(types)
		return
	}
	var both []string
	for _, t := range sh.types {
		switch {
		case slices.Contains(types, t):
			both = append(both, t)
		case t == "integer" && slices.Contains(types, "number"):
			both = append(both, t)
		case t == "number" && slices.Contains(types, "integer"):
			both = append(both, "integer")
		}
	}
	sh.types = both
}

func (sh *shape) absorbEnum(values []spec.Value) {
	if len(values) == 0 {
		return
	}
	merged := []any{}
	for _, raw := range values {
		v, err := decodeValue(raw.JSON)
		if err == nil && (sh.enum == nil || holds(sh.enum, v)) {
			merged = append(merged, v)
		}
	}
	sh.enum = merged
}

func (sh *shape) absorbScalar(s *spec.Schema) {
	if s.Format != "" {
		sh.format = s.Format
	}
	if s.Pattern != nil {
		sh.patterns = append(sh.patterns, *s.Pattern)
	}
	for _, v := range s.Examples {
		sh.examples = append(sh.examples, v.JSON)
	}
	add := func(list *[]bound, n *spec.Number, exclusive bool) {
		if n != nil {
			*list = append(*list, bound{string(*n), exclusive})
		}
	}
	add(&sh.min, s.Minimum, false)
	add(&sh.min, s.ExclusiveMinimum, true)
	add(&sh.max, s.Maximum, false)
	add(&sh.max, s.ExclusiveMaximum, true)
	if s.MultipleOf != nil {
		sh.multipleOf = string(*s.MultipleOf)
	}
}

func (sh *shape) absorbLists(s *spec.Schema) {
	sh.minLen, sh.maxLen = narrow(sh.minLen, sh.maxLen, s.MinLength, s.MaxLength)
	sh.minItems, sh.maxItems = narrow(sh.minItems, sh.maxItems, s.MinItems, s.MaxItems)
	sh.minProps, sh.maxProps = narrow(sh.minProps, sh.maxProps, s.MinProperties, s.MaxProperties)
	sh.unique = sh.unique || s.UniqueItems
	if s.Items != nil {
		sh.items = append(sh.items, s.Items)
	}
	for _, p := range s.Properties {
		sh.prop(p.Name).parts = append(sh.prop(p.Name).parts, p.Schema)
	}
	for _, name := range s.Required {
		sh.required[name] = true
	}
	if s.Additional != nil {
		if s.Additional.Bool != nil && !*s.Additional.Bool {
			sh.closed = true
		}
		sh.additional = append(sh.additional, s.Additional)
	}
}

func narrow(lo, hi int, newLo, newHi *int) (int, int) {
	if newLo != nil {
		lo = max(lo, *newLo)
	}
	if newHi != nil && (hi < 0 || *newHi < hi) {
		hi = *newHi
	}
	return lo, hi
}

// prop returns the property name, adding it when it is new.
func (sh *shape) prop(name string) *shapeProp {
	for _, p := range sh.props {
		if p.name == name {
			return p
		}
	}
	p := &shapeProp{name: name}
	sh.props = append(sh.props, p)
	return p
}

// absorbVariant adds one variant of alts, and the discriminator value that
// stands for it.
func (sh *shape) absorbVariant(s *spec.Schema, alts []*spec.Schema) {
	alts = slices.DeleteFunc(slices.Clone(alts), onlyNull)
	if len(alts) == 0 {
		return
	}
	i := 0
	if len(alts) > 1 {
		i = sh.choose(alts)
		sh.union = true
	}
	variant := alts[i]
	sh.absorb(variant)
	if d := s.Discriminator; d != nil {
		sh.discerned, sh.discriminator = true, d.Property
		if values := discriminatorValues(d, variant); len(values) > 0 {
			p := sh.prop(d.Property)
			var enum []spec.Value
			for _, v := range values {
				enum = append(enum, spec.Value{JSON: encodeValue(v)})
			}
			p.parts = append(p.parts, &spec.Schema{Enum: enum})
			sh.required[d.Property] = true
		} else if fixes(variant, d.Property) {
			sh.required[d.Property] = true
		}
	}
}

// discriminatorValues returns the values that choose variant: those mapped to
// it, else its component name, unless the variant itself fixes the property.
func discriminatorValues(d *spec.Discriminator, variant *spec.Schema) []string {
	var values []string
	for _, m := range d.Mapping {
		if sameSchema(m.Target, variant) {
			values = append(values, m.Value)
		}
	}
	if values != nil || fixes(variant, d.Property) {
		return values
	}
	switch {
	case variant.Ref != "":
		return []string{variant.Ref}
	case variant.Name != "":
		return []string{variant.Name}
	}
	return nil
}

// fixes tells whether s has a const or enum for the property name.
func fixes(s *spec.Schema, name string) bool {
	sh := shapeOf(s, func([]*spec.Schema) int { return 0 })
	for _, p := range sh.props {
		if p.name == name {
			return shapeOf(p.schema(), func([]*spec.Schema) int { return 0 }).enum != nil
		}
	}
	return false
}

func sameSchema(a, b *spec.Schema) bool {
	for a != nil && a.Target != nil {
		a = a.Target
	}
	for b != nil && b.Target != nil {
		b = b.Target
	}
	return a == b && a != nil
}

func onlyNull(s *spec.Schema) bool {
	return len(s.Types) == 1 && s.Types[0] == "null" ||
		len(s.Enum) == 1 && s.Enum[0].JSON == "null" && s.Target == nil
}

// nullable tells whether s accepts null and says so: that a schema without a
// type accepts null too is rarely meant.
func nullable(s *spec.Schema) bool {
	return saysNull(s, map[*spec.Schema]bool{}) && conforms(s, nil, Response)
}

func saysNull(s *spec.Schema, seen map[*spec.Schema]bool) bool {
	if s == nil || seen[s] {
		return false
	}
	seen[s] = true
	if slices.Contains(s.Types, "null") || s.Const != nil && s.Const.JSON == "null" {
		return true
	}
	if slices.ContainsFunc(s.Enum, func(v spec.Value) bool { return v.JSON == "null" }) {
		return true
	}
	says := func(part *spec.Schema) bool { return saysNull(part, seen) }
	return says(s.Target) || slices.ContainsFunc(s.AllOf, says) ||
		slices.ContainsFunc(s.OneOf, says) || slices.ContainsFunc(s.AnyOf, says)
}

func anyPart(s *spec.Schema, has func(*spec.Schema) bool) bool {
	for range 100 {
		if s == nil {
			return false
		}
		if has(s) || slices.ContainsFunc(s.AllOf, has) {
			return true
		}
		s = s.Target
	}
	return false
}

func isReadOnly(s *spec.Schema) bool {
	return anyPart(s, func(p *spec.Schema) bool { return p.ReadOnly || p.Target != nil && p.Target.ReadOnly })
}

func isWriteOnly(s *spec.Schema) bool {
	return anyPart(s, func(p *spec.Schema) bool { return p.WriteOnly || p.Target != nil && p.Target.WriteOnly })
}

// kind chooses the JSON type of a sample; without types the keywords tell.
func (sh *shape) kind(seed uint64) string {
	types := slices.DeleteFunc(slices.Clone(sh.types), func(t string) bool { return t == "null" })
	switch {
	case len(types) > 0:
		return types[seed%uint64(len(types))]
	case sh.typed && sh.null:
		return "null"
	case sh.typed:
		return ""
	case len(sh.props) > 0 || len(sh.additional) > 0 || len(sh.required) > 0 || sh.minProps > 0:
		return "object"
	case len(sh.items) > 0 || sh.minItems > 0:
		return "array"
	case len(sh.min) > 0 || len(sh.max) > 0 || sh.multipleOf != "":
		return "number"
	}
	return "string"
}

// allows tells whether the type of v is among the types.
func (sh *shape) allows(v any) bool {
	return !sh.typed || hasType(sh.types, v)
}

func allOf(parts []*spec.Schema) *spec.Schema {
	if len(parts) == 1 {
		return parts[0]
	}
	return &spec.Schema{AllOf: parts}
}

// item is the schema of the items, extra that of additional members.
func (sh *shape) item() *spec.Schema  { return allOf(sh.items) }
func (sh *shape) extra() *spec.Schema { return allOf(sh.additional) }

// maps tells whether the shape is a map rather than a struct.
func (sh *shape) maps() bool {
	return len(sh.props) == 0 && len(sh.additional) > 0 && !sh.closed
}

// requiredBeyond returns the required names that are no properties, sorted.
func (sh *shape) requiredBeyond() []string {
	var names []string
	for name := range sh.required {
		if !slices.ContainsFunc(sh.props, func(p *shapeProp) bool { return p.name == name }) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
