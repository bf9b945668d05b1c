package model

import (
	"go/token"
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
	said := map[string]*spec.Schema{}
	for _, part := range parts {
		for _, property := range part.Properties {
			u := b.use(property.Schema, t.Name+Exported(property.Name))
			if f := index[property.Name]; f != nil {
				if f.clashes(u) {
					b.clashes[s] = true
					if both := b.joint(said[property.Name], property.Schema); both != nil {
						said[property.Name] = both
						f.Type = b.use(both, t.Name+Exported(property.Name)).Type
					}
				}
				f.refine(u)
				continue
			}
			said[property.Name] = property.Schema
			f := &Field{
				JSON: property.Name, Type: u.Type, Rules: u.Rules, Doc: u.Doc, Default: u.Default,
				Required: required[property.Name], Nullable: u.Nullable,
				ReadOnly: u.ReadOnly, WriteOnly: u.WriteOnly, Pos: property.Schema.Pos,
			}
			if f.Default != "" && f.Default != "null" && !Valid(property.Schema, f.Default, Request) {
				b.diags.Warnf(property.Schema.Pos, "", "the default of %s is not valid and is not filled in: %s", property.Name, f.Default)
				f.Default = ""
			}
			f.Name = members.pick(goName(property.Schema, Exported(property.Name)))
			index[property.Name] = f
			t.Fields = append(t.Fields, f)
		}
		b.additional(t, part)
	}
	for _, part := range append(parts, s) {
		if part.Rare != nil && len(part.Rare.PatternProperties) > 0 { // the check knows which members are allowed
			t.Closed, t.Extra, t.ExtraRules = false, &Type{Kind: Raw}, noRules()
		}
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

// joint returns the schema of a member that two parts of an allOf describe, so that
// its type has what either of them says: objects with the members of both, and lists
// of them. It returns nil for anything else. The same two always make the same one.
func (b *builder) joint(one, other *spec.Schema) *spec.Schema {
	pair := [2]*spec.Schema{one, other}
	if s := b.joints[pair]; s != nil {
		return s
	}
	x, y := one.Resolve(), other.Resolve()
	s := &spec.Schema{Pos: other.Pos, Path: other.Path + "/both", AllOf: []*spec.Schema{one, other}}
	switch kind := onlyType(x); {
	case kind == "" || kind != onlyType(y):
		return nil
	case kind == "array":
		if x.Items == nil || y.Items == nil {
			return nil
		}
		items := b.joint(x.Items, y.Items)
		if items == nil {
			return nil
		}
		s.AllOf, s.Types, s.Items = nil, []string{kind}, items
	case kind != "object":
		return nil
	}
	b.joints[pair] = s
	return s
}

// onlyType is the type that a schema names beside null, "" when it names none or
// several.
func onlyType(s *spec.Schema) string {
	if kinds := withoutNull(s.Types); len(kinds) == 1 {
		return kinds[0]
	}
	return ""
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
		u := b.use(part.Additional, t.Name+"Extra")
		t.Extra, t.ExtraRules, t.ExtraNullable = u.Type, u.Rules, u.Nullable && u.Type.Kind != Raw
	}
}

// plainScalar reports whether a default of the type is a Go constant.
func plainScalar(t *Type) bool {
	return t.Scalar() && !slices.Contains([]Kind{Big, Time, Date, Bytes, Raw, Custom}, t.Kind)
}

// clashes reports whether another part of an allOf says something about the
// member that refine cannot join with what the field says.
func (f *Field) clashes(u use) bool {
	if f.Type != u.Type && !vague(f.Type) && !vague(u.Type) && (f.Type.Declared() || u.Type.Declared() || f.Type.Go("") != u.Type.Go("")) {
		return true
	}
	return f.Rules.clash(u.Rules) || vague(f.Type) != vague(u.Type) && (f.Rules.Check != nil || u.Rules.Check != nil)
}

// clash reports whether both rules say something that there is one place for.
func (r Rules) clash(more Rules) bool {
	differ := func(a, b string) bool { return a != "" && b != "" && a != b }
	return differ(r.Pattern, more.Pattern) || differ(r.Format, more.Format) || differ(r.Const, more.Const) ||
		differ(r.MultipleOf, more.MultipleOf) || r.Check != nil && more.Check != nil && r.Check != more.Check
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
			if s.Target == nil && len(s.AllOf) == 1 && len(s.Properties) == 0 && len(s.Required) == 0 && s.Additional == nil &&
				s.MinProperties == nil && s.MaxProperties == nil {
				u.under(b.use(s.AllOf[0], hint)) // a reference with something said beside it
				return
			}
			u.Type = b.object(s, kept, hint)
			return
		}
	}
	if known, ok := b.compositions[s]; ok {
		*u = known
		return
	}
	b.joined(s, hint, u)
	b.compositions[s] = *u
}

// joined is the type of an allOf whose parts make no struct: the one type that
// the parts have, if they have one.
func (b *builder) joined(s *spec.Schema, hint string, u *use) {
	own := *s
	own.AllOf, own.Target, own.Name, own.Default = nil, nil, "", nil
	parts := slices.Clone(s.AllOf)
	if s.Target != nil {
		parts = append(parts, s.Target)
	}
	fixed := ""
	if len(own.Enum) == 1 {
		fixed = own.Enum[0].JSON
		own.Enum, own.Types = nil, nil // the parts have the type
	}
	if describes(&own) {
		parts = append(parts, &own)
	}
	var typed []use
	for _, part := range parts {
		if r := part.Resolve(); limitsOnly(r) {
			u.partial = u.partial || u.Rules.clash(rules(r))
			u.Rules = rules(r).narrow(u.Rules)
			continue
		}
		pu := b.use(part, hint)
		if pu.Type.Kind == Raw {
			u.partial = true
			u.Rules = pu.Rules.narrow(u.Rules)
			continue
		}
		typed = append(typed, pu)
	}
	for _, pu := range typed {
		first := typed[0].Type
		if pu.Type != first && (pu.Type.Kind != first.Kind || !first.Scalar() && first.Kind != Slice && first.Kind != Map) {
			typed = nil
			break
		}
		u.partial = u.partial || pu.Type != first && (first.Declared() || !first.Scalar()) || u.Rules.clash(pu.Rules)
	}
	if len(typed) == 0 {
		u.Type = &Type{Kind: Raw, Schema: s}
		return
	}
	nullable := u.Nullable
	for i := len(typed) - 1; i >= 0; i-- {
		nullable = nullable || typed[i].Nullable
		u.under(typed[i])
	}
	switch {
	case fixed == "":
	case compares(u.Type, fixed):
		u.Rules.Const = fixed
	default:
		u.partial = true
	}
	u.Nullable = nullable && !slices.ContainsFunc(typed, func(pu use) bool { return !pu.Nullable })
}

// limitsOnly reports whether a schema only limits values of a type that it does
// not name.
func limitsOnly(s *spec.Schema) bool {
	return s.Bool == nil && !describes(s) && s.Target == nil && s.Not == nil && s.Rare == nil && s.Const == nil &&
		(s.Pattern == nil || goRegexp(*s.Pattern) != "")
}

// flatten lists the object schemas that an allOf consists of, outermost last. It
// returns false when one of them is no plain object.
func flatten(s *spec.Schema, out []*spec.Schema, depth int) ([]*spec.Schema, bool) {
	if depth > maxDepth {
		return nil, false
	}
	if slices.Contains(out, s) {
		return out, true // a second time it says nothing new
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
	if inner := orNull(s); inner != nil {
		return flatten(inner, out, depth+1)
	}
	if (len(s.OneOf) > 0 || len(s.AnyOf) > 0) && len(s.Properties) == 0 {
		return nil, false
	}
	return append(out, s), true
}

// orNull returns the schema that a choice between it and null is about, nil when
// the schema says anything else.
func orNull(s *spec.Schema) *spec.Schema {
	if s.Target != nil || len(s.AllOf) > 0 || len(s.AnyOf)+len(s.OneOf) != 2 || len(s.OneOf) == 1 {
		return nil
	}
	rest := *s
	rest.OneOf, rest.AnyOf = nil, nil
	if rest.HasSiblings() {
		return nil
	}
	both := append(slices.Clone(s.OneOf), s.AnyOf...)
	for i, a := range both {
		if r := a.Resolve(); len(r.Types) == 1 && r.Types[0] == "null" {
			return both[1-i]
		}
	}
	return nil
}

// goName returns the name that a schema asks for, or the given one.
func goName(s *spec.Schema, name string) string {
	if s == nil {
		return name
	}
	return asked(s.Extensions, name)
}

// asked returns the name that x-go-name asks for, as it is written if Go can have
// it so, or the given one.
func asked(extensions map[string]spec.Value, name string) string {
	text := unquote(extensions["x-go-name"].JSON)
	switch {
	case text == "":
		return name
	case token.IsIdentifier(text) && token.IsExported(text):
		return text
	}
	return Exported(text)
}
