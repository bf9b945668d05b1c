package spec

import (
	"regexp"
	"slices"
	"strings"
)

// methods are the fields of a path item that hold operations.
var methods = []string{"get", "put", "post", "delete", "options", "head", "patch", "trace", "query"}

var pathItemKeys = append([]string{"$ref", "summary", "description", "servers", "parameters", "additionalOperations"}, methods...)

// paths decodes the operations of the document.
func (d *decoder) paths() {
	if d.root.get("paths") == nil && d.root.get("webhooks") == nil && d.root.get("components") == nil {
		d.warnf(d.root.at, "add paths", "the document has no paths")
	}
	shapes := map[string]map[string]string{} // template without names → method → template
	for _, m := range d.section(d.root, "paths") {
		if isExtension(m.key) {
			continue
		}
		leave := d.enter(m.value)
		names, ok := d.template(m)
		if !ok {
			d.warnSkipped(m)
			leave()
			continue
		}
		p := d.pathItem(m, names)
		if p == nil {
			d.warnSkipped(m)
		}
		leave()
		if p == nil {
			continue
		}
		d.doc.Paths = append(d.doc.Paths, p)
		shape := templateRE.ReplaceAllString(m.key, "{}")
		if shapes[shape] == nil {
			shapes[shape] = map[string]string{}
		}
		for _, op := range p.Operations {
			if first, ok := shapes[shape][op.Method]; ok {
				d.diags.Warnf(op.Pos, "no request can tell them apart: the first one answers", "%s %s is the same as %s %s", op.Method, m.key, op.Method, first)
				continue
			}
			shapes[shape][op.Method] = m.key
		}
	}
}

var templateRE = regexp.MustCompile(`\{[^{}]*\}`)

// template checks a path and returns the names of its parameters.
func (d *decoder) template(m member) (names []string, ok bool) {
	if !strings.HasPrefix(m.key, "/") {
		d.errorf(m.at, "write /"+m.key, "path %s must start with a slash", m.key)
		return nil, false
	}
	if i := strings.IndexAny(m.key, "?#"); i >= 0 {
		d.warnf(m.at, "use parameters instead", "path %s has a query or fragment in it; requests with that query go there", m.key)
	}
	if strings.ContainsAny(templateRE.ReplaceAllString(m.key, ""), "{}") {
		d.errorf(m.at, "each { needs its }", "path %s has unbalanced braces", m.key)
		return nil, false
	}
	for _, part := range templateRE.FindAllString(m.key, -1) {
		name := strings.TrimSuffix(strings.TrimLeft(part[1:len(part)-1], "+.;"), "*")
		switch {
		case name == "":
			d.errorf(m.at, "write a name between the braces", "path %s has a parameter without a name", m.key)
		case slices.Contains(names, name):
			d.errorf(m.at, "give the second one a name of its own", "path %s has two parameters with the name %s", m.key, name)
		default:
			names = append(names, name)
		}
	}
	return names, true
}

func (d *decoder) webhooks() {
	for _, m := range d.section(d.root, "webhooks") {
		if isExtension(m.key) {
			continue
		}
		leave := d.enter(m.value)
		if p := d.pathItem(m, nil); p != nil {
			d.doc.Webhooks = append(d.doc.Webhooks, p)
		}
		leave()
	}
}

// pathItem decodes the operations of one path.
func (d *decoder) pathItem(m member, names []string) *Path {
	p := &Path{Pos: d.pos(m.at), Template: m.key}
	if m.value.kind == nullNode {
		d.warnf(m.at, "", "path %s is empty", m.key)
		return p
	}
	n, _ := d.deref(m.value)
	if n == nil || !d.isObject(n, "a path item") {
		return nil
	}
	if n != m.value {
		n = overlay(n, m.value)
	}
	d.checkKeys(n, "a path item", pathItemKeys...)
	shared := d.parameters(d.list(n, "parameters"))
	outer := []map[string]Value{d.extensions(n), d.doc.Extensions}
	defer func() {
		for _, op := range p.Operations {
			op.Outer = outer
		}
	}()
	for _, f := range n.members {
		method := strings.ToUpper(f.key)
		if slices.Contains(methods, f.key) {
			p.Operations = appendSome(p.Operations, d.operation(f, method, p.Template, shared, names))
		} else if f.key == "additionalOperations" {
			for _, f := range d.object(n, f.key) {
				if !d.checkMethod(f) {
					continue
				}
				p.Operations = appendSome(p.Operations, d.operation(f, f.key, p.Template, shared, names))
			}
		}
	}
	return p
}

var methodRE = regexp.MustCompile("^[-!#$%&'*+.^_`|~0-9A-Za-z]+$")

// checkMethod reports whether an entry of additionalOperations can be a method.
func (d *decoder) checkMethod(m member) bool {
	switch {
	case slices.Contains(methods, strings.ToLower(m.key)):
		d.errorf(m.at, "write it as "+strings.ToLower(m.key)+" in the path item itself", "%s is no additional operation", m.key)
		return false
	case !methodRE.MatchString(m.key):
		d.errorf(m.at, "use letters, as in COPY", "%q cannot be an HTTP method", m.key)
		return false
	}
	return true
}

func appendSome(list []*Operation, op *Operation) []*Operation {
	if op == nil {
		return list
	}
	return append(list, op)
}

// overlay returns the members of base with those written beside the $ref put
// over them.
func overlay(base, beside *node) *node {
	out := &node{kind: objectNode, at: beside.at}
	for _, m := range base.members {
		out.add(m)
	}
	for _, m := range beside.members {
		if m.key != "$ref" {
			out.add(m)
		}
	}
	return out
}

// standIn follows a reference in the place of an operation, which only path items may
// be. It returns nil after reporting one that leads nowhere.
func (d *decoder) standIn(n *node) *node {
	if refOf(n) == nil {
		return n
	}
	d.oftenf(n.at, "put the reference in the place of the path item", "a reference stands for an operation, which OpenAPI does not know; it is followed")
	d.standsIn = true
	target, _ := d.deref(n)
	if target == nil || target.kind != objectNode || len(n.members) == 1 {
		return target
	}
	return overlay(target, n)
}

func (d *decoder) operation(m member, method, path string, shared []*Parameter, names []string) *Operation {
	op := &Operation{Pos: d.pos(m.at), Method: method, Path: path}
	item := d.owner()
	defer d.enterApart(op)()
	d.use(item) // for the parameters that its operations share
	n := m.value
	if n.kind == nullNode {
		d.warnf(m.at, "", "operation %s %s is empty", method, path)
		n = &node{kind: objectNode, at: m.at}
	}
	if n = d.standIn(n); n == nil || !d.isObject(n, "an operation") {
		return nil
	}
	d.checkKeys(n, "an operation", "tags", "summary", "description", "externalDocs", "operationId", "parameters",
		"requestBody", "responses", "callbacks", "deprecated", "security", "servers")
	op.ID, op.Summary, op.Description = d.operationID(m, n), d.note(n, "summary"), d.note(n, "description")
	op.Tags, op.Deprecated, op.Extensions = d.strings(n, "tags"), d.flag(n, "deprecated"), d.extensions(n)
	items, body := d.list(n, "parameters"), n.get("requestBody")
	if body == nil {
		items, body = d.bodyApart(items)
	}
	op.Parameters = mergeParameters(shared, d.parameters(items))
	if names != nil || strings.HasPrefix(path, "/") {
		op.Parameters = d.pathParameters(m, op.Parameters, names)
	}
	if body != nil {
		op.Body = d.requestBody(body)
		if method == "GET" || method == "HEAD" {
			d.oftenf(body.at, "many clients and proxies drop it; use POST or query parameters", "a %s request should have no body", method)
		}
	}
	op.Responses = d.responses(m, n)
	op.Callbacks = d.callbacks(n)
	op.Security = d.doc.Security
	if own := d.security(n); own != nil {
		op.Security = own
	}
	return op
}

// operationID returns the operationId; a second operation with the same one is
// treated as having none.
func (d *decoder) operationID(m member, n *node) string {
	v := n.get("operationId")
	id := d.text(n, "operationId")
	if id == "" && d.callback {
		return ""
	}
	if id == "" {
		d.oftenf(m.at, "names are made from method and path; add operationId to choose them", "an operation has no operationId")
		return ""
	}
	if first, ok := d.ids[id]; ok {
		d.warnf(v.at, "give it one of its own; a name is made from method and path", "operationId %s is already used %s", id, d.seenAt(first, v.at))
		return ""
	}
	d.ids[id] = v.at
	return id
}
