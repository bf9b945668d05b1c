package spec

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi2"
	"github.com/getkin/kin-openapi/openapi2conv"
	"github.com/getkin/kin-openapi/openapi3"
)

// convert replaces the root, a document of version 2.0, by the same document
// in version 3.0. Positions and orders are those of the original.
func (d *decoder) convert() bool {
	d.bundle()
	d.mend(d.root)
	root, err := d.toV3()
	if err != nil {
		d.diags.Errorf(d.pos(point{}), "converting it to OpenAPI 3 first gives more exact messages", "cannot read OpenAPI 2.0 document: %v", err)
		return false
	}
	alignRoot(root, d.root)
	d.root, d.converted = root, true
	d.sources[0].root = root
	clear(d.targets)
	clear(d.taken)
	return true
}

// mend removes what 3.0 documents get away with but the converter cannot read.
func (d *decoder) mend(n *node) {
	for _, item := range n.items {
		d.mend(item)
	}
	n.members = slices.DeleteFunc(n.members, func(m member) bool {
		return m.key == "required" && m.value.kind == boolNode && n.find("in") == nil && d.mendRequired(m)
	})
	n.index = nil
	n.reindex()
	for i := range n.members {
		m := &n.members[i]
		switch {
		case isExtension(m.key), m.key == "example", m.key == "examples", m.key == "default", m.key == "enum":
			continue
		case m.key == "items" && m.value.kind == listNode:
			d.warnf(m.at, "give one schema for all entries", "a list of schemas under items is not supported; entries are taken as any value")
			m.value = &node{kind: objectNode, at: m.at}
		}
		d.mend(m.value)
	}
}

func (d *decoder) mendRequired(m member) bool {
	d.warnf(m.at, "list the property in required of the object around it", "required must be a list of property names, not a boolean; it is ignored")
	return true
}

// toV3 converts the document. The converter is fed with checked input only as
// far as JSON goes, so a panic of it is an error of the document.
func (d *decoder) toV3() (root *node, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v", r)
		}
	}()
	var doc2 openapi2.T
	if err := json.Unmarshal(d.root.appendJSON(nil), &doc2); err != nil {
		return nil, err
	}
	spellOut(&doc2)
	doc3, err := d.assemble(&doc2)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(doc3)
	if err != nil {
		return nil, err
	}
	root, _, err = parseJSON(text, 0)
	return root, err
}

// assemble converts part by part. The converter's own way to do so resolves
// every reference on top, which takes seconds for big documents, and refuses
// documents that have only a path wrong.
func (d *decoder) assemble(doc2 *openapi2.T) (*openapi3.T, error) {
	doc3 := &openapi3.T{
		OpenAPI:    "3.0.3",
		Info:       &doc2.Info,
		Tags:       doc2.Tags,
		Extensions: doc2.Extensions,
		Servers:    servers(doc2),
		Security:   openapi2conv.ToV3SecurityRequirements(doc2.Security),
		Paths:      openapi3.NewPaths(),
	}
	c := &openapi3.Components{
		Schemas:       openapi3.Schemas{},
		Parameters:    openapi3.ParametersMap{},
		RequestBodies: openapi3.RequestBodies{},
		Responses:     openapi3.ResponseBodies{},
	}
	doc3.Components = c
	for _, name := range slices.Sorted(maps.Keys(doc2.Parameters)) {
		param, body, schemas, err := openapi2conv.ToV3Parameter(c, doc2.Parameters[name], doc2.Consumes)
		switch {
		case err != nil:
			return nil, fmt.Errorf("parameter %s: %w", name, err)
		case body != nil:
			c.RequestBodies[name] = body
		case schemas != nil:
			for _, s := range schemas {
				c.Schemas[name] = s
			}
		default:
			c.Parameters[name] = param
		}
	}
	for _, path := range slices.Sorted(maps.Keys(doc2.Paths)) {
		if doc2.Paths[path] == nil {
			continue
		}
		item, err := openapi2conv.ToV3PathItem(doc2, c, doc2.Paths[path], doc2.Consumes)
		if err != nil {
			m := d.root.get("paths").find(path)
			d.fail(m.value, d.pos(m.at), "converting it to OpenAPI 3 first gives more exact messages", "path %s cannot be understood: %v", path, err)
			d.warnSkipped(*m)
			continue
		}
		doc3.Paths.Set(path, item)
	}
	for name, r := range doc2.Responses {
		response, err := openapi2conv.ToV3Response(r, doc2.Produces)
		if err != nil {
			return nil, fmt.Errorf("response %s: %w", name, err)
		}
		c.Responses[name] = response
	}
	maps.Copy(c.Schemas, openapi2conv.ToV3Schemas(doc2.Definitions))
	c.SecuritySchemes = openapi3.SecuritySchemes{}
	for name, s := range doc2.SecurityDefinitions {
		scheme, err := openapi2conv.ToV3SecurityScheme(s)
		if err != nil {
			return nil, fmt.Errorf("security definition %s: %w", name, err)
		}
		c.SecuritySchemes[name] = scheme
	}
	return doc3, nil
}

func servers(doc2 *openapi2.T) openapi3.Servers {
	if doc2.Host == "" {
		if doc2.BasePath == "" {
			return nil
		}
		return openapi3.Servers{{URL: doc2.BasePath}}
	}
	schemes := doc2.Schemes
	if len(schemes) == 0 {
		schemes = []string{"https"}
	}
	var out openapi3.Servers
	for _, scheme := range schemes {
		out = append(out, &openapi3.Server{URL: scheme + "://" + doc2.Host + "/" + strings.TrimPrefix(doc2.BasePath, "/")})
	}
	return out
}

// spellOut writes the defaults of OpenAPI 2.0 into the document where the
// converter does not know them: media types that operations inherit, those of
// forms, and comma-separated lists.
func spellOut(doc2 *openapi2.T) {
	if len(doc2.Consumes) == 0 {
		doc2.Consumes = []string{"application/json"}
	}
	for _, p := range doc2.Parameters {
		spellOutList(p)
	}
	for _, item := range doc2.Paths {
		if item == nil {
			continue
		}
		for _, p := range item.Parameters {
			spellOutList(p)
		}
		for _, op := range []*openapi2.Operation{item.Delete, item.Get, item.Head, item.Options, item.Patch, item.Post, item.Put} {
			if op == nil {
				continue
			}
			if len(op.Produces) == 0 {
				op.Produces = doc2.Produces
			}
			if len(op.Consumes) == 0 {
				op.Consumes = doc2.Consumes
			}
			for _, p := range op.Parameters {
				spellOutList(p)
			}
			op.Consumes = formTypes(doc2, slices.Concat(item.Parameters, op.Parameters), op.Consumes)
		}
	}
}

func spellOutList(p *openapi2.Parameter) {
	if p.In == "query" && p.Type.Is("array") && p.CollectionFormat == "" {
		p.CollectionFormat = "csv"
	}
}

// formTypes returns the media types of an operation: for one that takes a form,
// only those that can carry it.
func formTypes(doc2 *openapi2.T, params openapi2.Parameters, consumes []string) []string {
	form, file := false, false
	for _, p := range params {
		if name, ok := strings.CutPrefix(p.Ref, "#/parameters/"); ok && doc2.Parameters[name] != nil {
			p = doc2.Parameters[name]
		}
		form = form || p.In == "formData"
		file = file || p.Type.Is("file")
	}
	if !form {
		return consumes
	}
	const multipart, urlencoded = "multipart/form-data", "application/x-www-form-urlencoded"
	if file {
		return []string{multipart}
	}
	consumes = slices.DeleteFunc(slices.Clone(consumes), func(s string) bool { return s != multipart && s != urlencoded })
	if len(consumes) == 0 {
		return []string{urlencoded}
	}
	return consumes
}
