package codec

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/apigen-go/apigen/templates/project/internal/problem"
)

// XML is another notation of JSON values. An XML body becomes a JSON document
// whose scalars are all strings, which a decoder in text mode decodes, see text.go;
// an answer is encoded as JSON first. An XML value says which element or attribute
// stands for which member.

// XML says how a value is written as XML, as the xml object of OpenAPI does. The
// zero value is an element that holds text and is named like the member.
type XML struct {
	Member   string // name of the JSON member that it is, "" for what is none
	Name     string // of the element or attribute; "": that of the member
	Space    string // namespace; "": any
	Prefix   string // of the name, where it has a namespace
	As       XMLNode
	Type     string // the value is an object: key in XMLTypes
	Item     *XML   // the value is a list of these
	Flat     bool   // its items stand in the element around the list
	Value    *XML   // the value is a map from names to these
	Any      bool   // the value can be anything
	Required bool   // a flat list without items is empty, not absent
	Exact    bool   // the root is refused under another name
}

// XMLNode is what a value is in XML.
type XMLNode uint8

// The nodes.
const (
	XMLElement XMLNode = iota
	XMLAttribute
	XMLText  // the text of the element around it
	XMLCData // likewise, written as a CDATA section
)

// XMLType says what an object consists of. A union has the members of all of its
// variants.
type XMLType struct {
	Members []XML
	Rest    *XML // members that the document does not name; nil: they are passed over
	Closed  bool // they are violations
	Mixed   bool // some variants of the union hold text
}

// XMLTypes are the types that travel as XML, by name.
type XMLTypes map[string]XMLType

const (
	xsiSpace = "http://www.w3.org/2001/XMLSchema-instance"
	xmlSpace = "http://www.w3.org/XML/1998/namespace"

	maxXMLDepth = 200
	anyItem     = "item" // element for the items of a list of anything
)

// named returns the name of the element or attribute.
func (x *XML) named() string {
	if x.Name == "" {
		return x.Member
	}
	return x.Name
}

// tag is what names the elements in the object around: of a flat list, its items.
func (x *XML) tag() *XML {
	if x.Flat {
		return x.Item
	}
	return x
}

func (x *XML) isText() bool { return x.As == XMLText || x.As == XMLCData }

// find returns the member that an element or attribute stands for.
func (t *XMLType) find(name xml.Name, local string, attribute bool) *XML {
	for i := range t.Members {
		m := &t.Members[i]
		if tag := m.tag(); (m.As == XMLAttribute) == attribute && !m.isText() && tag.named() == local && (tag.Space == "" || tag.Space == name.Space) {
			return m
		}
	}
	return nil
}

func (t *XMLType) member(name string) *XML {
	i := slices.IndexFunc(t.Members, func(m XML) bool { return m.Member == name })
	if i < 0 {
		return nil
	}
	return &t.Members[i]
}

// DecodeXML decodes a body that is an XML document. Entities, document type
// declarations and encodings other than UTF-8 are refused.
func (in *Request) DecodeXML(types XMLTypes, root XML, decode func(*Decoder)) {
	_, params, _ := mime.ParseMediaType(in.r.Header.Get("Content-Type"))
	if charset := params["charset"]; charset != "" && !isUTF8(charset) {
		in.err = wrongCharset(charset)
		return
	}
	doc, err := in.readXML(types, &root)
	if p, ok := errors.AsType[*problem.Problem](err); ok {
		in.err = p
		return
	}
	if err != nil {
		in.err = readFailure(err, "the body is not valid XML")
		return
	}
	in.document(bytes.NewReader(doc), "body", "", func(d *Decoder) {
		d.text = true
		decode(d)
	})
}

func isUTF8(charset string) bool {
	return strings.EqualFold(charset, "utf-8") || strings.EqualFold(charset, "us-ascii")
}

func wrongCharset(charset string) *problem.Problem {
	return problem.New(http.StatusUnsupportedMediaType, "the body must be UTF-8, not "+strconv.Quote(charset))
}

// readXML turns the body into JSON. Violations of the notation itself are reported.
func (in *Request) readXML(types XMLTypes, root *XML) ([]byte, error) {
	r := &xmlReader{xml: xml.NewDecoder(in.r.Body), types: types, in: in}
	r.xml.CharsetReader = func(charset string, text io.Reader) (io.Reader, error) {
		if isUTF8(charset) {
			return text, nil
		}
		return nil, wrongCharset(charset)
	}
	var doc []byte
	first := true
	for {
		tok, err := r.xml.Token()
		if errors.Is(err, io.EOF) && doc != nil {
			return doc, nil
		}
		if err != nil {
			return nil, err
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			if doc != nil {
				return nil, errors.New("there is more after the root element")
			}
			if name := xmlLocal(tok.Name); root.Exact && (name != root.Name || root.Space != "" && root.Space != tok.Name.Space) {
				return nil, errors.New("the root element must be " + describeName(root.Name, root.Space) + ", not " + describeName(name, tok.Name.Space))
			}
			if doc = r.value(nil, tok, root); r.err != nil {
				return nil, r.err
			}
		case xml.CharData:
			if first && string(tok) == "\ufeff" { // a byte order mark
				continue
			}
			if len(bytes.Trim(tok, xmlWhite)) > 0 {
				return nil, errors.New("there is text outside of the root element")
			}
		default:
			if err := refuseXML(tok, first); err != nil {
				return nil, err
			}
		}
		first = false
	}
}

func describeName(name, space string) string {
	if space == "" {
		return name
	}
	return name + " of namespace " + space
}

// refuseXML is the error for what no body needs and attacks are made of.
func refuseXML(tok xml.Token, first bool) error {
	switch tok := tok.(type) {
	case xml.Directive:
		return errors.New("a document type declaration is not allowed")
	case xml.ProcInst:
		if tok.Target == "xml" && !first {
			return errors.New("the XML declaration must come first")
		}
	}
	return nil
}

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
