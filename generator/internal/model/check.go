package model

import (
	"cmp"
	"math"
	"math/big"
	"slices"
	"strings"

	"github.com/apigen-go/apigen/generator/internal/spec"
)

// Check is a schema that the Go types of its values express in part only: what
// requests carry is validated against it before it is decoded.
type Check struct {
	Name   string // Go variable: "schemaBook"
	Key    string // in the $defs of the project's schemas
	Schema *spec.Schema
}

// check returns the Check of a schema.
func (b *builder) check(s *spec.Schema, hint string) *Check {
	s = b.original(s)
	c := b.checks[s]
	if c == nil {
		name := hint
		if n := b.goNames[s]; n != "" {
			name = n
		}
		name = b.checkNames.pick(Exported(cmp.Or(name, "Value")))
		c = &Check{Name: "schema" + name, Key: name, Schema: s}
		b.checks[s] = c
	}
	return c
}

// complete notes on the use of a schema what its type leaves unsaid.
func (b *builder) complete(s *spec.Schema, hint string, u *use) {
	if s.Target != nil && !s.HasSiblings() {
		return // the use of the target says it
	}
	check, known := b.completed[s]
	if known {
		if check != nil {
			u.Rules.Check = check
		}
		return
	}
	why := b.unsaid(s, u)
	if why != "" {
		u.Rules.Check = b.check(s, hint)
	}
	b.completed[s] = u.Rules.Check
	if why != "" && u.Type.Kind == Raw && s.Bool == nil {
		b.diags.Warnf(s.Pos, "", "%s: no Go type says this; the value is kept as raw JSON and checked against the schema at run time", why)
	}
}

// unsaid returns what the type and the rules of a use do not say of the schema,
// "" when they say it all.
func (b *builder) unsaid(s *spec.Schema, u *use) string {
	if s.Bool != nil {
		if !*s.Bool {
			return "a schema that is false"
		}
		return ""
	}
	if why := rareKeyword(s); why != "" {
		return why
	}
	if s.Format == "regex" && u.Type.Kind == String && !s.Strict {
		return "a regular expression of JavaScript"
	}
	if s.Pattern != nil && isString(u.Type) && u.Type.Kind != Enum && goRegexp(*s.Pattern) == "" {
		return "a pattern that Go cannot run"
	}
	switch u.Type.Kind {
	case Raw:
		return unsaidRaw(s)
	case Struct, Union:
		switch {
		case u.Type.Schema != b.original(s):
			return unsaidBeside(s)
		case u.Type.Kind == Struct:
			return b.unsaidStruct(s)
		}
		return unsaidUnion(s, u.Type)
	case Slice, Map:
		if len(s.Enum) > 0 || s.Const != nil {
			return "a list of values that are no scalars"
		}
		if u.Type.Kind == Map && len(s.Required) > 0 {
			return "required members of a map"
		}
		return composed(s, u)
	case Enum:
		if !u.Type.within(s, u.Rules.Const) {
			return "limits beside a list of values"
		}
		return composed(s, u)
	}
	if s.Const != nil && !compares(u.Type, s.Const.JSON) || len(s.Enum) > 0 && !u.enumerates(s) {
		return "a list of values beside the type"
	}
	if why := unsaidScalar(s, u); why != "" {
		return why
	}
	return composed(s, u)
}

// rareKeyword returns the keyword of a schema that no Go type can say.
func rareKeyword(s *spec.Schema) string {
	r := s.Rare
	switch {
	case s.Not != nil:
		return "not"
	case r == nil:
		return ""
	case r.If != nil && (r.Then != nil || r.Else != nil):
		return "if"
	case len(r.PrefixItems) > 0:
		return "prefixItems"
	case r.Contains != nil:
		return "contains"
	case len(r.PatternProperties) > 0:
		return "patternProperties"
	case r.PropertyNames != nil:
		return "propertyNames"
	case len(r.DependentRequired) > 0:
		return "dependentRequired"
	case len(r.DependentSchemas) > 0:
		return "dependentSchemas"
	case r.UnevaluatedItems != nil:
		return "unevaluatedItems"
	case r.UnevaluatedProperties != nil:
		return "unevaluatedProperties"
	}
	return ""
}

// unsaidRaw names the first assertion of a schema whose values are any JSON.
func unsaidRaw(s *spec.Schema) string {
	r := rules(s)
	switch {
	case s.Target != nil:
		return "keywords beside a reference"
	case slices.ContainsFunc(s.AllOf, says):
		return "allOf"
	case len(s.OneOf) > 0:
		return "oneOf"
	case len(s.AnyOf) > 0:
		return "anyOf"
	case len(s.Enum) > 0 || s.Const != nil:
		return "values of several types"
	case len(s.Types) > 0:
		return "type " + strings.Join(s.Types, " or ")
	case len(s.Properties) > 0 || len(s.Required) > 0 || s.Additional != nil && (s.Additional.Bool == nil || !*s.Additional.Bool):
		return "members without a type"
	case s.Items != nil && (s.Items.Bool == nil || !*s.Items.Bool):
		return "items without a type"
	case r != noRules() && (r != Rules{MaxLength: -1, MaxItems: -1, Format: r.Format} || !s.Strict):
		return "limits without a type"
	}
	return ""
}

// says reports whether a schema restricts values at all.
func says(s *spec.Schema) bool {
	return s.Target != nil || s.HasSiblings() && (s.Bool == nil || !*s.Bool)
}

// unsaidStruct looks at the parts that a struct is made of.
func (b *builder) unsaidStruct(s *spec.Schema) string {
	if len(s.OneOf) > 0 || len(s.AnyOf) > 0 {
		return "oneOf or anyOf beside members"
	}
	parts, ok := flatten(s, nil, 0)
	if !ok {
		return "allOf"
	}
	var described int
	for _, part := range parts {
		if part != s {
			if why := rareKeyword(part); why != "" {
				return why + " in allOf"
			}
			if len(part.OneOf) > 0 || len(part.AnyOf) > 0 {
				return "oneOf or anyOf in allOf"
			}
		}
		if part.Const != nil || len(part.Enum) > 0 {
			return "objects as values"
		}
		if len(part.Required) > maxRequired {
			return "more required members than the decoder counts"
		}
		if len(part.Properties) > 0 {
			described++
		}
	}
	for _, part := range parts {
		if part.Additional == nil || part.Additional.Bool != nil && *part.Additional.Bool || described == 0 ||
			described == 1 && len(part.Properties) > 0 {
			continue
		}
		if part.Additional.Bool == nil || s.Strict {
			return "additionalProperties in allOf"
		}
		b.diags.Warnf(part.Additional.Pos, "", "additionalProperties: false in allOf forbids the members of the other parts; it is taken for all of them together")
	}
	if b.clashes[b.original(s)] {
		return "members of different types in allOf"
	}
	return ""
}

// maxRequired is how many required members a decoder counts.
const maxRequired = 256

// unsaidBeside looks at what stands beside a reference, or a composition of one
// part, whose type is declared elsewhere.
func unsaidBeside(s *spec.Schema) string {
	closed := s.Additional != nil && (s.Additional.Bool == nil || !*s.Additional.Bool)
	if s.MinProperties != nil || s.MaxProperties != nil || len(s.Properties) > 0 || len(s.Required) > 0 || closed ||
		len(s.Enum) > 0 || s.Const != nil || len(s.OneOf) > 0 && len(s.AnyOf) > 0 {
		return "keywords beside a reference"
	}
	return ""
}

// within reports whether all values of an enum are valid under what a schema says
// of its own; fixed is the one value that the rules allow anyway.
func (t *Type) within(s *spec.Schema, fixed string) bool {
	own := *s
	if fixed != "" && (own.Const != nil && own.Const.JSON == fixed || len(own.Enum) == 1 && own.Enum[0].JSON == fixed) {
		own.Const, own.Enum = nil, nil
	}
	own.Target, own.AllOf, own.OneOf, own.AnyOf, own.Format = nil, nil, nil, nil, ""
	listed := map[string]bool{} // by text, at once: there are enums of a thousand values
	for _, v := range own.Enum {
		listed[v.JSON] = true
	}
	if !slices.ContainsFunc(t.Values, func(v *Value) bool { return !listed[v.JSON] }) {
		own.Enum = nil
	}
	for _, v := range t.Values {
		if !Valid(&own, v.JSON, Request) {
			return false
		}
	}
	return true
}

// unsaidUnion looks at what stands beside the alternatives.
func unsaidUnion(s *spec.Schema, t *Type) string {
	if len(s.OneOf) > 0 && len(s.AnyOf) > 0 {
		return "oneOf beside anyOf"
	}
	if s.Target != nil || len(s.AllOf) > 0 {
		return "oneOf or anyOf beside a reference or allOf"
	}
	if len(s.OneOf)+len(s.AnyOf) == 0 {
		return "" // several types: the variants say the rest
	}
	kinds := withoutNull(s.Types)
	objects := !slices.ContainsFunc(t.Variants, func(v *Variant) bool {
		return v.Type.Kind != Struct && v.Type.Kind != Map && v.Type.Kind != Union
	})
	rest := *s
	rest.OneOf, rest.AnyOf, rest.Discriminator, rest.Format = nil, nil, nil, ""
	if len(kinds) == 1 && kinds[0] == "object" && objects {
		rest.Types = nil
	}
	if len(kinds) == 0 {
		rest.Types = nil
	}
	if rest.Additional != nil && rest.Additional.Bool != nil && *rest.Additional.Bool {
		rest.Additional = nil
	}
	if rest.HasSiblings() {
		return "keywords beside oneOf or anyOf"
	}
	return ""
}

// composed names a composition that the type of the whole hides.
func composed(s *spec.Schema, u *use) string {
	switch {
	case u.partial:
		return "allOf, oneOf or anyOf of which one part has a type"
	case len(s.OneOf) > 0 && len(s.AnyOf) > 0:
		return "oneOf beside anyOf"
	}
	return ""
}

func isString(t *Type) bool {
	switch t.Kind {
	case String, Time, Date, Bytes, Enum:
		return true
	}
	return false
}

// unsaidScalar names limits that the kind of a scalar has no room for.
func unsaidScalar(s *spec.Schema, u *use) string {
	switch u.Type.Kind {
	case Time, Date, Bytes:
		// Every date and time is longer than what documents ask of them.
		if s.Pattern != nil || s.MaxLength != nil && (u.Type.Kind == Bytes || *s.MaxLength < 10) ||
			s.MinLength != nil && (*s.MinLength > 10 || u.Type.Kind == Bytes && *s.MinLength > 0) {
			return "limits on the text of a date or of bytes"
		}
	case Big:
		if s.Minimum != nil || s.Maximum != nil || s.ExclusiveMinimum != nil || s.ExclusiveMaximum != nil || s.MultipleOf != nil {
			return "limits of a large integer"
		}
	case Int32, Int64, Uint64:
		if outOfReach(u.Type.Kind, s) {
			return "limits beyond the size of the integer"
		}
	}
	return ""
}

// outOfReach reports whether a limit excludes every value of an integer kind.
func outOfReach(k Kind, s *spec.Schema) bool {
	low, high := big.NewRat(math.MinInt64, 1), big.NewRat(math.MaxInt64, 1)
	if k == Int32 {
		low, high = big.NewRat(math.MinInt32, 1), big.NewRat(math.MaxInt32, 1)
	}
	if k == Uint64 {
		low, high = new(big.Rat), new(big.Rat).SetUint64(math.MaxUint64)
	}
	beyond := func(n *spec.Number, limit *big.Rat, sign int) bool {
		if n == nil {
			return false
		}
		r, ok := new(big.Rat).SetString(string(*n))
		return ok && r.Cmp(limit)*sign > 0
	}
	return beyond(s.Minimum, high, 1) || beyond(s.ExclusiveMinimum, high, 1) ||
		beyond(s.Maximum, low, -1) || beyond(s.ExclusiveMaximum, low, -1)
}

// compares reports whether the generated code can compare a value of the type
// with the JSON.
func compares(t *Type, text string) bool {
	kind := jsonType(text)[0]
	switch t.Kind {
	case String:
		return kind == "string"
	case Bool:
		return kind == "boolean"
	case Int32, Int64, Uint64, Float32, Float64:
		if kind != "integer" && kind != "number" {
			return false
		}
		_, ok := numberLiteral(t.Kind, text)
		return ok
	case Enum:
		return slices.ContainsFunc(t.Values, func(v *Value) bool { return v.JSON == text })
	}
	return false
}

// enumerates reports whether the type allows the values of the enum only.
func (u *use) enumerates(s *spec.Schema) bool {
	values := withoutNull(texts(s.Enum))
	return u.Type.Kind == Bool && (len(values) == 1 || slices.Contains(values, "true") && slices.Contains(values, "false"))
}

// texts returns the JSON of values.
func texts(values []spec.Value) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = v.JSON
	}
	return out
}

func isJSON(text string) func(spec.Value) bool {
	return func(v spec.Value) bool { return v.JSON == text }
}

func withoutNull(types []string) []string {
	return slices.DeleteFunc(slices.Clone(types), func(t string) bool { return t == "null" })
}
