package spec

// callbacks decodes the requests that the service sends on behalf of an operation.
// A callback may lead back to where it was declared, so those of callbacks are
// left out.
func (d *decoder) callbacks(op *node) []*Path {
	if d.callback || op.get("callbacks") == nil {
		return nil
	}
	d.callback = true
	defer func() { d.callback = false }()
	var out []*Path
	for _, m := range d.object(op, "callbacks") {
		if isExtension(m.key) {
			continue
		}
		n, _ := d.deref(m.value)
		if n == nil || !d.isObject(n, "a callback") {
			continue
		}
		for _, item := range n.members {
			if isExtension(item.key) {
				continue
			}
			if p := d.pathItem(item, nil); p != nil {
				p.Name = m.key
				out = append(out, p)
			}
		}
	}
	return out
}
