package spec

import (
	"slices"
	"strings"
)

// pending is a schema whose node waits to be decoded. A queue instead of
// recursion keeps the stack flat however long the chain of references is.
type pending struct {
	node   *node
	schema *Schema
}

// annotations are the keywords that say nothing about which values are valid.
var annotations = []string{"title", "description", "default", "example", "examples", "readOnly", "writeOnly",
	"deprecated", "externalDocs", "xml", "$comment", "summary"}

// schemaKeys are all the keywords that are read or known to be harmless.
var schemaKeys = append([]string{"$ref", "type", "format", "enum", "const", "nullable",
	"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength", "pattern",
	"minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties", "properties", "required",
	"additionalProperties", "items", "allOf", "oneOf", "anyOf", "not", "discriminator",
	"$id", "$schema", "$anchor", "$dynamicRef", "$dynamicAnchor", "$recursiveAnchor", "$vocabulary", "additionalItems", "$defs", "definitions", "contentEncoding", "contentMediaType", "contentSchema"},
	slices.Concat(annotations, rareKeys, unchecked)...)

// unchecked are the assertions of JSON Schema that are not checked.
var unchecked = []string{"$recursiveRef"}

// schema returns the schema of the node, one for each node. It is filled in
// when the queue is drained.
func (d *decoder) schema(n *node) *Schema {
	if s := d.schemas[n]; s != nil {
		d.use(s)
		return s
	}
	s := &Schema{Pos: d.pos(n.at), Strict: d.strict}
	d.schemas[n] = s
	d.order = append(d.order, s)
	d.queue = append(d.queue, pending{n, s})
	d.use(s)
	return s
}

// componentSchema registers an entry of components.schemas.
func (d *decoder) componentSchema(m member) {
	n := m.value
	if end := d.foreignEnd(n); end != nil && d.schema(end).Name == "" {
		n = end
	}
	s := d.schema(n)
	if s.Name != "" { // a YAML alias: the same node under a second name
		s = &Schema{Pos: d.pos(m.at), Ref: s.Name, Target: s}
		d.order = append(d.order, s)
	}
	s.Name = m.key
	d.doc.Schemas = append(d.doc.Schemas, s)
}

// drain decodes the schemas that wait, and those they lead to.
func (d *decoder) drain() {
	for len(d.queue) > 0 {
		last := len(d.queue) - 1
		p := d.queue[last]
		d.queue = d.queue[:last]
		d.fill(p.node, p.schema)
	}
}

func (d *decoder) fill(n *node, s *Schema) {
	defer d.enter(s)()
	switch n.kind {
	case boolNode:
		if d.v30 {
			d.warnf(n.at, "write {} for any value", "a boolean schema is OpenAPI 3.1")
		}
		accept := n.text == "true"
		s.Bool = &accept
		return
	case nullNode:
		d.warnf(n.at, "write {} for any value", "a schema is empty; it is taken as any value")
		return
	case objectNode:
	case textNode:
		hint := ""
		if strings.EqualFold(n.text, "true") || strings.EqualFold(n.text, "false") {
			d.warnf(n.at, "write {} for any value", "a schema must be an object, not a string; it is taken as any value")
			return
		}
		if isType(n.text) {
			hint = "write type: " + n.text
		}
		d.errorf(n.at, hint, "a schema must be an object, not %s", n.kind)
		return
	default:
		d.errorf(n.at, "", "a schema must be an object, not %s", n.kind)
		return
	}
	d.strict = s.Strict
	s.Strict = d.strictDialect(n, "$schema") || s.Strict
	d.strict = s.Strict
	ref := refOf(n)
	if ref == nil {
		ref = d.dynamic(n)
	}
	if ref != nil {
		target := d.target(ref)
		if target == nil {
			return
		}
		s.Ref, s.Target = d.schemaName(ref.text), d.schema(target)
		d.nameForeign(ref, target, s)
		if len(n.members) == 1 {
			return
		}
		if d.v30 {
			d.ignoredSiblings(n)
			d.annotate(n, s)
			return
		}
	}
	d.checkKeys(n, "a schema", schemaKeys...)
	d.annotate(n, s)
	d.types(n, s)
	d.values(n, s)
	d.numbers(n, s)
	d.sizes(n, s)
	d.children(n, s)
	d.combinators(n, s)
	d.rare(n, s)
	d.nullable(n, s)
	d.unchecked(n)
}

// ignoredSiblings warns about keywords beside $ref that OpenAPI 3.0 ignores.
func (d *decoder) ignoredSiblings(n *node) {
	for _, m := range n.members {
		if m.key != "$ref" && slices.Contains(schemaKeys, m.key) && !slices.Contains(annotations, m.key) {
			d.warnf(m.at, "put the reference into allOf: [{$ref: …}] to combine them", "%s beside $ref is ignored in OpenAPI 3.0", m.key)
		}
	}
}

func (d *decoder) annotate(n *node, s *Schema) {
	s.Title, s.Description = d.note(n, "title"), d.note(n, "description")
	s.ReadOnly, s.WriteOnly, s.Deprecated = d.flag(n, "readOnly"), d.flag(n, "writeOnly"), d.flag(n, "deprecated")
	s.XML, s.Extensions = d.xml(n), d.extensions(n)
	if m := n.find("example"); m != nil {
		s.Examples = append(s.Examples, d.value(m.value))
	}
	if ex := n.get("examples"); ex != nil && ex.kind == listNode {
		for _, item := range ex.items {
			s.Examples = append(s.Examples, d.value(item))
		}
	}
	if m := n.find("default"); m != nil {
		v := d.value(m.value)
		s.Default = &v
		d.defaults = append(d.defaults, pending{m.value, s})
	}
}

func (d *decoder) unchecked(n *node) {
	for _, m := range n.members {
		if slices.Contains(unchecked, m.key) {
			d.warnf(m.at, "", "keyword %s is not supported: values are not checked against it", m.key)
		}
	}
}

// typeNames are the types of JSON Schema.
var typeNames = []string{"string", "number", "integer", "boolean", "array", "object", "null"}

// typeSlips are names that stand for a type, and perhaps a format, beyond doubt.
var typeSlips = map[string][2]string{
	"int": {"integer", ""}, "int32": {"integer", "int32"}, "int64": {"integer", "int64"}, "long": {"integer", "int64"},
	"float": {"number", "float"}, "double": {"number", "double"}, "decimal": {"number", ""},
	"bool": {"boolean", ""}, "str": {"string", ""}, "text": {"string", ""},
	"date": {"string", "date"}, "datetime": {"string", "date-time"}, "date-time": {"string", "date-time"},
	"timestamp": {"string", "date-time"}, "time": {"string", "time"}, "uuid": {"string", "uuid"},
	"email": {"string", "email"}, "uri": {"string", "uri"}, "url": {"string", "uri"},
	"file": {"string", "binary"}, "binary": {"string", "binary"},
	"list": {"array", ""}, "dict": {"object", ""}, "map": {"object", ""}, "any": {"", ""},
}

func (d *decoder) types(n *node, s *Schema) {
	s.Format = d.text(n, "format")
	m := n.find("type")
	if m == nil {
		return
	}
	list := []*node{m.value}
	if m.value.kind == listNode {
		list = m.value.items
		if d.v30 {
			d.warnf(m.at, "", "a list of types is OpenAPI 3.1")
		}
	}
	for _, t := range list {
		if m.value.kind == listNode && t.kind == textNode && !isType(t.text) {
			d.warnf(t.at, d.oneOf(t.text, typeNames...), "unknown type %s among others; any value is accepted", t.text)
			s.Types = nil
			return
		}
		name := d.typeName(t, s)
		if name != "" && !slices.Contains(s.Types, name) {
			s.Types = append(s.Types, name)
		}
	}
	if s.Format == "int-or-string" && slices.Contains(s.Types, "string") && !slices.Contains(s.Types, "integer") { // Kubernetes
		s.Types = append(s.Types, "integer")
	}
}

// isType reports whether the word stands for a type.
func isType(word string) bool {
	word = strings.ToLower(word)
	_, slip := typeSlips[word]
	return slip || slices.Contains(typeNames, word)
}

func (d *decoder) typeName(t *node, s *Schema) string {
	switch {
	case t.kind == nullNode:
		d.warnf(t.at, `write "null"`, "type null needs quotes")
		return "null"
	case t.kind != textNode:
		d.errorf(t.at, "", "type must be a string, not %s", t.kind)
		return ""
	case slices.Contains(typeNames, t.text):
		return t.text
	case !isType(t.text):
		d.errorf(t.at, d.oneOf(t.text, typeNames...), "unknown type %s", t.text)
		return ""
	}
	slip, ok := typeSlips[strings.ToLower(t.text)]
	if !ok {
		slip[0] = strings.ToLower(t.text)
	}
	hint := "leave it out for any value"
	if slip[0] != "" {
		hint = "write type: " + slip[0]
	}
	if slip[1] != "" {
		hint += " and format: " + slip[1]
	}
	if s.Format == "" {
		s.Format = slip[1]
	}
	if !d.converted || t.text != "file" {
		d.warnf(t.at, hint, "%s is not a type", t.text)
	}
	return slip[0]
}

// children decodes the schemas for the parts of a value.
func (d *decoder) children(n *node, s *Schema) {
	for _, m := range d.properties(n) {
		s.Properties = append(s.Properties, Property{m.key, d.schema(m.value)})
	}
	d.required(n, s)
	if a := n.get("additionalProperties"); a != nil {
		s.Additional = d.additional(a)
	}
	items := n.get("items")
	switch {
	case items != nil && items.kind == listNode: // see tuple
	case items != nil:
		s.Items = d.schema(items)
	case d.v30 && slices.Contains(s.Types, "array"):
		d.warnf(n.at, "add items", "an array has no items; entries are taken as any value")
	}
}

// properties returns the members of properties. Some documents refer to those
// of another schema there, which no version allows but is beyond doubt: a string
// is no schema.
func (d *decoder) properties(n *node) []member {
	members := d.object(n, "properties")
	i := slices.IndexFunc(members, func(m member) bool { return m.key == "$ref" && m.value.kind == textNode })
	if i < 0 {
		return members
	}
	ref := members[i].value
	d.warnf(ref.at, "use allOf to take over another schema", "properties cannot be a reference")
	own := slices.Delete(slices.Clone(members), i, i+1)
	target := d.target(ref)
	if target == nil || !d.isObject(target, "properties") || refOf(target) != nil {
		return own
	}
	out := slices.DeleteFunc(slices.Clone(target.members), func(m member) bool {
		return slices.ContainsFunc(own, func(o member) bool { return o.key == m.key })
	})
	return append(out, own...)
}

// additional decodes additionalProperties, which is a boolean schema in every
// version.
func (d *decoder) additional(n *node) *Schema {
	if n.kind == boolNode {
		accept := n.text == "true"
		return &Schema{Pos: d.pos(n.at), Bool: &accept}
	}
	return d.schema(n)
}

func (d *decoder) required(n *node, s *Schema) {
	r := n.get("required")
	if r != nil && (r.kind == boolNode || r.kind == textNode && (r.text == "true" || r.text == "false")) {
		d.warnf(r.at, "list the property in required of the object around it", "required must be a list of property names, not %s; it is ignored", r.kind)
		return
	}
	for _, name := range d.strings(n, "required") {
		if !slices.Contains(s.Required, name) {
			s.Required = append(s.Required, name)
		}
	}
}

func (d *decoder) combinators(n *node, s *Schema) {
	s.AllOf = d.schemaList(n, "allOf")
	s.OneOf = d.schemaList(n, "oneOf")
	s.AnyOf = d.schemaList(n, "anyOf")
	if not := d.optional(n, "not"); not != nil {
		s.Not = not
	}
	if v := n.get("discriminator"); v != nil {
		s.Discriminator = d.discriminator(v)
	}
}

func (d *decoder) schemaList(n *node, key string) []*Schema {
	var out []*Schema
	list := d.list(n, key)
	for _, item := range list {
		out = append(out, d.schema(item))
	}
	if v := n.get(key); v != nil && v.kind == listNode && len(list) == 0 {
		d.warnf(v.at, "", "%s is empty; it is ignored", key)
	}
	return out
}

func (d *decoder) discriminator(v *node) *Discriminator {
	if v.kind == textNode {
		if !d.converted {
			d.warnf(v.at, "write propertyName: "+v.text, "discriminator must be an object, not a string")
		}
		return &Discriminator{Pos: d.pos(v.at), Property: v.text}
	}
	if !d.isObject(v, "discriminator") {
		return nil
	}
	d.checkKeys(v, "discriminator", "propertyName", "mapping", "defaultMapping")
	out := &Discriminator{Pos: d.pos(v.at), Property: d.text(v, "propertyName")}
	if out.Property == "" {
		d.errorf(v.at, "name the property that tells the variants apart", "discriminator has no propertyName")
	}
	for _, m := range d.object(v, "mapping") {
		if target := d.mappingTarget(m); target != nil {
			out.Mapping = append(out.Mapping, Mapping{m.key, d.schema(target)})
		}
	}
	if m := v.find("defaultMapping"); m != nil {
		if target := d.mappingTarget(*m); target != nil {
			out.Default = d.schema(target)
		}
	}
	return out
}

// mappingTarget resolves one discriminator mapping: the name of a component or
// a reference.
func (d *decoder) mappingTarget(m member) *node {
	if m.value.kind != textNode {
		d.errorf(m.at, "", "a mapping must be the name of a schema, not %s", m.value.kind)
		return nil
	}
	from := d.base(m.value)
	if schemas := d.componentIn(from, "schemas"); schemas != nil {
		if target := schemas.get(m.value.text); target != nil {
			return target
		}
	}
	found := d.lookup(reference{from, m.value.text})
	if found.node == nil {
		d.warnf(m.value.at, found.hint, "discriminator value %s: %s; it is ignored", m.key, found.msg)
	}
	return found.node
}
