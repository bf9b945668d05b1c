// Package router finds the operation for a request. Templates may overlap, hold
// several parameters in a segment, or parts such as {id}.json and {id}:verb;
// concrete segments win over templated ones, as OpenAPI asks. {+name} takes
// slashes too, and what follows a # or ? is a query that the request must have.
package router

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Handle serves one operation. path holds the values of the path parameters in
// the order of the template, still percent-encoded.
type Handle func(w http.ResponseWriter, r *http.Request, path []string)

// Route is one operation: a method on a path template such as /books/{id}.
type Route struct {
	Method string
	Path   string
	Handle Handle

	query []condition
	next  *Route // for other queries on the same path
}

// Router is an [http.Handler] over a fixed set of routes. It is safe for
// concurrent use.
type Router struct {
	root node

	// NotFound answers requests for paths that no route has.
	NotFound http.Handler
	// MethodNotAllowed answers requests whose path has routes for other methods
	// only; the Allow header is set already.
	MethodNotAllowed http.Handler
}

// node is what follows after some segments of a path.
type node struct {
	static  map[string]*node
	dynamic []*segment // the most specific first
	tails   []*tail    // likewise
	methods map[string]*Route
}

// segment is a templated path segment: literals[0] {} literals[1] {} …, one
// parameter between each two literals.
type segment struct {
	literals []string
	next     node
}

// New builds the router. Of two routes with the same method and shape the first one wins.
func New(routes []Route) *Router {
	rt := &Router{
		NotFound:         http.NotFoundHandler(),
		MethodNotAllowed: http.HandlerFunc(methodNotAllowed),
	}
	for i := range routes {
		route := &routes[i]
		path, query := cut(route.Path)
		route.query = conditions(query)
		n := &rt.root
		rest := strings.TrimPrefix(path, "/")
		for more := true; more; {
			text, after, slash := strings.Cut(rest, "/")
			if strings.Contains(text, "{+") {
				n = n.tail(rest)
				break
			}
			n, rest, more = n.child(text), after, slash
		}
		n.add(route)
	}
	return rt
}

func (n *node) add(route *Route) {
	if n.methods == nil {
		n.methods = make(map[string]*Route)
	}
	if first := n.methods[route.Method]; first != nil {
		first.join(route)
		return
	}
	n.methods[route.Method] = route
}

func methodNotAllowed(w http.ResponseWriter, _ *http.Request) {
	http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
}

// allowed returns the Allow header for a path that leads to several nodes, as
// /books/latest does to that and to /books/{id}: the methods of all of them. HEAD
// comes with GET, OPTIONS with everything.
func allowed(nodes []*node) string {
	names := []string{http.MethodOptions}
	for _, n := range nodes {
		for name := range n.methods {
			names = append(names, name)
			if name == http.MethodGet {
				names = append(names, http.MethodHead)
			}
		}
	}
	slices.Sort(names)
	return strings.Join(slices.Compact(names), ", ")
}

// child returns the node behind a segment, made when it is not there yet.
func (n *node) child(text string) *node {
	literals := split(text)
	if len(literals) == 1 {
		if n.static == nil {
			n.static = make(map[string]*node)
		}
		if n.static[text] == nil {
			n.static[text] = new(node)
		}
		return n.static[text]
	}
	for _, s := range n.dynamic {
		if slices.Equal(s.literals, literals) {
			return &s.next
		}
	}
	s := &segment{literals: literals}
	n.dynamic = append(n.dynamic, s)
	slices.SortStableFunc(n.dynamic, func(a, b *segment) int {
		return cmp.Compare(b.weight(), a.weight())
	})
	return &s.next
}

// weight is the number of literal characters: more of them, more specific.
func (s *segment) weight() int { return len(strings.Join(s.literals, "")) }

// split cuts a segment at its parameters into the literals around them.
func split(text string) []string {
	var literals []string
	for {
		before, rest, ok := strings.Cut(text, "{")
		if !ok {
			break
		}
		_, after, ok := strings.Cut(rest, "}")
		if !ok {
			break
		}
		literals = append(literals, before)
		text = after
	}
	return append(literals, text)
}

// ServeHTTP serves the request by the route it matches.
func (rt *Router) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var buf [8]string
	m := match{request: r, path: buf[:0]}
	m.walk(&rt.root, strings.TrimPrefix(r.URL.EscapedPath(), "/"))
	switch {
	case m.route != nil:
		r.Pattern = m.route.Path // for the access log: the template, never the raw path
		m.route.Handle(w, r, m.path)
	case len(m.others) == 0:
		rt.NotFound.ServeHTTP(w, r)
	case r.Method == http.MethodOptions:
		w.Header().Set("Allow", allowed(m.others))
		w.WriteHeader(http.StatusNoContent)
	default:
		w.Header().Set("Allow", allowed(m.others))
		rt.MethodNotAllowed.ServeHTTP(w, r)
	}
}

// match is the state of one search.
type match struct {
	request *http.Request
	path    []string
	route   *Route
	others  []*node // that the path leads to, without a route for the method
}

// walk looks for the route below n for the rest of a path and reports whether
// it found one. It backtracks, so that /a/{x}/b and /a/c/{y} can stand side by side.
func (m *match) walk(n *node, rest string) bool {
	text, tail, more := strings.Cut(rest, "/")
	if next := n.static[unescape(text)]; next != nil && m.step(next, tail, more) {
		return true
	}
	mark := len(m.path)
	if text != "" {
		for _, s := range n.dynamic {
			if m.capture(s.literals, text) && m.step(&s.next, tail, more) {
				return true
			}
			m.path = m.path[:mark]
		}
	}
	for _, t := range n.tails {
		if m.span(t.parts, rest) && m.step(&t.next, "", false) {
			return true
		}
		m.path = m.path[:mark]
	}
	return false
}

func (m *match) step(n *node, tail string, more bool) bool {
	if more {
		return m.walk(n, tail)
	}
	route := n.methods[m.request.Method]
	if route == nil && m.request.Method == http.MethodHead {
		route = n.methods[http.MethodGet]
	}
	if route == nil {
		if n.methods != nil {
			m.others = append(m.others, n)
		}
		return false
	}
	if route.query != nil {
		route = route.pick(m.request)
	}
	m.route = route
	return route != nil
}

// capture takes the values of a templated segment. No value may be empty, and all
// but the last take as little as they can.
func (m *match) capture(literals []string, text string) bool {
	text, ok := strings.CutPrefix(text, literals[0])
	if !ok {
		return false
	}
	last := len(literals) - 1
	for _, literal := range literals[1:last] {
		if text == "" {
			return false
		}
		end := strings.Index(text[1:], literal) + 1
		if end == 0 {
			return false
		}
		m.path, text = append(m.path, text[:end]), text[end+len(literal):]
	}
	value, ok := strings.CutSuffix(text, literals[last])
	if !ok || value == "" {
		return false
	}
	m.path = append(m.path, value)
	return true
}

// unescape decodes a segment to compare it with a literal one; broken encoding
// stays as it is and matches nothing.
func unescape(text string) string {
	if !strings.Contains(text, "%") {
		return text
	}
	if plain, err := url.PathUnescape(text); err == nil {
		return plain
	}
	return text
}
