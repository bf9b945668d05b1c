package conformance

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
)

// pool remembers the resources a service was seen to have, so that later
// requests can name them in their paths.
type pool struct {
	byPath    map[string][][]string // "/books/{}" → path parameters of each
	bySegment map[string][]string   // "books" → ids
	byName    map[string][]string   // "username" → values seen under that name
}

func newPool() *pool {
	return &pool{byPath: map[string][][]string{}, bySegment: map[string][]string{}, byName: map[string][]string{}}
}

var variable = regexp.MustCompile(`\{[^{}]*\}`)

// shapeOf replaces the parameter names of a template: "/books/{}".
func shapeOf(template string) string { return variable.ReplaceAllString(template, "{}") }

// variables returns the parameter names of a template in order.
func variables(template string) []string {
	var names []string
	for _, v := range variable.FindAllString(template, -1) {
		names = append(names, strings.Trim(v, "{}"))
	}
	return names
}

// prefix returns the template up to and including its nth parameter.
func prefix(template string, n int) string {
	at := variable.FindAllStringIndex(template, -1)
	rest := template[at[n-1][1]:]
	tail, _, _ := strings.Cut(rest, "/") // the rest of the segment: "{id}.json"
	return template[:at[n-1][1]] + tail
}

// segmentBefore returns the last static segment in front of the nth parameter.
func segmentBefore(template string, n int) string {
	at := variable.FindAllStringIndex(template, -1)
	for _, s := range slices.Backward(strings.Split(strings.Trim(template[:at[n-1][0]], "/"), "/")) {
		if s != "" && !strings.Contains(s, "{") {
			return fold(s)
		}
	}
	return ""
}

// lastSegment returns the name of a collection: "books" of "/authors/{id}/books".
func lastSegment(template string) string {
	return fold(template[strings.LastIndexByte(template, '/')+1:])
}

// isCollection tells whether the path ends in a static segment.
func isCollection(template string) bool { return !strings.Contains(lastSegment(template), "{") }

// fold makes names comparable: "bookId", "book_id" and "BookID" are one.
func fold(name string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case '_', '-', '.', ' ':
			return -1
		}
		return r
	}, strings.ToLower(name))
}

// singular of a folded collection name, good enough to find "bookid" in "books".
func singular(name string) string {
	switch {
	case strings.HasSuffix(name, "ies"):
		return name[:len(name)-3] + "y"
	case strings.HasSuffix(name, "sses"), strings.HasSuffix(name, "xes"):
		return name[:len(name)-2]
	case strings.HasSuffix(name, "s"):
		return name[:len(name)-1]
	}
	return name
}

// add remembers one instance of an item path.
func (p *pool) add(template string, values []string) {
	key := shapeOf(template)
	if !slices.ContainsFunc(p.byPath[key], func(v []string) bool { return slices.Equal(v, values) }) {
		p.byPath[key] = append(p.byPath[key], slices.Clone(values))
	}
	if n := len(values); n > 0 {
		segment := segmentBefore(template, n)
		if id := values[n-1]; !slices.Contains(p.bySegment[segment], id) {
			p.bySegment[segment] = append(p.bySegment[segment], id)
		}
	}
}

// remove forgets an instance and everything below it.
func (p *pool) remove(template string, values []string) {
	key := shapeOf(template)
	for k, list := range p.byPath {
		if k == key || strings.HasPrefix(k, key+"/") {
			p.byPath[k] = slices.DeleteFunc(list, func(v []string) bool {
				return len(v) >= len(values) && slices.Equal(v[:len(values)], values)
			})
		}
	}
	segment := segmentBefore(template, len(values))
	id := values[len(values)-1]
	p.bySegment[segment] = slices.DeleteFunc(p.bySegment[segment], func(s string) bool { return s == id })
}

// resolve returns values for the parameters of a path as far as they are known;
// turn rotates between the instances.
func (p *pool) resolve(template string, turn int) []string {
	names := variables(template)
	var values []string
	for n := len(names); n > 0; n-- {
		if list := p.byPath[shapeOf(prefix(template, n))]; len(list) > 0 {
			values = slices.Clone(list[turn%len(list)])
			break
		}
	}
	for n := len(values) + 1; n <= len(names); n++ {
		list := p.bySegment[segmentBefore(template, n)]
		if name := fold(names[n-1]); len(list) == 0 && name != "id" {
			list = p.byName[name]
		}
		if len(list) == 0 {
			break
		}
		values = append(values, list[turn%len(list)])
	}
	return values
}

// learn remembers scalar members of an answer by name, one level of nesting deep.
func (p *pool) learn(text string, depth int) {
	for _, m := range members(text) {
		switch {
		case len(m.value) == 0 || m.value[0] == '[':
		case m.value[0] == '{' && depth > 0:
			p.learn(string(m.value), depth-1)
		case m.value[0] != '{':
			name := fold(m.name)
			if v := scalarText(string(m.value)); v != "" && len(p.byName[name]) < 50 && !slices.Contains(p.byName[name], v) {
				p.byName[name] = append(p.byName[name], v)
			}
		}
	}
}

// identify looks in the JSON text of a resource for the value of the path
// parameter name; segment is the collection's. Envelopes are looked into, outer
// members first.
func identify(text, name, segment string) (string, bool) {
	one := singular(segment)
	for _, want := range []string{fold(name), "id", one + "id", "uuid", one + "uuid", one, "slug", "key", "name"} {
		for level := []string{text}; len(level) > 0; {
			var next []string
			for _, t := range level {
				for _, m := range members(t) {
					v := string(m.value)
					switch {
					case strings.HasPrefix(v, "{"):
						next = append(next, v)
					case strings.HasPrefix(v, "[") || v == "null" || v == "true" || v == "false":
					case fold(m.name) == want:
						return scalarText(v), true
					}
				}
			}
			level = next
		}
	}
	return "", false
}

// listed returns the JSON texts of the items in an answer: an array, or the
// first array of objects in an envelope.
func listed(text string) []json.RawMessage {
	if list, ok := items(text); ok {
		return list
	}
	for _, m := range members(text) {
		if list, ok := items(string(m.value)); ok && len(list) > 0 && strings.HasPrefix(string(list[0]), "{") {
			return list
		}
	}
	return nil
}
