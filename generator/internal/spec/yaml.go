package spec

import (
	"bytes"
	"errors"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// tagged is a value with a YAML tag that means nothing here.
type tagged struct {
	at  point
	tag string
}

// yamlParser turns the nodes of the YAML library into ours.
type yamlParser struct {
	parser
	anchored map[*yaml.Node]*node // what was read for an anchor; nil while reading it
	size     map[*node]int        // expanded size of anchored nodes
	total    int                  // expanded size of everything so far
	budget   int
	file     int32
}

// parseYAML reads the first document of a YAML stream. more reports where a
// second one starts, which nobody asked for.
func parseYAML(src []byte, file int32) (root *node, p *parser, more *point, err error) {
	dec := yaml.NewDecoder(bytes.NewReader(src))
	var doc, next yaml.Node
	if err := dec.Decode(&doc); err != nil {
		if errors.Is(err, io.EOF) {
			return &node{at: point{1, 1, file}}, &parser{}, nil, nil
		}
		return nil, nil, nil, explainYAML(src, file, err)
	}
	switch err := dec.Decode(&next); {
	case err == nil:
		more = &point{int32(next.Line), int32(next.Column), file}
	case !errors.Is(err, io.EOF):
		return nil, nil, nil, explainYAML(src, file, err)
	}
	y := &yamlParser{
		anchored: map[*yaml.Node]*node{},
		size:     map[*node]int{},
		// Aliases may repeat text, as they do for shared responses, but not
		// blow a small document up into a huge one.
		budget: 16<<20 + 10*len(src),
		file:   file,
	}
	if len(doc.Content) == 0 {
		return &node{at: point{1, 1, file}}, &y.parser, more, nil
	}
	root, err = y.value(doc.Content[0], 0)
	return root, &y.parser, more, err
}

func (p *yamlParser) value(y *yaml.Node, depth int) (*node, error) {
	at := p.place(y)
	if depth > maxDepth {
		return nil, tooDeep(at)
	}
	if y.Kind == yaml.AliasNode {
		return p.alias(y, at)
	}
	before := p.total
	p.total += 1 + len(y.Value)
	if p.total > p.budget {
		return nil, &syntaxError{at, "aliases expand the document beyond all measure", "write the repeated parts as components and refer to them with $ref"}
	}
	if y.Anchor != "" {
		p.anchored[y] = nil
	}
	n := &node{at: at}
	var err error
	switch y.Kind {
	case yaml.MappingNode:
		n.kind = objectNode
		p.checkTag(y, "!!map")
		err = p.mapping(n, y, depth)
	case yaml.SequenceNode:
		n.kind = listNode
		p.checkTag(y, "!!seq")
		for _, c := range y.Content {
			var item *node
			if item, err = p.value(c, depth+1); err != nil {
				break
			}
			n.items = append(n.items, item)
		}
	default:
		p.scalar(n, y)
	}
	if err != nil {
		return nil, err
	}
	if y.Anchor != "" {
		p.anchored[y] = n
		p.size[n] = p.total - before
	}
	return n, nil
}

// alias returns the node of the anchor itself: sharing keeps the memory small,
// the budget keeps small what is later printed from it.
func (p *yamlParser) alias(y *yaml.Node, at point) (*node, error) {
	n := p.anchored[y.Alias]
	if n == nil {
		return nil, &syntaxError{at, "alias *" + y.Value + " is used inside its own anchor", ""}
	}
	p.total += p.size[n]
	if p.total > p.budget {
		return nil, &syntaxError{at, "alias *" + y.Value + " expands the document beyond all measure", "write the repeated parts as components and refer to them with $ref"}
	}
	return n, nil
}

func (p *yamlParser) mapping(n *node, y *yaml.Node, depth int) error {
	var merges []*yaml.Node
	for i := 0; i+1 < len(y.Content); i += 2 {
		k, v := y.Content[i], y.Content[i+1]
		if k.Tag == "!!merge" {
			merges = append(merges, v)
			continue
		}
		if k.Kind == yaml.AliasNode {
			k = k.Alias
		}
		if k.Kind != yaml.ScalarNode {
			return &syntaxError{p.place(k), "a key must be a string, not a list or an object", "put quotes around a key that starts with { or ["}
		}
		value, err := p.value(v, depth+1)
		if err != nil {
			return err
		}
		m := member{key: k.Value, at: p.place(y.Content[i]), value: value, bare: k.Tag == "!!int"}
		if v.Kind != yaml.AliasNode && (value.kind >= listNode || value.kind == nullNode) {
			value.at = m.at
		}
		p.add(n, m)
	}
	for _, v := range merges {
		if err := p.merge(n, v, depth); err != nil {
			return err
		}
	}
	return nil
}

// merge adds the members of "<<: *anchor" that the object does not have itself.
func (p *yamlParser) merge(n *node, y *yaml.Node, depth int) error {
	from, err := p.value(y, depth+1)
	if err != nil {
		return err
	}
	sources := []*node{from}
	if from.kind == listNode {
		sources = from.items
	}
	for _, s := range sources {
		if s.kind != objectNode {
			return &syntaxError{p.place(y), "<< must name an object or a list of objects", ""}
		}
		for _, m := range s.members {
			if n.find(m.key) == nil {
				n.add(m)
			}
		}
	}
	return nil
}

func (p *yamlParser) scalar(n *node, y *yaml.Node) {
	n.text = y.Value
	switch y.Tag {
	case "!!null":
		n.kind, n.text = nullNode, ""
	case "!!bool":
		var b bool
		if y.Decode(&b) == nil {
			n.kind, n.text = boolNode, strconv.FormatBool(b)
			return
		}
		n.kind = textNode
	case "!!int", "!!float":
		n.kind = textNode
		if text, ok := jsonNumber(y); ok {
			n.kind, n.text = numberNode, text
		}
	default:
		n.kind = textNode
		p.checkTag(y, "!!str", "!!timestamp", "!!binary")
	}
}

func (p *yamlParser) checkTag(y *yaml.Node, known ...string) {
	for _, tag := range known {
		if y.Tag == tag {
			return
		}
	}
	p.tags = append(p.tags, tagged{p.place(y), y.Tag})
}

func (p *yamlParser) place(y *yaml.Node) point {
	return point{int32(y.Line), int32(y.Column), p.file}
}

var jsonNumberRE = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$`)

// jsonNumber returns the JSON text of a YAML number: as written where JSON can
// say it so, else converted (0x1F, .5, 1_000). Infinities have none.
func jsonNumber(y *yaml.Node) (string, bool) {
	if jsonNumberRE.MatchString(y.Value) {
		return y.Value, true
	}
	var i int64
	if y.Tag == "!!int" && y.Decode(&i) == nil {
		return strconv.FormatInt(i, 10), true
	}
	var f float64
	if y.Decode(&f) != nil || math.IsInf(f, 0) || math.IsNaN(f) {
		return "", false
	}
	return strconv.FormatFloat(f, 'g', -1, 64), true
}

// lineReader hands out one line per call and so knows how far the YAML scanner
// had read when it failed. The line in the library's own message is often
// where the enclosing block starts, far above the mistake.
type lineReader struct {
	rest []byte
	line int
}

func (r *lineReader) Read(b []byte) (int, error) {
	if len(r.rest) == 0 {
		return 0, io.EOF
	}
	end := bytes.IndexByte(r.rest, '\n') + 1
	if end == 0 {
		end = len(r.rest)
	}
	n := copy(b, r.rest[:end])
	if n == end {
		r.line++
	}
	r.rest = r.rest[n:]
	return n, nil
}

var yamlLineRE = regexp.MustCompile(`^line (\d+): `)

// explainYAML turns an error of the YAML library into ours.
func explainYAML(src []byte, file int32, err error) error {
	line, msg := splitYAML(err)
	switch {
	case strings.Contains(msg, "unexpected end of stream"):
		// The library names the line of the open quote.
	case strings.Contains(msg, "expected ',' or"):
		line++ // the line of the open bracket, counted from 0
	default:
		line, _ = failYAML(src)
		// The scanner looks one line ahead at times.
		if _, err := failYAML(firstLines(src, line-1)); err != nil {
			if _, m := splitYAML(err); m == msg {
				line--
			}
		}
	}
	at := firstText(src, max(line, 1))
	at.file = file
	return &syntaxError{at, "invalid YAML: " + msg, yamlHint(msg)}
}

func splitYAML(err error) (line int, msg string) {
	msg = strings.TrimPrefix(err.Error(), "yaml: ")
	if m := yamlLineRE.FindStringSubmatch(msg); m != nil {
		line, _ = strconv.Atoi(m[1])
		msg = msg[len(m[0]):]
	}
	return line, msg
}

// failYAML reads documents until one fails and returns the lines read by then.
func failYAML(src []byte) (lines int, err error) {
	r := &lineReader{rest: src}
	dec := yaml.NewDecoder(r)
	for {
		var doc yaml.Node
		if err := dec.Decode(&doc); errors.Is(err, io.EOF) {
			return r.line, nil
		} else if err != nil {
			return r.line, err
		}
	}
}

// firstLines returns the first n lines of src.
func firstLines(src []byte, n int) []byte {
	end := 0
	for range n {
		i := bytes.IndexByte(src[end:], '\n')
		if i < 0 {
			return src
		}
		end += i + 1
	}
	return src[:end]
}

// firstText returns the first place of the line that is not blank.
func firstText(src []byte, line int) point {
	src = src[len(firstLines(src, line-1)):]
	col := len(src) - len(bytes.TrimLeft(src, " \t"))
	return point{line: int32(line), col: int32(col + 1)}
}

func yamlHint(msg string) string {
	switch {
	case strings.Contains(msg, "did not find expected key"), strings.Contains(msg, "did not find expected '-'"):
		return "check the indentation of this line against the lines above it"
	case strings.Contains(msg, "mapping values are not allowed"):
		return "a value with \": \" in it needs quotes, or the line is indented too far"
	case strings.Contains(msg, "cannot start any token"):
		return "indent with spaces, not tabs; a value that starts with @, ` or % needs quotes"
	case strings.Contains(msg, "could not find expected ':'"):
		return "a colon is missing after a key, or a quote is not closed"
	case strings.Contains(msg, "expected ',' or"):
		return "a bracket that is opened here is not closed, or a comma is missing"
	case strings.Contains(msg, "unexpected end of stream"):
		return "a quote that is opened here is not closed"
	case strings.Contains(msg, "unknown anchor"):
		return "define it with &name before it is used; a value that starts with * needs quotes"
	}
	return ""
}
