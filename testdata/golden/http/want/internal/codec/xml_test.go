package codec

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"example.com/http/internal/problem"
)

var testTypes = XMLTypes{
	"Book": {Members: []XML{
		{Member: "id", As: XMLAttribute},
		{Member: "lang", As: XMLAttribute, Prefix: "xml", Space: xmlSpace},
		{Member: "ref", As: XMLAttribute, Space: "urn:ref", Prefix: "r"},
		{Member: "title", Space: "urn:dc", Prefix: "dc"},
		{Member: "note", Name: "remark"},
		{Member: "tags", Flat: true, Required: true, Item: &XML{Name: "tag"}},
		{Member: "authors", Item: &XML{Name: "author", Type: "Author"}},
		{Member: "rows", Flat: true, Item: &XML{Name: "row", Item: &XML{Name: "cell"}}},
		{Member: "next", Type: "Book"},
		{Member: "labels", Value: &XML{}},
		{Member: "groups", Value: &XML{Flat: true, Item: &XML{}}},
		{Member: "odd name", Type: "Price"},
	}, Closed: true},
	"Author": {Members: []XML{{Member: "name"}}},
	"Price":  {Members: []XML{{Member: "amount", As: XMLText, Required: true}, {Member: "unit", As: XMLAttribute}}},
	"Script": {Members: []XML{{Member: "code", As: XMLCData}}},
	"Open":   {Members: []XML{{Member: "a", Name: "b"}}, Rest: &XML{Any: true}},
	"Either": {Members: []XML{{Member: "a"}}, Mixed: true},
}

// readTest reads a document as one of the types.
func readTest(text string, root XML) (string, []problem.Violation, error) {
	in := NewRequest(httptest.NewRequest(http.MethodPost, "/", strings.NewReader(text)), http.StatusBadRequest)
	doc, err := in.readXML(testTypes, &root)
	return string(doc), in.faults, err
}

func TestXML(t *testing.T) {
	book, open := XML{Name: "book", Type: "Book"}, XML{Name: "open", Type: "Open"}
	for _, tt := range []struct {
		name string
		root XML
		xml  string
		json string
		read bool // the text is only read: writing gives another one
	}{
		{"element", book, `<book><remark>a &amp; b</remark></book>`, `{"note":"a & b","tags":[]}`, false},
		{"attributes", book, `<book id="1" xml:lang="en"/>`, `{"id":"1","lang":"en","tags":[]}`, false},
		{"attribute with a namespace", book, `<book xmlns:r="urn:ref" r:ref="2"/>`, `{"ref":"2","tags":[]}`, false},
		{"prefix", book, `<book><dc:title xmlns:dc="urn:dc">T</dc:title></book>`, `{"title":"T","tags":[]}`, false},
		{"any prefix of the namespace", book, `<b:book xmlns:b="urn:b" xmlns="urn:dc"><title>T</title></b:book>`, `{"title":"T","tags":[]}`, true},
		{"flat list", book, `<book><tag>a</tag><tag></tag></book>`, `{"tags":["a",""]}`, true},
		{"flat list in pieces", book, `<book><tag>a</tag><remark>n</remark><tag>b</tag></book>`, `{"tags":["a","b"],"note":"n"}`, true},
		{"wrapped list", book, `<book><authors><author><name>A</name></author><author/></authors></book>`, `{"authors":[{"name":"A"},{}],"tags":[]}`, false},
		{"empty wrapped list", book, `<book><authors/></book>`, `{"authors":[],"tags":[]}`, false},
		{"list of lists", book, `<book><row><cell>1</cell><cell>2</cell></row><row/></book>`, `{"rows":[["1","2"],[]],"tags":[]}`, false},
		{"recursion", book, `<book><next><next/></next></book>`, `{"next":{"next":{"tags":[]},"tags":[]},"tags":[]}`, false},
		{"map", book, `<book><labels><a>1</a><_x0020_b>2</_x0020_b><_x_>3</_x_></labels></book>`, `{"labels":{"a":"1"," b":"2","":"3"},"tags":[]}`, false},
		{"map of lists", book, `<book><groups><g>1</g><h>2</h><g>3</g></groups></book>`, `{"groups":{"g":["1","3"],"h":["2"]},"tags":[]}`, true},
		{"null", book, `<book><remark xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"/></book>`, `{"note":null,"tags":[]}`, false},
		{"text and attribute", book, `<book><odd_x0020_name unit="EUR">5</odd_x0020_name></book>`, `{"odd name":{"unit":"EUR","amount":"5"},"tags":[]}`, true},
		{"empty text", book, `<book><odd_x0020_name/></book>`, `{"odd name":{"amount":""},"tags":[]}`, false},
		{"text for an object", book, `<book><next>x</next></book>`, `{"next":"x","tags":[]}`, true},
		{"cdata", XML{Name: "s", Type: "Script"}, `<s><![CDATA[a < b]]></s>`, `{"code":"a < b"}`, false},
		{"cdata that would end early", XML{Name: "s", Type: "Script"}, `<s>]]&gt;</s>`, `{"code":"]]>"}`, false},
		{"white space", book, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<!-- c -->\n<book>\n\t<remark> x </remark>\n</book>\n", `{"note":" x ","tags":[]}`, true},
		{"byte order mark", book, "\ufeff<?xml version=\"1.0\"?><book/>", `{"tags":[]}`, true},
		{"line ends", book, "<book><remark>a&#xD;\nb\tc</remark></book>", `{"note":"a\r\nb\tc","tags":[]}`, false},
		{"anything", open, `<open><b>1</b><c><d>1</d><d>2</d></c><e><item>x</item><item>y</item></e></open>`, `{"a":"1","c":{"d":["1","2"]},"e":["x","y"]}`, true},
		{"text of a union", XML{Name: "e", Type: "Either"}, `<e>x</e>`, `"x"`, false},
		{"object of a union", XML{Name: "e", Type: "Either"}, `<e><a>x</a></e>`, `{"a":"x"}`, false},
		{"list at the root", XML{Name: "l", Item: &XML{Name: "i"}}, `<l><i>1</i></l>`, `["1"]`, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, faults, err := readTest(tt.xml, tt.root)
			if err != nil || len(faults) > 0 || got != tt.json {
				t.Errorf("reads as %s %v %v\nwant %s", got, faults, err, tt.json)
			}
			text := writeTest(t, tt.json, tt.root)
			if !tt.read && text != xml.Header+tt.xml {
				t.Errorf("is written as\n%s\nwant\n%s", text, tt.xml)
			}
			if again, _, err := readTest(text, tt.root); err != nil || canonical(again) != canonical(tt.json) {
				t.Errorf("%s reads as %s %v", text, again, err)
			}
		})
	}
}

func canonical(text string) string { return Raw(text).String() }

func writeTest(t testing.TB, text string, root XML) string {
	t.Helper()
	out, err := EncodeXML(testTypes, root, func(e *Encoder) { e.Raw(Raw(text)) })
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestXMLNamespacesThatClash(t *testing.T) {
	types := XMLTypes{"A": {Members: []XML{
		{Member: "x", As: XMLAttribute, Space: "urn:1", Prefix: "p"},
		{Member: "y", As: XMLAttribute, Space: "urn:2", Prefix: "p"},
		{Member: "z", As: XMLAttribute, Space: "urn:3"},
		{Member: "c", Space: "urn:2", Prefix: "p"},
		{Member: "d", Space: "urn:0"},
	}}}
	out, err := EncodeXML(types, XML{Name: "a", Type: "A", Space: "urn:0"}, func(e *Encoder) {
		e.Raw(Raw(`{"x":"1","y":"2","z":"3","c":"4","d":"5"}`))
	})
	want := xml.Header + `<a xmlns="urn:0" xmlns:p="urn:1" p:x="1" xmlns:p2="urn:2" p2:y="2" xmlns:ns="urn:3" ns:z="3"><p:c xmlns:p="urn:2">4</p:c><d>5</d></a>`
	if err != nil || string(out) != want {
		t.Errorf("%s %v\nwant %s", out, err, want)
	}
}

func TestXMLViolations(t *testing.T) {
	for _, tt := range []struct{ xml, want string }{
		{`<book><remark>1</remark><remark>2</remark></book>`, "body /note: must be given once"},
		{`<book id="1" id="2"/>`, "body /id: must be given once"},
		{`<book><who/></book>`, "body /who: is not a known member"},
		{`<book who="x"/>`, "body /who: is not a known member"},
		{`<book><note>the name of the member is not that of the element</note></book>`, "body /note: is not a known member"},
		{`<book><remark><b/></remark></book>`, "body /note: must hold text, not elements"},
		{`<book><tag><b/></tag></book>`, "body /tags/0: must hold text, not elements"},
		{`<book>x<remark/></book>`, "body : must not have text between its elements"},
		{`<book><authors><who/></authors></book>`, "body /authors: must hold elements author, not who"},
		{`<book><authors>x</authors></book>`, "body /authors: must hold elements, not text"},
		{`<book><next><title>other namespace</title></next></book>`, "body /next/title: is not a known member"},
		{`<book><labels><a>1</a><a>2</a></labels></book>`, "body /labels/a: must be given once"},
	} {
		doc, faults, err := readTest(tt.xml, XML{Name: "book", Type: "Book"})
		if err != nil || len(faults) != 1 || faults[0].String() != tt.want {
			t.Errorf("%s: %v %v, want %s", tt.xml, faults, err, tt.want)
		}
		if !jsontext.Value(doc).IsValid() {
			t.Errorf("%s: the rest is no JSON: %s", tt.xml, doc)
		}
	}
}

func TestXMLRefused(t *testing.T) {
	deep := strings.Repeat("<next>", maxXMLDepth+1) + strings.Repeat("</next>", maxXMLDepth+1)
	for _, tt := range []struct {
		xml, media string
		status     int
		want       string
	}{
		{``, "application/xml", 400, "it is empty"},
		{`<book>`, "application/xml", 400, "unexpected EOF"},
		{`<book/><book/>`, "application/xml", 400, "there is more after the root element"},
		{`<book/>x`, "application/xml", 400, "text outside of the root element"},
		{`<pet/>`, "application/xml", 400, "the root element must be book, not pet"},
		{`<!DOCTYPE book [<!ENTITY a "b">]><book/>`, "application/xml", 400, "a document type declaration is not allowed"},
		{`<book><!DOCTYPE x></book>`, "application/xml", 400, "a document type declaration is not allowed"},
		{`<book><remark>&a;</remark></book>`, "application/xml", 400, "invalid character entity &a;"},
		{`<book><?xml version="1.0"?></book>`, "application/xml", 400, "the XML declaration must come first"},
		{`<book>` + deep + `</book>`, "application/xml", 400, "nested too deeply"},
		{"<book>\xff</book>", "application/xml", 400, "invalid UTF-8"},
		{`<?xml version="1.0" encoding="ISO-8859-1"?><book/>`, "application/xml", 415, `must be UTF-8, not "ISO-8859-1"`},
		{`<book/>`, "application/xml; charset=utf-16", 415, `must be UTF-8, not "utf-16"`},
		{`<book/>`, "application/xml; charset=UTF-8", 0, ""},
	} {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(tt.xml))
		r.Header.Set("Content-Type", tt.media)
		in := NewRequest(r, http.StatusBadRequest)
		in.DecodeXML(testTypes, XML{Name: "book", Type: "Book", Exact: true}, func(d *Decoder) { d.Skip() })
		p, ok := errors.AsType[*problem.Problem](in.Err())
		if tt.status == 0 {
			if in.Err() != nil {
				t.Errorf("%s: %v", tt.xml, in.Err())
			}
			continue
		}
		if !ok || p.Status != tt.status || !strings.Contains(p.Detail, tt.want) {
			t.Errorf("%.60s: %v, want %d %s", tt.xml, in.Err(), tt.status, tt.want)
		}
	}
}

func TestXMLBodyLimit(t *testing.T) {
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader("<book><remark>"+strings.Repeat("x", 5000)+"</remark></book>"))
	r.Body = http.MaxBytesReader(httptest.NewRecorder(), r.Body, 1000)
	in := NewRequest(r, http.StatusBadRequest)
	in.DecodeXML(testTypes, XML{Type: "Book"}, func(d *Decoder) { d.Skip() })
	if p, ok := errors.AsType[*problem.Problem](in.Err()); !ok || p.Status != http.StatusRequestEntityTooLarge {
		t.Errorf("a body that is too large: %v", in.Err())
	}
}

// TestXMLRules: numbers are read from text, and the rules are those of JSON.
func TestXMLRules(t *testing.T) {
	types := XMLTypes{"Colour": {Members: []XML{{Member: "R"}, {Member: "name"}, {Member: "on"}, {Member: "tags", Flat: true, Item: &XML{Name: "tag"}}, {Member: "next", Type: "Colour"}}, Closed: true}}
	for text, want := range map[string]string{
		`<c><R>5</R><on>true</on><tag>a</tag><next><R>1</R></next></c>`: `5 "" true ["a"] 1 "" false [] -  `,
		`<c><R>five</R><next/></c>`:                                     `Bad Request: the request does not match the API description: body /R: must be an integer; body /next/R: is required`,
	} {
		in := NewRequest(httptest.NewRequest(http.MethodPost, "/", strings.NewReader(text)), http.StatusBadRequest)
		var c colour
		in.DecodeXML(types, XML{Name: "c", Type: "Colour"}, func(d *Decoder) { decodeColour(d, &c) })
		got := fmt.Sprint(&c)
		if err := in.Err(); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: %s\nwant %s", text, got, want)
		}
	}
}

func TestWriteAccepted(t *testing.T) {
	for accepted, want := range map[string]string{
		"application/json":  `{"name":"A"}`,
		"text/xml":          xml.Header + `<author><name>A</name></author>`,
		"application/x+xml": xml.Header + `<author><name>A</name></author>`,
	} {
		w := httptest.NewRecorder()
		err := WriteAccepted(w, http.StatusOK, accepted, "application/json", testTypes, XML{Name: "author", Type: "Author"}, func(e *Encoder) { e.Raw(Raw(`{"name":"A"}`)) })
		h := w.Header()
		if err != nil || w.Body.String() != want || h.Get("Content-Type") != accepted || h.Get("Vary") != "Accept" || h.Get("Content-Length") != strconv.Itoa(len(want)) {
			t.Errorf("%s: %v %v %s", accepted, err, h, w.Body)
		}
	}
}

// TestXMLLetters: what stands in names as it is must be a letter for everybody.
func TestXMLLetters(t *testing.T) {
	for _, r := range xmlLetters.R16 {
		for c := rune(r.Lo); c <= rune(r.Hi); c++ {
			if _, err := xml.NewDecoder(strings.NewReader("<" + string(c) + "/>")).Token(); err != nil {
				t.Fatalf("%U: %v", c, err)
			}
		}
	}
}

func FuzzXMLName(f *testing.F) {
	for _, name := range []string{"", "a", "a b", "_x_", "_x0041_", "_x0041", "x_x0041", "1", "-", "ä", "a:b", "\x00", "😀", "_xmlns"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if !utf8.ValidString(name) {
			t.Skip()
		}
		text := string(appendXMLName(nil, name))
		tok, err := xml.NewDecoder(strings.NewReader("<" + text + "/>")).Token()
		if err != nil {
			t.Fatalf("%q becomes %s: %v", name, text, err)
		}
		if got := xmlLocal(tok.(xml.StartElement).Name); got != name {
			t.Errorf("%q becomes %s and comes back as %q", name, text, got)
		}
	})
}

// FuzzXML: no document makes the reader panic, and what it reads is JSON.
func FuzzXML(f *testing.F) {
	f.Add([]byte(`<book id="1"><dc:title xmlns:dc="urn:dc">T</dc:title><tag>a</tag><tag>b</tag><row><cell/></row></book>`))
	f.Add([]byte(`<!DOCTYPE a [<!ENTITY b "c">]><book>&b;</book>`))
	f.Add([]byte(`<book><labels><a/><b/></labels><groups><c/><c/></groups><next>x</next></book>`))
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, root := range []XML{{Type: "Book"}, {Type: "Open"}, {Type: "Either"}, {Any: true}, {Item: &XML{Type: "Price"}}} {
			in := NewRequest(httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(text)), http.StatusBadRequest)
			if doc, err := in.readXML(testTypes, &root); err == nil && !jsontext.Value(doc).IsValid() {
				t.Fatalf("%q is read as %q", text, doc)
			}
		}
	})
}

// FuzzXMLRoundTrip: a value that is written as XML is read as the same value.
func FuzzXMLRoundTrip(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
	f.Add([]byte("any bytes at all choose the members, the texts and the lengths of lists"))
	f.Fuzz(func(t *testing.T, seed []byte) {
		g := xmlSource{bytes.NewReader(seed)}
		root := XML{Name: "book", Type: "Book"}
		text := string(g.value(nil, &root, 0))
		doc := writeTest(t, text, root)
		got, faults, err := readTest(doc, root)
		if err != nil || len(faults) > 0 || canonical(got) != canonical(text) {
			t.Errorf("%s\nis written as %s\nis read as %s %v %v", text, doc, got, faults, err)
		}
	})
}

// xmlSource makes up values out of bytes.
type xmlSource struct{ io.ByteReader }

func (g xmlSource) n(limit int) int {
	b, _ := g.ReadByte() // 0 at the end
	return int(b) % limit
}

func (g xmlSource) text() string {
	texts := []string{"", "a", " <&>\"' ", "\r\n\t", "ä😀", "]]>", "_x0041_", "1", "&#x1;", "xmlns"}
	return texts[g.n(len(texts))] + texts[g.n(3)]
}

func (g xmlSource) value(dst []byte, x *XML, depth int) []byte {
	members := func(list []XML) {
		dst = append(dst, '{')
		for i := range list {
			m := &list[i]
			if g.n(2) == 0 && !m.Required || depth > 4 && m.Type != "" {
				continue
			}
			if dst[len(dst)-1] != '{' {
				dst = append(dst, ',')
			}
			dst = append(appendText(dst, []byte(m.Member)), ':')
			dst = g.value(dst, m, depth+1)
		}
		dst = append(dst, '}')
	}
	switch {
	case x.Item != nil:
		n := g.n(4)
		if x.Flat && !x.Required {
			n++ // no items would be no list
		}
		dst = append(dst, '[')
		for i := range n {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = g.value(dst, x.Item, depth+1)
		}
		return append(dst, ']')
	case x.Value != nil:
		var list []XML
		for _, name := range []string{"", "a b", "_x_", "ü", "é\x00", "item"}[:g.n(6)] {
			m := *x.Value
			m.Member = name
			list = append(list, m)
		}
		members(list)
	case x.Type != "":
		members(testTypes[x.Type].Members)
	case x.As == XMLElement && g.n(8) == 0:
		return append(dst, "null"...)
	case x.As == XMLText:
		return appendText(dst, []byte("5"+g.text()))
	default:
		return appendText(dst, []byte(g.text()))
	}
	return dst
}
