package model

import (
	"cmp"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/apigen-go/apigen/generator/internal/diag"
	"github.com/apigen-go/apigen/generator/internal/spec"
)

// builder turns schemas into types. A schema is turned once; declared types are
// shared.
type builder struct {
	p       *Project
	diags   diag.List
	names   *naming // identifiers of package api
	earlier []Name
	alive   func(key string) bool // whether what a name stood for is still there

	declared   map[*spec.Schema]*Type  // structs, enums, unions and recursive lists
	inProgress map[*spec.Schema]*Type  // lists and maps whose elements are being built
	component  map[*spec.Schema]string // name in components.schemas
	shared     *sharing
	failures   map[identity]*sharedFailure
	goNames    map[*spec.Schema]string // Go name of each of them
	checks     map[*spec.Schema]*Check
	checkNames scope                   // keys of the checks
	completed  map[*spec.Schema]*Check // nil: the type says it all

	compositions map[*spec.Schema]use             // of an allOf that makes no struct
	clashes      map[*spec.Schema]bool            // objects whose parts do not agree on a member
	joints       map[[2]*spec.Schema]*spec.Schema // see joint
	nullable     map[*spec.Schema]bool            // unions with a variant that takes null
	customs      map[*spec.Schema]use             // of schemas that name their Go type
	modules      []string                         // that the project's go.mod requires
	depth        int
}

// maxDepth ends schemas that contain nothing but themselves.
const maxDepth = 200

// use is a schema at one place: its type and what holds there.
type use struct {
	Type      *Type
	Rules     Rules
	Nullable  bool
	ReadOnly  bool
	WriteOnly bool
	Doc       string
	Default   string

	partial bool // the type is that of one part of a composition
}

// use returns the type for a schema. hint names it when it must be declared and
// is no component.
func (b *builder) use(s *spec.Schema, hint string) use {
	b.depth++
	defer func() { b.depth-- }()
	if s == nil || s.Bool != nil || b.depth > maxDepth {
		u := use{Type: &Type{Kind: Raw, Schema: s}, Rules: noRules()}
		if s != nil && s.Bool != nil {
			b.complete(s, hint, &u)
		}
		return u
	}
	if u, ok := b.customType(s, hint); ok {
		return u
	}
	b.share(s, hint)
	u := use{
		Rules: rules(s), Nullable: slices.Contains(s.Types, "null"), ReadOnly: s.ReadOnly,
		WriteOnly: s.WriteOnly, Doc: s.Description, Default: defaultOf(s),
	}
	switch {
	case s.Target != nil && !describes(s):
		u.under(b.use(s.Target, hint))
	case s.Target != nil || len(s.AllOf) > 0:
		b.allOf(s, hint, &u)
	case len(s.OneOf) > 0:
		b.oneOf(s, s.OneOf, true, hint, &u)
	case len(s.AnyOf) > 0:
		b.oneOf(s, s.AnyOf, false, hint, &u)
	default:
		u.Type = b.plain(s, hint, &u)
	}
	if u.Type.Kind == Raw || u.Type.Kind == Enum {
		u.Rules.MinLength, u.Rules.MaxLength, u.Rules.Pattern, u.Rules.Format = 0, -1, "", ""
	}
	if s.Strict && u.Nullable && (s.Const != nil && s.Const.JSON != "null" || len(s.Enum) > 0 && !slices.ContainsFunc(s.Enum, isJSON("null"))) {
		u.Nullable = false
	}
	b.complete(s, hint, &u)
	return u
}

// describes reports whether keywords beside a reference describe values of their
// own, and not only limits on those of the target.
func describes(s *spec.Schema) bool {
	return len(s.Properties) > 0 || len(s.Required) > 0 || s.Additional != nil || s.Items != nil ||
		len(s.AllOf) > 0 || len(s.OneOf) > 0 || len(s.AnyOf) > 0 || len(s.Enum) > 0 || len(s.Types) > 0
}

// under takes over what holds for the referenced schema where the place itself
// says nothing.
func (u *use) under(base use) {
	u.Type = base.Type
	u.Rules = base.Rules.narrow(u.Rules)
	u.Nullable = u.Nullable || base.Nullable
	u.ReadOnly = u.ReadOnly || base.ReadOnly
	u.WriteOnly = u.WriteOnly || base.WriteOnly
	if u.Doc == "" {
		u.Doc = base.Doc
	}
	if u.Default == "" {
		u.Default = base.Default
	}
}

// plain is the type of a schema without composition.
func (b *builder) plain(s *spec.Schema, hint string, u *use) *Type {
	kinds := withoutNull(s.Types)
	if len(s.Types) == 0 {
		kinds = impliedTypes(s)
		u.Nullable = u.Nullable || slices.ContainsFunc(s.Enum, isJSON("null"))
	}
	if len(kinds) > 1 && len(s.Enum) == 0 && s.Const == nil {
		if b.declared[s] == nil {
			return b.union(s, byType(s, kinds), false, hint)
		}
		return b.declared[s]
	}
	if len(kinds) != 1 {
		return &Type{Kind: Raw, Schema: s}
	}
	if len(s.Enum) > 0 {
		if t := b.enum(s, kinds[0], hint, u); t != nil {
			return t
		}
	}
	switch kinds[0] {
	case "string":
		return &Type{Kind: stringKind(s, u), Schema: s}
	case "boolean":
		return &Type{Kind: Bool, Schema: s}
	case "integer":
		return &Type{Kind: b.integer(s, u), Schema: s}
	case "number":
		if beyondFloat(s) {
			return &Type{Kind: Raw, Schema: s}
		}
		if s.Format == "float" {
			return &Type{Kind: Float32, Schema: s}
		}
		return &Type{Kind: Float64, Schema: s}
	case "array":
		return b.list(s, Slice, element(s), hint)
	case "object":
		if named := patterns(s); len(named) > 0 && len(s.Properties) == 0 {
			var elem *spec.Schema
			if len(named) == 1 && forbids(s.Additional) {
				elem = named[0].Schema
			}
			return b.list(s, Map, elem, hint)
		}
		if len(s.Properties) == 0 && !forbids(s.Additional) {
			return b.list(s, Map, s.Additional, hint)
		}
		return b.object(s, []*spec.Schema{s}, hint)
	}
	return &Type{Kind: Raw, Schema: s}
}

// byType takes a schema of several types apart.
func byType(s *spec.Schema, kinds []string) []*spec.Schema {
	var out []*spec.Schema
	for _, kind := range kinds {
		if kind == "integer" && slices.Contains(kinds, "number") {
			continue
		}
		one := *s
		one.Types, one.Name, one.Title, one.Default, one.Examples = []string{kind}, "", "", nil, nil
		out = append(out, &one)
	}
	return out
}

// element is what holds for all items of an array; nil when they differ.
func element(s *spec.Schema) *spec.Schema {
	if s.Rare == nil || len(s.Rare.PrefixItems) == 0 {
		return s.Items
	}
	first := s.Rare.PrefixItems[0].Resolve()
	bounded := forbids(s.Items) || s.MaxItems != nil && *s.MaxItems <= len(s.Rare.PrefixItems)
	for _, item := range s.Rare.PrefixItems {
		if r := item.Resolve(); !bounded || len(r.Types) != 1 || r.Types[0] != first.Types[0] || r.Format != first.Format {
			return nil
		}
	}
	switch first.Types[0] {
	case "string", "number", "integer", "boolean":
		return &spec.Schema{Pos: s.Pos, Types: first.Types, Format: first.Format}
	}
	return nil
}

// patterns are the members of an object that are known by a pattern of their name.
func patterns(s *spec.Schema) []spec.Property {
	if s.Rare == nil {
		return nil
	}
	return s.Rare.PatternProperties
}

// impliedTypes guesses the type that a schema without one means.
func impliedTypes(s *spec.Schema) []string {
	switch {
	case !s.Strict && (len(s.Properties) > 0 || s.Additional != nil || len(s.Required) > 0):
		return []string{"object"}
	case !s.Strict && s.Items != nil:
		return []string{"array"}
	case s.Const != nil:
		return jsonType(s.Const.JSON)
	case len(s.Enum) > 0:
		var kinds []string
		for _, v := range s.Enum {
			for _, kind := range jsonType(v.JSON) {
				if kind != "null" && !slices.Contains(kinds, kind) {
					kinds = append(kinds, kind)
				}
			}
		}
		if len(kinds) == 2 && slices.Contains(kinds, "integer") && slices.Contains(kinds, "number") {
			return []string{"number"}
		}
		return kinds
	}
	return nil
}

func jsonType(text string) []string {
	switch {
	case text == "null":
		return []string{"null"}
	case text == "true" || text == "false":
		return []string{"boolean"}
	case strings.HasPrefix(text, `"`):
		return []string{"string"}
	case strings.HasPrefix(text, "{"):
		return []string{"object"}
	case strings.HasPrefix(text, "["):
		return []string{"array"}
	case strings.ContainsAny(text, ".eE"):
		return []string{"number"}
	}
	return []string{"integer"}
}

func stringKind(s *spec.Schema, u *use) Kind {
	var kind Kind
	switch s.Format {
	case "date-time":
		kind = Time
	case "date":
		kind = Date
	case "byte":
		kind = Bytes
	default:
		return String
	}
	u.Rules.Format, u.Rules.MinLength, u.Rules.MaxLength, u.Rules.Pattern = "", 0, -1, ""
	return kind
}

// list is the type of arrays and of objects without named members. Only a
// recursive one gets a name.
func (b *builder) list(s *spec.Schema, kind Kind, elem *spec.Schema, hint string) *Type {
	if t := b.declared[s]; t != nil {
		return t
	}
	if t := b.inProgress[s]; t != nil {
		if t.Name == "" {
			b.declare(t, s, hint)
		}
		return t
	}
	t := &Type{Kind: kind, Pos: s.Pos, Schema: s, Doc: s.Description}
	b.inProgress[s] = t
	suffix := "Item"
	if kind == Map {
		suffix = "Value"
	}
	name := hint
	if c := b.goNames[s]; c != "" {
		name = c
	}
	u := b.use(elem, name+suffix)
	t.Elem, t.ElemRules, t.ElemNullable = u.Type, u.Rules, u.Nullable && u.Type.Kind != Raw
	delete(b.inProgress, s)
	return t
}

// declare gives a type its name and enters it into the project.
func (b *builder) declare(t *Type, s *spec.Schema, hint string) {
	if c := b.component[s]; c != "" {
		t.From, t.Name = c, b.goNames[s]
	}
	if t.Name == "" {
		t.Name = b.names.pin(inlineKey(s), hint)
	}
	b.declared[s] = t
	b.p.Types = append(b.p.Types, t)
}

// enum is the type of a list of scalar values, or nil when it is none.
func (b *builder) enum(s *spec.Schema, kind, hint string, u *use) *Type {
	base, ok := map[string]Kind{"string": String, "integer": b.integer(s, u), "number": Float64}[kind]
	if !ok || base == Big {
		return nil
	}
	for _, v := range s.Enum {
		if v.JSON == "null" {
			u.Nullable = true
		}
	}
	if t := b.declared[s]; t != nil {
		return t
	}
	t := &Type{Kind: Enum, Base: base, Pos: s.Pos, Doc: s.Description, Schema: s}
	values := enumValues(t, s)
	if len(values) == 0 {
		return nil
	}
	b.declare(t, s, hint)
	key := inlineKey(s)
	if b.component[s] != "" {
		key = schemaKey + componentOf(s)
	}
	for _, v := range values {
		v.Name = b.names.value(key, t.Name, v)
	}
	t.Values = values
	return t
}

// enumValues are the constants of an enum, without the name of the type. There
// are none when a value does not fit into the type.
func enumValues(t *Type, s *spec.Schema) []*Value {
	varnames := stringList(cmp.Or(s.Extensions["x-enum-varnames"], s.Extensions["x-enumNames"]))
	var out []*Value
	seen := map[string]bool{}
	for i, v := range s.Enum {
		if v.JSON == "null" {
			continue
		}
		kind := jsonType(v.JSON)[0]
		if t.Base == String && kind != "string" || t.Base != String && kind != "integer" && kind != "number" {
			continue
		}
		name, lit := unquote(v.JSON), literal(t.Base, v.JSON)
		if t.Base != String {
			var ok bool
			if lit, ok = numberLiteral(t.Base, v.JSON); !ok {
				return nil
			}
			name = v.JSON
		}
		if seen[lit] {
			continue
		}
		seen[lit] = true
		asked := i < len(varnames) && varnames[i] != ""
		if asked {
			name = varnames[i]
		}
		out = append(out, &Value{Name: Exported(name), Lit: lit, JSON: v.JSON, asked: asked})
	}
	return out
}

// numberLiteral returns the Go literal of a JSON number and whether it fits into
// the kind.
func numberLiteral(kind Kind, text string) (string, bool) {
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		return "", false
	}
	switch kind {
	case Uint64:
		return r.Num().String(), r.IsInt() && r.Num().IsUint64()
	case Int32, Int64:
		n := r.Num()
		return n.String(), r.IsInt() && n.IsInt64() && (kind == Int64 || int64(int32(n.Int64())) == n.Int64())
	}
	if kind == Big {
		return "", false
	}
	f, _ := r.Float64()
	return strconv.FormatFloat(f, 'g', -1, 64), !math.IsInf(f, 0) && (kind == Float64 || math.Abs(f) <= math.MaxFloat32)
}

func forbids(s *spec.Schema) bool { return s != nil && s.Bool != nil && !*s.Bool }
