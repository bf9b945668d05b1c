package model

import (
	"cmp"
	"slices"
	"strings"

	"github.com/apigen-go/apigen/generator/internal/spec"
)

// requestBody is the payload of an operation. Further media types that carry a
// value of another type become fields of their own.
func (b *builder) requestBody(o *Operation, body *spec.RequestBody, fields scope) {
	list := b.bodies(body.Content, o.Name+"Body", true)
	if len(list) == 0 {
		return
	}
	o.Body = list[0]
	o.Body.Required, o.Body.Field = body.Required, "Body"
	for _, more := range list[1:] {
		if more.Type != nil && more.Type == o.Body.Type && more.Kind == FormBody && o.Body.Kind == JSONBody {
			o.Body.Form = more
			continue
		}
		more.Required, more.Field = body.Required, fields.pick("Body"+mediaName(more))
		o.Body.Others = append(o.Body.Others, more)
	}
	for _, one := range o.Bodies() {
		one.Choice = len(o.Body.Others) > 0
		if one.Type != nil && len(one.Files) > 0 {
			one.Parts = fields.pick("Files", "BodyFiles")
		}
		if one.open() {
			o.ContentType = "ContentType"
		}
	}
	if o.ContentType != "" {
		o.ContentType = fields.pick(o.ContentType, "BodyContentType")
	}
}

// open reports whether a reader has to be told which media type it got.
func (b *Body) open() bool {
	return (b.Kind == StreamBody || b.Kind == TextBody) && (len(b.Also) > 0 || strings.Contains(b.Media, "*"))
}

// Bodies lists the payloads that a request may have.
func (o *Operation) Bodies() []*Body {
	if o.Body == nil {
		return nil
	}
	return append([]*Body{o.Body}, o.Body.Others...)
}

// Accepts lists the media types of the payload as a client may send them.
func (b *Body) Accepts() []string {
	list := append([]string{b.Media}, b.Also...)
	if b.XML != nil {
		list = append(list, b.XML.Others(b)...)
	}
	if b.Form != nil {
		list = append(list, b.Form.Media)
	}
	return list
}

// mediaName names the field for a further media type.
func mediaName(b *Body) string {
	switch b.Kind {
	case FormBody:
		return "Form"
	case MultipartBody:
		return "Multipart"
	case TextBody:
		return "Text"
	case StreamBody:
		return "Stream"
	case LinesBody:
		return "Lines"
	}
	return mediaWord(b.Media)
}

// mediaWord is the Go name of a media type: "PNG" of image/png.
func mediaWord(media string) string {
	base, _, _ := strings.Cut(media, ";")
	kind, sub, _ := strings.Cut(base, "/")
	sub = strings.TrimPrefix(sub, "x-")
	switch {
	case sub == "*" || sub == "":
		return Exported(kind)
	case sub == "event-stream":
		return "Events"
	case sub == "plain":
		return "Text"
	}
	return Exported(sub)
}

// body is the payload of a failure, which has one media type: JSON before text
// before anything else. nil means no content.
func (b *builder) body(content []*spec.MediaType, hint string) *Body {
	list := b.bodies(content, hint, false)
	if len(list) == 0 {
		return nil
	}
	out := list[0]
	if out.Kind == EventBody || out.Kind == LinesBody {
		out.Kind, out.Type = StreamBody, nil
	}
	if !isXML(out.Media) {
		out.XML = nil // who makes the answer knows nothing of the request
	}
	return out
}

// bodies turns the media types of a payload into what the service can tell
// apart, the preferred one first. XML that holds the same value as JSON goes with
// it; other notations of it are left out where there is JSON.
func (b *builder) bodies(content []*spec.MediaType, hint string, request bool) []*Body {
	sorted := slices.Clone(content)
	slices.SortStableFunc(sorted, func(x, y *spec.MediaType) int {
		return cmp.Or(cmp.Compare(mediaKind(x), mediaKind(y)), compareXML(x.Type, y.Type))
	})
	var out []*Body
	var first []*spec.MediaType
	for _, m := range sorted {
		kind := mediaKind(m)
		if i := notationOf(first, m); i >= 0 {
			out[i].addXML(m)
			continue
		}
		if len(first) > 0 && kind == JSONBody && isXML(m.Type) {
			b.diags.Warnf(m.Pos, "describe the same members there", "%s is not offered: it holds other values than %s", m.Type, first[0].Type)
			continue
		}
		if i := sameMedia(first, m); i >= 0 && (request || kind == JSONBody) {
			out[i].Also = append(out[i].Also, m.Type)
			continue
		}
		if len(first) > 0 && (!distinct(first[0], m, request) || slices.ContainsFunc(first, func(f *spec.MediaType) bool { return baseMedia(f.Type) == baseMedia(m.Type) })) {
			continue
		}
		name := hint
		if len(out) > 0 {
			name += mediaWord(m.Type)
		}
		out, first = append(out, b.payload(m, kind, name, request)), append(first, m)
	}
	return out
}

func baseMedia(media string) string {
	base, _, _ := strings.Cut(media, ";")
	return strings.TrimSpace(base)
}

// sameMedia returns the number of the media type that is read the same way as m,
// or -1.
func sameMedia(first []*spec.MediaType, m *spec.MediaType) int {
	kind := mediaKind(m)
	return slices.IndexFunc(first, func(f *spec.MediaType) bool {
		switch {
		case mediaKind(f) != kind || isXML(f.Type) != isXML(m.Type):
			return false
		case kind == StreamBody || kind == TextBody:
			return true
		}
		return kind == JSONBody && oneSchema(m.Schema, f.Schema)
	})
}

// distinct reports whether a media type has something of its own to say beside
// the preferred one.
func distinct(best, m *spec.MediaType, request bool) bool {
	kind := mediaKind(m)
	switch {
	case mediaKind(best) != JSONBody:
		return true
	case kind == FormBody:
		return request
	case kind == EventBody || kind == LinesBody || kind == MultipartBody:
		return true
	case isXML(m.Type), strings.HasSuffix(baseMedia(m.Type), "yaml"):
		return false
	case kind == TextBody || kind == StreamBody:
		return (m.Schema != nil || request && kind == StreamBody) && !oneSchema(m.Schema, best.Schema) && (request || !strings.Contains(m.Type, "*"))
	}
	return !oneSchema(m.Schema, best.Schema)
}

// payload is the body of one media type.
func (b *builder) payload(m *spec.MediaType, kind BodyKind, hint string, request bool) *Body {
	out := &Body{Kind: kind, Media: m.Type, Rules: noRules(), Schema: m.Schema}
	switch {
	case kind == MultipartBody && request:
		b.multipart(out, m, hint)
		return out
	case kind == MultipartBody, kind == FormBody && !request,
		kind == EventBody && (request || m.Schema == nil && m.Item == nil), kind == LinesBody && m.Schema == nil && m.Item == nil:
		out.Kind = StreamBody
		return out
	}
	if kind == TextBody || kind == StreamBody {
		if r := resolved(m.Schema); r != nil && (len(r.Types) == 0 || slices.Contains(r.Types, "string")) {
			out.Rules = rules(r)
		}
		return out
	}
	schema := m.Schema
	if kind == EventBody || kind == LinesBody {
		schema = cmp.Or(m.Item, itemSchema(schema))
		hint += "Item"
	}
	u := b.use(schema, hint)
	out.Type, out.Rules, out.Nullable = u.Type, u.Rules, u.Nullable && u.Type.Kind != Raw
	if kind == JSONBody && isXML(m.Type) {
		out.addXML(m)
	}
	out.Fields = kind == EventBody && m.Item != nil && isEvent(u.Type)
	if kind == FormBody {
		out.Nullable = false
		if !formType(u.Type) {
			out.Kind, out.Type = StreamBody, nil
			return out
		}
		out.Encodings = encodings(m, u.Type)
	}
	return out
}

// itemSchema is what each event or line of a stream holds.
func itemSchema(s *spec.Schema) *spec.Schema {
	if s == nil {
		return nil
	}
	if r := s.Resolve(); r.Items != nil && slices.Contains(r.Types, "array") {
		return r.Items
	}
	return s
}

// isEvent reports whether a type describes an event with its fields rather than
// the data of one, as itemSchema does from OpenAPI 3.2 on.
func isEvent(t *Type) bool {
	data := false
	for _, f := range t.Fields {
		data = data || f.JSON == "data"
		if !slices.Contains([]string{"data", "event", "id", "retry"}, f.JSON) {
			return false
		}
	}
	return data
}

func resolved(s *spec.Schema) *spec.Schema {
	if s == nil {
		return nil
	}
	return s.Resolve()
}

// formType reports whether a form can fill the type.
func formType(t *Type) bool { return t.Kind == Struct || t.Kind == Map || t.Kind == Union }

// encodings lists the members of a form that are not written the usual way:
// lists repeated, objects with brackets.
func encodings(m *spec.MediaType, t *Type) []*Encoding {
	var out []*Encoding
	for _, f := range t.Fields {
		e := &Encoding{Name: f.JSON}
		i := slices.IndexFunc(m.Encoding, func(e *spec.Encoding) bool { return e.Name == f.JSON })
		switch {
		case i >= 0 && strings.HasSuffix(baseMedia(m.Encoding[i].Media), "json"):
			e.JSON = true
		case i >= 0 && m.Encoding[i].Style != "" && !m.Encoding[i].Explode:
			e.Sep = delimiter(m.Encoding[i].Style)
			e.Pairs = f.Type.Kind == Struct || f.Type.Kind == Map
		case strings.Contains(f.JSON, "["): // the brackets belong to the name
		case i < 0 && structured(f.Type):
			e.JSON = true // what OpenAPI says where the document says nothing
		default:
			continue
		}
		out = append(out, e)
	}
	return out
}

func delimiter(style string) string {
	switch style {
	case "spaceDelimited":
		return " "
	case "pipeDelimited":
		return "|"
	case "tabDelimited":
		return "\t"
	}
	return ","
}

// structured reports whether a value of the type is more than a scalar or a list
// of scalars, whatever the alternatives of a union.
func structured(t *Type) bool { return structuredBelow(t, 0) }

func structuredBelow(t *Type, depth int) bool {
	switch t.Kind {
	case Struct, Map, Raw:
		return true
	case Custom:
		return !t.Scalar()
	case Slice:
		return depth > maxDepth || structuredBelow(t.Elem, depth+1)
	case Union:
		return depth > maxDepth || slices.ContainsFunc(t.Variants, func(v *Variant) bool { return structuredBelow(v.Type, depth+1) })
	}
	return false
}

// multipart makes a struct of the members that are no files; the files and
// whatever else there is come as a stream of parts.
func (b *builder) multipart(out *Body, m *spec.MediaType, hint string) {
	if m.Schema == nil || baseMedia(m.Type) != "multipart/form-data" {
		return
	}
	split := &splitter{media: m, files: map[string]bool{}, seen: map[*spec.Schema]bool{}}
	values := split.values(m.Schema)
	out.Files, out.Needs = split.names, split.needs
	if values == nil {
		return
	}
	u := b.use(values, hint)
	if u.Type.Kind != Struct || len(u.Type.Fields) == 0 {
		return
	}
	out.Type, out.Rules = u.Type, u.Rules
	out.Encodings = encodings(m, u.Type)
}

// splitter takes the files out of a schema.
type splitter struct {
	media *spec.MediaType
	files map[string]bool
	names []string
	needs []string
	seen  map[*spec.Schema]bool
}

// values returns the schema without its files, or nil when nothing is left.
func (p *splitter) values(s *spec.Schema) *spec.Schema {
	r := s.Resolve()
	if p.seen[r] {
		return r
	}
	p.seen[r] = true
	defer delete(p.seen, r)
	cp := *r
	cp.Properties, cp.Required, cp.AllOf = nil, nil, nil
	for _, prop := range r.Properties {
		if p.file(prop) {
			if !p.files[prop.Name] {
				p.files[prop.Name], p.names = true, append(p.names, prop.Name)
			}
			continue
		}
		cp.Properties = append(cp.Properties, prop)
	}
	for _, part := range r.AllOf {
		if v := p.values(part); v != nil {
			cp.AllOf = append(cp.AllOf, v)
		}
	}
	for _, name := range r.Required {
		switch {
		case !p.files[name]:
			cp.Required = append(cp.Required, name)
		case !slices.Contains(p.needs, name):
			p.needs = append(p.needs, name)
		}
	}
	if len(p.names) == 0 {
		return s
	}
	if len(cp.Properties) == 0 && len(cp.AllOf) == 0 && len(cp.OneOf) == 0 && len(cp.AnyOf) == 0 {
		return nil
	}
	cp.Name = ""
	return &cp
}

// file reports whether a member of a multipart body is a file.
func (p *splitter) file(prop spec.Property) bool {
	s := prop.Schema.Resolve()
	if s.Items != nil && (len(s.Types) == 0 || slices.Contains(s.Types, "array")) {
		s = s.Items.Resolve()
	}
	for _, e := range p.media.Encoding {
		if e.Name == prop.Name && e.Media != "" {
			return !strings.HasPrefix(e.Media, "text/plain") && !strings.HasSuffix(baseMedia(e.Media), "json")
		}
	}
	return s.Format == "binary" || slices.Contains(s.Types, "file") ||
		s.Format == "" && slices.Contains(s.Types, "string") && len(s.Enum) == 0 && s.Extensions["contentMediaType"].JSON != ""
}

func bodyKind(media string) BodyKind {
	base := baseMedia(media)
	switch {
	case base == "application/json" || base == "text/json" || strings.HasSuffix(base, "+json") || base == "*/*":
		return JSONBody
	case base == "application/x-www-form-urlencoded":
		return FormBody
	case strings.HasPrefix(base, "multipart/"):
		return MultipartBody
	case base == "text/event-stream":
		return EventBody
	case slices.Contains([]string{"application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonl", "application/jsonlines", "application/x-json-stream", "application/json-seq"}, base),
		strings.HasSuffix(base, "+json-seq"):
		return LinesBody
	case strings.HasPrefix(base, "text/"):
		return TextBody
	}
	return StreamBody
}

func oneSchema(a, b *spec.Schema) bool {
	return a == b || a != nil && b != nil && a.Resolve() == b.Resolve()
}
