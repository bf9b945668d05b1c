package spec

import (
	"slices"

	"github.com/apigen-go/apigen/generator/internal/diag"
)

// blame keeps, for SkipUnsupported, what each part of the document is made of and
// which parts cannot be understood. A part is an *Operation, a *Schema, or the
// *node of anything else. Without that option it stays empty.
type blame struct {
	parts []any // those being decoded now, the innermost last
	uses  map[any][]any
	bad   map[any]bool
}

// enter makes part the one that mistakes belong to, until the returned function
// is called.
func (d *decoder) enter(part any) (leave func()) {
	if !d.opt.SkipUnsupported {
		return func() {}
	}
	d.use(part)
	return d.enterApart(part)
}

// enterApart is enter for a part that can be left out of what it is in.
func (d *decoder) enterApart(part any) (leave func()) {
	if !d.opt.SkipUnsupported {
		return func() {}
	}
	d.blame.parts = append(d.blame.parts, part)
	return func() { d.blame.parts = d.blame.parts[:len(d.blame.parts)-1] }
}

// use notes that the part being decoded is made of another one.
func (d *decoder) use(part any) {
	if n := len(d.blame.parts); d.opt.SkipUnsupported && n > 0 {
		if d.blame.uses == nil {
			d.blame.uses = map[any][]any{}
		}
		owner := d.blame.parts[n-1]
		d.blame.uses[owner] = append(d.blame.uses[owner], part)
	}
}

// fail reports a mistake of a part. It is a warning when the operations that are
// made of the part can be left out instead.
func (d *decoder) fail(part any, pos diag.Pos, hint, format string, args ...any) {
	if !d.opt.SkipUnsupported || part == nil {
		d.diags.Errorf(pos, hint, format, args...)
		return
	}
	d.spoil(part)
	d.diags.Warnf(pos, hint, format, args...)
}

// spoil notes that a part cannot be understood.
func (d *decoder) spoil(part any) {
	if d.blame.bad == nil {
		d.blame.bad = map[any]bool{}
	}
	d.blame.bad[part] = true
}

// owner is the part being decoded now, nil when there is none to blame.
func (d *decoder) owner() any {
	if n := len(d.blame.parts); n > 0 {
		return d.blame.parts[n-1]
	}
	return nil
}

// skip drops the operations that are made of something bad.
func (d *decoder) skip() {
	if len(d.blame.bad) == 0 {
		return
	}
	// Against the direction of use: what uses something bad is bad.
	usedBy := map[any][]any{}
	for owner, parts := range d.blame.uses {
		for _, p := range parts {
			usedBy[p] = append(usedBy[p], owner)
		}
	}
	queue := make([]any, 0, len(d.blame.bad))
	for part := range d.blame.bad {
		queue = append(queue, part)
	}
	for len(queue) > 0 {
		part := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		for _, owner := range usedBy[part] {
			if !d.blame.bad[owner] {
				d.blame.bad[owner] = true
				queue = append(queue, owner)
			}
		}
	}
	for _, list := range [][]*Path{d.doc.Paths, d.doc.Webhooks} {
		for _, p := range list {
			p.Operations = slices.DeleteFunc(p.Operations, func(op *Operation) bool {
				if d.blame.bad[op] {
					d.diags.Warnf(op.Pos, "", "operation %s %s is left out, because it cannot be understood", op.Method, op.Path)
				}
				return d.blame.bad[op]
			})
		}
	}
	d.doc.Schemas = slices.DeleteFunc(d.doc.Schemas, func(s *Schema) bool { return d.blame.bad[s] })
}

// warnSkipped says that a path is left out as a whole.
func (d *decoder) warnSkipped(path member) {
	if d.opt.SkipUnsupported {
		d.warnf(path.at, "", "path %s is left out, because it cannot be understood", path.key)
	}
}
