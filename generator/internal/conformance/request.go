package conformance

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/apigen-go/apigen/generator/internal/model"
	"github.com/apigen-go/apigen/generator/internal/spec"
)

// call is one request to be: an operation with the JSON texts of its parameters
// and its body.
type call struct {
	op     *spec.Operation
	params []param
	body   *payload
	accept string // media type to ask for, "" for any
}

type param struct {
	*spec.Parameter
	value string // JSON text
	text  string // sent instead of value when set, for values of the wrong type
}

// payload is a request body. data is what travels; value is its JSON text when
// the schema describes it.
type payload struct {
	media string
	value string
	data  []byte
}

// clone returns a copy whose parameters and body can be changed.
func (c *call) clone() *call {
	d := *c
	d.params = slices.Clone(c.params)
	if c.body != nil {
		b := *c.body
		d.body = &b
	}
	return &d
}

func isJSON(media string) bool {
	base, _, _ := strings.Cut(media, ";")
	base = strings.TrimSpace(base)
	return base == "application/json" || strings.HasSuffix(base, "+json")
}

// pickMedia returns the media type to send: JSON first, then forms.
func pickMedia(content []*spec.MediaType) *spec.MediaType {
	for _, want := range []func(string) bool{
		isJSON,
		func(m string) bool { return m == "application/x-www-form-urlencoded" },
		func(m string) bool { return strings.HasPrefix(m, "text/") },
	} {
		for _, m := range content {
			if want(m.Type) {
				return m
			}
		}
	}
	if len(content) == 0 {
		return nil
	}
	return content[0]
}

// newPayload makes a body of the media type with the JSON value.
func newPayload(media, value string) *payload {
	p := &payload{media: media, value: value, data: []byte(value)}
	switch {
	case isJSON(media):
	case media == "application/x-www-form-urlencoded":
		p.data = []byte(formOf(value).Encode())
	case media == "multipart/form-data":
		p.media, p.data = multipartOf(value)
	default:
		var text string
		if json.Unmarshal([]byte(value), &text) == nil {
			p.data = []byte(text)
		}
	}
	if strings.Contains(p.media, "*") {
		p.media = "application/octet-stream"
	}
	return p
}

func formOf(value string) url.Values {
	form := url.Values{}
	for _, m := range members(value) {
		var list []json.RawMessage
		if json.Unmarshal(m.value, &list) != nil {
			form.Add(m.name, scalarText(string(m.value)))
		}
		for _, item := range list {
			form.Add(m.name, scalarText(string(item)))
		}
	}
	return form
}

func multipartOf(value string) (media string, data []byte) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	_ = w.SetBoundary("apigen-conformance") // the same bytes in every run
	for _, m := range members(value) {
		h := textproto.MIMEHeader{}
		h.Set("Content-Disposition", fmt.Sprintf("form-data; name=%q; filename=%q", m.name, m.name))
		if part, err := w.CreatePart(h); err == nil {
			_, _ = part.Write([]byte(scalarText(string(m.value)))) // a buffer takes everything
		}
	}
	_ = w.Close()
	return w.FormDataContentType(), b.Bytes()
}

// request builds the HTTP request.
func (c *call) request(ctx context.Context, base string, schemes []*spec.SecurityScheme, access *Access) (*http.Request, error) {
	path, fixed, _ := strings.Cut(strings.Replace(c.op.Path, "#", "?", 1), "?")
	var query []string
	if fixed = strings.Trim(fixed, "?"); fixed != "" {
		query = append(query, fixed)
	}
	header := http.Header{}
	var cookies []string
	for _, p := range c.params {
		switch p.In {
		case "path":
			path = expression(p.Name).ReplaceAllLiteralString(path, p.inPath())
		case "query":
			query = append(query, p.inQuery()...)
		case "header":
			header.Set(p.Name, p.simple())
		case "cookie":
			cookies = append(cookies, p.Name+"="+url.QueryEscape(p.simple()))
		}
	}
	query, cookies = authenticate(c.op, schemes, access, header, query, cookies)
	if len(cookies) > 0 {
		header.Set("Cookie", strings.Join(cookies, "; "))
	}
	target := base + escapeStatic(path)
	if len(query) > 0 {
		target += "?" + strings.Join(query, "&")
	}
	var body []byte
	if c.body != nil {
		body = c.body.data
		header.Set("Content-Type", c.body.media)
	}
	req, err := http.NewRequestWithContext(ctx, c.op.Method, target, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("build request: %w", err)
	}
	if c.accept != "" {
		header.Set("Accept", c.accept)
	}
	req.Header = header
	return req, nil
}

// expression matches a parameter in a path template, with the operators of RFC 6570.
func expression(name string) *regexp.Regexp {
	return regexp.MustCompile(`\{[+.;]?` + regexp.QuoteMeta(name) + `\*?\}`)
}

// escapeStatic percent-encodes what a path template may hold as it stands.
func escapeStatic(path string) string {
	var b strings.Builder
	for i := range len(path) {
		if c := path[i]; c > ' ' && c < 0x7f && !strings.ContainsRune("\"<>\\^`{|}?#", rune(c)) {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// authenticate adds credentials for the first security alternative.
func authenticate(op *spec.Operation, schemes []*spec.SecurityScheme, access *Access, h http.Header, query, cookies []string) ([]string, []string) {
	if len(op.Security) == 0 {
		return query, cookies
	}
	for _, use := range op.Security[0] {
		i := slices.IndexFunc(schemes, func(s *spec.SecurityScheme) bool { return s.Key == use.Name })
		if i < 0 {
			continue
		}
		s := schemes[i]
		credential := access.credential(s, use.Scopes)
		switch {
		case credential == "":
		case s.Type == "apiKey" && s.In == "query":
			query = append(query, url.QueryEscape(s.Name)+"="+url.QueryEscape(credential))
		case s.Type == "apiKey" && s.In == "cookie":
			cookies = append(cookies, s.Name+"="+credential)
		case s.Type == "apiKey":
			h.Set(s.Name, credential)
		default:
			h.Set("Authorization", credential)
		}
	}
	return query, cookies
}

// line describes the request for reports.
func (c *call) line(req *http.Request) string {
	s := req.Method + " " + req.URL.RequestURI()
	for _, p := range c.params {
		if p.In == "header" || p.In == "cookie" {
			s += fmt.Sprintf(" [%s %s: %s]", p.In, p.Name, p.simple())
		}
	}
	if c.body != nil {
		s += " " + shorten(string(c.body.data), 300)
	}
	return s
}

// bodyOf samples the body of an operation; nil when it takes none.
func bodyOf(op *spec.Operation, seed uint64) (*payload, error) {
	if op.Body == nil {
		return nil, nil
	}
	media := pickMedia(op.Body.Content)
	if media == nil {
		return nil, nil
	}
	schema := media.Schema
	if schema == nil {
		schema = &spec.Schema{Types: []string{"string"}}
	}
	value, ok := model.Sample(schema, model.Request, seed)
	switch {
	case ok:
		return newPayload(media.Type, value), nil
	case op.Body.Required:
		return nil, fmt.Errorf("no sample for the body of %s %s", op.Method, op.Path)
	}
	return nil, nil
}
