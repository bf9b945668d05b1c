package codec

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Deep moves to a query parameter that is written with brackets, name[member],
// or without any, and reports whether it is there.
func (in *Request) Deep(name string, required bool) bool {
	return in.spread("query", name, required, func(path []string) []string {
		if path[0] == name {
			return path[1:]
		}
		return nil
	})
}

// Members moves to an object whose members are query parameters of their own,
// and reports whether one of them is there.
func (in *Request) Members(name string, required bool, members ...string) bool {
	return in.spread("query", name, required, func(path []string) []string {
		if slices.Contains(members, path[0]) {
			return path
		}
		return nil
	})
}

// Rest is Members for an object that takes all query parameters but the others.
func (in *Request) Rest(name string, required bool, others ...string) bool {
	return in.spread("query", name, required, func(path []string) []string {
		if slices.Contains(others, path[0]) {
			return nil
		}
		return path
	})
}

// WholeQuery moves to the query as one text and reports whether there is one.
func (in *Request) WholeQuery(name string, required bool) bool {
	in.move("query", name)
	text, err := url.PathUnescape(in.r.URL.RawQuery)
	if err != nil {
		in.Report("is not percent-encoded correctly")
		return false
	}
	in.text = text
	return in.present(text != "", required)
}

// CookieMembers is Members for cookies.
func (in *Request) CookieMembers(name string, required bool, members ...string) bool {
	return in.cookieMembers(name, required, members, cookieText)
}

// PlainCookieMembers is CookieMembers for values that are not percent-encoded.
func (in *Request) PlainCookieMembers(name string, required bool, members ...string) bool {
	return in.cookieMembers(name, required, members, plain)
}

func (in *Request) cookieMembers(name string, required bool, members []string, text func(string) string) bool {
	values := url.Values{}
	for _, c := range in.r.Cookies() {
		if slices.Contains(members, c.Name) {
			values.Add(c.Name, text(c.Value))
		}
	}
	in.move("cookie", name)
	in.tree = fields(values, nil)
	return in.present(len(values) > 0, required)
}

// spread makes a tree of the query parameters that choose gives a path for.
func (in *Request) spread(part, name string, required bool, choose func(path []string) []string) bool {
	if in.query == nil {
		in.query = in.r.URL.Query()
	}
	in.move(part, name)
	in.tree = new(tree)
	found := false
	for _, key := range slices.Sorted(maps.Keys(in.query)) {
		if path := choose(cutName(key)); path != nil {
			found = true
			in.tree.add(append([]string(nil), path...), in.query[key])
		}
	}
	return in.present(found, required)
}

func (in *Request) present(found, required bool) bool {
	if !found && required {
		in.Report("is required")
	}
	return found
}

// Pairs reads the text as an object whose members stand between sep: as
// name=value, or as names and values in turn.
func (in *Request) Pairs(sep string, equals bool) bool {
	parts, unescape := in.parts(sep)
	in.tree = new(tree)
	if !in.tree.pairs(parts, equals, unescape) {
		in.Report("must be names and values in turn")
		return false
	}
	return true
}

// Decode decodes a parameter that has structure.
func (in *Request) Decode(decode func(*Decoder)) {
	t := in.tree
	if t == nil {
		t = &tree{texts: in.items}
		if len(in.items) == 0 {
			t.texts = []string{in.text}
		}
	}
	in.decodeTree(t, in.in, "/"+escapePointer(in.name), decode)
}

// Default reads a default value, JSON from the contract, in place of a parameter that
// is not there.
func (in *Request) Default(text string, decode func(*Decoder)) {
	in.document(strings.NewReader(text), in.in, "/"+escapePointer(in.name), decode)
}

func (in *Request) decodeTree(t *tree, part, prefix string, decode func(*Decoder)) {
	text := string(t.appendJSON(nil))
	in.document(strings.NewReader(text), part, prefix, func(d *Decoder) {
		d.text = true
		decode(d)
	})
}

// parts cuts the text at sep. Where the parameter was percent-encoded, only the
// separators that were not encoded count, if there is one of them.
func (in *Request) parts(sep string) ([]string, func(string) string) {
	raw, unescape := in.raw, pathText
	if in.in == "query" && sep != " " && strings.Contains(in.text, sep) {
		raw, unescape = in.rawQuery(in.name), queryText
	}
	if strings.Contains(raw, sep) {
		return strings.Split(raw, sep), unescape
	}
	return strings.Split(in.text, sep), plain
}

// rawQuery returns a query parameter as it was sent.
func (in *Request) rawQuery(name string) string {
	for pair := range strings.SplitSeq(in.r.URL.RawQuery, "&") {
		if key, value, _ := strings.Cut(pair, "="); queryText(key) == name {
			return value
		}
	}
	return ""
}

func pathText(text string) string {
	if plain, err := url.PathUnescape(text); err == nil {
		return plain
	}
	return text
}

func queryText(text string) string {
	if plain, err := url.QueryUnescape(text); err == nil {
		return plain
	}
	return text
}

// cookieText undoes the percent-encoding of a cookie.
func cookieText(text string) string { return pathText(text) }

// PathAfter is Path for the styles that put a prefix before the value: label and
// matrix.
func (in *Request) PathAfter(prefix, name, escaped string) bool {
	rest, ok := strings.CutPrefix(escaped, prefix)
	if !ok {
		if plain := pathText(escaped); strings.HasPrefix(plain, prefix) { // the prefix is encoded too
			rest, ok = (&url.URL{Path: plain[len(prefix):]}).EscapedPath(), true
		}
	}
	if !ok {
		in.move("path", name)
		in.Report("must start with " + strconv.Quote(prefix))
		return false
	}
	return in.Path(name, rest)
}
