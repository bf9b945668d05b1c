package model

import (
	"net/url"
	"slices"
	"strings"
)

// outline tells what the values of a column look like beyond its SQL type, for
// the lock: the values of an enum, or the kinds of the members of a JSON value.
// It is "" where the SQL type says it all.
func outline(c *Column) string {
	if c.Type == nil {
		return ""
	}
	var words []string
	switch {
	case c.Type.Kind == Enum:
		for _, v := range c.Type.Values {
			words = append(words, "="+url.PathEscape(v.JSON))
		}
	case c.Kind == ColJSON:
		sketch(c.Type, "", 0, &words)
	}
	return strings.Join(words, " ")
}

// Values may contain themselves and be large: an outline has its bounds.
const (
	outlineDepth = 4
	outlineWords = 200
)

// sketch adds path:kind for a value and what is in it.
func sketch(t *Type, path string, depth int, words *[]string) {
	kind := map[Kind]string{
		String: "string", Bool: "boolean", Int32: "integer", Int64: "integer", Uint64: "integer", Big: "integer", Float32: "number", Float64: "number",
		Time: "time", Date: "date", Bytes: "bytes", Struct: "object", Map: "map", Slice: "list",
	}[t.Kind]
	if t.Kind == Enum {
		sketch(&Type{Kind: t.Base}, path, depth, words)
		return
	}
	if kind == "" || depth > outlineDepth || len(*words) >= outlineWords {
		return // anything may stand there
	}
	*words = append(*words, path+":"+kind)
	switch t.Kind {
	case Slice, Map:
		sketch(t.Elem, path+"/*", depth+1, words)
	case Struct:
		for _, f := range t.Fields {
			sketch(f.Type, path+"/"+url.QueryEscape(f.JSON), depth+1, words)
		}
	}
}

// readable reports whether values of the old outline can be read as the new one.
func readable(old, now string) bool {
	kinds := map[string]string{}
	for _, word := range strings.Fields(now) {
		if path, kind, ok := strings.Cut(word, ":"); ok && word[0] != '=' {
			kinds[path] = kind
		}
	}
	for _, word := range strings.Fields(old) {
		path, was, ok := strings.Cut(word, ":")
		kind := kinds[path]
		if !ok || word[0] == '=' || kind == "" || kind == was {
			continue
		}
		if kind != "number" || was != "integer" {
			return false
		}
	}
	return true
}

// lostValues returns the values of an enum, as JSON, that the new outline lacks.
func lostValues(old, now string) (lost []string) {
	have := strings.Fields(now)
	for _, word := range strings.Fields(old) {
		if text, err := url.PathUnescape(strings.TrimPrefix(word, "=")); word[0] == '=' && err == nil &&
			len(have) > 0 && have[0][0] == '=' && !slices.Contains(have, word) {
			lost = append(lost, text)
		}
	}
	return lost
}
