package spec

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxNesting is how deep the filters of a JSONPath may nest.
const maxNesting = 50

// queryParser reads a JSONPath. It stops at the first mistake, by a panic with a
// queryError.
type queryParser struct {
	text  string
	at    int
	depth int
}

type queryError string

// parseQuery reads a whole JSONPath, which starts with $.
func parseQuery(text string) (q *query, err error) {
	p := &queryParser{text: text}
	defer func() {
		switch r := recover().(type) {
		case nil:
		case queryError:
			q, err = nil, fmt.Errorf("%s at character %d", string(r), utf8.RuneCountInString(text[:p.at])+1)
		default:
			panic(r)
		}
	}()
	if !p.take("$") {
		p.fail("expected $")
	}
	q = &query{segments: p.segments()}
	if p.at < len(text) {
		p.fail("unexpected %q", p.rest())
	}
	return q, nil
}

func (p *queryParser) fail(format string, args ...any) {
	panic(queryError(fmt.Sprintf(format, args...)))
}

// rest is the next character, for messages.
func (p *queryParser) rest() string {
	if p.at >= len(p.text) {
		return "the end"
	}
	r, _ := utf8.DecodeRuneInString(p.text[p.at:])
	return string(r)
}

func (p *queryParser) take(s string) bool {
	if !strings.HasPrefix(p.text[p.at:], s) {
		return false
	}
	p.at += len(s)
	return true
}

func (p *queryParser) want(s string) {
	p.blank()
	if !p.take(s) {
		p.fail("expected %q, not %q", s, p.rest())
	}
}

func (p *queryParser) blank() {
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.at]) >= 0 {
		p.at++
	}
}

// find takes what the expression matches here, "" when it does not.
func (p *queryParser) find(re *regexp.Regexp) string {
	s := re.FindString(p.text[p.at:])
	p.at += len(s)
	return s
}

var (
	queryNameRE   = regexp.MustCompile(`^[A-Za-z_\x{80}-\x{10FFFF}][A-Za-z0-9_\x{80}-\x{10FFFF}]*`)
	dashedNameRE  = regexp.MustCompile(`^[A-Za-z_\x{80}-\x{10FFFF}][-A-Za-z0-9_\x{80}-\x{10FFFF}]*`)
	queryIntRE    = regexp.MustCompile(`^-?(0|[1-9][0-9]*)`)
	queryNumberRE = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?`)
	functionRE    = regexp.MustCompile(`^[a-z][a-z0-9_]*\(`)
)

func (p *queryParser) segments() []segment {
	var out []segment
	for {
		before := p.at
		p.blank()
		switch {
		case p.take(".."):
			s := segment{deep: true}
			if p.take("[") {
				s.selectors = p.bracket()
			} else {
				s.selectors = []selector{p.short()}
			}
			out = append(out, s)
		case p.take("."):
			out = append(out, segment{selectors: []selector{p.short()}})
		case p.take("["):
			out = append(out, segment{selectors: p.bracket()})
		default:
			p.at = before
			return out
		}
	}
}

// short reads what follows a dot. A name with dashes in it, which needs brackets
// by the letter, is clear enough: x-internal.
func (p *queryParser) short() selector {
	if p.take("*") {
		return anySelector{}
	}
	name := p.find(dashedNameRE)
	if name == "" {
		p.fail("expected a name or *, not %q", p.rest())
	}
	return nameSelector(name)
}

// bracket reads selectors up to the closing bracket.
func (p *queryParser) bracket() []selector {
	var out []selector
	for {
		p.blank()
		out = append(out, p.selector())
		p.blank()
		if p.take("]") {
			return out
		}
		p.want(",")
	}
}

func (p *queryParser) selector() selector {
	switch {
	case p.take("*"):
		return anySelector{}
	case p.take("?"):
		return filterSelector{p.or()}
	case strings.HasPrefix(p.text[p.at:], "'"), strings.HasPrefix(p.text[p.at:], `"`):
		return nameSelector(p.quoted())
	}
	from := p.integer()
	p.blank()
	if !p.take(":") {
		if from == nil {
			p.fail("expected a name in quotes, an index, a filter or *, not %q", p.rest())
		}
		return indexSelector(*from)
	}
	s := sliceSelector{from: from, step: 1}
	p.blank()
	s.to = p.integer()
	p.blank()
	if p.take(":") {
		p.blank()
		if step := p.integer(); step != nil {
			s.step = *step
		}
	}
	return s
}

func (p *queryParser) integer() *int {
	text := p.find(queryIntRE)
	if text == "" {
		return nil
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		p.fail("%s is out of range", text)
	}
	return &n
}

// quoted reads a string in single or double quotes.
func (p *queryParser) quoted() string {
	quote := p.text[p.at]
	b := []byte{'"'}
	for i := p.at + 1; i < len(p.text); i++ {
		switch c := p.text[i]; {
		case c == quote:
			var out string
			if json.Unmarshal(append(b, '"'), &out) != nil {
				p.fail("invalid string")
			}
			p.at = i + 1
			return out
		case c == '\\' && i+1 < len(p.text):
			i++
			if p.text[i] != '\'' {
				b = append(b, '\\')
			}
			b = append(b, p.text[i])
		case c == '"':
			b = append(b, '\\', '"')
		default:
			b = append(b, c)
		}
	}
	p.fail("the quote is not closed")
	return ""
}

func (p *queryParser) or() condition {
	if p.depth++; p.depth > maxNesting {
		p.fail("filters are nested too deep")
	}
	defer func() { p.depth-- }()
	parts := orCondition{p.and()}
	for p.blank(); p.take("||"); p.blank() {
		parts = append(parts, p.and())
	}
	return parts
}

func (p *queryParser) and() condition {
	parts := andCondition{p.basic()}
	for p.blank(); p.take("&&"); p.blank() {
		parts = append(parts, p.basic())
	}
	return parts
}

// basic reads one test or comparison.
func (p *queryParser) basic() condition {
	p.blank()
	if p.take("!") {
		if p.depth++; p.depth > maxNesting {
			p.fail("filters are nested too deep")
		}
		defer func() { p.depth-- }()
		return notCondition{p.basic()}
	}
	if p.take("(") {
		c := p.or()
		p.want(")")
		return c
	}
	before := p.at
	if name := p.find(functionRE); name == "match(" || name == "search(" {
		c := patternMatch{text: p.operand(), whole: name == "match("}
		p.want(",")
		c.pattern = p.operand()
		p.want(")")
		return c
	}
	p.at = before
	if q := p.query(); q != nil {
		if operator := p.operator(); operator != "" {
			return comparison{p.single(q), p.operand(), operator}
		}
		return existence{q}
	}
	left := p.operand()
	operator := p.operator()
	if operator == "" {
		p.fail("expected a comparison, not %q", p.rest())
	}
	return comparison{left, p.operand(), operator}
}

func (p *queryParser) operator() string {
	p.blank()
	for _, o := range []string{"==", "!=", "<=", ">=", "<", ">"} {
		if p.take(o) {
			return o
		}
	}
	return ""
}

// query reads a query inside a filter, nil when there is none.
func (p *queryParser) query() *query {
	p.blank()
	switch {
	case p.take("@"):
		return &query{relative: true, segments: p.segments()}
	case p.take("$"):
		return &query{segments: p.segments()}
	}
	return nil
}

func (p *queryParser) single(q *query) operand {
	if !q.singular() {
		p.fail("a query that may select several nodes cannot be compared")
	}
	return only{q}
}

// operand reads a value.
func (p *queryParser) operand() operand {
	p.blank()
	if q := p.query(); q != nil {
		return p.single(q)
	}
	if strings.HasPrefix(p.text[p.at:], "'") || strings.HasPrefix(p.text[p.at:], `"`) {
		return literal{&node{kind: textNode, text: p.quoted()}}
	}
	if text := p.find(queryNumberRE); text != "" {
		return literal{&node{kind: numberNode, text: text}}
	}
	before := p.at
	switch name := p.find(functionRE); name {
	case "length(":
		o := lengthCall{p.operand()}
		p.want(")")
		return o
	case "count(", "value(":
		q := p.query()
		if q == nil {
			p.fail("expected a query, not %q", p.rest())
		}
		p.want(")")
		if name == "value(" {
			return only{q}
		}
		return countCall{q}
	case "":
	default:
		p.at = before
		p.fail("unknown function %s", strings.TrimSuffix(name, "("))
	}
	switch word := p.find(queryNameRE); word {
	case "true", "false":
		return literal{&node{kind: boolNode, text: word}}
	case "null":
		return literal{&node{kind: nullNode}}
	}
	p.at = before
	p.fail("expected a value, not %q", p.rest())
	return nil
}
