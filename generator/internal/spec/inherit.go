package spec

import (
	"encoding/json"
	"slices"
)

// inherit makes a choice of every schema that has a discriminator and is extended
// by others: a value of Pet is a Cat or a Dog, or a Pet that is no more than that,
// as its member petType says. What extends the schema takes its members, not the
// choice.
func (d *decoder) inherit() {
	f := &families{extends: map[*Schema][]*extension{}}
	for _, s := range d.order {
		f.collect(s)
	}
	for _, base := range d.doc.Schemas {
		if base.Discriminator != nil && base.Discriminator.Property != "" && len(base.OneOf)+len(base.AnyOf) == 0 && base.Target == nil {
			d.family(f, base)
		}
	}
}

// families knows which schemas extend which.
type families struct {
	extends map[*Schema][]*extension // by what is extended
}

// extension is a schema that takes the members of another one, and adds some or
// has a name of its own.
type extension struct {
	schema *Schema
	part   *Schema // of its allOf: the reference; the schema itself for one beside keywords
}

func (f *families) collect(s *Schema) {
	add := func(base, part *Schema) { f.extends[base] = append(f.extends[base], &extension{s, part}) }
	if s.Target != nil && s.HasSiblings() {
		add(s.Target.Resolve(), s)
	}
	own := *s
	own.AllOf = nil
	for i, part := range s.AllOf {
		says := s.Name != "" || own.HasSiblings() || slices.ContainsFunc(slices.Delete(slices.Clone(s.AllOf), i, i+1), says)
		if part.Target != nil && !part.HasSiblings() && says {
			add(part.Resolve(), part)
		}
	}
}

// says reports whether a schema restricts values.
func says(s *Schema) bool { return s.Target != nil || s.HasSiblings() }

// family makes a choice of a base and what extends it, if anything does.
func (d *decoder) family(f *families, base *Schema) {
	members := f.descendants(base)
	for _, m := range base.Discriminator.Mapping {
		if end := m.Target.Resolve(); end != base && !slices.Contains(members, end) && !f.contains(end, base) {
			members = append(members, end)
		}
	}
	tags := &tagger{base: base, families: f, taken: map[string]bool{}}
	var variants []*Schema
	for _, m := range members {
		if tags.add(m) {
			variants = append(variants, &Schema{Pos: m.Pos, Ref: m.Name, Target: m})
		}
	}
	if len(variants) == 0 || slices.ContainsFunc(members, func(m *Schema) bool { return f.contains(m, base) }) {
		return
	}
	plain := *base
	plain.Name, plain.Title, plain.Discriminator = "", "Base", nil
	plain.Default, plain.Examples, plain.Extensions = nil, nil, nil
	for _, e := range f.extends[base] {
		e.part.Target = &plain
	}
	choice := &Discriminator{Pos: base.Discriminator.Pos, Property: base.Discriminator.Property, Mapping: tags.mapping}
	if tags.alone() {
		choice.Default = &plain
		variants = append(variants, &plain)
	}
	if d.moved == nil {
		d.moved = map[*Schema]bool{}
	}
	d.moved[&plain] = true
	d.order = append(d.order, &plain)
	*base = Schema{
		Pos: base.Pos, Name: base.Name, Title: base.Title, Description: base.Description, Extensions: base.Extensions,
		Default: base.Default, Examples: base.Examples, ReadOnly: base.ReadOnly, WriteOnly: base.WriteOnly,
		Deprecated: base.Deprecated, Strict: base.Strict, AnyOf: variants, Discriminator: choice,
	}
	defer d.enterApart(base)()
	for _, v := range variants {
		d.use(v.Resolve())
	}
}

// descendants are the components that extend a schema, or one that does.
func (f *families) descendants(base *Schema) []*Schema {
	var out []*Schema
	for wait := []*Schema{base}; len(wait) > 0; wait = wait[1:] {
		for _, e := range f.extends[wait[0]] {
			if e.schema.Name != "" && e.schema != base && !slices.Contains(out, e.schema) {
				out = append(out, e.schema)
			}
			if e.schema != base && !slices.Contains(wait, e.schema) {
				wait = append(wait, e.schema)
			}
		}
		if len(wait) > maxRefs {
			break
		}
	}
	return out
}

// contains reports whether whatever a schema is made of leads to the base in
// another way than by extending it: as a choice it would contain itself.
func (f *families) contains(s, base *Schema) bool {
	extended := map[*Schema]bool{}
	for _, e := range f.extends[base] {
		extended[e.part] = true
	}
	seen := map[*Schema]bool{}
	var visit func(s *Schema) bool
	visit = func(s *Schema) bool {
		if s == nil || seen[s] {
			return false
		}
		seen[s] = true
		if s == base || s.Target != nil && !extended[s] && visit(s.Target) {
			return true
		}
		for _, list := range [][]*Schema{s.AllOf, s.OneOf, s.AnyOf} {
			if slices.ContainsFunc(list, visit) {
				return true
			}
		}
		return visit(s.Not)
	}
	return visit(s)
}

// tagger gives the values of the discriminator to the members of a family.
type tagger struct {
	base     *Schema
	families *families
	mapping  []Mapping
	taken    map[string]bool
}

// add gives a schema its values. It returns false when there are none: an
// abstract schema between the base and what is mapped.
func (t *tagger) add(s *Schema) bool {
	d := t.base.Discriminator
	var values []string
	for _, m := range d.Mapping {
		if m.Target.Resolve() == s {
			values = append(values, m.Value)
		}
	}
	if len(values) == 0 {
		values = constantsOf(s, d.Property, t.base, 0)
	}
	if v, ok := s.Extensions["x-ms-discriminator-value"]; ok && len(values) == 0 {
		values = []string{text(v)}
	}
	between := len(d.Mapping) > 0 && len(t.families.extends[s]) > 0
	if allowed := constantsOf(t.base, d.Property, nil, 0); len(values) == 0 && !between && (allowed == nil || slices.Contains(allowed, s.Name)) {
		values = []string{s.Name}
	}
	found := false
	for _, v := range values {
		if !t.taken[v] && v != "" {
			t.taken[v], found = true, true
			t.mapping = append(t.mapping, Mapping{v, s})
		}
	}
	return found
}

// alone reports whether the base can be a value without being one of the others:
// its discriminator may have another value, or none.
func (t *tagger) alone() bool {
	d := t.base.Discriminator
	for _, m := range d.Mapping {
		if m.Target.Resolve() == t.base {
			return true
		}
	}
	allowed := constantsOf(t.base, d.Property, nil, 0)
	return allowed == nil || !requires(t.base, d.Property, 0) ||
		slices.ContainsFunc(allowed, func(v string) bool { return !t.taken[v] })
}

// constantsOf returns the texts that a member of an object may have, nil when
// that is not said. Parts that are the schema without do not count.
func constantsOf(s *Schema, member string, without *Schema, depth int) []string {
	if s = s.Resolve(); s == without || depth > maxParts {
		return nil
	}
	for _, p := range s.Properties {
		if p.Name != member {
			continue
		}
		r := p.Schema.Resolve()
		if r.Const != nil {
			return []string{text(*r.Const)}
		}
		var out []string
		for _, v := range r.Enum {
			out = append(out, text(v))
		}
		return out
	}
	for _, part := range s.AllOf {
		if out := constantsOf(part, member, without, depth+1); out != nil {
			return out
		}
	}
	if s.Target != nil {
		return constantsOf(s.Target, member, without, depth+1)
	}
	return nil
}

// maxParts ends the search through parts of parts.
const maxParts = 20

// requires reports whether a member must be there.
func requires(s *Schema, member string, depth int) bool {
	s = s.Resolve()
	return slices.Contains(s.Required, member) || depth < maxParts &&
		slices.ContainsFunc(s.AllOf, func(part *Schema) bool { return requires(part, member, depth+1) })
}

// text returns the text of a JSON string, and other JSON as it is.
func text(v Value) string {
	var s string
	if json.Unmarshal([]byte(v.JSON), &s) != nil {
		return v.JSON
	}
	return s
}
