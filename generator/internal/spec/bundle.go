package spec

import (
	"slices"
	"strings"
)

// bundler brings what other files hold into a document: the converter of version
// 2.0 sees one document only, and so do readers of what the service tells about
// itself. Schemas become components, anything else is put in the place of its
// reference.
type bundler struct {
	d     *decoder
	where string           // where components are: "#/definitions/"
	names map[*node]string // components that stand for schemas in other files
	added []member
	depth int
	left  int // nodes that may still be copied
}

// role is what the node under a key is.
type role uint8

const (
	anything      role = iota
	partRole           // something that is no schema
	operationRole      // what may be an operation, or else is such a part
	parameterRole
	responseRole
	pathRole
	schemaRole
	propertiesRole // a map of schemas with names of the user's
)

// bundle replaces the root of a document of version 2.0 if it refers to other files.
func (d *decoder) bundle() {
	if !refersOut(d.root) {
		return
	}
	b := &bundler{d: d, where: "#/definitions/", names: map[*node]string{}, left: maxCopies}
	definitions := d.root.find("definitions")
	b.adopt(definitions)
	root := &node{kind: objectNode, at: d.root.at}
	for _, m := range d.root.members {
		if m.key != "definitions" {
			m.value = b.copy(m.value, rootRole(m.key))
			root.add(m)
		}
	}
	if out := b.components("definitions", definitions); out != nil {
		root.add(*out)
	}
	if b.left < 0 {
		d.errorf(d.root.at, "put what is repeated into definitions", "what other files hold is repeated more than %d times", maxCopies)
	}
	d.root = root
}

// adopt notes which schemas of other files are components of the document already.
func (b *bundler) adopt(schemas *member) {
	if schemas == nil {
		return
	}
	for _, m := range schemas.value.members {
		b.d.taken[m.key] = true
		if end := b.d.foreignEnd(m.value); end != nil && b.names[end] == "" {
			b.names[end] = m.key
		}
	}
}

// components returns the member with the schemas of the document and those that
// the copied parts refer to; nil when there are none.
func (b *bundler) components(key string, schemas *member) *member {
	out := &node{kind: objectNode, at: b.d.root.at}
	if schemas != nil {
		out.at = schemas.value.at
		for _, m := range schemas.value.members {
			if end := b.d.foreignEnd(m.value); end != nil && b.names[end] == m.key {
				m.value = end
			}
			m.value = b.copy(m.value, schemaRole)
			out.add(m)
		}
	}
	for len(b.added) > 0 { // copying one may add others
		m := b.added[0]
		b.added = b.added[1:]
		m.value = b.copy(m.value, schemaRole)
		out.add(m)
	}
	if len(out.members) == 0 {
		return nil
	}
	return &member{key: key, at: out.at, value: out}
}

// refersOut reports whether a reference in n leads to another file.
func refersOut(n *node) bool {
	if ref := refOf(n); ref != nil && ref.kind == textNode && ref.text != "" && ref.text[0] != '#' {
		return true
	}
	for _, item := range n.items {
		if refersOut(item) {
			return true
		}
	}
	for _, m := range n.members {
		if refersOut(m.value) {
			return true
		}
	}
	return false
}

// rootRole returns what the members of a section of the document are.
func rootRole(key string) role {
	switch key {
	case "paths":
		return pathRole
	case "parameters":
		return parameterRole
	case "responses":
		return responseRole
	}
	return anything
}

// copy returns n with every reference to another file replaced. The members or
// entries of a map or list of parameters, responses or paths have their role.
func (b *bundler) copy(n *node, in role) *node {
	if b.left--; n.kind < listNode || b.left < 0 {
		return n
	}
	if ref := refOf(n); ref != nil && ref.kind == textNode {
		return b.reference(n, ref, in)
	}
	if in == operationRole {
		in = partRole
	}
	out := &node{kind: n.kind, at: n.at}
	for _, item := range n.items {
		out.items = append(out.items, b.copy(item, in))
	}
	for _, m := range n.members {
		switch {
		case in != propertiesRole && in != responseRole && data(m.key):
		default:
			m.value = b.copy(m.value, memberRole(m.key, in))
		}
		out.add(m)
	}
	return out
}

// data reports whether a key holds a value, in which references mean nothing.
func data(key string) bool {
	return isExtension(key) || key == "example" || key == "examples" || key == "default" || key == "enum"
}

// memberRole returns the role of what stands under a key of something with the
// role in.
func memberRole(key string, in role) role {
	switch {
	case in == schemaRole && key == "properties":
		return propertiesRole
	case in == schemaRole || in == propertiesRole || key == "schema" || key == "itemSchema":
		return schemaRole
	case key == "parameters":
		return parameterRole
	case key == "responses":
		return responseRole
	case in == partRole && slices.Contains(methods, key):
		return operationRole
	}
	return in
}

// reference returns what a reference becomes.
func (b *bundler) reference(n, ref *node, in role) *node {
	d := b.d
	from := d.base(ref)
	if from == 0 && strings.HasPrefix(ref.text, "#") && in != operationRole {
		return n
	}
	target := d.target(ref)
	if target == nil {
		return &node{kind: objectNode, at: n.at}
	}
	if in != schemaRole && in != anything {
		if b.depth++; b.depth > maxRefs {
			d.errorf(n.at, "", "reference %s leads in a circle, or through more than %d others", ref.text, maxRefs)
			return &node{kind: objectNode, at: n.at}
		}
		defer func() { b.depth-- }()
		if (in == pathRole || in == operationRole) && len(n.members) > 1 {
			target = overlay(target, n)
		}
		return b.copy(target, in)
	}
	text := ref.text
	if d.foreign(target) {
		text = b.where + escape(b.name(target, ref.text))
	} else if i := strings.IndexByte(text, '#'); i >= 0 {
		text = text[i:]
	}
	out := &node{kind: objectNode, at: n.at}
	for _, m := range n.members {
		if m.key == "$ref" {
			m.value = &node{kind: textNode, at: ref.at, text: text}
		}
		out.add(m)
	}
	return out
}

// name returns the component that stands for a schema in another file.
func (b *bundler) name(target *node, ref string) string {
	if name := b.names[target]; name != "" {
		return name
	}
	name := b.d.freeName(refName(ref), b.d.sources[target.at.file].path)
	b.names[target] = name
	b.added = append(b.added, member{key: name, at: target.at, value: target})
	return name
}
