package codec

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// node is a value that the encoder wrote, taken apart again for the notations of
// parameters and forms.
type node struct {
	kind  byte // 0 for a scalar, n for null, [ or {
	raw   jsontext.Value
	names []string // of an object
	items []*node
}

// parseNode takes JSON apart.
func parseNode(text []byte) (*node, error) {
	d := jsontext.NewDecoder(bytes.NewReader(text), jsontext.AllowDuplicateNames(true))
	return readNode(d)
}

func readNode(d *jsontext.Decoder) (*node, error) {
	kind := byte(d.PeekKind())
	if kind != '{' && kind != '[' {
		raw, err := d.ReadValue()
		v := &node{raw: raw.Clone()}
		if kind == 'n' {
			v.kind = kind
		}
		return v, err
	}
	if _, err := d.ReadToken(); err != nil {
		return nil, err
	}
	v := &node{kind: kind}
	for k := d.PeekKind(); k != '}' && k != ']'; k = d.PeekKind() {
		if kind == '{' {
			name, err := d.ReadToken()
			if err != nil {
				return nil, err
			}
			v.names = append(v.names, name.String())
		}
		item, err := readNode(d)
		if err != nil {
			return nil, err
		}
		v.items = append(v.items, item)
	}
	_, err := d.ReadToken()
	return v, err
}

// name is the name of an entry, or its number in a list.
func (v *node) name(i int) string {
	if v.kind == '{' {
		return v.names[i]
	}
	return strconv.Itoa(i)
}

// json is the value as it was written.
func (v *node) json() string {
	var e Encoder
	v.write(&e)
	return string(e.buf)
}

func (v *node) write(e *Encoder) {
	switch v.kind {
	case '[':
		e.Array()
		for _, item := range v.items {
			e.Item()
			item.write(e)
		}
		e.EndArray()
	case '{':
		e.Object()
		for i, item := range v.items {
			e.Member(v.names[i])
			item.write(e)
		}
		e.EndObject()
	default:
		e.Raw(Raw(v.raw))
	}
}

// text is a scalar as text; other values stay JSON.
func (v *node) text() string {
	switch {
	case v.kind == 'n':
		return ""
	case v.kind != 0:
		return v.json()
	case v.raw.Kind() == '"':
		text, _ := jsontext.AppendUnquote(nil, v.raw)
		return string(text)
	}
	return string(v.raw)
}

// join writes a value in one text: lists with sep, objects as name=value or as
// names and values in turn.
func (v *node) join(style, sep string, pairs bool, escape func(string) string) string {
	if style == "json" {
		return escape(v.json())
	}
	if v.kind == 0 || v.kind == 'n' {
		return escape(v.text())
	}
	var parts []string
	for i, item := range v.items {
		text := escape(item.text())
		switch {
		case v.kind == '[':
			parts = append(parts, text)
		case pairs:
			parts = append(parts, escape(v.names[i])+"="+text)
		default:
			parts = append(parts, escape(v.names[i]), text)
		}
	}
	return strings.Join(parts, sep)
}

// formField is one value of a form.
type formField struct {
	name, text string
	json       bool
}

// form takes what was written apart into fields: lists repeat their name, and
// objects have brackets.
func (c *Call) form(encodings []Encoding) []formField {
	root := c.take("body", "form")
	var out []formField
	for i, v := range root.items {
		name := root.name(i)
		at := slices.IndexFunc(encodings, func(e Encoding) bool { return e.Name == name })
		switch {
		case v.kind == 'n':
		case at >= 0 && encodings[at].JSON:
			out = append(out, formField{name, v.json(), true})
		case at >= 0 && encodings[at].Sep != "":
			if text := v.join("", encodings[at].Sep, false, plain); text != "" || v.kind == 0 {
				out = append(out, formField{name: name, text: text})
			}
		default:
			out = v.fields(name, out)
		}
	}
	return out
}

func (v *node) fields(name string, out []formField) []formField {
	switch v.kind {
	case 'n':
		return out
	case 0:
		return append(out, formField{name: name, text: v.text()})
	}
	scalars := v.kind == '[' && !slices.ContainsFunc(v.items, func(item *node) bool { return item.kind != 0 })
	for i, item := range v.items {
		if scalars {
			out = item.fields(name, out)
		} else {
			out = item.fields(name+"["+v.name(i)+"]", out)
		}
	}
	return out
}
