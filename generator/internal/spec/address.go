package spec

import (
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// address gives every schema that may need a name of its own, but is no
// component, its Path.
func (d *decoder) address() {
	d.doc.paths = map[string]*Schema{}
	for _, s := range d.sources {
		if s.root == nil || s.path == "" && s != d.sources[0] {
			continue
		}
		prefix := ""
		if s != d.sources[0] {
			if d.converted {
				break
			}
			prefix = s.path + "#"
			if rel, err := filepath.Rel(path.Dir(d.opt.Path), s.path); err == nil {
				prefix = filepath.ToSlash(rel) + "#"
			}
		}
		d.addressIn(s.root, []byte(d.opt.Origin.Label()+prefix))
	}
}

// addressIn does so for what is in a node; at is the pointer to it.
func (d *decoder) addressIn(n *node, at []byte) {
	s := d.schemas[n]
	if s != nil && s.Path == "" {
		d.setPath(s, at)
	}
	for i, item := range n.items {
		if item.kind >= listNode {
			d.addressIn(item, append(append(at, '/'), escape(entryLabel(n.items, i))...))
		}
	}
	for i := range n.members {
		m := &n.members[i]
		if m.value.kind < listNode || s == nil && (m.key == "example" || m.key == "examples") {
			continue
		}
		d.addressIn(m.value, append(append(at, '/'), escape(m.key)...))
	}
}

// entryLabel tells the entry of a list from the others in a way that lasts when
// some come or go before it: a parameter by its name, a schema by its title or by
// what it looks like.
func entryLabel(list []*node, i int) string {
	n := list[i]
	if n.kind != objectNode {
		return strconv.Itoa(i)
	}
	if name, in := textOf(n, "name"), textOf(n, "in"); name != "" && in != "" {
		return in + ":" + name
	}
	if title := textOf(n, "title"); title != "" {
		return title
	}
	inline := 0
	for _, item := range list {
		if refOf(item) == nil && textOf(item, "type") != "null" {
			inline++
		}
	}
	if inline == 1 {
		return "inline"
	}
	label := textOf(n, "type")
	if p := n.get("properties"); p != nil && p.kind == objectNode {
		keys := p.keys()
		slices.Sort(keys)
		label = "{" + strings.Join(keys[:min(len(keys), 3)], ",") + "}"
	}
	return label
}

// setPath sets the path of a schema, and of the one that orNull or inherit moved
// out of it.
func (d *decoder) setPath(s *Schema, at []byte) {
	if s.Name == "" && (len(s.Properties) > 0 || len(s.Enum) > 0 || len(s.AllOf) > 0 || len(s.OneOf) > 0 || len(s.AnyOf) > 0 ||
		s.Additional != nil || s.Items != nil || len(s.Required) > 0) {
		s.Path = string(at)
		for i := 2; d.doc.paths[s.Path] != nil; i++ {
			s.Path = string(at) + "~" + strconv.Itoa(i)
		}
		d.doc.paths[s.Path] = s
	}
	if len(s.AnyOf) == 2 && s.AnyOf[0].Path == "" && d.moved[s.AnyOf[0]] {
		d.setPath(s.AnyOf[0], append(at, "/anyOf/0"...))
	} else if last := len(s.AnyOf) - 1; last >= 0 && s.AnyOf[last].Path == "" && d.moved[s.AnyOf[last]] {
		d.setPath(s.AnyOf[last], append(at, "/base"...))
	}
}

// At returns the schema with that Path, nil when there is none.
func (d *Document) At(path string) *Schema { return d.paths[path] }
