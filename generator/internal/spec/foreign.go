package spec

import (
	"slices"
	"strconv"
	"strings"
)

// foreignEnd returns the schema in another file that a component is nothing but
// a reference to, nil when it is anything else. That schema is the component.
func (d *decoder) foreignEnd(n *node) *node {
	for range maxRefs {
		ref := refOf(n)
		if ref == nil || ref.kind != textNode || len(n.members) > 1 {
			break
		}
		next := d.lookup(reference{d.base(ref), ref.text}).node
		if next == nil {
			return nil
		}
		n = next
	}
	if refOf(n) == nil && d.foreign(n) {
		return n
	}
	return nil
}

// nameForeign makes a component of a schema in another file that is one there,
// or that is the whole file. s refers to it by ref.
func (d *decoder) nameForeign(ref, target *node, s *Schema) {
	if !d.foreign(target) {
		return
	}
	if t := s.Target; t.Name == "" {
		if name := componentName(ref.text); name != "" {
			t.Name = d.freeName(name, d.sources[target.at.file].path)
			d.imported = append(d.imported, t)
		}
	}
	if s.Target.Name != "" {
		s.Ref = s.Target.Name
	}
}

// componentName returns the name that a reference to another file gives to a
// schema there, "" when it points into the middle of one.
func componentName(ref string) string {
	_, fragment, _ := strings.Cut(ref, "#")
	parts := strings.Split(fragment, "/")
	switch {
	case len(parts) <= 2: // the file, an anchor, or a member at its top
		return refName(ref)
	case slices.Contains([]string{"schemas", "definitions", "$defs"}, parts[len(parts)-2]):
		return refName(ref)
	}
	return ""
}

// freeName returns a name for a schema of a file that no other schema has.
func (d *decoder) freeName(name, file string) string {
	if name == "" {
		name = "Schema"
	}
	if d.taken[name] && fileStem(file) != name {
		name = fileStem(file) + "_" + name
	}
	free := name
	for i := 2; d.taken[free]; i++ {
		free = name + strconv.Itoa(i)
	}
	d.taken[free] = true
	return free
}
