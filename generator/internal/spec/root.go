package spec

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
)

var versionRE = regexp.MustCompile(`^3\.[012](\.[0-9]+)?(-.*)?$`)

// document decodes the whole document.
func (d *decoder) document() {
	if !d.version() {
		return
	}
	n := d.root
	d.checkKeys(n, "the document", "openapi", "info", "jsonSchemaDialect", "servers", "paths",
		"webhooks", "components", "security", "tags", "externalDocs", "$self")
	if self, err := url.Parse(d.text(n, "$self")); err == nil && self.IsAbs() {
		d.self = self
	}
	d.info(n)
	d.servers(n)
	d.tags(n)
	d.doc.Extensions = d.extensions(n)
	d.strict = d.strictDialect(n, "jsonSchemaDialect")
	d.components()
	d.doc.Security = d.security(n)
	d.paths()
	d.webhooks()
	d.drain()
	slices.SortFunc(d.imported, func(a, b *Schema) int { return strings.Compare(a.Name, b.Name) })
	d.doc.Schemas = append(d.doc.Schemas, d.imported...)
	d.finish()
	d.inherit()
	d.skip()
}

// version finds out which OpenAPI this is; 2.0 is converted. It returns false
// when it is none.
func (d *decoder) version() bool {
	n := d.root
	if n.kind == nullNode {
		d.errorf(d.root.at, "start with openapi: 3.1.0", "the document is empty")
		return false
	}
	if n.kind != objectNode {
		d.errorf(n.at, "", "not an OpenAPI document: it must be an object, not %s", n.kind)
		return false
	}
	v, is2 := n.find("openapi"), false
	if v == nil {
		v, is2 = n.find("swagger"), true
	}
	if v == nil {
		hint := "start with openapi: 3.1.0"
		if guess := d.nearestKey("openapi", n); guess != "" {
			hint = "write openapi instead of " + guess
		}
		d.errorf(n.at, hint, "not an OpenAPI document: there is no field openapi")
		return false
	}
	text := v.value.text
	d.doc.Version = text
	switch {
	case v.value.kind != textNode && v.value.kind != numberNode:
		d.errorf(v.at, "", "%s must be a version number, not %s", v.key, v.value.kind)
		return false
	case is2 && (text == "2.0" || text == "2"):
		d.doc.Version, d.v30 = "2.0", true
		d.convert()
		return true
	case !is2 && versionRE.MatchString(text):
		d.v30 = strings.HasPrefix(text, "3.0")
		return true
	case !is2 && strings.HasPrefix(text, "2"):
		d.errorf(v.value.at, `documents of version 2 start with swagger: "2.0"`, "unsupported OpenAPI version %s", text)
		return false
	}
	d.errorf(v.value.at, "versions 2.0, 3.0, 3.1 and 3.2 are supported", "unsupported OpenAPI version %s", text)
	return false
}

func (d *decoder) info(n *node) {
	info := n.get("info")
	if info == nil {
		d.warnf(n.at, "add info with title and version", "the document has no info")
		return
	}
	if !d.isObject(info, "info") {
		return
	}
	d.checkKeys(info, "info", "title", "summary", "description", "termsOfService", "contact", "license", "version")
	d.doc.Title = d.note(info, "title")
	d.doc.Description = d.note(info, "description")
	d.doc.APIVersion = d.note(info, "version")
	if info.get("version") == nil {
		d.warnf(info.at, "add version: 1.0.0", "info has no version")
	}
	if info.get("title") == nil {
		d.warnf(info.at, "", "info has no title")
	}
}

func (d *decoder) servers(n *node) {
	for _, s := range d.list(n, "servers") {
		if !d.isObject(s, "a server") {
			continue
		}
		d.checkKeys(s, "a server", "url", "description", "variables", "name")
		server := &Server{Pos: d.pos(s.at), URL: d.text(s, "url"), Description: d.note(s, "description")}
		if s.get("url") == nil {
			d.warnf(s.at, "", "a server has no url; it is ignored")
			continue
		}
		for _, v := range d.object(s, "variables") {
			if !d.isObject(v.value, "a server variable") {
				continue
			}
			if v.value.get("default") == nil {
				d.warnf(v.at, "", "server variable %s has no default", v.key)
				continue
			}
			server.URL = strings.ReplaceAll(server.URL, "{"+v.key+"}", d.text(v.value, "default"))
		}
		d.doc.Servers = append(d.doc.Servers, server)
	}
}

func (d *decoder) tags(n *node) {
	seen := map[string]bool{}
	for _, t := range d.list(n, "tags") {
		tag := &Tag{Pos: d.pos(t.at)}
		switch {
		case t.kind == textNode:
			d.warnf(t.at, "write name: "+t.text, "a tag must be an object with a name, not a string")
			tag.Name = t.text
		case !d.isObject(t, "a tag"):
			continue
		default:
			tag.Name, tag.Summary, tag.Description = d.text(t, "name"), d.note(t, "summary"), d.note(t, "description")
			tag.Parent, tag.Kind = d.note(t, "parent"), d.note(t, "kind")
		}
		if tag.Name == "" {
			d.warnf(t.at, "", "a tag has no name; it is ignored")
			continue
		}
		if seen[tag.Name] {
			d.warnf(t.at, "", "tag %s is already declared; this one is ignored", tag.Name)
			continue
		}
		seen[tag.Name] = true
		d.doc.Tags = append(d.doc.Tags, tag)
	}
}

// components decodes every component, whether something refers to it or not.
func (d *decoder) components() {
	c := d.root.get("components")
	if c == nil || !d.isObject(c, "components") {
		return
	}
	c = d.behind(c)
	d.checkKeys(c, "components", "schemas", "responses", "parameters", "examples", "requestBodies",
		"headers", "securitySchemes", "links", "callbacks", "pathItems", "mediaTypes")
	schemas := d.section(c, "schemas")
	for _, m := range schemas {
		d.taken[m.key] = true
		d.recursive(m)
	}
	for _, m := range schemas {
		d.componentSchema(m)
	}
	for _, m := range d.section(c, "securitySchemes") {
		d.securityScheme(m)
	}
	d.sections(c)
}

// section returns the members of an object that may stand in another file as a
// whole.
func (d *decoder) section(n *node, key string) []member {
	v := n.get(key)
	if v == nil || refOf(v) == nil || len(v.members) > 1 {
		return d.object(n, key)
	}
	if v = d.behind(v); v.kind != objectNode {
		d.errorf(v.at, "", "%s must be an object, not %s", key, v.kind)
		return nil
	}
	return v.members
}

// behind follows a reference in the place of an object. It returns an empty
// object after reporting one that leads nowhere.
func (d *decoder) behind(n *node) *node {
	if target, _ := d.deref(n); target != nil {
		return target
	}
	return &node{kind: objectNode, at: n.at}
}

// sections decodes the components that operations only refer to, for the sake
// of their mistakes.
func (d *decoder) sections(c *node) {
	decode := func(section string, one func(member)) {
		for _, m := range d.section(c, section) {
			leave := d.enter(m.value)
			one(m)
			leave()
		}
	}
	decode("parameters", func(m member) { d.parameter(m.value) })
	decode("requestBodies", func(m member) { d.requestBody(m.value) })
	decode("responses", func(m member) { d.response(m.value, m.key) })
	decode("headers", func(m member) { d.header(m) })
}

func (d *decoder) securityScheme(m member) {
	n, _ := d.deref(m.value)
	if n == nil || !d.isObject(n, "security scheme "+m.key) {
		return
	}
	d.checkKeys(n, "a security scheme", "type", "description", "name", "in", "scheme", "bearerFormat",
		"flows", "openIdConnectUrl", "deprecated", "oauth2MetadataUrl", "flow", "authorizationUrl", "tokenUrl", "scopes")
	s := &SecurityScheme{
		Pos: d.pos(m.at), Key: m.key, Type: d.text(n, "type"),
		In: d.text(n, "in"), Name: d.text(n, "name"), Scheme: strings.ToLower(d.text(n, "scheme")),
		OpenID: d.text(n, "openIdConnectUrl"),
	}
	at := m.at
	if t := n.get("type"); t != nil {
		at = t.at
	}
	switch s.Type {
	case "apiKey":
		if s.Name == "" {
			d.errorf(m.at, "name the header, query parameter or cookie that carries the key", "security scheme %s has no name", m.key)
		}
		if s.In != "query" && s.In != "header" && s.In != "cookie" {
			d.errorf(m.at, d.oneOf(s.In, "query", "header", "cookie"), "security scheme %s: unknown place %q in field in", m.key, s.In)
		}
	case "http":
		if s.Scheme == "" {
			d.errorf(m.at, "add scheme: bearer or scheme: basic", "security scheme %s has no scheme", m.key)
		}
	case "basic":
		if !d.converted {
			d.warnf(at, "write type: http and scheme: basic", "security scheme %s is of type basic, which is OpenAPI 2.0", m.key)
		}
		s.Type, s.Scheme = "http", "basic"
	case "oauth2", "openIdConnect", "mutualTLS":
	default:
		what := "has no type"
		if s.Type != "" {
			what = "is of the unknown type " + s.Type
		}
		d.errorf(at, d.oneOf(s.Type, "apiKey", "http", "oauth2", "openIdConnect", "mutualTLS"), "security scheme %s %s", m.key, what)
	}
	d.doc.Schemes = append(d.doc.Schemes, s)
}

// security returns the requirements under security: nil when there are none, an
// empty list when the document says that nothing is required.
func (d *decoder) security(n *node) []SecurityRequirement {
	if n.get("security") == nil {
		return nil
	}
	out := []SecurityRequirement{}
	for _, item := range d.list(n, "security") {
		if !d.isObject(item, "a security requirement") {
			continue
		}
		req := SecurityRequirement{}
		for _, m := range item.members {
			if d.schemeNode(m.key) == nil {
				hint := ""
				if guess := d.nearestKey(m.key, d.component("securitySchemes")); guess != "" {
					hint = "did you mean " + guess + "?"
				}
				d.warnf(m.at, hint, "security scheme %s is not defined in components.securitySchemes", m.key)
			}
			req = append(req, SchemeUse{Name: m.key, Scopes: d.strings(item, m.key)})
		}
		out = append(out, req)
	}
	return out
}

func (d *decoder) schemeNode(key string) *node {
	if c := d.component("securitySchemes"); c != nil {
		return c.get(key)
	}
	return nil
}
