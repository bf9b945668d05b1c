package codec

import (
	"bytes"
	"encoding/xml"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"example.com/http/internal/problem"
)

const xmlWhite = " \t\r\n"

// xmlReader reads elements and appends the JSON for them.
type xmlReader struct {
	xml   *xml.Decoder
	types XMLTypes
	in    *Request
	path  []xmlStep
	err   error
}

// xmlStep is a part of a JSON pointer: an item, or a member when index is -1.
type xmlStep struct {
	name  string
	index int
}

// report adds a violation at a member of the element that is being read.
func (r *xmlReader) report(name, detail string) {
	if len(r.in.faults) >= maxViolations {
		return
	}
	pointer := ""
	for _, step := range r.path {
		if step.index < 0 {
			pointer += "/" + escapePointer(step.name)
		} else {
			pointer += "/" + strconv.Itoa(step.index)
		}
	}
	if name != "" {
		pointer += "/" + escapePointer(name)
	}
	r.in.faults = append(r.in.faults, problem.Violation{In: "body", Pointer: pointer, Detail: detail})
}

// value reads an element whose start was read and appends its value.
func (r *xmlReader) value(dst []byte, start xml.StartElement, x *XML) []byte {
	if len(r.path) > maxXMLDepth {
		r.err = problem.New(http.StatusBadRequest, "the elements of the body are nested too deeply")
		return dst
	}
	for _, a := range start.Attr {
		if value := strings.Trim(a.Value, xmlWhite); a.Name.Space == xsiSpace && a.Name.Local == "nil" && (value == "true" || value == "1") {
			r.skip()
			return append(dst, "null"...)
		}
	}
	switch {
	case x.Item != nil:
		return r.list(dst, x.Item)
	case x.Value != nil:
		return r.object(dst, start, XMLType{Rest: x.Value})
	case x.Type != "":
		return r.object(dst, start, r.types[x.Type])
	case x.Any:
		return r.any(dst)
	}
	text := r.children(func(xml.StartElement) {
		r.report("", "must hold text, not elements")
		r.skip()
	})
	return appendText(dst, text)
}

func appendText(dst, text []byte) []byte {
	dst, _ = jsontext.AppendQuote(dst, text)
	return dst
}

func (r *xmlReader) skip() {
	if r.err == nil {
		r.err = r.xml.Skip()
	}
}

// children calls each with the elements inside the present one, which each must
// read to their ends, and returns the text between them.
func (r *xmlReader) children(each func(xml.StartElement)) []byte {
	var text []byte
	for r.err == nil {
		tok, err := r.xml.Token()
		if r.err = err; err != nil {
			break
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			each(tok)
		case xml.EndElement:
			return text
		case xml.CharData:
			text = append(text, tok...)
		default:
			r.err = refuseXML(tok, false)
		}
	}
	return text
}

// list reads the items inside an element.
func (r *xmlReader) list(dst []byte, item *XML) []byte {
	dst = append(dst, '[')
	n := 0
	text := r.children(func(start xml.StartElement) {
		if local := xmlLocal(start.Name); local != item.named() || item.Space != "" && item.Space != start.Name.Space {
			r.report("", "must hold elements "+item.named()+", not "+local)
			r.skip()
			return
		}
		if n > 0 {
			dst = append(dst, ',')
		}
		dst = r.step(dst, xmlStep{index: n}, start, item)
		n++
	})
	r.noText(text)
	return append(dst, ']')
}

func (r *xmlReader) step(dst []byte, at xmlStep, start xml.StartElement, x *XML) []byte {
	r.path = append(r.path, at)
	dst = r.value(dst, start, x)
	r.path = r.path[:len(r.path)-1]
	return dst
}

func (r *xmlReader) noText(text []byte) {
	if len(bytes.Trim(text, xmlWhite)) > 0 {
		r.report("", "must hold elements, not text")
	}
}

// xmlMember is a member of an object that is being read.
type xmlMember struct {
	name  string
	value []byte
	list  bool
	count int
}

// xmlObject collects members in the order they are met first.
type xmlObject struct {
	members []*xmlMember
	index   map[string]*xmlMember
}

func (o *xmlObject) member(name string) *xmlMember {
	m := o.index[name]
	if m == nil {
		if o.index == nil {
			o.index = map[string]*xmlMember{}
		}
		m = &xmlMember{name: name}
		o.index[name] = m
		o.members = append(o.members, m)
	}
	return m
}

func (o *xmlObject) appendJSON(dst []byte) []byte {
	dst = append(dst, '{')
	for i, m := range o.members {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst, _ = jsontext.AppendQuote(dst, m.name)
		dst = append(dst, ':')
		if m.list {
			dst = append(dst, '[')
		}
		dst = append(dst, m.value...)
		if m.list {
			dst = append(dst, ']')
		}
	}
	return append(dst, '}')
}

// object reads the attributes and elements of an object.
func (r *xmlReader) object(dst []byte, start xml.StartElement, t XMLType) []byte {
	var o xmlObject
	for _, a := range start.Attr {
		r.attribute(&o, a, &t)
	}
	elements := 0
	text := r.children(func(child xml.StartElement) {
		elements++
		r.element(&o, child, &t)
	})
	i := slices.IndexFunc(t.Members, func(m XML) bool { return m.isText() })
	switch blank := len(bytes.Trim(text, xmlWhite)) == 0; {
	case elements == 0 && len(o.members) == 0 && (t.Mixed || i < 0 && !blank):
		return appendText(dst, text) // the decoder says what it should have been
	case i >= 0:
		if m := &t.Members[i]; !blank || m.Required {
			if elements > 0 {
				text = bytes.Trim(text, xmlWhite)
			}
			o.member(m.Member).value = appendText(nil, text)
		}
	case !blank:
		r.report("", "must not have text between its elements")
	}
	for i := range t.Members {
		if m := &t.Members[i]; m.Flat && m.Required {
			o.member(m.Member).list = true
		}
	}
	return o.appendJSON(dst)
}

func (r *xmlReader) attribute(o *xmlObject, a xml.Attr, t *XMLType) {
	if a.Name.Space == "xmlns" || a.Name.Space == "" && a.Name.Local == "xmlns" {
		return
	}
	local := xmlLocal(a.Name)
	m := t.find(a.Name, local, true)
	if m == nil {
		if t.Closed && a.Name.Space != xsiSpace && a.Name.Space != xmlSpace {
			r.report(local, "is not a known member")
		}
		return
	}
	into := o.member(m.Member)
	if into.count++; into.count > 1 {
		r.report(m.Member, "must be given once")
		return
	}
	into.value = appendText(nil, []byte(a.Value))
}

// element reads an element inside an object.
func (r *xmlReader) element(o *xmlObject, start xml.StartElement, t *XMLType) {
	local := xmlLocal(start.Name)
	x, name := t.find(start.Name, local, false), local
	switch {
	case x != nil:
		name = x.Member
	case t.Rest != nil && t.member(local) == nil:
		x = t.Rest
	default:
		if t.Closed || t.Rest != nil {
			r.report(local, "is not a known member")
		}
		r.skip()
		return
	}
	into := o.member(name)
	if into.count++; !x.Flat {
		if into.count > 1 {
			r.report(name, "must be given once")
			r.skip()
			return
		}
		into.value = r.step(into.value, xmlStep{name, -1}, start, x)
		return
	}
	if into.list = true; into.count > 1 {
		into.value = append(into.value, ',')
	}
	r.path = append(r.path, xmlStep{name, -1})
	into.value = r.step(into.value, xmlStep{index: into.count - 1}, start, x.Item)
	r.path = r.path[:len(r.path)-1]
}

// any reads an element of which nothing is known: text, or an object whose
// members are lists where a name comes again. Attributes are passed over.
func (r *xmlReader) any(dst []byte) []byte {
	var o xmlObject
	text := r.children(func(start xml.StartElement) {
		into := o.member(xmlLocal(start.Name))
		if into.count++; into.count > 1 {
			into.list = true
			into.value = append(into.value, ',')
		}
		into.value = r.step(into.value, xmlStep{into.name, -1}, start, &XML{Any: true})
	})
	if len(o.members) == 0 {
		return appendText(dst, text)
	}
	r.noText(text)
	if list := o.index[anyItem]; list != nil && len(o.members) == 1 {
		return append(append(append(dst, '['), list.value...), ']')
	}
	return o.appendJSON(dst)
}
