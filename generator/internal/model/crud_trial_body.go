package model

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/apigen-go/apigen/generator/internal/spec"
)

// body fills the body with valid values.
func (b *trialBuilder) body(op *Operation, t *Trial, complete *bool) {
	body := op.Body
	t.Media = mediaType(body)
	switch body.Kind {
	case StreamBody:
		t.Body = "content"
	case MultipartBody:
		b.multipart(op, t, complete)
	case TextBody:
		text, ok := "text", true
		if body.Schema != nil {
			text, ok = SampleText(body.Schema, 0)
		}
		t.Body, *complete = text, *complete && ok
	default:
		schema := body.Schema
		if body.Kind == LinesBody {
			schema = itemSchema(schema)
		}
		text, ok := b.sample(op, schema)
		if v, err := decodeValue(text); body.Kind == FormBody && err == nil {
			text = form(v)
		}
		if body.Only() && ok {
			text, ok = sampleXML(b.project, body.XML, text)
		}
		t.Body, *complete = text, *complete && ok
	}
}

// mediaType returns a media type that the body may have.
func mediaType(body *Body) string {
	switch {
	case !strings.Contains(body.Media, "*"):
		return body.Media
	case body.Kind == JSONBody:
		return "application/json"
	case strings.HasPrefix(body.Media, "*/"), strings.HasPrefix(body.Media, "application/"):
		return "application/octet-stream"
	}
	return strings.Replace(body.Media, "*", "plain", 1)
}

// sample makes up a body whose references point to rows that exist.
func (b *trialBuilder) sample(op *Operation, s *spec.Schema) (string, bool) {
	if s == nil {
		return "{}", true
	}
	text, ok := Sample(s, Request, 4*uint64(len(b.trials)))
	v, err := decodeValue(text)
	if !ok || err != nil {
		return "{}", false
	}
	if op.CRUD == nil {
		return text, true
	}
	item, _ := v.(*object)
	if w := op.CRUD.Wrapper; w != nil && item != nil {
		inner, _ := item.get(w.JSON)
		item, _ = inner.(*object)
	}
	if item == nil {
		return text, true
	}
	for _, in := range op.CRUD.Inputs {
		if in.Field == nil || in.Column.Refs == "" {
			continue
		}
		if _, sent := item.get(in.Field.JSON); !sent {
			continue
		}
		if name := b.saved[findTable(b.project.Tables, in.Column.Refs)]; strings.HasPrefix(name, "${") {
			item.set(in.Field.JSON, name)
		} else if !in.Field.Required {
			*item = *item.without(in.Field.JSON)
		}
	}
	return encodeValue(v), true
}

// multipart makes a multipart body: the values, then the files.
func (b *trialBuilder) multipart(op *Operation, t *Trial, complete *bool) {
	body := op.Body
	const boundary = "apigen"
	t.Media += "; boundary=" + boundary
	var out strings.Builder
	part := func(disposition, text string) {
		fmt.Fprintf(&out, "--%s\r\n%s\r\n%s\r\n", boundary, disposition, text)
	}
	if body.Type == nil && baseMedia(body.Media) != "multipart/form-data" {
		part("Content-Type: text/plain\r\n", "content")
	} else if body.Type != nil {
		text, ok := b.sample(op, body.Type.Schema)
		v, err := decodeValue(text)
		*complete = *complete && ok && err == nil
		for _, f := range fields(v) {
			part(fmt.Sprintf("Content-Disposition: form-data; name=%q\r\n", f[0]), f[1])
		}
	}
	for _, name := range body.Needs {
		part(fmt.Sprintf("Content-Disposition: form-data; name=%q; filename=%q\r\n", name, "file"), "content")
	}
	t.Body = out.String() + "--" + boundary + "--\r\n"
}

func form(v any) string {
	values := url.Values{}
	for _, f := range fields(v) {
		values.Add(f[0], f[1])
	}
	return values.Encode()
}

// fields returns the members of an object as form fields: name and text.
func fields(v any) [][2]string {
	var out [][2]string
	o, _ := v.(*object)
	if o == nil {
		return nil
	}
	for _, m := range o.members {
		out = appendField(out, m.name, m.value, 0)
	}
	return out
}

// appendField adds a member: lists are repeated, objects bracketed.
func appendField(out [][2]string, name string, v any, depth int) [][2]string {
	switch v := v.(type) {
	case string:
		return append(out, [2]string{name, v})
	case number:
		return append(out, [2]string{name, string(v)})
	case bool:
		return append(out, [2]string{name, strconv.FormatBool(v)})
	case []any:
		for i, item := range v {
			inner := name
			if _, isObject := item.(*object); isObject || depth > 0 {
				inner = fmt.Sprintf("%s[%d]", name, i)
			}
			out = appendField(out, inner, item, depth+1)
		}
	case *object:
		for _, m := range v.members {
			out = appendField(out, name+"["+m.name+"]", m.value, depth+1)
		}
	}
	return out
}
