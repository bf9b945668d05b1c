package spec

import (
	"cmp"
	"regexp"
	"strings"
)

// requestBody decodes a request body; nil when it cannot be used.
func (d *decoder) requestBody(item *node) *RequestBody {
	n, _ := d.deref(item)
	if n == nil {
		return nil
	}
	b, ok := d.bodies[n]
	if !ok {
		leave := d.enter(n)
		b = d.newRequestBody(n)
		leave()
		d.bodies[n] = b
	} else {
		d.use(n)
	}
	return b
}

func (d *decoder) newRequestBody(n *node) *RequestBody {
	if !d.isObject(n, "a request body") {
		return nil
	}
	d.checkKeys(n, "a request body", "description", "content", "required")
	b := &RequestBody{Pos: d.pos(n.at), Description: d.note(n, "description"), Required: d.flag(n, "required"), Content: d.content(n)}
	if len(b.Content) == 0 {
		d.warnf(n.at, "add content with a media type", "a request body has no content")
	}
	return b
}

// content decodes a map of media types.
func (d *decoder) content(n *node) []*MediaType {
	var out []*MediaType
	seen := map[string]bool{}
	for _, m := range d.object(n, "content") {
		if isExtension(m.key) {
			continue
		}
		mt := d.mediaType(m)
		if seen[mt.Type] {
			d.warnf(m.at, "", "media type %s is listed twice; the first one counts", m.key)
			continue
		}
		seen[mt.Type] = true
		out = append(out, mt)
	}
	return out
}

func (d *decoder) mediaType(m member) *MediaType {
	mt := &MediaType{Pos: d.pos(m.at), Type: lowerMedia(m.key)}
	if full := shortMedia[mt.Type]; full != "" {
		d.warnf(m.at, "write "+full, "%s is not a media type; it is taken as %s", m.key, full)
		mt.Type = full
	} else if !strings.Contains(mt.Type, "/") {
		d.warnf(m.at, d.oneOf(m.key, "application/json", "text/plain", "application/xml"), "%s is not a media type", m.key)
	}
	n, _ := d.deref(m.value)
	if n == nil || n.kind == nullNode || !d.isObject(n, "a media type") {
		return mt
	}
	d.checkKeys(n, "a media type", "schema", "itemSchema", "example", "examples", "encoding", "prefixEncoding", "itemEncoding")
	if s := n.get("schema"); s != nil {
		mt.Schema = d.schema(s)
	}
	if s := n.get("itemSchema"); s != nil {
		mt.Item = d.schema(s)
	}
	mt.Encoding = d.encodings(n)
	return mt
}

// shortMedia are the media types that some documents say in a word.
var shortMedia = map[string]string{
	"json": "application/json", "xml": "application/xml", "text": "text/plain", "form": "application/x-www-form-urlencoded",
}

// encodings decodes how the members of a form or multipart body travel.
func (d *decoder) encodings(n *node) []*Encoding {
	var out []*Encoding
	for _, m := range d.object(n, "encoding") {
		e, _ := d.deref(m.value)
		if e == nil || isExtension(m.key) || !d.isObject(e, "an encoding") {
			continue
		}
		d.checkKeys(e, "an encoding", "contentType", "headers", "style", "explode", "allowReserved", "encoding", "prefixEncoding", "itemEncoding")
		enc := &Encoding{Pos: d.pos(m.at), Name: m.key, Media: lowerMedia(d.text(e, "contentType")), Style: d.text(e, "style")}
		enc.Explode = enc.Style == "" || enc.Style == "form"
		if e.get("explode") != nil {
			enc.Explode = d.flag(e, "explode")
			enc.Style = cmp.Or(enc.Style, "form")
		}
		out = append(out, enc)
	}
	return out
}

// lowerMedia lowers type and subtype; parameters may be case-sensitive.
func lowerMedia(s string) string {
	typ, params, ok := strings.Cut(strings.TrimSpace(s), ";")
	typ = strings.ToLower(strings.TrimSpace(typ))
	if !ok {
		return typ
	}
	return typ + "; " + strings.TrimSpace(params)
}

var statusRE = regexp.MustCompile(`^([1-5][0-9][0-9]|[1-5]XX|default)$`)

// responses decodes the answers of an operation.
func (d *decoder) responses(op member, n *node) []*Response {
	members := d.object(n, "responses")
	if v := n.get("responses"); v == nil || v.kind == objectNode && len(members) == 0 {
		d.warnf(op.at, `add responses, for example "204": {description: done}`, "an operation has no responses")
	}
	var out []*Response
	for _, m := range members {
		if isExtension(m.key) {
			continue
		}
		status := m.key
		if len(status) == 3 {
			status = strings.ToUpper(status)
		}
		if !statusRE.MatchString(status) {
			hint := `a code like "200", a range like "4XX", or default`
			if strings.EqualFold(status, "default") || d.nearest(status, []string{"default"}) != "" {
				hint = "did you mean default?"
			}
			d.errorf(m.at, hint, "invalid response code %s", m.key)
			continue
		}
		if m.bare {
			d.oftenf(m.at, "write \"200\":", "a response code is not in quotes")
		}
		r, name := d.response(m.value, m.key)
		if r == nil {
			continue
		}
		use := *r
		use.Status, use.Ref = status, name
		if name == "" {
			use.Pos = d.pos(m.at)
		}
		out = append(out, &use)
	}
	return out
}

// response decodes one answer, shared by all that refer to it, and the name of
// the component it came from.
func (d *decoder) response(item *node, key string) (*Response, string) {
	if item.kind == nullNode {
		d.warnf(item.at, "add a description", "response %s is empty", key)
		return &Response{Pos: d.pos(item.at)}, ""
	}
	n, name := d.deref(item)
	if n == nil {
		return nil, ""
	}
	r, ok := d.answers[n]
	if !ok {
		leave := d.enter(n)
		r = d.newResponse(n)
		leave()
		d.answers[n] = r
	} else {
		d.use(n)
	}
	return r, name
}

func (d *decoder) newResponse(n *node) *Response {
	if !d.isObject(n, "a response") {
		return nil
	}
	d.checkKeys(n, "a response", "summary", "description", "headers", "content", "links")
	r := &Response{Pos: d.pos(n.at), Description: d.note(n, "description"), Content: d.content(n)}
	if s := n.get("schema"); s != nil && len(r.Content) == 0 {
		d.warnf(s.at, "move it to content: application/json: schema", "a response has a schema of its own, which is OpenAPI 2.0; it is taken as JSON")
		r.Content = []*MediaType{{Pos: d.pos(s.at), Type: "application/json", Schema: d.schema(s)}}
	}
	for _, m := range d.object(n, "headers") {
		if strings.EqualFold(m.key, "Content-Type") {
			d.warnf(m.at, "the media types under content say it", "response header Content-Type is ignored, as OpenAPI demands")
			continue
		}
		if h := d.header(m); h != nil {
			r.Headers = append(r.Headers, h)
		}
	}
	return r
}

func (d *decoder) header(m member) *Header {
	n, _ := d.deref(m.value)
	if n == nil || !d.isObject(n, "a header") {
		return nil
	}
	d.checkKeys(n, "a header", "description", "required", "deprecated", "style", "explode", "schema", "content", "example", "examples")
	h := &Header{Pos: d.pos(m.at), Name: m.key, Description: d.note(n, "description"), Required: d.flag(n, "required")}
	switch {
	case n.get("schema") != nil:
		h.Schema = d.schema(n.get("schema"))
	case n.get("content") != nil:
		for _, mt := range d.content(n) {
			h.Schema = mt.Schema
			break
		}
	default:
		h.Schema = d.looseSchema(n, "header")
	}
	if h.Schema == nil {
		h.Schema = &Schema{Pos: h.Pos, Types: []string{"string"}}
	}
	return h
}
