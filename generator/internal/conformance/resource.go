package conformance

import (
	"net/http"
	"slices"
	"strings"

	"github.com/apigen-go/apigen/generator/internal/spec"
)

// learn remembers what a successful answer tells about resources.
func (r *runner) learn(c *call, a *answer) {
	text := a.text()
	r.pool.learn(text, 1)
	switch {
	case c.op.Method == http.MethodPost && isCollection(c.op.Path):
		if id, ok := r.identify(c, text, "id"); ok {
			segment := lastSegment(c.op.Path)
			r.pool.bySegment[segment] = append(r.pool.bySegment[segment], id)
		}
		for _, item := range r.items(c.op.Path) {
			if id, ok := r.identify(c, text, item.variable); ok {
				r.pool.add(item.path, item.values(c, id))
			}
		}
	case c.op.Method == http.MethodPut && !isCollection(c.op.Path):
		r.pool.add(c.op.Path, c.pathValues())
	case c.op.Method == http.MethodGet && isCollection(c.op.Path):
		for _, item := range r.items(c.op.Path) {
			if len(r.pool.byPath[shapeOf(item.path)]) > 0 {
				continue
			}
			for _, entry := range listed(text) {
				if id, ok := identify(string(entry), item.variable, lastSegment(c.op.Path)); ok {
					r.pool.add(item.path, item.values(c, id))
				}
			}
		}
	}
}

// identify looks for an id in the answer, then in the request.
func (r *runner) identify(c *call, text, variable string) (string, bool) {
	segment := lastSegment(c.op.Path)
	if id, ok := identify(text, variable, segment); ok {
		return id, true
	}
	if c.body == nil {
		return "", false
	}
	return identify(c.body.value, variable, segment)
}

// itemPath is where the items of a collection are found.
type itemPath struct {
	path, variable string
	apart          bool // not below the collection: /books/{id} for /authors/{id}/books
}

// values returns the path parameters of an item that c listed or made.
func (i itemPath) values(c *call, id string) []string {
	if i.apart {
		return []string{id}
	}
	return append(c.pathValues(), id)
}

// items returns the item paths of a collection: those below it, and those of a
// collection of the same name at the root.
func (r *runner) items(collection string) []itemPath {
	var list []itemPath
	for _, p := range r.doc.Paths {
		names := variables(p.Template)
		switch {
		case shapeOf(p.Template) == shapeOf(collection)+"/{}":
			list = append(list, itemPath{p.Template, names[len(names)-1], false})
		case len(names) == 1 && strings.HasSuffix(p.Template, "/"+variable.FindString(p.Template)) &&
			segmentBefore(p.Template, 1) == lastSegment(collection):
			list = append(list, itemPath{p.Template, names[0], true})
		}
	}
	return list
}

// maker returns an operation that makes items of the path, nil if none does.
func (r *runner) maker(item string) *spec.Operation {
	for _, op := range r.creates {
		if !isCollection(op.Path) || r.opt.Stubs[name(op)] {
			continue
		}
		if slices.ContainsFunc(r.items(op.Path), func(i itemPath) bool { return shapeOf(i.path) == shapeOf(item) }) {
			return op
		}
	}
	return nil
}

// find returns the operation with the method on a path of that shape.
func (r *runner) find(method, template string) *spec.Operation {
	for _, op := range r.operations {
		if op.Method == method && shapeOf(op.Path) == shapeOf(template) {
			return op
		}
	}
	return nil
}
