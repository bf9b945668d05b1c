package spec

import (
	"net/url"
	"path"
	"strconv"
	"strings"
)

// maxRefs is how many references may follow one on the other.
const maxRefs = 100

// lookup is the outcome of resolving a reference.
type lookup struct {
	node      *node
	msg, hint string // why there is none
	file      bool   // because the whole file cannot be read
}

// reference is a $ref as it stands in a source.
type reference struct {
	from int32
	text string
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
		name = refName(ref.text)
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
	if n := d.identified(ref); n != nil {
		return n
	}
	found := d.lookup(reference{d.base(ref), ref.text})
	switch {
	case found.node != nil:
	case found.file: // which is worth saying once
		d.failOften(ref.at, found.hint, found.msg)
	default:
		d.errorf(ref.at, found.hint, "%s", found.msg)
	}
	return found.node
}

// lookup resolves a reference, each one once.
func (d *decoder) lookup(r reference) lookup {
	found, ok := d.targets[r]
	if !ok {
		// Taken as missing while it is looked up, so that circles end.
		d.targets[r] = lookup{msg: "reference " + short(r.text) + " leads in a circle"}
		found = d.find(r)
		d.targets[r] = found
	}
	return found
}

// find resolves a reference into the document or into another file.
func (d *decoder) find(r reference) lookup {
	if r.text == "" {
		return lookup{msg: "$ref is empty", hint: "name what it stands for, like #/components/schemas/Pet"}
	}
	file, fragment, _ := strings.Cut(r.text, "#")
	in := r.from
	if file != "" {
		var fail lookup
		if in, fail = d.open(r.from, file); fail.msg != "" {
			fail.file = true
			return fail
		}
	}
	s := d.sources[in]
	switch {
	case fragment == "" && in == 0:
		return lookup{msg: "$ref " + r.text + " points to the whole document"}
	case fragment == "":
		return lookup{node: s.root}
	case !strings.HasPrefix(fragment, "/"):
		if n := s.anchor(unescape(fragment)); n != nil {
			return lookup{node: n}
		}
		return lookup{msg: "reference " + short(r.text) + " points to nothing", hint: "local references start with #/"}
	}
	return d.walk(in, "#"+fragment, r.text)
}

// walk follows a JSON pointer from the root of a source. ref is what messages
// call it.
func (d *decoder) walk(in int32, pointer, ref string) lookup {
	n := d.sources[in].root
	missing := func(hint string) lookup {
		return lookup{msg: "reference " + ref + " points to nothing", hint: hint}
	}
	parts := strings.Split(pointer, "/")
	for i, part := range parts[1:] {
		key := unescape(part)
		next := step(n, key)
		for hop := 0; next == nil && refOf(n) != nil && refOf(n).kind == textNode; hop++ {
			// The pointer goes through a reference: "#/paths/~1a/get" where
			// the path item is one itself.
			through := reference{d.base(refOf(n)), refOf(n).text}
			if hop == maxRefs || through.from == in && strings.HasPrefix(pointer, through.text+"/") {
				return missing("")
			}
			found := d.lookup(through)
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
	if done == "#" && key == "definitions" && !d.converted {
		return "in OpenAPI 3 schemas are in #/components/schemas"
	}
	if done == "#" || done == "#/components" {
		return "the document has no " + strings.TrimPrefix(done+"/"+key, "#/")
	}
	hint := "add " + key + " to " + done
	if !d.opt.SkipUnsupported {
		hint += ", or leave out what needs it with --skip-unsupported"
	}
	return hint
}

// component returns a section of components, nil when there is none.
func (d *decoder) component(section string) *node { return d.componentIn(0, section) }

// componentIn returns a section of the components of a source.
func (d *decoder) componentIn(in int32, section string) *node {
	c := d.through(d.sources[in].root, "components")
	if c == nil {
		return nil
	}
	return d.through(c, section)
}

// through returns the object under key, or the one that a reference in its place
// leads to; nil when there is none.
func (d *decoder) through(n *node, key string) *node {
	if n == nil || n.kind != objectNode {
		return nil
	}
	v := n.get(key)
	for range maxRefs {
		if v == nil || v.kind != objectNode {
			return nil
		}
		ref := refOf(v)
		if ref == nil || ref.kind != textNode || len(v.members) > 1 {
			return v
		}
		v = d.lookup(reference{d.base(ref), ref.text}).node
	}
	return nil
}

// anchor returns the schema with the $anchor.
func (s *source) anchor(name string) *node {
	s.findAnchors()
	return s.anchors[name]
}

// findAnchors collects the anchors of the source, at the first call only.
func (s *source) findAnchors() {
	if s.anchors != nil {
		return
	}
	s.anchors, s.dynamicAnchors = map[string]*node{}, map[string]int{}
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
			if (m.key == "$anchor" || m.key == "$dynamicAnchor") && m.value.kind == textNode {
				s.anchors[m.value.text] = n
			}
			if m.key == "$dynamicAnchor" && m.value.kind == textNode {
				s.dynamicAnchors[m.value.text]++
			}
			visit(m.value)
		}
	}
	if s.root != nil {
		visit(s.root)
	}
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

// refName returns the name of what a reference points to: the last part of the
// pointer, or the name of the file when all of it is meant.
func refName(ref string) string {
	file, fragment, _ := strings.Cut(ref, "#")
	if fragment == "" {
		return fileStem(file)
	}
	return lastToken(fragment)
}

// fileStem returns the name of a file without folder and extension.
func fileStem(file string) string {
	base := unescape(path.Base(file))
	return strings.TrimSuffix(base, path.Ext(base))
}

const schemaPrefix = "#/components/schemas/"

// schemaName returns the name to remember for a schema reference: the component
// it points to, else the pointer itself.
func (d *decoder) schemaName(ref string) string {
	if d.converted {
		ref = strings.Replace(ref, "#/definitions/", schemaPrefix, 1)
	}
	if name, ok := strings.CutPrefix(ref, schemaPrefix); ok && !strings.Contains(name, "/") {
		return unescape(name)
	}
	return ref
}
