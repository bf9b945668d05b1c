package resource

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/apigen-go/apigen/generator/internal/diag"
)

// Source is the file name in the positions of resource diagnostics; the line
// counts the resources from 1.
const Source = "--resource"

// limits keep a hostile notation from becoming an endless document.
const (
	maxResources = 200
	maxFields    = 500
)

var (
	nameRule  = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)
	fieldRule = regexp.MustCompile(`^[a-z][A-Za-z0-9]*(_[A-Za-z0-9]+)*$`)
	valueRule = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*$`)
)

// Parse reads one resource per line of notation. All mistakes are reported at
// once, each with the offending text marked; the resources are complete only
// when the list holds no error. With partial set more resources may follow: a
// reference to one that is not there yet is no mistake.
func Parse(lines []string, partial bool) ([]*Resource, diag.List) {
	p := &parser{lines: lines, partial: partial}
	if len(lines) > maxResources {
		p.errs.Errorf(diag.Pos{File: Source, Line: maxResources + 1}, "describe a service of this size in an OpenAPI document",
			"there are %d resources; %d is the most", len(lines), maxResources)
		return nil, p.errs
	}
	var out []*Resource
	for i, line := range lines {
		if r := p.resource(i+1, line); r != nil {
			out = append(out, r)
		}
	}
	p.check(out)
	p.errs.Sort()
	return out, p.errs
}

type parser struct {
	lines   []string
	partial bool
	errs    diag.List
}

// fail reports a mistake at a token: hint, then the line with the token marked.
func (p *parser) fail(at place, hint, format string, args ...any) {
	line := []rune(strings.Map(printable, p.lines[at.line-1]))
	start, width := min(at.col-1, len(line)), max(at.width, 1)
	from := max(0, start-60)
	to := min(len(line), start+max(width, 40))
	mark := string(line[from:to]) + "\n" + strings.Repeat(" ", start-from) + strings.Repeat("^", min(width, 60))
	if hint != "" {
		mark += "\n" + hint
	}
	p.errs.Errorf(diag.Pos{File: Source, Line: at.line, Col: at.col}, mark, format, args...)
}

// printable keeps marks under their token: one column per rune.
func printable(r rune) rune {
	if r < ' ' || r == 0x7f {
		return ' '
	}
	return r
}

// token is a piece of the line.
type token struct {
	text string
	at   place
}

// part returns the runes [from,to) of the token as a token of its own.
func (t token) part(from, to int) token {
	r := []rune(t.text)
	return token{string(r[from:to]), place{t.at.line, t.at.col + from, to - from}}
}

// fields cuts a line at white space outside parentheses.
func fields(n int, line string) []token {
	var out []token
	runes := []rune(line)
	start, depth := -1, 0
	flush := func(end int) {
		if start >= 0 {
			out = append(out, token{string(runes[start:end]), place{n, start + 1, end - start}})
		}
		start = -1
	}
	for i, r := range runes {
		switch {
		case strings.ContainsRune(" \t\r\n", r) && depth == 0:
			flush(i)
			continue
		case r == '(':
			depth++
		case r == ')':
			depth = max(0, depth-1)
		}
		if start < 0 {
			start = i
		}
	}
	flush(len(runes))
	return out
}

// split cuts the token at a separator outside parentheses.
func (t token) split(sep rune) []token {
	var out []token
	runes := []rune(t.text)
	start, depth := 0, 0
	for i, r := range runes {
		switch {
		case r == '(':
			depth++
		case r == ')':
			depth = max(0, depth-1)
		case r == sep && depth == 0:
			out = append(out, t.part(start, i))
			start = i + 1
		}
	}
	return append(out, t.part(start, len(runes)))
}

// trim drops the white space around the token.
func (t token) trim() token {
	r := []rune(t.text)
	from, to := 0, len(r)
	for from < to && strings.ContainsRune(" \t\r\n", r[from]) {
		from++
	}
	for to > from && strings.ContainsRune(" \t\r\n", r[to-1]) {
		to--
	}
	return t.part(from, to)
}

func (p *parser) resource(n int, line string) *Resource {
	toks := fields(n, line)
	if len(toks) == 0 {
		p.fail(place{n, 1, 1}, "write a name and fields, for example 'book title:string!'", "the resource is empty")
		return nil
	}
	r := &Resource{pos: toks[0].at}
	names := toks[0].split('/')
	if len(names) > 2 || !nameRule.MatchString(names[0].text) || !nameRule.MatchString(names[len(names)-1].text) {
		hint := "use a singular noun in lower case: book, or book_order; an odd plural goes after a slash: goose/geese"
		if strings.ContainsRune(toks[0].text, ':') {
			hint = "the resource's name comes before its fields: 'book title:string!'"
		}
		p.fail(toks[0].at, hint, "%q is no resource name", toks[0].text)
	}
	r.Name = names[0].text
	r.Plural = plural(r.Name)
	if len(names) == 2 {
		r.Plural = names[1].text
	}
	if len(toks) == 1 {
		p.fail(toks[0].at, fmt.Sprintf("add at least one: '%s name:string!'", r.Name), "%s has no fields", r.Name)
	}
	if len(toks) > maxFields {
		p.fail(toks[maxFields].at, "", "%s has more than %d fields", r.Name, maxFields)
		return r
	}
	for _, t := range toks[1:] {
		if f, ok := p.field(t); ok {
			r.Fields = append(r.Fields, f)
		}
	}
	return r
}

// field reads name:type[!][:flag…].
func (p *parser) field(t token) (Field, bool) {
	if strings.HasSuffix(t.text, ",") {
		n := len([]rune(t.text))
		p.fail(t.part(n-1, n).at, "fields are separated by spaces alone", "unexpected comma")
		return Field{}, false
	}
	parts := t.split(':')
	name := parts[0]
	f := Field{Name: name.text, pos: name.at}
	ok := true
	if !fieldRule.MatchString(name.text) {
		p.fail(place{name.at.line, name.at.col, max(1, name.at.width)}, "use a lower case name such as title or page_count", "%q is no field name", name.text)
		ok = false
	}
	if len(parts) == 1 || parts[1].text == "" {
		p.fail(t.at, "write "+strings.TrimSuffix(t.text, ":")+":string, or another type: "+typeWords(), "%s has no type", name.text)
		return f, false
	}
	word := parts[1]
	if n := len([]rune(word.text)); strings.HasSuffix(word.text, "!") {
		f.Required = true
		word = word.part(0, n-1)
	}
	typ, good := p.typ(word, true)
	f.Type, ok = typ, ok && good
	for _, flag := range parts[2:] {
		ok = p.flag(&f, flag, good) && ok
	}
	if ok {
		ok = p.bounds(f)
	}
	return f, ok
}

// typ reads a type word. Only the outermost may be a list, a reference or json.
func (p *parser) typ(t token, outer bool) (Type, bool) {
	if _, ok := kindOf(t.text); ok && (outer || t.text != "json") {
		return Type{Kind: t.text}, true
	}
	word, arg, ok := t.call()
	switch {
	case ok && word.text == "enum":
		return p.enum(word, arg)
	case ok && word.text == "ref" && outer:
		name := arg.trim()
		if !nameRule.MatchString(name.text) {
			p.fail(widen(name.at), "name a resource: ref(author)", "ref needs the name of a resource")
			return Type{}, false
		}
		return Type{Kind: "ref", Ref: name.text}, true
	case ok && word.text == "list" && outer:
		elem, ok := p.typ(arg.trim(), false)
		return Type{Kind: "list", Elem: &elem}, ok
	case ok && (word.text == "ref" || word.text == "list"), t.text == "json":
		p.fail(t.at, "a list holds plain values or an enum; use a resource of its own for the rest", "a list of %s is not supported", t.text)
		return Type{}, false
	case strings.ContainsRune(t.text, '(') && !ok:
		p.fail(t.at, "close the parenthesis at the end of the type", "unbalanced parenthesis in %q", t.text)
		return Type{}, false
	}
	bare, _, _ := strings.Cut(t.text, "(")
	hint := "the types are: " + typeWords()
	switch near := nearest(bare, append(kindNames(), "enum", "ref", "list")); {
	case near == t.text && near != "":
		hint = "write enum(a|b), ref(name) or list(type)"
	case near != "":
		hint = "did you mean " + near + "?\n" + hint
	}
	p.fail(widen(t.at), hint, "unknown type %q", t.text)
	return Type{}, false
}

func kindNames() []string {
	var names []string
	for _, k := range kinds {
		names = append(names, k.name)
	}
	return names
}

// call splits word(arg).
func (t token) call() (word, arg token, ok bool) {
	r := []rune(t.text)
	open := slices.Index(r, '(')
	if open < 0 || r[len(r)-1] != ')' {
		return token{}, token{}, false
	}
	return t.part(0, open), t.part(open+1, len(r)-1), true
}

func (p *parser) enum(word, arg token) (Type, bool) {
	typ, ok := Type{Kind: "enum"}, true
	for _, v := range arg.split('|') {
		v = v.trim()
		switch {
		case !valueRule.MatchString(v.text):
			p.fail(widen(v.at), "values are words of letters, digits, _ . and -, separated by |: enum(draft|published)", "%q is no enum value", v.text)
			ok = false
		case slices.Contains(typ.Values, v.text):
			p.fail(v.at, "", "the value %q is there twice", v.text)
			ok = false
		}
		typ.Values = append(typ.Values, v.text)
	}
	return typ, ok
}

func widen(at place) place {
	at.width = max(1, at.width)
	return at
}
