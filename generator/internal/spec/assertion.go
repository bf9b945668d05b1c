package spec

import (
	"slices"
	"strings"
)

// Rare holds the assertions of JSON Schema that few schemas make.
type Rare struct {
	PrefixItems []*Schema
	Contains    *Schema
	MinContains *int
	MaxContains *int

	PatternProperties []Property // Name is the pattern
	PropertyNames     *Schema
	DependentRequired []Dependency
	DependentSchemas  []Property // Name is the member that asks for the schema

	If, Then, Else *Schema

	UnevaluatedItems      *Schema
	UnevaluatedProperties *Schema
}

// Dependency lists the members that must be there when another one is.
type Dependency struct {
	Name     string
	Required []string
}

// rareKeys are the keywords that [Rare] holds; dependencies and additionalItems
// are what older drafts call two of them.
var rareKeys = []string{"prefixItems", "contains", "minContains", "maxContains", "patternProperties", "propertyNames",
	"dependentRequired", "dependentSchemas", "dependencies", "if", "then", "else",
	"unevaluatedItems", "unevaluatedProperties"}

// rare decodes the assertions that few schemas make.
func (d *decoder) rare(n *node, s *Schema) {
	d.tuple(n, s)
	if !slices.ContainsFunc(n.members, func(m member) bool { return slices.Contains(rareKeys, m.key) }) {
		return
	}
	r := s.needRare()
	r.PrefixItems = append(r.PrefixItems, d.schemaList(n, "prefixItems")...)
	r.Contains = d.optional(n, "contains")
	r.MinContains, r.MaxContains = d.size(n, "minContains"), d.size(n, "maxContains")
	r.PropertyNames = d.optional(n, "propertyNames")
	r.If, r.Then, r.Else = d.optional(n, "if"), d.optional(n, "then"), d.optional(n, "else")
	r.UnevaluatedItems, r.UnevaluatedProperties = d.optional(n, "unevaluatedItems"), d.optional(n, "unevaluatedProperties")
	for _, m := range d.object(n, "patternProperties") {
		if err := d.compile(m.key); err != nil {
			d.warnf(m.at, "", "pattern %q cannot be read and is not checked: %v", m.key, err)
			continue
		}
		r.PatternProperties = append(r.PatternProperties, Property{m.key, d.schema(m.value)})
	}
	for _, m := range d.object(n, "dependentSchemas") {
		r.DependentSchemas = append(r.DependentSchemas, Property{m.key, d.schema(m.value)})
	}
	for _, key := range []string{"dependentRequired", "dependencies"} {
		for _, m := range d.object(n, key) {
			if key == "dependencies" && m.value.kind != listNode {
				r.DependentSchemas = append(r.DependentSchemas, Property{m.key, d.schema(m.value)})
				continue
			}
			r.DependentRequired = append(r.DependentRequired, Dependency{m.key, d.strings(n.get(key), m.key)})
		}
	}
}

func (s *Schema) needRare() *Rare {
	if s.Rare == nil {
		s.Rare = &Rare{}
	}
	return s.Rare
}

// optional decodes the schema under a key, nil when there is none.
func (d *decoder) optional(n *node, key string) *Schema {
	m := n.find(key)
	if m == nil {
		return nil
	}
	return d.schema(m.value)
}

// tuple decodes the list of schemas under items that drafts before 2020-12 have
// for prefixItems, and the additionalItems beside it.
func (d *decoder) tuple(n *node, s *Schema) {
	items := n.get("items")
	if items == nil || items.kind != listNode {
		return
	}
	d.warnf(items.at, "write prefixItems", "a list of schemas under items is of an older JSON Schema; it is taken as prefixItems")
	r := s.needRare()
	for _, item := range items.items {
		r.PrefixItems = append(r.PrefixItems, d.schema(item))
	}
	s.Items = d.optional(n, "additionalItems")
}

// dialects are the versions of JSON Schema that a document or schema can ask to
// be read by to the letter: without a type, every type is valid.
var dialects = []string{
	"https://json-schema.org/draft/2020-12/schema",
	"http://json-schema.org/draft-04/schema",
}

// strictDialect reports whether the keyword under key names such a version.
func (d *decoder) strictDialect(n *node, key string) bool {
	m := n.find(key)
	if m == nil || m.value.kind != textNode {
		return false
	}
	switch uri := trimHash(m.value.text); {
	case slices.Contains(dialects, uri):
		return true
	case d.strict && !slices.ContainsFunc(publishers, func(p string) bool { return strings.HasPrefix(uri, p) }):
		d.errorf(m.at, "", "the vocabulary %s is not known", m.value.text)
	}
	return false
}

// publishers are where the known vocabularies are from.
var publishers = []string{"https://json-schema.org/", "http://json-schema.org/", "https://spec.openapis.org/"}

func trimHash(uri string) string {
	if len(uri) > 0 && uri[len(uri)-1] == '#' {
		return uri[:len(uri)-1]
	}
	return uri
}

// dynamic returns the reference that a $dynamicRef stands for. With one anchor
// of that name in the document it means what $ref means; which of several holds
// depends on how the schema was reached, and that is not supported.
func (d *decoder) dynamic(n *node) *node {
	m := n.find("$dynamicRef")
	if m == nil {
		return nil
	}
	if m.value.kind != textNode || len(m.value.text) < 2 || m.value.text[0] != '#' || m.value.text[1] == '/' {
		d.errorf(m.at, "use $ref", "a $dynamicRef that is no local anchor is not supported")
		return nil
	}
	name := m.value.text[1:]
	in := d.sources[d.base(m.value)]
	if in.findAnchors(); in.dynamicAnchors[name] > 1 {
		d.errorf(m.at, "use $ref and name the schema that is meant",
			"$dynamicRef is not supported when several schemas have the $dynamicAnchor %s", name)
		return nil
	}
	return m.value
}
