package model

import (
	"slices"
	"strings"

	"github.com/apigen-go/apigen/generator/internal/diag"
	"github.com/apigen-go/apigen/generator/internal/spec"
)

// builder turns schemas into types. A schema is turned once; declared types are
// shared.
type builder struct {
	p     *Project
	diags diag.List
	names scope // identifiers of package api

	declared   map[*spec.Schema]*Type  // structs, enums, unions and recursive lists
	inProgress map[*spec.Schema]*Type  // lists and maps whose elements are being built
	component  map[*spec.Schema]string // name in components.schemas
	goNames    map[string]string       // Go name of each of them
	depth      int
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
}

// use returns the type for a schema. hint names it when it must be declared and
// is no component.
func (b *builder) use(s *spec.Schema, hint string) use {
	b.depth++
	defer func() { b.depth-- }()
	if s == nil || s.Bool != nil || b.depth > maxDepth {
		return use{Type: &Type{Kind: Raw, Schema: s}, Rules: noRules()}
	}
	u := use{
		Rules: rules(s), Nullable: slices.Contains(s.Types, "null"), ReadOnly: s.ReadOnly,
		WriteOnly: s.WriteOnly, Doc: s.Description, Default: defaultOf(s),
	}
	switch {
	case s.Target != nil:
		u.under(b.use(s.Target, hint))
	case len(s.AllOf) > 0:
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
	return u
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
	kinds := slices.DeleteFunc(slices.Clone(s.Types), func(t string) bool { return t == "null" })
	if len(kinds) == 0 {
		kinds = impliedTypes(s)
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
		if s.Format == "int32" || s.Format == "int16" || s.Format == "int8" {
			return &Type{Kind: Int32, Schema: s}
		}
		return &Type{Kind: Int64, Schema: s}
	case "number":
		if s.Format == "float" {
			return &Type{Kind: Float32, Schema: s}
		}
		return &Type{Kind: Float64, Schema: s}
	case "array":
		return b.list(s, Slice, s.Items, hint)
	case "object":
		if len(s.Properties) == 0 && !forbids(s.Additional) {
			return b.list(s, Map, s.Additional, hint)
		}
		return b.object(s, []*spec.Schema{s}, hint)
	}
	return &Type{Kind: Raw, Schema: s}
}

// impliedTypes guesses the type that a schema without one means.
func impliedTypes(s *spec.Schema) []string {
	switch {
	case len(s.Properties) > 0 || s.Additional != nil || len(s.Required) > 0:
		return []string{"object"}
	case s.Items != nil:
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
	if c := b.component[s]; c != "" {
		name = Exported(c)
	}
	u := b.use(elem, name+suffix)
	t.Elem, t.ElemRules, t.ElemNullable = u.Type, u.Rules, u.Nullable && u.Type.Kind != Raw
	delete(b.inProgress, s)
	return t
}

// declare gives a type its name and enters it into the project.
func (b *builder) declare(t *Type, s *spec.Schema, hint string) {
	if c := b.component[s]; c != "" {
		t.From, t.Name = c, b.goNames[c]
	}
	if t.Name == "" {
		t.Name = b.names.pick(hint)
	}
	b.declared[s] = t
	b.p.Types = append(b.p.Types, t)
}

// enum is the type of a list of scalar values, or nil when it is none.
func (b *builder) enum(s *spec.Schema, kind, hint string, u *use) *Type {
	base, ok := map[string]Kind{"string": String, "integer": Int64, "number": Float64}[kind]
	if !ok {
		return nil
	}
	if kind == "integer" && s.Format == "int32" {
		base = Int32
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
	b.declare(t, s, hint)
	b.values(t, s)
	return t
}

func (b *builder) values(t *Type, s *spec.Schema) {
	varnames := stringList(s.Extensions["x-enum-varnames"])
	seen := map[string]bool{}
	for i, v := range s.Enum {
		if v.JSON == "null" || seen[v.JSON] || !slices.Contains(literalTypes(t.Base), jsonType(v.JSON)[0]) {
			continue
		}
		seen[v.JSON] = true
		text := v.JSON
		if t.Base == String {
			text = unquote(text)
		}
		name := Exported(text)
		if i < len(varnames) && varnames[i] != "" {
			name = Exported(varnames[i])
		}
		t.Values = append(t.Values, &Value{
			Name: b.names.pick(t.Name + name),
			Lit:  literal(t.Base, v.JSON),
			JSON: v.JSON,
		})
	}
}

func literalTypes(base Kind) []string {
	switch base {
	case String:
		return []string{"string"}
	case Float64:
		return []string{"number", "integer"}
	}
	return []string{"integer"}
}

func forbids(s *spec.Schema) bool { return s != nil && s.Bool != nil && !*s.Bool }
