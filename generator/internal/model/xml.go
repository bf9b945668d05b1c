package model

import (
	"slices"
	"strings"

	"github.com/apigen-go/apigen/generator/internal/spec"
)

// XML says that a value travels as XML: another notation of what JSON would hold.
type XML struct {
	Media  []string     // media types, the preferred one first
	Schema *spec.Schema // what names elements and attributes
	Root   *XMLNode
}

// XMLNode is how a value is written as XML. The zero value is an element with
// text, named like the member.
type XMLNode struct {
	Member        string // JSON name of the member, "" for what is none
	Name          string // of the element or attribute; "": that of the member
	Space, Prefix string // namespace, and the prefix that stands for it
	As            string // "" for an element, else attribute, text or cdata
	Type          string // the value is this XMLType
	Item          *XMLNode
	Flat          bool     // the items of a list stand in the element around it
	Value         *XMLNode // of a map
	Any           bool
	Required      bool // a flat list that must be there
	Exact         bool // the root of a request is refused under another name
}

// XMLType is the content of the elements for one object or union.
type XMLType struct {
	Name    string // of the Go type, with a number when it is written in several ways
	Members []*XMLNode
	Rest    *XMLNode // additional members that are kept
	Closed  bool     // they are not allowed
	Mixed   bool     // a union that may be text

	variants []*XMLType // of a union whose members are still to be joined
	tag      string     // its discriminator
}

// Others are the media types beside the one of the body.
func (x *XML) Others(b *Body) []string {
	return slices.DeleteFunc(slices.Clone(x.Media), func(m string) bool { return m == b.Media })
}

// Offers lists the media types in which an answer can be sent.
func (b *Body) Offers() []string {
	if b.XML == nil {
		return []string{b.Media}
	}
	return append([]string{b.Media}, b.XML.Others(b)...)
}

// Only reports whether the value travels as XML and not as JSON.
func (b *Body) Only() bool { return b.XML != nil && slices.Contains(b.XML.Media, b.Media) }

// Negotiates reports whether the Accept header chooses between JSON and XML for
// an answer, which the handler need not know.
func (o *Operation) Negotiates() bool {
	return slices.ContainsFunc(o.Successes, func(s *Success) bool { return s.Body != nil && s.Body.XML != nil && !s.Body.Only() })
}

func isXML(media string) bool {
	base := baseMedia(media)
	return base == "application/xml" || base == "text/xml" || strings.HasSuffix(base, "+xml")
}

// compareXML puts XML behind JSON.
func compareXML(a, b string) int {
	order := map[bool]int{true: 1}
	return order[isXML(a)] - order[isXML(b)]
}

// mediaKind is how a payload travels: XML whose schema says what is in it is a
// value like JSON, other XML is read by the handler.
func mediaKind(m *spec.MediaType) BodyKind {
	if isXML(m.Type) && describesParts(m.Schema) {
		return JSONBody
	}
	return bodyKind(m.Type)
}

// describesParts reports whether a schema names the parts of its values.
func describesParts(s *spec.Schema) bool {
	return look(s, func(s *spec.Schema) bool {
		return len(s.Properties) > 0 || s.Items != nil || s.Additional != nil && s.Additional.Bool == nil
	}) != nil
}

// notationOf returns the number of the media type whose values m holds as XML, or -1.
func notationOf(first []*spec.MediaType, m *spec.MediaType) int {
	if !isXML(m.Type) || mediaKind(m) != JSONBody {
		return -1
	}
	return slices.IndexFunc(first, func(f *spec.MediaType) bool {
		return mediaKind(f) == JSONBody && covers(f.Schema, m.Schema, map[[2]*spec.Schema]bool{})
	})
}

func (b *Body) addXML(m *spec.MediaType) {
	if b.XML == nil {
		b.XML = &XML{Schema: m.Schema}
	}
	if !slices.Contains(b.XML.Media, m.Type) {
		b.XML.Media = append(b.XML.Media, m.Type)
	}
}

// covers reports whether values of a schema have all the members that another
// one names, so that they can be written where that one is asked for.
func covers(values, named *spec.Schema, seen map[[2]*spec.Schema]bool) bool {
	pair := [2]*spec.Schema{values, named}
	if values == nil || named == nil || oneSchema(values, named) || seen[pair] {
		return named == nil || values != nil
	}
	seen[pair] = true
	if a, b := kindsOf(values), kindsOf(named); len(a) > 0 && len(b) > 0 && !slices.Equal(a, b) {
		return false
	}
	if items := itemsOf(named); items != nil && !covers(itemsOf(values), items, seen) {
		return false
	}
	for _, name := range propertyNames(named) {
		have := definitions(values, name)
		for _, d := range definitions(named, name) {
			if !slices.ContainsFunc(have, func(h *spec.Schema) bool { return covers(h, d, seen) }) {
				return false
			}
		}
	}
	closed := look(named, func(s *spec.Schema) bool { return forbids(s.Additional) }) != nil
	return !closed || !slices.ContainsFunc(propertyNames(values), func(name string) bool { return len(definitions(named, name)) == 0 })
}

// kindsOf are the types that a schema, or the first of its parts with any, allows
// beside null.
func kindsOf(s *spec.Schema) []string {
	if s = look(s, func(s *spec.Schema) bool { return len(withoutNull(s.Types)) > 0 }); s == nil {
		return nil
	}
	return slices.Sorted(slices.Values(withoutNull(s.Types)))
}

// propertyNames lists the members that a schema and its parts name.
func propertyNames(s *spec.Schema) []string {
	var out []string
	look(s, func(s *spec.Schema) bool {
		for _, p := range s.Properties {
			if !slices.Contains(out, p.Name) {
				out = append(out, p.Name)
			}
		}
		return false
	})
	return out
}

// definitions lists what a schema and its parts say about a member.
func definitions(s *spec.Schema, name string) []*spec.Schema {
	var out []*spec.Schema
	look(s, func(s *spec.Schema) bool {
		for _, p := range s.Properties {
			if p.Name == name {
				out = append(out, p.Schema)
			}
		}
		return false
	})
	return out
}

// look searches a schema and what it is made of for one of which found holds.
func look(s *spec.Schema, found func(*spec.Schema) bool) *spec.Schema {
	seen := map[*spec.Schema]bool{}
	var search func(s *spec.Schema) *spec.Schema
	search = func(s *spec.Schema) *spec.Schema {
		if s == nil || seen[s] {
			return nil
		}
		seen[s] = true
		if found(s) {
			return s
		}
		for _, list := range [][]*spec.Schema{s.AllOf, {s.Target}, s.OneOf, s.AnyOf} {
			for _, part := range list {
				if out := search(part); out != nil {
					return out
				}
			}
		}
		return nil
	}
	return search(s)
}
