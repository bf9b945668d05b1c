package spec

import (
	"slices"
	"strings"
)

// swagger turns a document of version 2.0 into one of version 3.0. Parts that have
// another form there are built anew, of the old nodes; schemas stay as they are.
type swagger struct {
	d                  *decoder
	old                *node // the document
	item               *node // the path item being made
	consumes, produces []string
}

// convert replaces the root, a document of version 2.0, by the same document in
// version 3.0. Every node keeps its place, and definitions, parameters and responses
// stay where references look for them.
func (d *decoder) convert() {
	d.bundle()
	d.original = d.root
	c := &swagger{d: d, old: d.root}
	c.consumes, c.produces = c.media(d.root, "consumes", nil), c.media(d.root, "produces", nil)
	d.root, d.converted = c.document(), true
	d.sources[0].root = d.root
	clear(d.targets)
	clear(d.taken)
}

func newObject(at point) *node { return &node{kind: objectNode, at: at} }

func newText(at point, text string) *node { return &node{kind: textNode, at: at, text: text} }

// put adds a member in the place of its value.
func (n *node) put(key string, value *node) { n.add(member{key: key, at: value.at, value: value}) }

func (c *swagger) document() *node {
	out, components := newObject(c.old.at), newObject(c.old.at)
	out.put("components", components)
	for _, m := range c.old.members {
		section := ""
		switch m.key {
		case "swagger", "host", "basePath", "schemes", "consumes", "produces":
			continue
		case "definitions":
			section = "schemas"
		case "parameters":
			section, m.value = "parameters", c.each(m.value, c.parameter)
		case "responses":
			section, m.value = "responses", c.each(m.value, func(n *node) *node { return c.response(n, c.produces) })
		case "securityDefinitions":
			components.add(member{key: "securitySchemes", at: m.at, value: m.value})
			continue
		case "paths":
			m.value = c.each(m.value, c.pathItem)
		}
		if section != "" {
			components.add(member{key: section, at: m.at, value: m.value})
		}
		out.add(m)
	}
	if servers := c.servers(); servers != nil {
		out.put("servers", servers)
	}
	return out
}

// each makes a map of what become makes of the entries of n, without those it
// makes nothing of.
func (c *swagger) each(n *node, become func(*node) *node) *node {
	if n.kind != objectNode {
		return n
	}
	out := newObject(n.at)
	for _, m := range n.members {
		if !isExtension(m.key) {
			m.value = become(m.value)
		}
		if m.value != nil {
			out.add(m)
		}
	}
	return out
}

func (c *swagger) servers() *node {
	host, base := c.old.find("host"), c.old.find("basePath")
	if host == nil && base == nil {
		return nil
	}
	list := &node{kind: listNode, at: c.old.at}
	add := func(url string) {
		server := newObject(list.at)
		server.put("url", newText(list.at, url))
		list.items = append(list.items, server)
	}
	path := c.d.text(c.old, "basePath")
	if host == nil {
		list.at = base.at
		add(path)
		return list
	}
	list.at = host.at
	schemes := c.d.strings(c.old, "schemes")
	if len(schemes) == 0 {
		schemes = []string{"https"}
	}
	for _, scheme := range schemes {
		add(scheme + "://" + c.d.text(c.old, "host") + "/" + strings.TrimPrefix(path, "/"))
	}
	return list
}

// media returns the media types under key, or those that hold otherwise.
func (c *swagger) media(n *node, key string, otherwise []string) []string {
	if list := c.d.strings(n, key); len(list) > 0 {
		return list
	}
	return otherwise
}

func (c *swagger) pathItem(n *node) *node {
	if n.kind != objectNode {
		return n
	}
	out := newObject(n.at)
	c.item = out
	for _, m := range n.members {
		switch {
		case m.key == "parameters":
			m.value = c.parameters(m.value)
		case slices.Contains(methods, m.key) && m.value.kind == objectNode:
			m.value = c.operation(m.value, listOf(n, "parameters"))
		}
		out.add(m)
	}
	return out
}

// listOf returns the entries of a list, nil where there is none.
func listOf(n *node, key string) []*node {
	if v := n.get(key); v != nil {
		return v.items
	}
	return nil
}

func (c *swagger) operation(n *node, shared []*node) *node {
	out := newObject(n.at)
	produces := c.media(n, "produces", c.produces)
	for _, m := range n.members {
		switch m.key {
		case "consumes", "produces", "schemes":
			continue
		case "parameters":
			m.value = c.parameters(m.value)
		case "responses":
			m.value = c.each(m.value, func(r *node) *node { return c.response(r, produces) })
		}
		out.add(m)
	}
	consumes := c.media(n, "consumes", c.consumes)
	if body := c.body(slices.Concat(shared, listOf(n, "parameters")), consumes); body != nil {
		out.put("requestBody", body)
	}
	return out
}

// resolved follows the references of a parameter.
func (c *swagger) resolved(p *node) *node {
	section := c.old.get("parameters")
	for range maxRefs {
		ref := refOf(p)
		if ref == nil || section == nil || section.kind != objectNode {
			break
		}
		name, ok := strings.CutPrefix(ref.text, "#/parameters/")
		next := section.get(unescape(name))
		if !ok || next == nil {
			break
		}
		p = next
	}
	return p
}

// parameters converts a list, without those that make the body.
func (c *swagger) parameters(n *node) *node {
	if n.kind != listNode {
		return n
	}
	out := &node{kind: listNode, at: n.at}
	for _, p := range n.items {
		if in := textOf(c.resolved(p), "in"); in == "body" || in == "formData" {
			continue
		}
		out.items = append(out.items, c.parameter(p))
	}
	return out
}

// parameter converts one parameter, or a header; nil stands for those that make
// the body.
func (c *swagger) parameter(p *node) *node {
	in := textOf(p, "in")
	if p.kind != objectNode || refOf(p) != nil {
		return p
	}
	if in == "body" || in == "formData" {
		return nil
	}
	out := newObject(p.at)
	for _, m := range p.members {
		if m.key != "collectionFormat" && !slices.Contains(looseKeys, m.key) {
			out.add(m)
		}
	}
	if p.get("type") != nil && p.get("schema") == nil {
		out.put("schema", loose(p, isExtension))
	}
	format := p.get("collectionFormat")
	switch {
	case in == "query" && textOf(p, "type") == "array":
		c.listStyle(p, out)
	case format != nil && format.text != "csv":
		c.d.warnf(format.at, "", "collectionFormat %s has no meaning here; csv is used", format.text)
	}
	return out
}

// listStyle says in the words of 3.0 how a list is written.
func (c *swagger) listStyle(p, out *node) {
	style, explode, at := "form", "false", p.at
	if format := p.get("collectionFormat"); format != nil {
		at = format.at
		switch format.text {
		case "csv":
		case "multi":
			explode = "true"
		case "ssv":
			style = "spaceDelimited"
		case "pipes":
			style = "pipeDelimited"
		case "tsv":
			style = tabDelimited
		default:
			c.d.warnf(at, c.d.oneOf(format.text, "csv", "ssv", "tsv", "pipes", "multi"), "unknown collectionFormat %s; csv is used", format.text)
		}
	}
	out.put("style", newText(at, style))
	out.put("explode", &node{kind: boolNode, at: at, text: explode})
}

// body makes the request body of the parameters in body or formData.
func (c *swagger) body(params []*node, consumes []string) *node {
	var body *node
	var form []*node
	for _, p := range params {
		switch p = c.resolved(p); textOf(p, "in") {
		case "body":
			body = p
		case "formData":
			form = append(form, p)
		}
	}
	switch {
	case body != nil && form != nil:
		c.d.fail(c.item, c.d.pos(form[0].at), "declare a body or form fields", "an operation has a body and form fields")
		return nil
	case body != nil:
		return payload(body, consumes)
	case form != nil:
		return c.form(form, consumes)
	}
	return nil
}

// bodyApart takes the parameters that 2.0 has in body and formData out of a list,
// and returns the request body that they make, nil when there are none.
func (d *decoder) bodyApart(items []*node) (rest []*node, body *node) {
	var old []*node
	for _, p := range items {
		if in := textOf(p, "in"); in == "body" || in == "formData" {
			d.warnf(p.get("in").at, "describe the body by requestBody", "parameter %s is in %s, which is OpenAPI 2.0; it is taken as the body", textOf(p, "name"), in)
			old = append(old, p)
		} else {
			rest = append(rest, p)
		}
	}
	c := &swagger{d: d, old: d.root, item: d.root}
	return rest, c.body(old, nil)
}

// payload is the request body that a parameter in body describes.
func payload(p *node, consumes []string) *node {
	out := newObject(p.at)
	for _, m := range p.members {
		if m.key == "description" || m.key == "required" || isExtension(m.key) {
			out.add(m)
		}
	}
	schema := p.get("schema")
	if schema == nil {
		schema = loose(p, isExtension)
	}
	if len(consumes) == 0 {
		consumes = []string{"application/json"}
	}
	out.put("content", content(consumes, schema))
	return out
}

// content is a map of media types that all have one schema.
func content(types []string, schema *node) *node {
	out := newObject(schema.at)
	for _, media := range types {
		mt := newObject(schema.at)
		mt.put("schema", schema)
		out.put(media, mt)
	}
	return out
}

// form is the request body that parameters in formData make up.
func (c *swagger) form(fields []*node, consumes []string) *node {
	at := fields[0].at
	properties, encoding := newObject(at), newObject(at)
	required := &node{kind: listNode, at: at}
	file := false
	for _, p := range fields {
		name := textOf(p, "name")
		property := p.get("schema") // which 2.0 has not
		if property == nil {
			property = loose(p, func(key string) bool { return key == "description" || isExtension(key) })
		}
		properties.put(name, property)
		file = file || textOf(p, "type") == "file"
		if textOf(p, "type") == "array" {
			e := newObject(p.at)
			c.listStyle(p, e)
			encoding.put(name, e)
		}
		if textOf(p, "required") == "true" {
			required.items = append(required.items, newText(p.at, name))
		}
	}
	schema := newObject(at)
	schema.put("type", newText(at, "object"))
	schema.put("properties", properties)
	schema.put("required", required)
	out := newObject(at)
	if len(required.items) > 0 {
		out.put("required", &node{kind: boolNode, at: at, text: "true"})
	}
	types := content(formTypes(consumes, file), schema)
	for _, m := range types.members {
		m.value.put("encoding", encoding)
	}
	out.put("content", types)
	return out
}

// formTypes are the media types of an operation that can carry its form.
func formTypes(consumes []string, file bool) []string {
	const multipart, urlencoded = "multipart/form-data", "application/x-www-form-urlencoded"
	if file {
		return []string{multipart}
	}
	out := slices.DeleteFunc(slices.Clone(consumes), func(s string) bool { return s != multipart && s != urlencoded })
	if len(out) == 0 {
		return []string{urlencoded}
	}
	return out
}

func (c *swagger) response(n *node, produces []string) *node {
	if n.kind != objectNode || refOf(n) != nil {
		return n
	}
	out := newObject(n.at)
	for _, m := range n.members {
		switch m.key {
		case "examples":
			continue
		case "schema":
			if m.value.kind == nullNode {
				continue
			}
			m.key, m.value = "content", content(answerTypes(produces, m.value), m.value)
		case "headers":
			m.value = c.each(m.value, c.parameter)
		}
		out.add(m)
	}
	return out
}

// answerTypes are the media types of an answer. A file is not JSON.
func answerTypes(produces []string, schema *node) []string {
	otherwise := "application/json"
	if textOf(schema, "type") == "file" {
		otherwise = "application/octet-stream"
		produces = slices.DeleteFunc(slices.Clone(produces), func(s string) bool { return strings.Contains(s, "json") })
	}
	if len(produces) == 0 {
		return []string{otherwise}
	}
	return produces
}
