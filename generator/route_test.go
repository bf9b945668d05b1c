package generator_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/apigen-go/apigen/generator/internal/model"
)

// oddValues are path values as clients send them.
var oddValues = []string{
	"7", "a.b", ".hidden", "a..b", "a:b", "a-b", "-", "_", "~", "a+b", "a=b", "a;b", "a,b", "@", "*", "$", "a'b", "(a)", "!",
	"a%2Fb", "%2F", "a%20b", "100%25", "%252F", "%3F", "%23", "%2E%2E", "%00", "caf%C3%A9", "%E6%97%A5%E6%9C%AC", "%F0%9F%93%9A", "café", "%ff",
	"0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9", "a.json", "a:run", "a--b",
}

// TestRoutes fills the router with the operations of every document of the
// corpus and sends it paths: each template with odd values in the place of its
// parameters, and paths that are a little different. Where each must go is told
// by an oracle that tries all templates one after the other.
func TestRoutes(t *testing.T) {
	skipShort(t)
	documents := corpusDocuments(t)
	var input bytes.Buffer
	var tables []*routeTable
	for _, name := range slices.Sorted(maps.Keys(documents)) {
		table := newRouteTable(name, buildSweep(t, loadDocument(t, documents[name])).Operations)
		if slices.ContainsFunc(tables, func(before *routeTable) bool { return slices.Equal(before.Routes, table.Routes) }) {
			continue // a version of a document that changes something else
		}
		tables = append(tables, table)
	}
	for _, table := range tables {
		if err := json.NewEncoder(&input).Encode(table); err != nil {
			t.Fatal(err)
		}
	}
	output := json.NewDecoder(bytes.NewReader(runRoutes(t, &input)))
	var total routeTable
	for _, table := range tables {
		var answers []routeAnswer
		if err := output.Decode(&answers); err != nil {
			t.Fatal(err)
		}
		table.compare(t, answers)
		t.Logf("%-45s %5d operations, %4d shadowed, %6d requests", table.name, len(table.Routes), table.shadowed, len(table.Requests))
		total.Routes, total.Requests = append(total.Routes, table.Routes...), append(total.Requests, table.Requests...)
		total.shadowed += table.shadowed
	}
	t.Logf("%d documents with %d sets of routes: %d operations, %d shadowed, %d requests", len(documents), len(tables), len(total.Routes), total.shadowed, len(total.Requests))
}

// runRoutes builds the command of testdata/sweep/route in a project and runs it.
func runRoutes(t *testing.T, input io.Reader) []byte {
	t.Helper()
	dir := t.TempDir()
	writeSweep(t, dir, buildSweep(t, loadDocument(t, filepath.Join(repository, "testdata/golden/tiny/openapi.yaml"))), func(path string) bool {
		return strings.HasPrefix(path, "go.") || strings.HasPrefix(path, "internal/")
	})
	copyFile(t, filepath.Join(repository, "testdata/sweep/route/main.go"), filepath.Join(dir, "main.go"))
	program := filepath.Join(dir, "route.exe")
	if out, err := sweepGo(t.Context(), dir, "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	cmd := sweepGo(t.Context(), dir)
	cmd.Path, cmd.Args, cmd.Err = program, []string{program}, nil
	cmd.Stdin = input
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	return out
}

// routeTable is the routes of a document and the requests to send them.
type routeTable struct {
	Routes   [][2]string // method and template
	Requests [][2]string // method and target

	name     string
	oracle   oracle
	shadowed int
	own      map[int]int // request → route whose template it was made of
}

// routeAnswer is what the command of testdata/sweep/route answers.
type routeAnswer struct {
	Route  int
	Values []string
	Status int
	Allow  string
}

// newRouteTable takes the routes that the server of the operations has.
func newRouteTable(name string, operations []*model.Operation) *routeTable {
	table := &routeTable{name: name, own: map[int]int{}}
	for _, o := range operations {
		if o.Shadow != nil {
			table.shadowed++
			continue
		}
		table.Routes = append(table.Routes, [2]string{o.Method, o.Path})
	}
	table.oracle = newOracle(table.Routes)
	paths := map[string]bool{}
	for i, route := range table.Routes {
		path, query := cutQuery(route[1])
		for _, value := range oddValues {
			table.own[len(table.Requests)] = i
			table.ask(route[0], fill(path, func(int) string { return value })+query)
		}
		table.own[len(table.Requests)] = i
		table.ask(route[0], fill(path, func(n int) string { return oddValues[(i+7*n)%len(oddValues)] })+query)
		for _, near := range nearby(fill(path, func(int) string { return "7" })) {
			table.ask(route[0], near+query)
			table.ask(route[0], near)
		}
		if !paths[path] {
			paths[path] = true
			for _, method := range []string{"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "BREW", "get"} {
				table.ask(method, fill(path, func(int) string { return "7" })+query)
			}
		}
	}
	return table
}

func (t *routeTable) ask(method, target string) {
	t.Requests = append(t.Requests, [2]string{method, target})
}

// fill puts values into the parameters of a template. What its literals hold is
// escaped as clients must.
func fill(template string, value func(n int) string) string {
	var b strings.Builder
	n, from := 0, 0
	for _, at := range expression.FindAllStringIndex(template, -1) {
		b.WriteString((&url.URL{Path: template[from:at[0]]}).EscapedPath() + value(n))
		n, from = n+1, at[1]
	}
	return b.String() + (&url.URL{Path: template[from:]}).EscapedPath()
}

// nearby are paths that differ a little from one.
func nearby(path string) []string {
	out := []string{path + "/", path + "/more", path + "//", "/" + path[1:] + "x", "/x" + path, "/" + path, path + ".json", path + ":run"}
	segments := strings.Split(path[1:], "/")
	for i, s := range segments {
		other := func(text string) string {
			return "/" + strings.Join(slices.Replace(slices.Clone(segments), i, i+1, text), "/")
		}
		out = append(out, "/"+strings.Join(slices.Delete(slices.Clone(segments), i, i+1), "/"), other("zzz"), other(""), other(s+"x"), other(strings.ToUpper(s)))
		if s != "" && s[0] != '%' {
			out = append(out, other(fmt.Sprintf("%%%02x", s[0])+s[1:]))
		}
	}
	return out
}

// compare checks what the router did with the requests.
func (t *routeTable) compare(test *testing.T, answers []routeAnswer) {
	test.Helper()
	if len(answers) != len(t.Requests) {
		test.Fatalf("%s: %d answers to %d requests", t.name, len(answers), len(t.Requests))
	}
	wrong := 0
	for i, got := range answers {
		want := t.oracle.find(t.Requests[i][0], t.Requests[i][1])
		if route, ok := t.own[i]; ok && !t.oracle.matches(route, t.Requests[i][1]) {
			test.Errorf("%s: %s does not match itself: %s", t.name, t.Routes[route], t.Requests[i])
		}
		if got.Route == want.Route && got.Status == want.Status && got.Allow == want.Allow && slices.Equal(got.Values, want.Values) {
			continue
		}
		if wrong++; wrong <= 5 {
			test.Errorf("%s: %s:\ngot  %s\nwant %s", t.name, t.Requests[i], t.show(got), t.show(want))
		}
	}
	if wrong > 0 {
		test.Errorf("%s: %d of %d requests went wrong", t.name, wrong, len(answers))
	}
}

func (t *routeTable) show(a routeAnswer) string {
	if a.Route >= 0 {
		return fmt.Sprintf("%s %q", t.Routes[a.Route], a.Values)
	}
	return fmt.Sprintf("%d %s", a.Status, a.Allow)
}

// oracle finds routes in the plainest way: it tries all of them.
type oracle []*place

// place is the routes on one path, however its parameters are called.
type place struct {
	levels []level
	routes []oracleRoute
}

// level is one segment of a template, or all that follows a parameter that takes
// slashes.
type level struct {
	class  int // 0: literal, 1: with parameters, 2: with slashes in them
	weight int // characters of literals: more of them, more specific
	order  int // among the segments in the same place, as they are met
	text   string
	expr   *regexp.Regexp // nil for a literal
}

type oracleRoute struct {
	index  int
	method string
	query  url.Values
}

var expression = regexp.MustCompile(`\{[^}]*\}`)

// cutQuery takes off the query that some templates have: "#Action=Send".
func cutQuery(template string) (path, query string) {
	hidden := expression.ReplaceAllStringFunc(template, func(e string) string { return strings.Repeat("x", len(e)) })
	i := strings.IndexAny(hidden, "?#")
	if i < 0 {
		return template, ""
	}
	return template[:i], "?" + strings.Trim(template[i:], "?#&")
}

func newOracle(routes [][2]string) oracle {
	var out oracle
	seen := map[string][]string{} // shape of what comes before → shapes of segments there
	for i, route := range routes {
		path, query := cutQuery(route[1])
		shape := ""
		var levels []level
		for rest := path[1:]; ; {
			text, after, more := strings.Cut(rest, "/")
			if strings.Contains(text, "{+") {
				text, more = rest, false
			}
			l := newLevel(text)
			anonymous := expression.ReplaceAllStringFunc(text, func(e string) string { return "{" + strings.Repeat("+", strings.Count(e, "{+")) + "}" })
			siblings := seen[shape]
			if l.order = slices.Index(siblings, anonymous); l.order < 0 {
				l.order = len(siblings)
				seen[shape] = append(siblings, anonymous)
			}
			levels, shape, rest = append(levels, l), shape+"/"+anonymous, after
			if !more {
				break
			}
		}
		at := slices.IndexFunc(out, func(p *place) bool { return slices.EqualFunc(p.levels, levels, level.same) })
		if at < 0 {
			at, out = len(out), append(out, &place{levels: levels})
		}
		values, _ := url.ParseQuery(strings.TrimPrefix(query, "?")) // what is none asks for nothing
		maps.DeleteFunc(values, func(name string, v []string) bool { return !strings.Contains(query, name+"=") })
		out[at].routes = append(out[at].routes, oracleRoute{i, route[0], values})
	}
	slices.SortStableFunc(out, func(a, b *place) int { return slices.CompareFunc(a.levels, b.levels, level.compare) })
	return out
}

// newLevel makes an expression of a segment with parameters. In a value all is
// possible but a slash; the first of two takes as little as it can.
func newLevel(text string) level {
	l := level{text: text}
	at := expression.FindAllStringIndex(text, -1)
	if at == nil {
		return l
	}
	l.class = 1
	if strings.Contains(text, "{+") {
		l.class = 2
	}
	var b strings.Builder
	from := 0
	for i, e := range at {
		writeLiteral(&b, text[from:e[0]])
		switch {
		case strings.HasPrefix(text[e[0]:], "{+"):
			b.WriteString("(.+)")
		case l.class == 2 || i == len(at)-1:
			b.WriteString("([^/]+)")
		default:
			b.WriteString("([^/]+?)")
		}
		l.weight, from = l.weight+e[0]-from, e[1]
	}
	writeLiteral(&b, text[from:])
	l.weight += len(text) - from
	l.expr = regexp.MustCompile("^(?s:" + b.String() + ")$")
	return l
}

// writeLiteral adds a literal to an expression, as it may come in a URL.
func writeLiteral(b *strings.Builder, text string) {
	for i := range len(text) {
		if escaped := (&url.URL{Path: "/" + text[i:i+1]}).EscapedPath()[1:]; escaped != text[i:i+1] {
			b.WriteString("(?i:" + escaped + ")")
			continue
		}
		b.WriteString(regexp.QuoteMeta(text[i : i+1]))
	}
}

func (l level) same(m level) bool {
	return l.class == m.class && l.order == m.order && (l.class > 0 || l.text == m.text)
}

func (l level) compare(m level) int {
	if l.class == 0 && m.class == 0 {
		return strings.Compare(l.text, m.text) // a request fits one of them only
	}
	return cmp.Or(l.class-m.class, m.weight-l.weight, l.order-m.order)
}

// values returns the values of a place for a path, and whether it matches.
func (p *place) values(path string) (values []string, ok bool) {
	rest, more := path[1:], true
	for _, l := range p.levels {
		if !more {
			return nil, false
		}
		text := rest
		if l.class < 2 {
			text, rest, more = strings.Cut(rest, "/")
		} else {
			more = false
		}
		if l.class == 0 {
			if plain, err := url.PathUnescape(text); err != nil || plain != l.text {
				return nil, false
			}
			continue
		}
		found := l.expr.FindStringSubmatch(text)
		if found == nil {
			return nil, false
		}
		for _, value := range found[1:] {
			plain, err := url.PathUnescape(value)
			if err != nil {
				return nil, false
			}
			values = append(values, strings.ToValidUTF8(plain, "\ufffd")) // as JSON has it
		}
	}
	return values, !more
}

func (o oracle) matches(route int, target string) bool {
	u, err := url.ParseRequestURI(target)
	if err != nil {
		return false
	}
	i := slices.IndexFunc(o, func(p *place) bool {
		return slices.ContainsFunc(p.routes, func(r oracleRoute) bool { return r.index == route })
	})
	_, ok := o[i].values(u.EscapedPath())
	return ok
}

// find returns where a request has to go: to the first place, the most concrete
// come first, that has its method. HEAD is served by GET. Without such a place
// Allow lists what the others have.
func (o oracle) find(method, target string) routeAnswer {
	u, err := url.ParseRequestURI(target)
	if err != nil {
		return routeAnswer{Route: -1, Status: http.StatusBadRequest}
	}
	query := u.Query()
	status := http.StatusNotFound
	allow := map[string]bool{}
	for _, p := range o {
		values, ok := p.values(u.EscapedPath())
		if !ok {
			continue
		}
		best := oracleRoute{index: -1}
		served := false
		for _, name := range []string{method, strings.Replace(method, "HEAD", "GET", 1)} {
			for _, r := range p.routes {
				if r.method != name || served && r.method != method && best.method == method {
					continue
				}
				served = true
				if r.takes(query) && (best.index < 0 || len(r.query) > len(best.query)) {
					best = r
				}
			}
			if served {
				break
			}
		}
		if best.index >= 0 {
			return routeAnswer{Route: best.index, Values: values, Status: http.StatusOK}
		}
		if served {
			continue // but not with this query
		}
		status = http.StatusMethodNotAllowed
		for _, r := range p.routes {
			allow[r.method] = true
		}
	}
	if status == http.StatusNotFound {
		return routeAnswer{Route: -1, Status: status}
	}
	if allow["OPTIONS"] = true; allow["GET"] {
		allow["HEAD"] = true
	}
	if method == http.MethodOptions {
		status = http.StatusNoContent
	}
	return routeAnswer{Route: -1, Status: status, Allow: strings.Join(slices.Sorted(maps.Keys(allow)), ", ")}
}

func (r oracleRoute) takes(query url.Values) bool {
	for name, want := range r.query {
		if !query.Has(name) || want[0] != "" && !strings.HasPrefix(want[0], "{") && query.Get(name) != want[0] {
			return false
		}
	}
	return true
}
