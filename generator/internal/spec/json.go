package spec

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// maxDepth is how deep values may nest. Real documents stay below 60.
const maxDepth = 1000

// syntaxError is a mistake that leaves no document to look at.
type syntaxError struct {
	at        point
	msg, hint string
}

func (e *syntaxError) Error() string { return e.msg }

// duplicate is a key that was written twice in one object.
type duplicate struct {
	key        string
	first, now point
}

// parser is what reading YAML and reading JSON have in common.
type parser struct {
	duplicates []duplicate
	tags       []tagged // YAML only
}

func (p *parser) add(n *node, m member) {
	if first, replaced := n.add(m); replaced {
		p.duplicates = append(p.duplicates, duplicate{m.key, first, m.at})
	}
}

// cursor turns rising byte offsets into lines and columns in one pass over the
// source, however long its lines are.
type cursor struct {
	src []byte
	off int
	at  point
}

func newCursor(src []byte, file int32) *cursor {
	return &cursor{src: src, at: point{1, 1, file}}
}

// moveTo returns the place of off, which must not be before the last one.
func (c *cursor) moveTo(off int) point {
	for c.off < off && c.off < len(c.src) {
		b := c.src[c.off]
		c.off++
		switch {
		case b == '\n':
			c.at.line++
			c.at.col = 1
		case utf8.RuneStart(b):
			c.at.col++
		}
	}
	return c.at
}

// jsonParser builds nodes from JSON text.
type jsonParser struct {
	parser
	dec *jsontext.Decoder
	cur *cursor
}

// parseJSON reads a whole JSON text, the one with the number file.
func parseJSON(src []byte, file int32) (*node, *parser, error) {
	p := &jsonParser{
		dec: jsontext.NewDecoder(bytes.NewBuffer(src), jsontext.AllowDuplicateNames(true)),
		cur: newCursor(src, file),
	}
	root, err := p.value(0)
	if err == nil {
		if _, err = p.dec.ReadToken(); errors.Is(err, io.EOF) {
			return root, &p.parser, nil
		}
		if err == nil {
			err = &syntaxError{p.start(), "more text after the end of the document", ""}
		}
	}
	return nil, nil, p.explain(err)
}

// start returns where the next token begins.
func (p *jsonParser) start() point {
	off := int(p.dec.InputOffset())
	for off < len(p.cur.src) && strings.IndexByte(" \t\r\n,:", p.cur.src[off]) >= 0 {
		off++
	}
	return p.cur.moveTo(off)
}

func (p *jsonParser) value(depth int) (*node, error) {
	n := &node{at: p.start()}
	if depth > maxDepth {
		return nil, tooDeep(n.at)
	}
	tok, err := p.dec.ReadToken()
	if err != nil {
		return nil, err
	}
	switch tok.Kind() {
	case 'n':
		n.kind = nullNode
	case 't', 'f':
		n.kind, n.text = boolNode, tok.String()
	case '0':
		n.kind, n.text = numberNode, tok.String()
	case '"':
		n.kind, n.text = textNode, tok.String()
	case '[':
		n.kind = listNode
		for p.dec.PeekKind() != ']' {
			item, err := p.value(depth + 1)
			if err != nil {
				return nil, err
			}
			n.items = append(n.items, item)
		}
		_, err = p.dec.ReadToken()
	case '{':
		n.kind = objectNode
		for p.dec.PeekKind() != '}' {
			if err := p.member(n, depth); err != nil {
				return nil, err
			}
		}
		_, err = p.dec.ReadToken()
	}
	return n, err
}

func (p *jsonParser) member(n *node, depth int) error {
	at := p.start()
	tok, err := p.dec.ReadToken()
	if err != nil {
		return err
	}
	key := tok.String()
	v, err := p.value(depth + 1)
	if err != nil {
		return err
	}
	if v.kind >= listNode || v.kind == nullNode {
		v.at = at
	}
	p.add(n, member{key: key, at: at, value: v})
	return nil
}

// explain puts an error of the JSON decoder into words and finds its place.
func (p *jsonParser) explain(err error) error {
	var syntax *jsontext.SyntacticError
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return &syntaxError{p.cur.moveTo(len(p.cur.src)), "invalid JSON: the document ends in the middle",
			"the file may have been cut off; a brace or bracket is still open"}
	case errors.As(err, &syntax):
		msg := "syntax error"
		if syntax.Err != nil {
			msg = strings.TrimPrefix(syntax.Err.Error(), "jsontext: ")
		}
		off := int(syntax.ByteOffset)
		return &syntaxError{newCursor(p.cur.src, p.cur.at.file).moveTo(off), "invalid JSON: " + msg, jsonHint(p.cur.src, off)}
	}
	return err
}

// jsonHint guesses what was meant at an offset where JSON went wrong.
func jsonHint(src []byte, off int) string {
	if off >= len(src) {
		return ""
	}
	switch src[off] {
	case ',':
		return "remove the comma: JSON allows none before a closing bracket"
	case '/', '#':
		return "JSON has no comments; name the file .yaml to use them"
	case '\'':
		return "strings take double quotes in JSON"
	case '"':
		return "a comma may be missing before it"
	}
	return ""
}

func tooDeep(at point) error {
	return &syntaxError{at, "values are nested more than 1000 levels deep", ""}
}
