package spec

import (
	"bytes"
	"net/url"
	"slices"
	"strings"
)

// identities knows the schemas that have an address of their own ($id), which
// references can name and which the references inside them are relative to.
type identities struct {
	schemas map[string]*node // by address, and by address#anchor
	bases   map[*node]string // address of the schema around each reference
}

// plainValues are the keywords whose values are no schemas, whatever they look like.
var plainValues = []string{"enum", "const", "default", "example", "examples"}

// identify collects the addresses of the document, at the first call only.
func (d *decoder) identify() *identities {
	if d.identity != nil {
		return d.identity
	}
	d.identity = &identities{schemas: map[string]*node{}, bases: map[*node]string{}}
	if bytes.Contains(d.doc.Raw, []byte("$id")) {
		d.identity.visit(d.root, "", map[*node]bool{})
	}
	return d.identity
}

func (ids *identities) visit(n *node, base string, seen map[*node]bool) {
	if n.kind < listNode || seen[n] {
		return
	}
	seen[n] = true
	for _, item := range n.items {
		ids.visit(item, base, seen)
	}
	if n.kind != objectNode {
		return
	}
	if m := n.find("$id"); m != nil && m.value.kind == textNode {
		base = strings.TrimSuffix(join(base, m.value.text), "#")
		ids.enter(base, n)
	}
	for _, key := range []string{"$anchor", "$dynamicAnchor"} {
		if m := n.find(key); base != "" && m != nil && m.value.kind == textNode {
			ids.enter(base+"#"+m.value.text, n)
		}
	}
	for _, m := range n.members {
		switch {
		case m.key == "$ref" || m.key == "$dynamicRef":
			if base != "" {
				ids.bases[m.value] = base
			}
			ids.visit(m.value, base, seen)
		case !slices.Contains(plainValues, m.key) || m.value.kind == objectNode && (m.value.find("type") != nil || m.value.find("$ref") != nil):
			ids.visit(m.value, base, seen)
		}
	}
}

func (ids *identities) enter(address string, n *node) {
	if ids.schemas[address] == nil {
		ids.schemas[address] = n
	}
}

// join resolves a reference against the address it is relative to.
func join(base, ref string) string {
	b, err := url.Parse(base)
	if err != nil {
		return ref
	}
	r, err := url.Parse(ref)
	if err != nil {
		return ref
	}
	return b.ResolveReference(r).String()
}

// identified returns the schema that a reference names by its address, or that
// it finds in the schema with an address it stands in; nil when it does neither.
func (d *decoder) identified(ref *node) *node {
	ids := d.identify()
	if len(ids.schemas) == 0 {
		return nil
	}
	address, fragment, _ := strings.Cut(ref.text, "#")
	base := ids.bases[ref]
	if address != "" {
		base = join(base, address)
	}
	n := ids.schemas[base]
	switch {
	case n == nil || fragment == "":
		return n
	case !strings.HasPrefix(fragment, "/"):
		return ids.schemas[base+"#"+unescape(fragment)]
	}
	for _, part := range strings.Split(fragment, "/")[1:] {
		if n = step(n, unescape(part)); n == nil {
			return nil
		}
	}
	return n
}
