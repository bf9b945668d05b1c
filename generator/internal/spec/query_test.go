package spec

import (
	"strings"
	"testing"
)

const queried = `{"store": {"book": [
 {"t": "a", "p": 8.95, "isbn": "0-1"}, {"t": "b", "p": 12.99}, {"t": "c", "p": 8, "x-old": true, "n": null}],
 "bike": {"p": 399}}, "o'k": {"a b": 1}, "m": 10}`

func TestQuery(t *testing.T) {
	root, _, err := parseJSON([]byte(queried), 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ path, want string }{
		{"$.m", "10"},
		{"$['m']", "10"},
		{`$['o\'k']["a b"]`, "1"},
		{"$.store.book[*].t", `"a" "b" "c"`},
		{"$.store.book[0,2].t", `"a" "c"`},
		{"$.store.book[-1].t", `"c"`},
		{"$.store.book[1:].t", `"b" "c"`},
		{"$.store.book[::-1].t", `"c" "b" "a"`},
		{"$.store.book[:-1].t", `"a" "b"`},
		{"$..p", "8.95 12.99 8 399"},
		{"$.store..p", "8.95 12.99 8 399"},
		{"$..book[?@.isbn].t", `"a"`},
		{"$..book[?!@.isbn].t", `"b" "c"`},
		{"$..book[?(@.p < $.m)].t", `"a" "c"`},
		{"$..book[?@.p < 10 && @.t != 'a' || @.t == 'b'].t", `"b" "c"`},
		{"$..book[?match(@.t, '[ab]')].t", `"a" "b"`},
		{"$..book[?search(@.isbn, '-')].t", `"a"`},
		{"$..book[?@['x-old'] == true].t", `"c"`},
		{"$..book[?@.n == null].t", `"c"`},
		{"$..book[?@.none == @.nothing].t", `"a" "b" "c"`},
		{"$..book[?count(@.*) >= 3].t", `"a" "c"`},
		{"$..book[?length(@.isbn) == 3].t", `"a"`},
		{"$.store[?value(@.p) == 399].p", "399"},
		{"$.none.x[0]", ""},
		{"m", "expected $ at character 1"},
		{"$.", `expected a name or *, not "the end" at character 3`},
		{"$.m x", `unexpected " " at character 4`},
		{"$['m", "the quote is not closed at character 3"},
		{"$[?]", `expected a value, not "]" at character 4`},
		{"$[?@.* == 1]", "a query that may select several nodes cannot be compared at character 10"},
		{"$[?near(@.a)]", "unknown function near at character 4"},
		{"$[99999999999999999999]", "99999999999999999999 is out of range at character 23"},
		{"$[?" + strings.Repeat("(", 60), "filters are nested too deep at character 54"},
	} {
		q, err := parseQuery(tt.path)
		got := ""
		if err != nil {
			got = err.Error()
		} else {
			for _, n := range q.run(root, root) {
				got += " " + string(n.appendJSON(nil))
			}
		}
		if got = strings.TrimSpace(got); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.path, got, tt.want)
		}
	}
}

func FuzzQuery(f *testing.F) {
	f.Add("$..book[?@.p < 10 && !match(@.t, 'a')]['x',1:2:-1]")
	root, _, err := parseJSON([]byte(queried), 0)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, path string) {
		if q, err := parseQuery(path); err == nil {
			q.run(root, root)
		}
	})
}
