package codec

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// Call writes an HTTP request: what the encoder wrote last becomes the parameter
// or the body that the next method names. Lists and objects without entries are
// left out of queries, headers and cookies, which cannot tell them from nothing.
type Call struct {
	Encoder
	Method string
	// Redirects is set for operations that answer with a redirection: it is
	// returned, not followed.
	Redirects bool

	path    strings.Builder // escaped
	rest    string          // of the template
	query   []string
	cookies []string
	header  http.Header
	body    io.Reader
	err     error // the first thing that no request can carry
}

// NewCall starts a request. The parameters of the path template must be written
// in its order; what follows a ? in it is part of every request.
func NewCall(method, template string) *Call {
	c := &Call{Method: method, header: http.Header{}}
	c.request = true
	template, query, ok := strings.Cut(template, "?")
	if ok {
		c.query = []string{query}
	}
	c.rest = template
	c.literal()
	return c
}

// literal copies the template up to its next parameter.
func (c *Call) literal() {
	text, rest, more := strings.Cut(c.rest, "{")
	c.path.WriteString(escape(text, "/:@!$&'()*+,;=%"))
	c.rest = ""
	if more {
		c.rest = rest
	}
}

// take returns what was written and makes room for the next value.
func (c *Call) take(in, name string) *node {
	v, err := parseNode(c.buf)
	c.buf = c.buf[:0]
	if err = cmp.Or(c.Encoder.err, err); err != nil {
		c.fail(in, name, err)
		return &node{}
	}
	return v
}

func (c *Call) fail(in, name string, err error) {
	if c.err == nil {
		c.err = fmt.Errorf("encode %s parameter %s: %w", in, name, err)
	}
}

// Path writes the next parameter of the path: in the style simple, label or
// matrix, or as JSON.
func (c *Call) Path(name, style string, explode bool) {
	expr, rest, _ := strings.Cut(c.rest, "}")
	c.rest = rest
	keep := ""
	if strings.HasPrefix(expr, "+") {
		keep = "/"
	}
	v := c.take("path", name)
	lead, sep := "", ","
	switch {
	case style == "label":
		lead = "."
		if explode {
			sep = "."
		}
	case style == "matrix" && explode:
		lead, sep = ";", ";"
	case style == "matrix":
		lead = ";"
	}
	esc := func(text string) string {
		text = escape(text, keep)
		if style == "label" && explode && v.kind != 0 || strings.Trim(text, ".") == "" {
			text = strings.ReplaceAll(text, ".", "%2E") // or it would be a separator, or a step up
		}
		return text
	}
	text := v.join(style, sep, explode, esc)
	if style == "matrix" && (v.kind != '{' || !explode) {
		name = escape(name, "")
		if v.kind == '[' && explode {
			text = strings.ReplaceAll(text, ";", ";"+name+"=")
		}
		lead += name + "="
	}
	if text == "" {
		c.fail("path", name, errors.New("it is empty"))
	}
	c.path.WriteString(lead + text)
	c.literal()
}

// Query writes a query parameter: in the style form, spaceDelimited,
// pipeDelimited or deepObject, or as JSON.
func (c *Call) Query(name, style string, explode bool) {
	v := c.take("query", name)
	switch {
	case v.kind == 'n':
	case style == "deepObject":
		c.pairs(v.fields(name, nil))
	case v.kind == '[' && explode && style != "json":
		for _, item := range v.items {
			c.pairs([]formField{{name: name, text: item.text()}})
		}
	case v.kind == '{' && explode && style != "json":
		for i, item := range v.items {
			c.pairs(item.fields(v.names[i], nil))
		}
	default:
		sep := map[string]string{"spaceDelimited": "%20", "pipeDelimited": "%7C"}[style]
		if text := v.join(style, cmp.Or(sep, ","), false, url.QueryEscape); text != "" || v.kind == 0 {
			c.query = append(c.query, url.QueryEscape(name)+"="+text)
		}
	}
}

// pairs adds fields to the query.
func (c *Call) pairs(fields []formField) {
	for _, f := range fields {
		c.query = append(c.query, url.QueryEscape(f.name)+"="+url.QueryEscape(f.text))
	}
}

// Header writes a header: as text, lists and objects with commas, or as JSON.
func (c *Call) Header(name, style string, explode bool) {
	v := c.take("header", name)
	text := v.join(style, ",", explode, plain)
	if v.kind != 0 && text == "" || v.kind == 'n' {
		return
	}
	if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
		c.fail("header", name, errors.New("it holds a control character"))
		return
	}
	c.header.Add(name, text)
}

// Cookie writes a cookie, or one for each member of an object when explode is set.
func (c *Call) Cookie(name, style string, explode bool) {
	v := c.take("cookie", name)
	esc := func(text string) string { return escape(text, "/:@!$&'()*+=") }
	switch {
	case v.kind == 'n' || v.kind != 0 && len(v.items) == 0:
	case v.kind == '{' && explode && style != "json":
		for i, item := range v.items {
			c.cookies = append(c.cookies, v.names[i]+"="+esc(item.text()))
		}
	default:
		c.cookies = append(c.cookies, name+"="+v.join(style, ",", false, esc))
	}
}

// Accept asks for one of the media types, the first one before the others.
func (c *Call) Accept(list string) { c.header.Set("Accept", list) }

// JSONBody makes what was written the body.
func (c *Call) JSONBody(media string) {
	if c.Encoder.err != nil && c.err == nil {
		c.err = fmt.Errorf("encode body: %w", c.Encoder.err)
	}
	c.StreamBody(media, bytes.NewReader(bytes.Clone(c.buf)))
	c.buf = c.buf[:0]
}

// FormBody makes what was written a form. The encodings are those of members
// that are not written the usual way.
func (c *Call) FormBody(media string, encodings ...Encoding) {
	values := c.form(encodings)
	text := make([]string, len(values))
	for i, v := range values {
		text[i] = url.QueryEscape(v.name) + "=" + url.QueryEscape(v.text)
	}
	c.StreamBody(media, strings.NewReader(strings.Join(text, "&")))
}

// StreamBody makes a text or a file the body. Nil is none.
func (c *Call) StreamBody(media string, body io.Reader) {
	if body == nil {
		return
	}
	c.body = body
	c.header.Set("Content-Type", media)
}

// Request returns the request to the service at base. A body that is no text in
// memory is sent once only.
func (c *Call) Request(ctx context.Context, base *url.URL) (*http.Request, error) {
	if c.err != nil {
		return nil, c.err
	}
	target := *base
	target.RawPath = strings.TrimSuffix(base.EscapedPath(), "/") + c.path.String()
	plain, err := url.PathUnescape(target.RawPath)
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	target.Path = plain
	target.RawQuery = strings.Join(append(strings.Fields(base.RawQuery), c.query...), "&")
	req, err := http.NewRequestWithContext(ctx, c.Method, target.String(), c.body)
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	for name, values := range c.header {
		req.Header[name] = values
	}
	if len(c.cookies) > 0 {
		req.Header.Set("Cookie", strings.Join(c.cookies, "; "))
	}
	if host := c.header.Get("Host"); host != "" {
		req.Host = host
	}
	return req, nil
}

// ReadOnly reports whether read-only members are to be written. They never are
// in a request.
func (e *Encoder) ReadOnly() bool { return !e.request }

// escape percent-encodes everything but letters, digits, -._~ and what keep lists.
func escape(text, keep string) string {
	var out strings.Builder
	for i := range len(text) {
		b := text[i]
		switch {
		case 'a' <= b && b <= 'z', 'A' <= b && b <= 'Z', '0' <= b && b <= '9', strings.IndexByte("-._~", b) >= 0, strings.IndexByte(keep, b) >= 0:
			out.WriteByte(b)
		default:
			fmt.Fprintf(&out, "%%%02X", b)
		}
	}
	return out.String()
}
