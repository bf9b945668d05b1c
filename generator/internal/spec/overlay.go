package spec

import (
	"slices"
	"strings"
)

// overlays applies the overlays of the options to the document.
func (d *decoder) overlays() {
	if len(d.opt.Overlays) == 0 {
		return
	}
	d.root = clone(d.root) // nothing is shared from here on: a change has one place
	d.sources[0].root = d.root
	for _, o := range d.opt.Overlays {
		i := d.addSource(&source{name: o.Path, text: o.Text})
		if root := d.parse(i, o.Text); root != nil {
			d.overlay(root)
		}
	}
}

// clone copies a node with everything in it.
func clone(n *node) *node {
	out := *n
	out.items, out.members, out.index = nil, nil, nil
	for _, item := range n.items {
		out.items = append(out.items, clone(item))
	}
	for _, m := range n.members {
		m.value = clone(m.value)
		out.members = append(out.members, m)
	}
	out.reindex()
	return &out
}

// overlay applies one overlay.
func (d *decoder) overlay(root *node) {
	if !d.isObject(root, "an overlay") {
		return
	}
	v := root.get("overlay")
	switch {
	case v == nil:
		d.errorf(root.at, "start with overlay: 1.0.0", "not an overlay: there is no field overlay")
		return
	case !strings.HasPrefix(v.text, "1."):
		d.errorf(v.at, "versions 1.0 and 1.1 are supported", "unsupported overlay version %s", short(v.text))
		return
	}
	d.checkKeys(root, "an overlay", "overlay", "info", "extends", "actions")
	for _, action := range d.list(root, "actions") {
		if d.isObject(action, "an action") {
			d.action(action)
		}
	}
}

// action applies one action of an overlay.
func (d *decoder) action(action *node) {
	d.checkKeys(action, "an action", "target", "description", "update", "remove", "copy")
	target := action.get("target")
	if target == nil {
		d.errorf(action.at, "name with a JSONPath what it changes, such as $.info", "an action has no target")
		return
	}
	found, ok := d.choose(target)
	if !ok {
		return
	}
	if len(found) == 0 {
		d.warnf(target.at, "", "target %s selects nothing", short(target.text))
	}
	if d.flag(action, "remove") {
		d.remove(found, target)
		return
	}
	update, from := action.get("update"), action.get("copy")
	if update == nil && from == nil {
		d.warnf(action.at, "", "an action neither updates nor removes; it changes nothing")
	}
	if from != nil {
		d.copyTo(found, from)
	}
	if update != nil {
		for _, n := range found {
			d.update(n, update)
		}
	}
}

// choose returns what a JSONPath selects.
func (d *decoder) choose(path *node) ([]*node, bool) {
	if path.kind != textNode {
		d.errorf(path.at, "", "a JSONPath must be a string, not %s", path.kind)
		return nil, false
	}
	q, err := parseQuery(path.text)
	if err != nil {
		d.errorf(path.at, "a JSONPath looks like $.paths['/books'].get", "invalid JSONPath %s: %v", short(path.text), err)
		return nil, false
	}
	return q.run(d.root, d.root), true
}

// remove takes the nodes out of the objects and lists that they are in.
func (d *decoder) remove(nodes []*node, target *node) {
	gone := make(map[*node]bool, len(nodes))
	for _, n := range nodes {
		gone[n] = true
	}
	if gone[d.root] {
		d.errorf(target.at, "", "the document as a whole cannot be removed")
		return
	}
	var visit func(n *node)
	visit = func(n *node) {
		n.items = slices.DeleteFunc(n.items, func(item *node) bool { return gone[item] })
		n.members = slices.DeleteFunc(n.members, func(m member) bool { return gone[m.value] })
		n.index = nil
		n.reindex()
		children(n, visit)
	}
	visit(d.root)
}

// copyTo updates the nodes with the one that a JSONPath selects.
func (d *decoder) copyTo(nodes []*node, path *node) {
	found, ok := d.choose(path)
	if !ok {
		return
	}
	if len(found) != 1 {
		d.errorf(path.at, "", "copy must select one thing, but %s selects %d", short(path.text), len(found))
		return
	}
	from := clone(found[0])
	for _, n := range nodes {
		d.update(n, from)
	}
}

// update merges an object into an object, appends to a list, and puts any other
// value in the place of the old one.
func (d *decoder) update(n, with *node) {
	switch {
	case n.kind == listNode:
		n.items = append(n.items, clone(with))
	case n.kind == objectNode && with.kind != objectNode:
		d.errorf(with.at, "", "an object can only be updated with an object, not %s", with.kind)
	case n.kind == objectNode:
		merge(n, with)
	default:
		*n = *clone(with)
	}
}

// merge puts the members of with into n: objects are merged, lists joined, and
// any other value replaced.
func merge(n, with *node) {
	for _, m := range with.members {
		old := n.find(m.key)
		switch {
		case old != nil && old.value.kind == objectNode && m.value.kind == objectNode:
			merge(old.value, m.value)
		case old != nil && old.value.kind == listNode && m.value.kind == listNode:
			for _, item := range m.value.items {
				old.value.items = append(old.value.items, clone(item))
			}
		default:
			m.value = clone(m.value)
			n.add(m)
		}
	}
}
