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

	"example.com/http/internal/problem"
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
