package model

import (
	"cmp"
	"slices"

	"github.com/apigen-go/apigen/generator/internal/diag"
	"github.com/apigen-go/apigen/generator/internal/spec"
)

// xmlBuilder works out how the types of bodies are written as XML. Names come
// from schemas, the kinds of values from the types made of them.
type xmlBuilder struct {
	types map[xmlKey]*XMLType
	names scope
	out   []*XMLType
	diags diag.List
}

// xmlKey is a type and the schema that names its elements: that of an XML body
// may be another one than that of the JSON body.
type xmlKey struct {
	t *Type
	s *spec.Schema
}

// xml builds the roots of all bodies that travel as XML, and what they consist of.
func (b *builder) xml() {
	x := &xmlBuilder{types: map[xmlKey]*XMLType{}, names: scope{}}
	for _, o := range b.p.Operations {
		for _, body := range o.Bodies() {
			x.body(body)
			if body.XML != nil {
				body.XML.Root.Exact = documented(body.XML.Schema) != ""
			}
		}
		for _, s := range o.Successes {
			x.body(s.Body)
		}
	}
	for _, f := range b.p.Failures {
		x.body(f.Body)
	}
	for _, w := range b.p.Webhooks {
		x.body(w.Body)
	}
	for _, t := range x.out {
		t.join()
	}
	slices.SortFunc(x.out, func(a, b *XMLType) int { return cmp.Compare(a.Name, b.Name) })
	b.p.XMLTypes = x.out
	b.diags = append(b.diags, x.diags...)
}

func (x *xmlBuilder) body(b *Body) {
	if b == nil || b.XML == nil {
		return
	}
	s := b.XML.Schema
	n := &XMLNode{}
	n.call(xmlOf(s))
	n.Name = documented(s)
	items := cmp.Or(rootName(itemsOf(s)), "item")
	switch {
	case n.Name != "":
	case b.Type.Kind == Slice:
		n.Name = plural(items)
	default:
		n.Name = cmp.Or(rootName(s), b.Type.Name, "root")
	}
	x.value(n, s, b.Type, items)
	b.XML.Root = n
}

// documented is the name of the root as the document gives it.
func documented(s *spec.Schema) string { return cmp.Or(xmlOf(s).Name, component(s)) }

// component is the name of the component that a schema is.
func component(s *spec.Schema) string {
	if s == nil {
		return ""
	}
	return cmp.Or(s.Name, s.Resolve().Name)
}

// rootName is the name for the elements of a schema, or of the first of its parts
// that has one.
func rootName(s *spec.Schema) string {
	named := look(s, func(s *spec.Schema) bool { return s.XML != nil && s.XML.Name != "" || s.Name != "" })
	if named == nil {
		return ""
	}
	return documented(named)
}

// call takes over name and namespace.
func (n *XMLNode) call(x spec.XML) {
	n.Name, n.Space, n.Prefix = x.Name, x.Namespace, x.Prefix
	if n.Prefix == "xml" {
		n.Space = "http://www.w3.org/XML/1998/namespace"
	}
	if n.Space == "" || !prefix(n.Prefix) {
		n.Prefix = "" // a prefix stands for a namespace
	}
}

// prefix reports whether a text can be the prefix of a name.
func prefix(text string) bool {
	for i, c := range text {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || i > 0 && (c >= '0' && c <= '9' || c == '-' || c == '.')) {
			return false
		}
	}
	return text != "xmlns"
}

// xmlOf is what the xml objects of a schema say: its own, before those of what it
// refers to or adds something to.
func xmlOf(s *spec.Schema) spec.XML {
	var out spec.XML
	seen := map[*spec.Schema]bool{}
	var add func(*spec.Schema)
	add = func(s *spec.Schema) {
		if s == nil || seen[s] {
			return
		}
		seen[s] = true
		if x := s.XML; x != nil {
			if out.Namespace == "" && out.Prefix == "" {
				out.Namespace, out.Prefix = x.Namespace, x.Prefix
			}
			out.Name, out.Node = cmp.Or(out.Name, x.Name), cmp.Or(out.Node, x.Node)
		}
		var telling []*spec.Schema
		for _, part := range s.AllOf {
			if part.Target == nil && !part.HasSiblings() {
				add(part)
			} else {
				telling = append(telling, part)
			}
		}
		if len(telling) == 1 && len(s.Properties) == 0 {
			add(telling[0])
		}
		add(orNull(s))
		add(s.Target)
	}
	add(s)
	return out
}

// value says what the content of an element is. items names the elements of a
// list that have no name of their own.
func (x *xmlBuilder) value(n *XMLNode, s *spec.Schema, t *Type, items string) {
	switch {
	case t.Kind == Struct, t.Kind == Union && !listed(t):
		n.Type = x.object(s, t).Name
	case t.Kind == Slice && !t.Declared():
		item := itemsOf(s)
		n.Item = &XMLNode{}
		n.Item.call(xmlOf(item))
		n.Item.Name = cmp.Or(n.Item.Name, items)
		x.value(n.Item, item, t.Elem, items)
	case t.Kind == Map && !t.Declared():
		n.Value = x.values(additionalOf(s), t.Elem)
	case !t.Scalar():
		n.Any = true
	}
}

// listed reports whether a variant of a union is a list, or anything: there is no
// telling what an element of it means.
func listed(t *Type) bool {
	return slices.ContainsFunc(t.Variants, func(v *Variant) bool { return v.Type.Kind == Slice || v.Type.Kind == Raw })
}

// values is how the members of a map are written: under their own names.
func (x *xmlBuilder) values(s *spec.Schema, t *Type) *XMLNode {
	n := &XMLNode{}
	if own := xmlOf(s); own.Namespace != "" {
		n.call(spec.XML{Namespace: own.Namespace, Prefix: own.Prefix})
	}
	x.value(n, s, t, "item")
	if n.Item != nil && xmlOf(s).Node != "element" {
		n.Flat = true
	}
	return n
}

// object returns how a struct or union is written.
func (x *xmlBuilder) object(s *spec.Schema, t *Type) *XMLType {
	if s == nil || leads(s, t.Schema, 0) {
		s = t.Schema
	}
	key := xmlKey{t, s}
	if known := x.types[key]; known != nil {
		return known
	}
	out := &XMLType{Name: x.names.pick(t.Name), Closed: t.Closed}
	x.types[key] = out
	x.out = append(x.out, out)
	for _, f := range t.Fields {
		m := x.member(f, propertyOf(s, f.JSON))
		if i := slices.IndexFunc(out.Members, m.clashes); i >= 0 {
			x.diags.Warnf(f.Pos, "give one of them another name in its xml object", "members %s and %s are both written as %s: only %s can be read",
				out.Members[i].Member, f.JSON, m.tag(), out.Members[i].Member)
		}
		out.Members = append(out.Members, m)
	}
	if t.Extra != nil {
		out.Rest = x.values(additionalOf(s), t.Extra)
	}
	if t.Kind == Union {
		out.tag = t.Discriminator
		x.variants(out, t)
	}
	return out
}

// tag is the name that an element or attribute for the member has.
func (n *XMLNode) tag() string {
	if n.Flat {
		n = n.Item
	}
	return cmp.Or(n.Name, n.Member)
}

// clashes reports whether two members cannot be told apart.
func (n *XMLNode) clashes(m *XMLNode) bool {
	return n.As == m.As && n.tag() == m.tag() && (n.Space == m.Space || n.Space == "" || m.Space == "")
}

func (x *xmlBuilder) variants(out *XMLType, t *Type) {
	for _, v := range t.Variants {
		switch {
		case v.Type.Kind == Struct, v.Type.Kind == Union && !listed(v.Type):
			out.variants = append(out.variants, x.object(nil, v.Type))
		case v.Type.Kind == Map:
			out.variants = append(out.variants, &XMLType{Rest: x.values(nil, v.Type.Elem)})
		default:
			out.Mixed = true
		}
	}
}

// join gives a union the members of its variants.
func (t *XMLType) join() {
	if t.variants == nil {
		return
	}
	t.Closed = true
	seen := map[*XMLType]bool{t: true}
	var add func([]*XMLType)
	add = func(list []*XMLType) {
		for _, v := range list {
			if seen[v] {
				continue
			}
			seen[v] = true
			for _, m := range v.Members {
				if !slices.ContainsFunc(t.Members, func(have *XMLNode) bool { return have.Member == m.Member }) {
					own := *m
					own.Required = false // other variants do not have it
					t.Members = append(t.Members, &own)
				}
			}
			if t.Rest == nil {
				t.Rest = v.Rest
			}
			t.Closed, t.Mixed = t.Closed && (v.Closed || len(v.variants) > 0), t.Mixed || v.Mixed
			add(v.variants)
		}
	}
	add(t.variants)
	if t.tag != "" && !slices.ContainsFunc(t.Members, func(m *XMLNode) bool { return m.Member == t.tag }) {
		t.Members = append(t.Members, &XMLNode{Member: t.tag})
	}
}

// member is how a member of a struct is written.
func (x *xmlBuilder) member(f *Field, s *spec.Schema) *XMLNode {
	n := &XMLNode{Member: f.JSON}
	own := xmlOf(s)
	n.call(own)
	if n.Name == f.JSON {
		n.Name = ""
	}
	items := f.JSON
	if own.Node == "element" {
		items = cmp.Or(n.Name, f.JSON)
	}
	x.value(n, s, f.Type, items)
	switch {
	case own.Node == "attribute" || own.Node == "text" || own.Node == "cdata":
		if n.As = own.Node; !f.Type.Scalar() {
			n.As = ""
			x.diags.Warnf(f.Pos, "", "member %s has structure, so it cannot be the %s of an element; it becomes an element", f.JSON, own.Node)
		}
		n.Required = n.As != "" && n.As != "attribute" && f.Required
	case own.Node == "none" && n.Item == nil:
		x.diags.Warnf(f.Pos, "", "member %s is no list, so nodeType none is not supported; it becomes an element", f.JSON)
	case n.Item != nil && own.Node != "element":
		n.Flat, n.Name, n.Required = true, "", f.Required
		n.Space, n.Prefix = "", ""
	}
	return n
}

// leads reports whether a schema adds nothing to another one but remarks.
func leads(s, to *spec.Schema, depth int) bool {
	switch {
	case s == nil || to == nil || depth > 32:
		return false
	case s == to || s.Resolve() == to:
		return true
	case len(s.AllOf) == 1 && len(s.Properties) == 0:
		return leads(s.AllOf[0], to, depth+1)
	}
	return leads(cmp.Or(s.Target, orNull(s)), to, depth+1)
}

// itemsOf is what a schema says about the items of a list.
func itemsOf(s *spec.Schema) *spec.Schema {
	if s = look(s, func(s *spec.Schema) bool { return s.Items != nil }); s == nil {
		return nil
	}
	return s.Items
}

// additionalOf is what it says about members without a name.
func additionalOf(s *spec.Schema) *spec.Schema {
	if s = look(s, func(s *spec.Schema) bool { return s.Additional != nil }); s == nil {
		return nil
	}
	return s.Additional
}

// propertyOf is what it says about a member: where an xml object says how the
// member is written, else in the last place.
func propertyOf(s *spec.Schema, name string) *spec.Schema {
	var out *spec.Schema
	for _, d := range definitions(s, name) {
		if out = d; xmlOf(d) != (spec.XML{}) {
			break
		}
	}
	return out
}
