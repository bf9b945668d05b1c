package model

import (
	"encoding/json"
	"slices"

	"github.com/apigen-go/apigen/generator/internal/spec"
)

// oneOf is the type of a choice. null among the alternatives makes the value
// nullable; a single one left is that type; everything else is a union.
func (b *builder) oneOf(s *spec.Schema, alternatives []*spec.Schema, exclusive bool, hint string, u *use) {
	var rest []*spec.Schema
	for _, a := range alternatives {
		if isNull(a) {
			u.Nullable = true
			continue
		}
		rest = append(rest, a)
	}
	if listed := constantsOf(s, rest); listed != nil && (len(s.OneOf) == 0 || len(s.AnyOf) == 0) {
		if u.Type = b.declared[s]; u.Type == nil {
			if name := b.component[s]; name != "" {
				b.component[listed], b.goNames[listed] = name, b.goNames[s]
			}
			if u.Type = b.enum(listed, listed.Types[0], hint, u); u.Type != nil {
				u.Type.Schema = s
			}
		}
		if u.Type != nil {
			b.declared[s] = u.Type
			return
		}
	}
	switch {
	case len(s.Properties) > 0 && onlyRules(rest):
		u.Type = b.object(s, []*spec.Schema{s}, hint) // the alternatives ask for members only
	case len(rest) == 1 && len(s.Properties) == 0:
		u.under(b.use(rest[0], hint))
	case len(rest) == 0 || len(s.Properties) > 0 || onlyRules(rest):
		u.Type = &Type{Kind: Raw, Schema: s}
	case b.declared[s] != nil:
		u.Type = b.declared[s]
		u.Nullable = u.Nullable || b.nullable[b.original(s)]
	default:
		u.Type = b.union(s, rest, exclusive, hint)
		u.Nullable = u.Nullable || b.nullable[b.original(s)]
	}
}

// isNull reports whether null is the one value of an alternative.
func isNull(a *spec.Schema) bool {
	r := a.Resolve()
	return len(r.Types) == 1 && r.Types[0] == "null" || r.Const != nil && r.Const.JSON == "null"
}

// spelled returns the enum that the alternatives of a schema spell out, nil when
// they do not.
func spelled(s *spec.Schema) *spec.Schema {
	for _, list := range [][]*spec.Schema{s.OneOf, s.AnyOf} {
		if enum := constantsOf(s, slices.DeleteFunc(slices.Clone(list), isNull)); enum != nil {
			return enum
		}
	}
	return nil
}

// constantsOf returns the enum that alternatives with one value each are another
// way to write, nil when they are none. Their titles name the values.
func constantsOf(s *spec.Schema, alternatives []*spec.Schema) *spec.Schema {
	if len(alternatives) < 2 {
		return nil
	}
	out := &spec.Schema{Pos: s.Pos, Name: s.Name, Origin: s.Origin, Path: s.Path, Description: s.Description, Format: s.Format, Extensions: s.Extensions}
	var titles []string
	for _, a := range alternatives {
		only := *a.Resolve()
		switch {
		case only.Const != nil:
			out.Enum = append(out.Enum, *only.Const)
		case len(only.Enum) == 1:
			out.Enum = append(out.Enum, only.Enum[0])
		default:
			return nil
		}
		kind := jsonType(out.Enum[len(out.Enum)-1].JSON)
		if len(out.Types) == 0 {
			out.Types = kind
		}
		only.Const, only.Enum = nil, nil
		if kind[0] != out.Types[0] || len(only.Types) > 0 && only.Types[0] != kind[0] || len(only.Types) > 1 {
			return nil
		}
		if only.Types = nil; only.HasSiblings() {
			return nil
		}
		titles = append(titles, only.Title)
	}
	if kinds := withoutNull(s.Types); len(kinds) > 1 || len(kinds) == 1 && kinds[0] != out.Types[0] {
		return nil
	}
	if _, named := s.Extensions["x-enum-varnames"]; !named && !slices.Contains(titles, "") {
		text, _ := json.Marshal(titles)
		out.Extensions = map[string]spec.Value{"x-enum-varnames": {JSON: string(text)}}
	}
	return out
}

// onlyRules reports whether no alternative describes a value of its own.
func onlyRules(alternatives []*spec.Schema) bool {
	return !slices.ContainsFunc(alternatives, func(a *spec.Schema) bool {
		return a.Target != nil || len(a.Properties) > 0 || len(a.Types) > 0 && a.Types[0] != "object"
	})
}

func (b *builder) union(s *spec.Schema, alternatives []*spec.Schema, exclusive bool, hint string) *Type {
	t := &Type{Kind: Union, Pos: s.Pos, Doc: s.Description, Schema: s, Exclusive: exclusive}
	b.declare(t, s, hint)
	members := scope{"MarshalJSON": true, "UnmarshalJSON": true}
	for _, a := range alternatives {
		name := variantName(a)
		u := b.use(a, t.Name+name)
		if u.Type.From != "" {
			name = u.Type.Name
		}
		if u.Nullable && u.Type.Kind != Raw {
			b.nullable[s] = true
		}
		t.Variants = append(t.Variants, &Variant{
			Name: members.pick(goName(a, name)), Type: u.Type, Rules: u.Rules,
		})
	}
	b.discriminate(t, s, alternatives)
	return t
}

// variantName names an alternative by its component, its title or its type.
func variantName(a *spec.Schema) string {
	switch r := a.Resolve(); {
	case r.Name != "":
		return Exported(r.Name)
	case r.Title != "":
		return Exported(r.Title)
	case len(r.Types) > 0:
		return Exported(r.Types[0])
	}
	return "Value"
}

// discriminate works out which discriminator values choose which variant: the
// mapping, else the component's name, else the constant of the member itself.
// Without a value for every variant the union is decoded by shape.
func (b *builder) discriminate(t *Type, s *spec.Schema, alternatives []*spec.Schema) {
	if s.Discriminator == nil || s.Discriminator.Property == "" {
		return
	}
	var fallback *Variant
	for i, a := range alternatives {
		r, v := a.Resolve(), t.Variants[i]
		if v.Type.Kind != Struct && v.Type.Kind != Union {
			return
		}
		rest := s.Discriminator.Default != nil && s.Discriminator.Default.Resolve() == r
		for _, m := range s.Discriminator.Mapping {
			if m.Target != nil && m.Target.Resolve() == r {
				v.Values = append(v.Values, m.Value)
			}
		}
		if len(v.Values) == 0 && !rest {
			v.Values = constants(r, s.Discriminator.Property, 0)
		}
		if len(v.Values) == 0 && r.Name != "" {
			v.Values = []string{r.Name}
		}
		if rest {
			fallback = v
		}
		if len(v.Values) == 0 && !rest {
			return
		}
	}
	seen := map[string]bool{}
	for _, v := range t.Variants {
		for _, value := range v.Values {
			if seen[value] {
				return
			}
			seen[value] = true
		}
	}
	t.Discriminator, t.Fallback = s.Discriminator.Property, fallback
}

// constants returns the texts that a member of an object may have.
func constants(s *spec.Schema, member string, depth int) []string {
	if s == nil || depth > 8 {
		return nil
	}
	s = s.Resolve()
	for _, p := range s.Properties {
		if p.Name != member {
			continue
		}
		r := p.Schema.Resolve()
		if r.Const != nil {
			return []string{unquote(r.Const.JSON)}
		}
		var out []string
		for _, v := range r.Enum {
			out = append(out, unquote(v.JSON))
		}
		return out
	}
	for _, part := range s.AllOf {
		if out := constants(part, member, depth+1); len(out) > 0 {
			return out
		}
	}
	return nil
}
