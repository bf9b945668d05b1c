package codec

import (
	"bytes"
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// WriteXML answers with what encode writes, as an XML document. Like
// [WriteJSON] it sends nothing before the document is whole. Characters that XML
// cannot hold are replaced by U+FFFD.
func WriteXML(w http.ResponseWriter, status int, media string, types XMLTypes, root XML, encode func(*Encoder)) error {
	doc, err := EncodeXML(types, root, encode)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", media)
	h.Set("Content-Length", strconv.Itoa(len(doc)))
	w.WriteHeader(status)
	_, _ = w.Write(doc) // it fails only when the client has gone
	return nil
}

// WriteAccepted answers in the notation that the client prefers: as XML when
// accepted is a media type of XML, else as JSON.
func WriteAccepted(w http.ResponseWriter, status int, accepted, media string, types XMLTypes, root XML, encode func(*Encoder)) error {
	w.Header().Add("Vary", "Accept")
	if isXML(accepted) {
		return WriteXML(w, status, accepted, types, root, encode)
	}
	return WriteJSON(w, status, media, encode)
}

func isXML(media string) bool {
	base := baseOf(media)
	return base == "application/xml" || base == "text/xml" || strings.HasSuffix(base, "+xml")
}

// EncodeXML returns what encode writes, as an XML document.
func EncodeXML(types XMLTypes, root XML, encode func(*Encoder)) ([]byte, error) {
	text, err := Encode(encode)
	if err != nil {
		return nil, err
	}
	return documentXML(types, root, text)
}

// documentXML returns JSON as an XML document.
func documentXML(types XMLTypes, root XML, text []byte) ([]byte, error) {
	x := &xmlWriter{
		json:  jsontext.NewDecoder(bytes.NewReader(text), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)),
		types: types,
		buf:   append(make([]byte, 0, len(text)*2), `<?xml version="1.0" encoding="UTF-8"?>`+"\n"...),
	}
	x.value(&root, root.named())
	return x.buf, x.err
}

// xmlWriter turns JSON values into elements.
type xmlWriter struct {
	json  *jsontext.Decoder
	types XMLTypes
	buf   []byte
	err   error
	scope []xmlBinding // the namespace declarations around, outermost first
}

type xmlBinding struct{ prefix, space string }

// xmlTag is an element whose end is still to come.
type xmlTag struct {
	name  string // with its prefix
	attrs int    // where attributes go in
	start int    // of the content
	scope int    // how many declarations are around it
}

// open writes the start of an element.
func (w *xmlWriter) open(x *XML, name string) xmlTag {
	tag := xmlTag{scope: len(w.scope)}
	declare := ""
	if x.Space != "" {
		var prefix string
		if prefix, declare = w.bind(x.Prefix, x.Space, tag.scope); prefix != "" {
			tag.name = prefix + ":"
		}
	}
	tag.name += string(appendXMLName(nil, name))
	w.buf = append(append(append(w.buf, '<'), tag.name...), declare...)
	tag.attrs = len(w.buf)
	w.buf = append(w.buf, '>')
	tag.start = len(w.buf)
	return tag
}

// bind returns the prefix that stands for a namespace and the declaration that
// the present element needs for it, if any. own is where its declarations start.
func (w *xmlWriter) bind(prefix, space string, own int) (string, string) {
	if prefix == "xml" {
		return prefix, ""
	}
	for n := 2; ; n++ {
		i := len(w.scope) - 1
		for i >= 0 && w.scope[i].prefix != prefix {
			i--
		}
		switch {
		case i >= 0 && w.scope[i].space == space:
			return prefix, ""
		case i < own:
			w.scope = append(w.scope, xmlBinding{prefix, space})
			name := "xmlns"
			if prefix != "" {
				name += ":" + prefix
			}
			return prefix, " " + name + `="` + string(appendEscaped(nil, space, true)) + `"`
		}
		prefix += strconv.Itoa(n) // it means another one in this element
	}
}

// attribute adds an attribute to an element.
func (w *xmlWriter) attribute(tag *xmlTag, x *XML, name, value string) {
	var out []byte
	prefix := ""
	if x.Space != "" {
		var declare string
		prefix, declare = w.bind(cmp.Or(x.Prefix, "ns"), x.Space, tag.scope)
		out, prefix = append(out, declare...), prefix+":"
	}
	out = append(append(out, ' '), prefix...)
	out = append(appendXMLName(out, name), `="`...)
	out = append(appendEscaped(out, value, true), '"')
	w.buf = slices.Insert(w.buf, tag.attrs, out...)
	tag.attrs, tag.start = tag.attrs+len(out), tag.start+len(out)
}

func (w *xmlWriter) close(tag xmlTag) {
	w.scope = w.scope[:tag.scope]
	if len(w.buf) == tag.start {
		w.buf = append(w.buf[:tag.start-1], "/>"...)
		return
	}
	w.buf = append(append(append(w.buf, "</"...), tag.name...), '>')
}

func (w *xmlWriter) token() jsontext.Token {
	tok, err := w.json.ReadToken()
	if err != nil && w.err == nil {
		w.err = err
	}
	return tok
}

// more reports whether the object or array holds more, and reads its end.
func (w *xmlWriter) more() bool {
	if w.err != nil {
		return false
	}
	if kind := w.json.PeekKind(); kind != '}' && kind != ']' {
		return true
	}
	w.token()
	return false
}

var xsiNil = &XML{Prefix: "xsi", Space: xsiSpace}

// value writes the next JSON value as an element.
func (w *xmlWriter) value(x *XML, name string) {
	tag := w.open(x, name)
	switch w.json.PeekKind() {
	case 'n':
		w.token()
		w.attribute(&tag, xsiNil, "nil", "true")
	case '{':
		w.object(&tag, x)
	case '[':
		w.token()
		w.items(itemOf(x.Item), "")
	default:
		w.buf = appendEscaped(w.buf, w.token().String(), false)
	}
	w.close(tag)
}

// itemOf is what the items of a list are when nothing is known about them.
func itemOf(item *XML) *XML {
	if item == nil {
		return &XML{Name: anyItem, Any: true}
	}
	return item
}

// items writes the rest of an array, each item as an element.
func (w *xmlWriter) items(item *XML, name string) {
	if name == "" {
		name = item.named()
	}
	for w.more() {
		w.value(item, name)
	}
}

func (w *xmlWriter) object(tag *xmlTag, x *XML) {
	t := XMLType{Rest: x.Value}
	if x.Type != "" {
		t = w.types[x.Type]
	}
	w.token()
	for next := 0; w.more(); {
		name := w.token().String()
		m := t.next(&next, name)
		switch {
		case m == nil && t.Rest != nil:
			w.member(tag, t.Rest, name, name)
		case m == nil:
			w.member(tag, &XML{Any: true, Flat: w.json.PeekKind() == '[', Item: &XML{Any: true}}, name, name)
		default:
			w.member(tag, m, m.tag().named(), m.named())
		}
	}
}

// next is member, quick where members come in the order of the type.
func (t *XMLType) next(from *int, name string) *XML {
	for i := *from; i < len(t.Members); i++ {
		if t.Members[i].Member == name {
			*from = i + 1
			return &t.Members[i]
		}
	}
	return t.member(name)
}

// member writes a member of an object; items is the name of the items of a flat list.
func (w *xmlWriter) member(tag *xmlTag, x *XML, items, name string) {
	kind := w.json.PeekKind()
	switch {
	case kind == 'n' && (x.Flat || x.As != XMLElement):
		w.token()
	case kind == '[' && x.Flat:
		w.token()
		w.items(x.Item, items)
	case kind == '{' || kind == '[' || x.As == XMLElement:
		w.value(x, name)
	case x.As == XMLAttribute:
		w.attribute(tag, x, name, w.token().String())
	case x.As == XMLCData:
		w.buf = appendCData(w.buf, w.token().String())
	default:
		w.buf = appendEscaped(w.buf, w.token().String(), false)
	}
}

// appendCData appends a CDATA section, or escaped text where a section would not
// give the same characters back.
func appendCData(dst []byte, text string) []byte {
	plain := appendEscaped(nil, text, false)
	if strings.Contains(text, "]]>") || strings.ContainsRune(text, '\r') || bytes.Contains(plain, []byte("\ufffd")) {
		return append(dst, plain...)
	}
	return append(append(append(dst, "<![CDATA["...), text...), "]]>"...)
}

// appendEscaped appends text, or the value of an attribute.
func appendEscaped(dst []byte, text string, attribute bool) []byte {
	for _, c := range text {
		switch {
		case c == '&':
			dst = append(dst, "&amp;"...)
		case c == '<':
			dst = append(dst, "&lt;"...)
		case c == '>':
			dst = append(dst, "&gt;"...)
		case c == '"' && attribute:
			dst = append(dst, "&quot;"...)
		case c == '\r':
			dst = append(dst, "&#xD;"...)
		case (c == '\n' || c == '\t') && attribute:
			dst = append(append(append(dst, "&#x"...), "0123456789ABCDEF"[c]), ';')
		case c < ' ' && c != '\n' && c != '\t' || c == 0xfffe || c == 0xffff:
			dst = utf8.AppendRune(dst, utf8.RuneError)
		default:
			dst = utf8.AppendRune(dst, c)
		}
	}
	return dst
}
