package spec

import (
	"net/url"
	"strconv"
	"strings"
)

// maxRefs is how many references may follow one on the other.
const maxRefs = 100

// lookup is the outcome of resolving a local reference.
type lookup struct {
	node      *node
	msg, hint string // why there is none
}

// refOf returns the $ref of an object, nil when it is none.
func refOf(n *node) *node {
	if n.kind != objectNode {
		return nil
	}
	if m := n.find("$ref"); m != nil {
		return m.value
	}
	return nil
}

// deref follows the references of anything but schemas. It returns nil after
// reporting one that leads nowhere. name is the last part of the final
// reference, "" when there was none.
func (d *decoder) deref(n *node) (target *node, name string) {
	start := n
	for range maxRefs {
		ref := refOf(n)
		if ref == nil {
			return n, name
		}
		next := d.target(ref)
		if next == nil {
			return nil, ""
		}
		name = lastToken(ref.text)
		n = next
	}
	d.errorf(start.at, "", "reference %s leads in a circle, or through more than %d others", refOf(start).text, maxRefs)
	return nil, ""
}

// target returns the node that a $ref value points to. It reports a reference
// that leads nowhere and returns nil.
func (d *decoder) target(ref *node) *node {
	if ref.kind != textNode {
		d.errorf(ref.at, "", "$ref must be a string, not %s", ref.kind)
		return nil
	}
	found, ok := d.targets[ref.text]
	if !ok {
		found = d.find(ref.text)
		d.targets[ref.text] = found
	}
	if found.node == nil {
		d.errorf(ref.at, found.hint, "%s", found.msg)
	}
	return found.node
}

// find resolves a reference inside the document.
func (d *decoder) find(ref string) lookup {
	switch {
	case ref == "":
		return lookup{msg: "$ref is empty", hint: "name what it stands for, like #/components/schemas/Pet"}
	case ref == "#":
		return lookup{msg: "$ref # points to the whole document"}
	case !strings.HasPrefix(ref, "#"):
		if c := d.component("schemas"); c != nil && c.get(ref) != nil {
			return lookup{msg: "reference to the file " + ref + " is not supported", hint: "did you mean #/components/schemas/" + ref + "?"}
		}
		return lookup{
			msg:  "external reference " + ref + " is not supported",
			hint: "bundle the document into one file first, for example with: redocly bundle",
		}
	case !strings.HasPrefix(ref, "#/"):
		if n := d.anchor(ref[1:]); n != nil {
			return lookup{node: n}
		}
		return lookup{msg: "reference " + ref + " points to nothing", hint: "local references start with #/"}
	}
	return d.walk(ref)
}

// walk follows a JSON pointer from the root.
func (d *decoder) walk(ref string) lookup {
	n := d.root
	missing := func(hint string) lookup {
		return lookup{msg: "reference " + ref + " points to nothing", hint: hint}
	}
	parts := strings.Split(ref, "/")
	for i, part := range parts[1:] {
		key := unescape(part)
		next := step(n, key)
		for hop := 0; next == nil && refOf(n) != nil && refOf(n).kind == textNode; hop++ {
			// The pointer goes through a reference: "#/paths/~1a/get" where
			// the path item is one itself.
			text := refOf(n).text
			if hop == maxRefs || !strings.HasPrefix(text, "#/") || strings.HasPrefix(ref, text+"/") {
				return missing("")
			}
			found, ok := d.targets[text]
			if !ok {
				// Taken as missing while it is looked up, so that circles end.
				d.targets[text] = missing("")
				found = d.walk(text)
				d.targets[text] = found
			}
			if found.node == nil {
				return missing("")
			}
			n = found.node
			next = step(n, key)
		}
		if next == nil {
			return missing(d.refHint(n, strings.Join(parts[:i+1], "/"), key))
		}
		n = next
	}
	return lookup{node: n}
}

// step returns the member or entry of n, nil when there is none.
func step(n *node, key string) *node {
	switch n.kind {
	case objectNode:
		if m := n.find(key); m != nil {
			return m.value
		}
	case listNode:
		if i, err := strconv.Atoi(key); err == nil && i >= 0 && i < len(n.items) {
			return n.items[i]
		}
	}
	return nil
}

// refHint says what a dangling reference may have been meant to be: the search
// ended at n, which done points to, where there is no key.
func (d *decoder) refHint(n *node, done, key string) string {
	if n.kind == objectNode {
		if guess := d.nearestKey(key, n); guess != "" {
			return "did you mean " + done + "/" + escape(guess) + "?"
		}
	}
	if done == "#" && key == "definitions" {
		return "in OpenAPI 3 schemas are in #/components/schemas"
	}
	if done == "#" || done == "#/components" {
		return "the document has no " + strings.TrimPrefix(done+"/"+key, "#/")
	}
	return ""
}

// component returns a section of components, nil when there is none.
func (d *decoder) component(section string) *node {
	c := d.root.get("components")
	if c == nil || c.kind != objectNode {
		return nil
	}
	if s := c.get(section); s != nil && s.kind == objectNode {
		return s
	}
	return nil
}

// anchor returns the schema with the $anchor.
func (d *decoder) anchor(name string) *node {
	if d.anchors == nil {
		d.anchors = map[string]*node{}
		seen := map[*node]bool{}
		var visit func(n *node)
		visit = func(n *node) {
			if n.kind < listNode || seen[n] {
				return
			}
			seen[n] = true
			for _, item := range n.items {
				visit(item)
			}
			for _, m := range n.members {
				if m.key == "$anchor" && m.value.kind == textNode {
					d.anchors[m.value.text] = n
				}
				visit(m.value)
			}
		}
		visit(d.root)
	}
	return d.anchors[name]
}

var pointerEscaper = strings.NewReplacer("~", "~0", "/", "~1")

func escape(token string) string { return pointerEscaper.Replace(token) }

// unescape decodes one token of a pointer in a URI fragment.
func unescape(token string) string {
	if strings.Contains(token, "%") {
		if s, err := url.PathUnescape(token); err == nil {
			token = s
		}
	}
	if strings.Contains(token, "~") {
		token = strings.ReplaceAll(strings.ReplaceAll(token, "~1", "/"), "~0", "~")
	}
	return token
}

// lastToken returns the last part of a reference: its component name.
func lastToken(ref string) string {
	return unescape(ref[strings.LastIndexByte(ref, '/')+1:])
}

const schemaPrefix = "#/components/schemas/"

// schemaName returns the name to remember for a schema reference: the component
// it points to, else the pointer itself.
func schemaName(ref string) string {
	if name, ok := strings.CutPrefix(ref, schemaPrefix); ok && !strings.Contains(name, "/") {
		return unescape(name)
	}
	return ref
}
