package spec

import (
	"slices"
	"strings"
)

// HasSiblings reports whether keywords that restrict values stand beside the
// reference. Annotations (title, description, default, examples, readOnly,
// writeOnly, deprecated, x-…) do not count: read them off the schema itself.
func (s *Schema) HasSiblings() bool {
	return s.Bool != nil || len(s.Types) > 0 || s.Format != "" || len(s.Enum) > 0 || s.Const != nil ||
		s.Minimum != nil || s.Maximum != nil || s.ExclusiveMinimum != nil || s.ExclusiveMaximum != nil ||
		s.MultipleOf != nil || s.MinLength != nil || s.MaxLength != nil || s.Pattern != nil ||
		s.MinItems != nil || s.MaxItems != nil || s.UniqueItems || s.MinProperties != nil || s.MaxProperties != nil ||
		len(s.Properties) > 0 || len(s.Required) > 0 || s.Additional != nil || s.Items != nil ||
		len(s.AllOf) > 0 || len(s.OneOf) > 0 || len(s.AnyOf) > 0 || s.Not != nil || s.Discriminator != nil || s.Rare != nil
}

// Resolve follows references that have nothing beside them that restricts
// values, and returns the schema at the end: s itself when it is none.
func (s *Schema) Resolve() *Schema {
	// Load refuses longer chains and circles; the bound holds for schemas made
	// by hand.
	for range maxRefs {
		if s.Target == nil || s.HasSiblings() {
			break
		}
		s = s.Target
	}
	return s
}

// finish checks what needs every schema to be there.
func (d *decoder) finish() {
	d.checkChains()
	d.checkCircles()
	for _, p := range d.defaults {
		d.checkDefault(p.node, p.schema)
	}
}

// checkChains reports where too long a chain of references starts, once for
// each chain.
func (d *decoder) checkChains() {
	long := map[*Schema]bool{}
	for _, s := range d.order {
		n := 0
		for end := s; end.Target != nil && n <= maxRefs; end = end.Target {
			n++
		}
		if n <= maxRefs {
			continue
		}
		end := s
		for end.Target != nil && !long[end] {
			long[end] = true
			end = end.Target
		}
		if end.Target == nil { // else it joins another one, or is a circle
			d.fail(s, s.Pos, "refer to the schema at the end of it", "more than %d references follow one on the other", maxRefs)
		}
	}
}

// visit is how far checkCircles has come with a schema.
type visit uint8

const (
	unseen visit = iota
	open
	closed
)

// maxCircles is how many circles are worth reporting.
const maxCircles = 50

// checkCircles reports schemas that contain themselves with nothing in between,
// so that asking whether a value is valid never ends. Through a property or an
// entry of a list a schema may well contain itself.
func (d *decoder) checkCircles() {
	state := make(map[*Schema]visit, len(d.order))
	var path []*Schema
	reported := 0
	var walk func(s *Schema)
	walk = func(s *Schema) {
		switch state[s] {
		case closed:
			return
		case open:
			if reported++; reported <= maxCircles {
				d.circle(path[slices.Index(path, s):])
			}
			return
		}
		state[s] = open
		path = append(path, s)
		if s.Target != nil {
			walk(s.Target)
		}
		for _, list := range [][]*Schema{s.AllOf, s.OneOf, s.AnyOf} {
			for _, sub := range list {
				walk(sub)
			}
		}
		if s.Not != nil {
			walk(s.Not)
		}
		if s.Rare != nil {
			for _, sub := range []*Schema{s.Rare.If, s.Rare.Then, s.Rare.Else} {
				if sub != nil {
					walk(sub)
				}
			}
			for _, p := range s.Rare.DependentSchemas {
				walk(p.Schema)
			}
		}
		path = path[:len(path)-1]
		state[s] = closed
	}
	for _, s := range d.order {
		walk(s)
	}
}

// circle reports one circle of schemas, at its first named member.
func (d *decoder) circle(loop []*Schema) {
	at, names := loop[0].Pos, ""
	for _, s := range loop {
		if s.Name == "" {
			continue
		}
		if names == "" {
			at, names = s.Pos, s.Name
		} else if len(names) < 200 {
			names += " → " + s.Name
		}
	}
	if names == "" {
		names = "a schema"
	}
	d.fail(loop[0], at, "break the circle: a schema may contain itself only through a property or items", "schema contains itself: %s", names)
}

// checkDefault drops a default that is no value of its schema.
func (d *decoder) checkDefault(n *node, s *Schema) {
	types := s.Types
	target := s.Resolve()
	if len(types) == 0 {
		types = target.Types
	}
	pos := d.pos(n.at)
	if !fits(n, types) {
		text, ok := d.coerce(n, types)
		if !ok {
			d.diags.Warnf(pos, "", "default %s is not of type %s; it is ignored", short(s.Default.JSON), typeList(types))
			s.Default = nil
			return
		}
		d.diags.Warnf(pos, "write "+text, "default %s is not of type %s", short(s.Default.JSON), typeList(types))
		s.Default.JSON = text
	}
	enum := target.Enum
	if len(s.Enum) > 0 {
		enum = s.Enum
	}
	same := func(v Value) bool { return v.JSON == s.Default.JSON }
	if len(enum) > 0 && n.kind != nullNode && !slices.ContainsFunc(enum, same) {
		d.diags.Warnf(pos, d.enumGuess(n, enum), "default %s is not in enum; it is ignored", short(s.Default.JSON))
		s.Default = nil
	}
}

func (d *decoder) enumGuess(n *node, enum []Value) string {
	names := make([]string, len(enum))
	for i, v := range enum {
		names[i] = v.JSON
	}
	return d.didYouMean(string(n.appendJSON(nil)), names)
}

func typeList(types []string) string { return strings.Join(types, " or ") }

// short cuts long values for messages.
func short(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}
