package router

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// tail is the rest of a path template from its first parameter that takes
// slashes: {+name}:cancel or {+parent}/jobs/{id}.
type tail struct {
	parts []part
	next  node
}

// part is a literal, or a parameter when literal is empty.
type part struct {
	literal string
	spans   bool // the parameter takes slashes
}

// tail returns the node behind the rest of a template, made when it is not there yet.
func (n *node) tail(text string) *node {
	parts := parse(text)
	for _, t := range n.tails {
		if slices.Equal(t.parts, parts) {
			return &t.next
		}
	}
	t := &tail{parts: parts}
	n.tails = append(n.tails, t)
	slices.SortStableFunc(n.tails, func(a, b *tail) int { return cmp.Compare(b.weight(), a.weight()) })
	return &t.next
}

// parse cuts a template at its parameters.
func parse(text string) []part {
	var parts []part
	for text != "" {
		before, rest, ok := strings.Cut(text, "{")
		name, after, closed := strings.Cut(rest, "}")
		if !ok || !closed {
			return append(parts, part{literal: text})
		}
		if before != "" {
			parts = append(parts, part{literal: before})
		}
		parts, text = append(parts, part{spans: strings.HasPrefix(name, "+")}), after
	}
	return parts
}

// weight is the number of literal characters: more of them, more specific.
func (t *tail) weight() int {
	n := 0
	for _, p := range t.parts {
		n += len(p.literal)
	}
	return n
}

// span takes the values of the parameters from the rest of a path. A parameter
// takes as much as it can; no value may be empty.
func (m *match) span(parts []part, text string) bool {
	if len(parts) == 0 {
		return text == ""
	}
	if !strings.HasSuffix(text, parts[len(parts)-1].literal) {
		return false // at once: the search below takes its time
	}
	if literal := parts[0].literal; literal != "" {
		rest, ok := strings.CutPrefix(text, literal)
		return ok && m.span(parts[1:], rest)
	}
	end := len(text)
	if !parts[0].spans {
		end = cmp.Or(strings.IndexByte(text, '/')+1, end+1) - 1
	}
	mark := len(m.path)
	for ; end > 0; end-- {
		if len(parts) > 1 && parts[1].literal != "" {
			end = min(end, strings.LastIndex(text[:min(end+len(parts[1].literal), len(text))], parts[1].literal))
			if end <= 0 {
				return false
			}
		}
		m.path = append(m.path, text[:end])
		if m.span(parts[1:], text[end:]) {
			return true
		}
		m.path = m.path[:mark]
		if len(parts) == 1 {
			return false
		}
	}
	return false
}

// condition is a query parameter that a request must have.
type condition struct {
	name, value string
	any         bool // every value will do
}

// cut separates the query or fragment that a template may have.
func cut(template string) (path, query string) {
	depth := 0
	for i, c := range template {
		switch {
		case c == '{':
			depth++
		case c == '}':
			depth--
		case depth == 0 && (c == '?' || c == '#'):
			return template[:i], strings.Trim(template[i:], "?#&")
		}
	}
	return template, ""
}

// conditions reads "Action=Send&Version=1". A fragment of another kind, such as
// "section", asks for nothing.
func conditions(query string) []condition {
	var out []condition
	for pair := range strings.SplitSeq(query, "&") {
		name, value, ok := strings.Cut(pair, "=")
		if !ok || name == "" {
			continue
		}
		c := condition{name: unescape(name), value: unescape(value)}
		c.any = value == "" || strings.HasPrefix(value, "{")
		out = append(out, c)
	}
	return out
}

// join adds a route for another query: the one that asks for more comes first.
func (r *Route) join(more *Route) {
	if slices.Equal(r.query, more.query) {
		return // the first one wins
	}
	if len(more.query) > len(r.query) {
		own := *r
		*r = *more
		r.next = &own
		return
	}
	if r.next != nil {
		r.next.join(more)
		return
	}
	r.next = more
}

// pick returns the first of the joined routes whose query the request has.
func (r *Route) pick(request *http.Request) *Route {
	query, err := url.ParseQuery(request.URL.RawQuery)
	if err != nil {
		query = request.URL.Query()
	}
	for ; r != nil; r = r.next {
		if !slices.ContainsFunc(r.query, func(c condition) bool {
			return !query.Has(c.name) || !c.any && query.Get(c.name) != c.value
		}) {
			return r
		}
	}
	return nil
}
