package spec

import (
	"slices"
	"strings"
)

// tabDelimited is the collectionFormat tsv of 2.0, which no later version can say.
const tabDelimited = "tabDelimited"

// styles lists the styles for each place, its default first.
var styles = map[string][]string{
	"path":   {"simple", "label", "matrix"},
	"query":  {"form", "spaceDelimited", "pipeDelimited", "deepObject"},
	"header": {"simple"},
	"cookie": {"form", "cookie"},
}

// parameters decodes the parameters of a path item or an operation.
func (d *decoder) parameters(items []*node) []*Parameter {
	var out []*Parameter
	first := map[string]*node{}
	for _, item := range items {
		p := d.parameter(item)
		if p == nil {
			continue
		}
		key := parameterKey(p)
		if was := first[key]; was != nil {
			if was == item || twin(was, item) {
				d.warnf(item.at, "", "%s parameter %s is listed twice", p.In, p.Name)
			} else {
				d.errorf(item.at, "remove one of them", "%s parameter %s is already declared %s", p.In, p.Name, d.seenAt(was.at, item.at))
			}
			continue
		}
		first[key] = item
		if p.In == "header" && slices.Contains([]string{"accept", "content-type", "authorization"}, strings.ToLower(p.Name)) {
			d.warnf(item.at, "media types and security schemes say it already", "header parameter %s is ignored, as OpenAPI demands", p.Name)
			continue
		}
		out = append(out, p)
	}
	return out
}

// twin reports whether two parameters differ in nothing but what people read.
func twin(a, b *node) bool {
	plain := func(n *node) string {
		out := &node{kind: n.kind}
		for _, key := range slices.Sorted(slices.Values(n.keys())) {
			if key != "description" && key != "example" && key != "examples" && !isExtension(key) {
				out.add(member{key: key, value: n.get(key)})
			}
		}
		return string(out.appendJSON(nil))
	}
	return plain(a) == plain(b)
}

// parameterKey is what makes a parameter unique in a list.
func parameterKey(p *Parameter) string {
	if p.In == "header" {
		return "header " + strings.ToLower(p.Name)
	}
	return p.In + " " + p.Name
}

// mergeParameters puts the parameters of an operation over those of its path.
func mergeParameters(shared, own []*Parameter) []*Parameter {
	out := slices.Clone(shared)
	for _, p := range own {
		same := func(o *Parameter) bool { return parameterKey(o) == parameterKey(p) }
		if i := slices.IndexFunc(out, same); i >= 0 {
			out[i] = p
		} else {
			out = append(out, p)
		}
	}
	return out
}

// pathParameters makes the path parameters of an operation those of its path
// template.
func (d *decoder) pathParameters(m member, params []*Parameter, names []string) []*Parameter {
	var declared []string
	out := slices.DeleteFunc(slices.Clone(params), func(p *Parameter) bool {
		if p.In != "path" {
			return false
		}
		if slices.Contains(names, p.Name) {
			declared = append(declared, p.Name)
			return false
		}
		d.diags.Warnf(p.Pos, d.didYouMean(p.Name, names), "path parameter %s is not in the path; it is ignored", p.Name)
		return true
	})
	for _, name := range names {
		if slices.Contains(declared, name) {
			continue
		}
		d.warnf(m.at, "declare it with its type", "path parameter %s is not declared; it is taken as a string", name)
		pos := d.pos(m.at)
		out = append(out, &Parameter{
			Pos: pos, Name: name, In: "path", Required: true, Style: "simple",
			Schema: &Schema{Pos: pos, Types: []string{"string"}},
		})
	}
	return out
}

// parameter decodes one parameter, nil when it cannot be used. References to
// the same component share one Parameter.
func (d *decoder) parameter(item *node) *Parameter {
	n, _ := d.deref(item)
	if n == nil {
		return nil
	}
	p, ok := d.params[n]
	if !ok {
		leave := d.enter(n)
		p = d.newParameter(n)
		leave()
		d.params[n] = p
	} else {
		d.use(n)
	}
	return p
}

func (d *decoder) newParameter(n *node) *Parameter {
	if !d.isObject(n, "a parameter") {
		return nil
	}
	d.checkKeys(n, "a parameter", "name", "in", "description", "required", "deprecated", "allowEmptyValue",
		"style", "explode", "allowReserved", "schema", "content", "example", "examples")
	p := &Parameter{
		Pos: d.pos(n.at), Name: d.text(n, "name"), In: d.text(n, "in"), Description: d.note(n, "description"),
		Required: d.flag(n, "required"), Deprecated: d.flag(n, "deprecated"), Extensions: d.extensions(n),
	}
	if p.Name == "" {
		d.errorf(n.at, "", "a parameter has no name")
		return nil
	}
	if p.In == "querystring" {
		return d.queryString(n, p)
	}
	if !d.checkIn(n, p) {
		return nil
	}
	p.AllowEmpty = d.flag(n, "allowEmptyValue") && p.In == "query"
	if p.In == "path" && !p.Required {
		at := n.at
		if r := n.get("required"); r != nil {
			at = r.at
		}
		d.warnf(at, "add required: true", "path parameter %s is not marked as required; it is taken as such", p.Name)
		p.Required = true
	}
	d.style(n, p)
	d.parameterSchema(n, p)
	return p
}

// queryString decodes a parameter that stands for the whole query (3.2): a form,
// whose members are query parameters, or one JSON document.
func (d *decoder) queryString(n *node, p *Parameter) *Parameter {
	if len(d.object(n, "content")) == 0 {
		d.errorf(n.at, "describe the query by content: application/x-www-form-urlencoded: schema", "parameter %s stands for the whole query and has no content", p.Name)
		return nil
	}
	p.In, p.Style, p.Explode, p.Whole = "query", "form", true, true
	d.parameterSchema(n, p)
	if p.Content != "application/x-www-form-urlencoded" && p.Content != "application/json" && !strings.HasSuffix(p.Content, "+json") {
		d.errorf(n.at, "write application/x-www-form-urlencoded or application/json", "parameter %s is the whole query as %s, which is not supported", p.Name, p.Content)
		return nil
	}
	return p
}

func (d *decoder) checkIn(n *node, p *Parameter) bool {
	if _, ok := styles[p.In]; ok {
		return true
	}
	at := n.at
	if in := n.get("in"); in != nil {
		at = in.at
	}
	switch p.In {
	case "":
		d.errorf(at, "add in: path, query, header or cookie", "parameter %s does not say where it is", p.Name)
	case "body", "formData":
		d.errorf(at, "in OpenAPI 3 the body of a request is described by requestBody", "parameter %s is in %s, which is OpenAPI 2.0", p.Name, p.In)
	default:
		d.errorf(at, d.oneOf(p.In, "path", "query", "header", "cookie"), "parameter %s is in the unknown place %s", p.Name, p.In)
	}
	return false
}

// style fills in style and explode, with their defaults.
func (d *decoder) style(n *node, p *Parameter) {
	p.Style = d.text(n, "style")
	if p.Style != "" && !slices.Contains(styles[p.In], p.Style) && !(d.converted && p.Style == tabDelimited) {
		d.warnf(n.get("style").at, d.oneOf(p.Style, styles[p.In]...), "%s parameter %s cannot have style %s; %s is used", p.In, p.Name, p.Style, styles[p.In][0])
		p.Style = ""
	}
	if p.Style == "" {
		p.Style = styles[p.In][0]
	}
	p.Explode = p.Style == "form" || p.Style == "cookie"
	if n.get("explode") != nil {
		p.Explode = d.flag(n, "explode")
	}
}

func (d *decoder) parameterSchema(n *node, p *Parameter) {
	if s := n.get("schema"); s != nil {
		p.Schema = d.schema(s)
		return
	}
	if c := d.object(n, "content"); len(c) > 0 {
		if len(c) > 1 {
			d.warnf(c[1].at, "", "parameter %s has more than one media type; %s is used", p.Name, c[0].key)
		}
		mt := d.mediaType(c[0])
		p.Content, p.Schema = mt.Type, mt.Schema
		if p.Schema == nil {
			p.Schema = &Schema{Pos: mt.Pos}
		}
		return
	}
	p.Schema = d.looseSchema(n, "parameter")
}

// looseSchema is the schema of a parameter or header that has none: the
// keywords of OpenAPI 2.0 on the object itself, else a string.
func (d *decoder) looseSchema(n *node, what string) *Schema {
	if t := n.get("type"); t != nil {
		d.oftenf(t.at, "put the type into a field schema, as OpenAPI 3 does", "a %s has a type of its own, which is OpenAPI 2.0", what)
		return d.schema(loose(n, nil))
	}
	d.warnf(n.at, "add a schema", "a %s has no schema; it is taken as a string", what)
	return &Schema{Pos: d.pos(n.at), Types: []string{"string"}}
}

// looseKeys are the keywords of a schema that 2.0 has on parameters and headers.
var looseKeys = []string{"type", "format", "items", "enum", "default", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum",
	"multipleOf", "minLength", "maxLength", "pattern", "minItems", "maxItems", "uniqueItems", "nullable", "const"}

// loose makes a schema of these keywords, and of those that also says to take.
func loose(n *node, also func(key string) bool) *node {
	out := &node{kind: objectNode, at: n.at}
	for _, m := range n.members {
		if slices.Contains(looseKeys, m.key) || also != nil && also(m.key) {
			out.add(m)
		}
	}
	return out
}
