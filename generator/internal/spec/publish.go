package spec

import (
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// maxCopies bounds the nodes of a published document: parts of other files are put
// in every place that refers to them.
const maxCopies = 4 << 20

// publish returns the document with the overlays applied and what other files hold.
// The first address in it is "/", which stands for the service itself and is the
// first "/" of the whole text. Nothing is published when that is beyond measure.
func (d *decoder) publish() []Publication {
	said := len(d.diags)
	root := d.whole()
	if root == nil || len(d.diags) > said { // about references that nothing else follows
		d.diags = d.diags[:said]
		d.warnf(d.root.at, "bundle it into one file", "the document is not published: it cannot be made one text")
		return nil
	}
	out := newObject(root.at)
	for _, key := range []string{"openapi", "swagger"} {
		if m := root.find(key); m != nil {
			out.add(*m)
		}
	}
	if d.converted {
		out.put("basePath", newText(root.at, "/"))
	} else {
		out.put("servers", here(root))
	}
	for _, m := range root.members {
		switch {
		case out.find(m.key) != nil:
			continue
		case d.converted && (m.key == "host" || m.key == "schemes"):
			continue
		case m.key == "paths":
			m.value = d.publishPaths(m.value)
		}
		out.add(m)
	}
	text := jsontext.Value(out.appendJSON(nil))
	if err := text.Indent(jsontext.WithIndent("  ")); err != nil {
		d.warnf(d.root.at, "", "the document is not published: %v", err)
		return nil
	}
	p := Publication{JSON: append(text, '\n')}
	if d.opt.Origin != nil && d.opt.Origin.Key != "" {
		p.Name = d.opt.Origin.Name
	}
	return []Publication{p}
}

// here is the list of servers with the service itself in front.
func here(root *node) *node {
	self := newObject(root.at)
	self.put("url", newText(root.at, "/"))
	self.put("description", newText(root.at, "this service"))
	out := &node{kind: listNode, at: root.at, items: []*node{self}}
	if declared := root.get("servers"); declared != nil {
		out.items = append(out.items, declared.items...)
	}
	return out
}

// publishPaths puts the prefix before the paths and takes their own servers away:
// they are served here, all of them.
func (d *decoder) publishPaths(paths *node) *node {
	if paths.kind != objectNode {
		return paths
	}
	out := newObject(paths.at)
	for _, m := range paths.members {
		if !isExtension(m.key) {
			if d.opt.Origin != nil {
				m.key = d.opt.Origin.Base + m.key
			}
			m.value = withoutServers(m.value)
			if m.value.kind == objectNode {
				for i := range m.value.members {
					m.value.members[i].value = withoutServers(m.value.members[i].value)
				}
			}
		}
		out.add(m)
	}
	return out
}

// withoutServers returns a copy of a path item or an operation.
func withoutServers(n *node) *node {
	if n.kind != objectNode {
		return n
	}
	out := newObject(n.at)
	for _, m := range n.members {
		if m.key != "servers" {
			out.add(m)
		}
	}
	return out
}

// whole returns the document with what other files hold, in its own version; nil
// when that is too much.
func (d *decoder) whole() *node {
	if d.converted {
		return d.original
	}
	if !refersOut(d.root) && !d.standsIn {
		return d.root
	}
	b := &bundler{d: d, where: "#/components/schemas/", names: map[*node]string{}, left: maxCopies}
	for n, s := range d.schemas {
		if s.Name != "" && slices.Contains(d.imported, s) {
			b.names[n] = s.Name
			b.added = append(b.added, member{key: s.Name, at: n.at, value: n})
		}
	}
	slices.SortFunc(b.added, func(x, y member) int { return strings.Compare(x.key, y.key) })
	root, parts := newObject(d.root.at), newObject(d.root.at)
	var schemas *member
	for _, m := range d.root.members {
		switch m.key {
		case "paths", "webhooks":
			m.value = b.copy(m.value, partRole)
		case "components":
			for _, part := range m.value.members {
				switch {
				case part.key == "schemas":
					schemas = &part
					b.adopt(schemas)
					continue
				case !data(part.key):
					part.value = b.copy(part.value, partRole)
				}
				parts.add(part)
			}
			continue
		}
		root.add(m)
	}
	if out := b.components("schemas", schemas); out != nil {
		parts.add(*out)
	}
	if len(parts.members) > 0 {
		root.put("components", parts)
	}
	if b.left < 0 {
		return nil
	}
	return root
}
