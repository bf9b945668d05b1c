package model

import (
	"cmp"
	"reflect"
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
	return look(s, func(s *spec.Schema) *spec.Schema {
		if len(s.Properties) > 0 || s.Items != nil || s.Additional != nil && s.Additional.Bool == nil {
			return s
		}
		return nil
	}) != nil
}

// notationOf returns the number of the media type that carries the same values
// as m, which is XML, or -1.
func notationOf(first []*spec.MediaType, m *spec.MediaType) int {
	if !isXML(m.Type) || mediaKind(m) != JSONBody {
		return -1
	}
	return slices.IndexFunc(first, func(f *spec.MediaType) bool {
		return mediaKind(f) == JSONBody && sameValues(f.Schema, m.Schema, map[[2]*spec.Schema]bool{})
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

// sameValues reports whether two schemas describe the same values, whatever they
// say about notation and meaning.
func sameValues(a, b *spec.Schema, seen map[[2]*spec.Schema]bool) bool {
	if oneSchema(a, b) {
		return true
	}
	if a == nil || b == nil {
		return false
	}
	a, b = a.Resolve(), b.Resolve()
	pair := [2]*spec.Schema{a, b}
	if seen[pair] {
		return true // found elsewhere, if it is not so
	}
	seen[pair] = true
	return reflect.DeepEqual(assertions(a), assertions(b)) && sameTexts(a, b) &&
		slices.EqualFunc(parts(a), parts(b), func(x, y *spec.Schema) bool { return sameValues(x, y, seen) })
}

// assertions is what a schema says about values without looking into others.
func assertions(s *spec.Schema) spec.Schema {
	return spec.Schema{
		Bool: s.Bool, Types: s.Types, Format: s.Format, ReadOnly: s.ReadOnly, WriteOnly: s.WriteOnly,
		Minimum: s.Minimum, Maximum: s.Maximum, ExclusiveMinimum: s.ExclusiveMinimum, ExclusiveMaximum: s.ExclusiveMaximum,
		MultipleOf: s.MultipleOf, MinLength: s.MinLength, MaxLength: s.MaxLength, Pattern: s.Pattern,
		MinItems: s.MinItems, MaxItems: s.MaxItems, UniqueItems: s.UniqueItems, MinProperties: s.MinProperties,
		MaxProperties: s.MaxProperties, Required: s.Required, Rare: s.Rare, Strict: s.Strict,
	}
}

// sameTexts compares the values and names that schemas list.
func sameTexts(a, b *spec.Schema) bool {
	texts := func(s *spec.Schema) []string {
		var out []string
		for _, v := range s.Enum {
			out = append(out, "enum "+v.JSON)
		}
		for key, v := range map[string]*spec.Value{"const": s.Const, "default": s.Default} {
			if v != nil {
				out = append(out, key+" "+v.JSON)
			}
		}
		if s.Discriminator != nil {
			out = append(out, "discriminator "+s.Discriminator.Property)
		}
		for _, p := range s.Properties {
			out = append(out, "property "+p.Name)
		}
		slices.Sort(out)
		return out
	}
	return slices.Equal(texts(a), texts(b))
}

// parts are the schemas that a schema consists of, in an order that does not
// depend on that of the properties.
func parts(s *spec.Schema) []*spec.Schema {
	properties := slices.SortedFunc(slices.Values(s.Properties), func(x, y spec.Property) int { return cmp.Compare(x.Name, y.Name) })
	var out []*spec.Schema
	for _, p := range properties {
		out = append(out, p.Schema)
	}
	out = append(out, s.Target, s.Additional, s.Items, s.Not)
	for _, list := range [][]*spec.Schema{s.AllOf, s.OneOf, s.AnyOf} {
		out = append(append(out, nil), list...)
	}
	return out
}
