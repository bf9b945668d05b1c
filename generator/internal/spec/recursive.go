package spec

// recursive makes references of "$recursiveRef": "#", which JSON Schema 2019-09 has
// for schemas that contain themselves: to the component around it that says
// "$recursiveAnchor": true.
func (d *decoder) recursive(component member) {
	anchor := component.value.get("$recursiveAnchor")
	if anchor == nil || anchor.text != "true" {
		return
	}
	d.redirect(component.value, "#/components/schemas/"+escape(component.key))
}

func (d *decoder) redirect(n *node, target string) {
	for _, item := range n.items {
		d.redirect(item, target)
	}
	for i := range n.members {
		m := &n.members[i]
		switch {
		case m.key == "$recursiveRef" && m.value.text == "#":
			d.oftenf(m.at, "write $ref", "$recursiveRef is of an older JSON Schema; it is taken as $ref to %s", target)
			m.key, m.value = "$ref", newText(m.value.at, target)
			n.reindex()
		case !data(m.key):
			d.redirect(m.value, target)
		}
	}
}
