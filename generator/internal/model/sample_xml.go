package model

import (
	"cmp"
	"encoding/xml"
	"fmt"
	"strings"
)

// xmlSampler writes a sample as XML.
type xmlSampler struct {
	types map[string]*XMLType
	out   strings.Builder
}

// sampleXML returns the JSON text of a sample in the notation of a body that
// travels as XML.
func sampleXML(p *Project, x *XML, text string) (string, bool) {
	v, err := decodeValue(text)
	if err != nil {
		return "", false
	}
	w := &xmlSampler{types: map[string]*XMLType{}}
	for _, t := range p.XMLTypes {
		w.types[t.Name] = t
	}
	w.element(x.Root, x.Root.Name, v)
	out := w.out.String()
	return out, xml.Unmarshal([]byte(out), new(struct{})) == nil // names can be any text, those of XML cannot
}

// qualified returns a name with its prefix, and the declaration that goes with it.
func (n *XMLNode) qualified(name string) (tag, declaration string) {
	switch {
	case n.Space == "":
		return name, ""
	case n.Prefix == "":
		return name, fmt.Sprintf(` xmlns=%q`, n.Space)
	}
	return n.Prefix + ":" + name, fmt.Sprintf(` xmlns:%s=%q`, n.Prefix, n.Space)
}

// element writes a value as an element of that name.
func (w *xmlSampler) element(n *XMLNode, name string, v any) {
	tag, declaration := n.qualified(name)
	w.out.WriteString("<" + tag + declaration)
	o, isObject := v.(*object)
	if isObject {
		w.attributes(n, o)
	}
	w.out.WriteString(">")
	switch v := v.(type) {
	case *object:
		for _, m := range v.members {
			w.member(w.node(n, m.name), m)
		}
	case []any:
		w.items(n.Item, v)
	default:
		w.text(v)
	}
	w.out.WriteString("</" + tag + ">")
}

// attributes writes those members of an object that are attributes.
func (w *xmlSampler) attributes(n *XMLNode, o *object) {
	for _, m := range o.members {
		if node := w.node(n, m.name); node.As == "attribute" {
			tag, declaration := node.qualified(cmp.Or(node.Name, m.name))
			w.out.WriteString(declaration + " " + tag + `="`)
			w.text(m.value)
			w.out.WriteString(`"`)
		}
	}
}

// node is how a member of the value of n is written.
func (w *xmlSampler) node(n *XMLNode, name string) *XMLNode {
	rest := n.Value
	if t := w.types[n.Type]; t != nil {
		for _, m := range t.Members {
			if m.Member == name {
				return m
			}
		}
		rest = t.Rest
	}
	if rest == nil {
		rest = &XMLNode{Any: true}
	}
	return rest
}

func (w *xmlSampler) member(n *XMLNode, m *member) {
	list, isList := m.value.([]any)
	switch {
	case n.As == "attribute":
	case n.As != "":
		w.text(m.value)
	case n.Flat && isList:
		for _, item := range list {
			w.element(n.Item, cmp.Or(n.Item.Name, n.Item.Member, m.name), item)
		}
	default:
		w.element(n, cmp.Or(n.Name, m.name), m.value)
	}
}

func (w *xmlSampler) items(n *XMLNode, list []any) {
	if n == nil {
		n = &XMLNode{Name: "item", Any: true}
	}
	for _, item := range list {
		w.element(n, cmp.Or(n.Name, n.Member), item)
	}
}

func (w *xmlSampler) text(v any) {
	if v != nil {
		_ = xml.EscapeText(&w.out, []byte(fmt.Sprint(v))) // a strings.Builder takes everything
	}
}
