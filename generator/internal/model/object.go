package model

import (
	"slices"

	"github.com/apigen-go/apigen/generator/internal/spec"
)

// object declares the struct of a schema whose members come from parts: the
// schema itself, or everything that its allOf puts together.
func (b *builder) object(s *spec.Schema, parts []*spec.Schema, hint string) *Type {
	if t := b.declared[s]; t != nil {
		return t
	}
	t := &Type{Kind: Struct, Pos: s.Pos, Doc: s.Description, Schema: s, Members: noRules()}
	b.declare(t, s, hint)
	for _, part := range append(parts, s) {
		t.Members = t.Members.narrow(rules(part))
	}

	required := map[string]bool{}
	for _, part := range parts {
		for _, name := range part.Required {
			required[name] = true
		}
	}
	members := scope{"Extra": true, "MarshalJSON": true, "UnmarshalJSON": true}
	index := map[string]*Field{}
	for _, part := range parts {
		for _, property := range part.Properties {
			u := b.use(property.Schema, t.Name+Exported(property.Name))
			if f := index[property.Name]; f != nil {
				f.refine(u)
				continue
			}
			f := &Field{
				JSON: property.Name, Type: u.Type, Rules: u.Rules, Doc: u.Doc, Default: u.Default,
				Required: required[property.Name], Nullable: u.Nullable,
				ReadOnly: u.ReadOnly, WriteOnly: u.WriteOnly, Pos: property.Schema.Pos,
			}
			f.Name = members.pick(goName(property.Schema, Exported(property.Name)))
			index[property.Name] = f
			t.Fields = append(t.Fields, f)
		}
		b.additional(t, part)
	}
	for _, part := range parts { // required without a property of that name
		for _, name := range part.Required {
			if index[name] == nil {
				f := &Field{JSON: name, Type: &Type{Kind: Raw}, Rules: noRules(), Required: true, Pos: part.Pos}
				f.Name = members.pick(Exported(name))
				index[name] = f
				t.Fields = append(t.Fields, f)
			}
		}
	}
	return t
}

// refine narrows a member that several parts of an allOf describe. The type of
// the more telling part wins.
func (f *Field) refine(u use) {
	if vague(f.Type) && !vague(u.Type) {
		f.Type = u.Type
	}
	f.Rules = f.Rules.narrow(u.Rules)
	f.Nullable = f.Nullable && u.Nullable
	f.ReadOnly = f.ReadOnly || u.ReadOnly
	f.WriteOnly = f.WriteOnly || u.WriteOnly
	if f.Doc == "" {
		f.Doc = u.Doc
	}
	if f.Default == "" {
		f.Default = u.Default
	}
}

// vague reports whether a type says little about its values: any JSON, or lists
// and maps of that.
func vague(t *Type) bool {
	return t.Kind == Raw || (t.Kind == Slice || t.Kind == Map) && vague(t.Elem)
}

// additional notes what the schema says about members it does not name.
func (b *builder) additional(t *Type, part *spec.Schema) {
	switch {
	case part.Additional == nil:
	case forbids(part.Additional):
		t.Closed = true
	case t.Extra == nil:
		t.Extra = b.use(part.Additional, t.Name+"Extra").Type
	}
}

// allOf is the type of a schema that must meet several others: one struct when
// all of them are objects, else the type of the single one that has a type.
func (b *builder) allOf(s *spec.Schema, hint string, u *use) {
	if t := b.declared[s]; t != nil {
		u.Type = t
		return
	}
	parts, ok := flatten(s, nil, 0)
	if ok {
		var kept []*spec.Schema
		for _, part := range parts {
			if len(part.Properties) > 0 || len(part.Required) > 0 || part.Additional != nil || slices.Contains(part.Types, "object") {
				kept = append(kept, part)
			}
		}
		if len(kept) > 0 {
			if len(s.AllOf) == 1 && len(s.Properties) == 0 && len(s.Required) == 0 && s.Additional == nil &&
				s.MinProperties == nil && s.MaxProperties == nil {
				u.under(b.use(s.AllOf[0], hint)) // a reference with something said beside it
				return
			}
			u.Type = b.object(s, kept, hint)
			return
		}
	}
	var single []use
	for _, part := range s.AllOf {
		if pu := b.use(part, hint); pu.Type.Kind != Raw {
			single = append(single, pu)
		} else {
			u.Rules = pu.Rules.narrow(u.Rules)
		}
	}
	if len(single) == 1 {
		u.under(single[0])
		return
	}
	b.diags.Warnf(s.Pos, "", "allOf puts things together that make no one Go type; the value is kept as raw JSON")
	u.Type = &Type{Kind: Raw, Schema: s}
}

// flatten lists the object schemas that an allOf consists of, outermost last. It
// returns false when one of them is no plain object.
func flatten(s *spec.Schema, out []*spec.Schema, depth int) ([]*spec.Schema, bool) {
	if depth > 32 {
		return nil, false
	}
	var ok bool
	if s.Target != nil {
		if out, ok = flatten(s.Target, out, depth+1); !ok {
			return nil, false
		}
	}
	for _, part := range s.AllOf {
		if out, ok = flatten(part, out, depth+1); !ok {
			return nil, false
		}
	}
	kinds := slices.DeleteFunc(slices.Clone(s.Types), func(t string) bool { return t == "null" })
	if len(kinds) > 1 || len(kinds) == 1 && kinds[0] != "object" || s.Bool != nil || len(s.Enum) > 0 {
		return nil, false
	}
	if (len(s.OneOf) > 0 || len(s.AnyOf) > 0) && len(s.Properties) == 0 {
		return nil, false
	}
	return append(out, s), true
}

// goName returns the name that x-go-name asks for, or the given one.
func goName(s *spec.Schema, name string) string {
	if s == nil {
		return name
	}
	if v, ok := s.Extensions["x-go-name"]; ok {
		if text := unquote(v.JSON); text != "" {
			return Exported(text)
		}
	}
	return name
}
