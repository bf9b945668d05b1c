package model

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/apigen-go/apigen/generator/internal/spec"
)

// operations builds every operation, its parameters, bodies and answers.
func (b *builder) operations(doc *spec.Document) {
	methods := scope{}
	routes := map[string]*Operation{}
	for _, path := range doc.Paths {
		for _, so := range path.Operations {
			o := b.operation(so, methods)
			shape := so.Method + " " + templated.ReplaceAllString(so.Path, "{}")
			if first := routes[shape]; first != nil {
				o.Shadow = first
				b.diags.Warnf(so.Pos, "give one of the two another path",
					"%s %s can never be reached: %s %s takes all of its requests", so.Method, so.Path, first.Method, first.Path)
			} else {
				routes[shape] = o
			}
			b.p.Operations = append(b.p.Operations, o)
		}
	}
	b.group(doc)
}

var templated = regexp.MustCompile(`\{[^}]*\}`)

func (b *builder) operation(so *spec.Operation, methods scope) *Operation {
	id := so.ID
	if id == "" {
		id = derivedID(so)
	}
	o := &Operation{
		ID: id, Method: so.Method, Path: so.Path, Summary: so.Summary, Doc: so.Description,
		Pos: so.Pos, Deprecated: so.Deprecated, Spec: so,
	}
	name := Exported(id)
	if v, ok := so.Extensions["x-go-name"]; ok {
		name = Exported(unquote(v.JSON))
	}
	o.Name = methods.pick(name)
	o.Request = b.names.pick(o.Name+"Request", o.Name+"Input")
	b.params(o, so)
	if so.Body != nil {
		o.Body = b.requestBody(o, so.Body)
	}
	b.answers(o, so)
	return o
}

// derivedID makes an id of an operation that has none: "GET /books/{id}" becomes
// "get books by id".
func derivedID(so *spec.Operation) string {
	path := strings.NewReplacer("{", " by ", "}", " ").Replace(so.Path)
	return strings.ToLower(so.Method) + " " + path
}

func (b *builder) params(o *Operation, so *spec.Operation) {
	fields := scope{"Body": true}
	var list []*spec.Parameter
	for _, m := range templated.FindAllString(so.Path, -1) {
		name := strings.Trim(m, "{}")
		for _, p := range so.Parameters {
			if p.In == "path" && p.Name == name && !slices.Contains(list, p) {
				list = append(list, p)
			}
		}
	}
	for _, p := range so.Parameters {
		if p.In != "path" && !(p.In == "header" && ownHeader(p.Name)) {
			list = append(list, p)
		}
	}
	for _, sp := range list {
		name := goName(sp.Schema, Exported(sp.Name))
		u := b.use(sp.Schema, o.Name+name)
		p := &Param{
			Wire: sp.Name, In: In(sp.In), Doc: sp.Description, Type: u.Type, Rules: u.Rules,
			Required: sp.Required, Default: u.Default, Style: sp.Style, Explode: sp.Explode,
			JSON: sp.Content != "", Pos: sp.Pos, Schema: sp.Schema,
		}
		if p.Doc == "" {
			p.Doc = u.Doc
		}
		if !p.JSON && !textual(u.Type) {
			b.diags.Warnf(sp.Pos, "", "parameter %q is an object; it is passed on as text", sp.Name)
			p.Type, p.Rules = &Type{Kind: String}, noRules()
		}
		if !p.Type.Scalar() || p.Type.Kind == Bytes || p.Type.Kind == Time || p.Type.Kind == Date {
			p.Default = ""
		}
		p.Name = fields.pick(name, name+Exported(sp.In))
		o.Params = append(o.Params, p)
	}
}

// ownHeader reports header parameters that OpenAPI says are to be ignored, and
// Accept-Encoding, which HTTP clients set on their own.
func ownHeader(name string) bool {
	switch strings.ToLower(name) {
	case "accept", "accept-encoding", "content-type", "authorization":
		return true
	}
	return false
}

// textual reports whether a parameter of the type can be read from text: a
// scalar, or a list of scalars.
func textual(t *Type) bool {
	return t.Scalar() || t.Kind == Slice && t.Elem.Scalar() && !t.Declared() || t.Kind == Raw
}

func (b *builder) requestBody(o *Operation, body *spec.RequestBody) *Body {
	out := b.body(body.Content, o.Name+"Body")
	if out == nil {
		return nil
	}
	out.Required = body.Required
	if out.Kind == FormBody && !flat(out.Type) {
		b.diags.Warnf(body.Pos, "", "the form of %s has members that are no scalars; the body is passed on unread", o.ID)
		out.Kind, out.Type = StreamBody, nil
	}
	return out
}

// flat reports whether a form can fill the type: a struct of scalars and lists of them.
func flat(t *Type) bool {
	return t.Kind == Struct && !slices.ContainsFunc(t.Fields, func(f *Field) bool {
		return !textual(f.Type) || f.Type.Kind == Raw
	})
}

// body chooses the media type to support: JSON before forms before text before
// anything else. nil means no content.
func (b *builder) body(content []*spec.MediaType, hint string) *Body {
	var best *spec.MediaType
	kind := BodyKind(0)
	var also []string
	for _, m := range content {
		switch k := bodyKind(m.Type); {
		case best == nil || k < kind:
			best, kind, also = m, k, nil
		case k == kind && k == JSONBody && oneSchema(m.Schema, best.Schema):
			also = append(also, m.Type)
		}
	}
	if best == nil {
		return nil
	}
	out := &Body{Kind: kind, Media: best.Type, Also: also, Rules: noRules(), Schema: best.Schema}
	if kind == JSONBody || kind == FormBody {
		u := b.use(best.Schema, hint)
		out.Type, out.Rules, out.Nullable = u.Type, u.Rules, u.Nullable && u.Type.Kind != Raw
	} else if best.Schema != nil {
		out.Rules = rules(best.Schema.Resolve())
	}
	if kind == FormBody && out.Type.Kind != Struct {
		out.Kind, out.Type = StreamBody, nil
	}
	return out
}

func bodyKind(media string) BodyKind {
	base, _, _ := strings.Cut(media, ";")
	switch {
	case base == "application/json" || base == "text/json" || strings.HasSuffix(base, "+json") || base == "*/*":
		return JSONBody
	case base == "application/x-www-form-urlencoded":
		return FormBody
	case strings.HasPrefix(base, "text/"):
		return TextBody
	}
	return StreamBody
}

func oneSchema(a, b *spec.Schema) bool {
	return a == b || a != nil && b != nil && a.Resolve() == b.Resolve()
}

// answers sorts the declared responses into successes and failures.
func (b *builder) answers(o *Operation, so *spec.Operation) {
	var fallback *spec.Response
	for _, r := range so.Responses {
		status, isRange := statusOf(r.Status)
		switch {
		case r.Status == "default":
			fallback = r
		case status < 200:
		case status < 400:
			o.Successes = append(o.Successes, b.success(o, r, status))
		default:
			f := b.failure(o, r, status)
			o.Failures = append(o.Failures, &FailureUse{Status: status, Range: isRange, Failure: f})
		}
	}
	if fallback != nil {
		if len(o.Successes) == 0 {
			o.Successes = append(o.Successes, b.success(o, fallback, 200))
		}
		o.Failures = append(o.Failures, &FailureUse{Failure: b.failure(o, fallback, 0)})
	}
	slices.SortStableFunc(o.Successes, func(x, y *Success) int { return x.Status - y.Status })
	o.Successes = slices.CompactFunc(o.Successes, func(x, y *Success) bool { return x.Status == y.Status })
	slices.SortStableFunc(o.Failures, func(x, y *FailureUse) int { return x.Status - y.Status })
	if !o.Sealed() {
		return
	}
	o.Response = b.names.pick(o.Name+"Response", o.Name+"Answer")
	for _, s := range o.Successes {
		s.Name = b.names.pick(o.Name + strconv.Itoa(s.Status))
	}
}

// statusOf reads "404" and "4XX".
func statusOf(text string) (status int, isRange bool) {
	if n, err := strconv.Atoi(text); err == nil {
		return n, false
	}
	if len(text) == 3 && strings.EqualFold(text[1:], "xx") {
		return int(text[0]-'0') * 100, true
	}
	return 0, false
}

func (b *builder) success(o *Operation, r *spec.Response, status int) *Success {
	s := &Success{Status: status, Doc: r.Description}
	if status != 204 && status != 304 && o.Method != "HEAD" {
		s.Body = b.body(r.Content, o.Name+"Result")
	}
	if s.Body != nil && s.Body.Kind == FormBody {
		s.Body.Kind, s.Body.Type = StreamBody, nil
	}
	fields := scope{"Body": true}
	for _, h := range r.Headers {
		if platformHeader.MatchString(h.Name) && !h.Required || h.Schema == nil {
			continue
		}
		u := b.use(h.Schema, o.Name+Exported(h.Name))
		if !u.Type.Scalar() {
			u = use{Type: &Type{Kind: String}, Rules: noRules()}
		}
		s.Headers = append(s.Headers, &Param{
			Name: fields.pick(Exported(h.Name)), Wire: h.Name, In: InHeader, Doc: h.Description,
			Type: u.Type, Rules: u.Rules, Required: h.Required, Pos: h.Pos, Schema: h.Schema,
		})
	}
	return s
}

// platformHeader matches the headers that the service sets itself, not the handler.
var platformHeader = regexp.MustCompile(`(?i)^(cache-control|etag|last-modified|retry-after|(x-)?rate-?limit.*|x-request-id|vary|age|date|content-.*|connection|server|strict-transport-security|access-control-.*)$`)

// group sorts the operations into one handler file per tag.
func (b *builder) group(doc *spec.Document) {
	docs := map[string]string{}
	for _, tag := range doc.Tags {
		docs[tag.Name] = tag.Description
	}
	files := scope{"handler": true}
	groups := map[string]*Group{}
	for _, o := range b.p.Operations {
		name := "default"
		if len(o.Spec.Tags) > 0 {
			name = o.Spec.Tags[0]
		}
		g := groups[name]
		if g == nil {
			g = &Group{Name: name, Doc: docs[name], File: files.pick(fileName(name))}
			groups[name] = g
			b.p.Groups = append(b.p.Groups, g)
		}
		o.Group = g
		g.Operations = append(g.Operations, o)
	}
}

// fileName turns a tag into a file name that the go tool gives no meaning:
// no _test, no operating system or architecture at its end.
func fileName(tag string) string {
	name := Snake(tag)
	parts := strings.Split(name, "_")
	if constrained[parts[len(parts)-1]] {
		return name + "_ops"
	}
	return name
}

// constrained holds the last words of a file name that are build constraints.
var constrained = map[string]bool{
	"test": true, "aix": true, "android": true, "darwin": true, "dragonfly": true, "freebsd": true,
	"hurd": true, "illumos": true, "ios": true, "js": true, "linux": true, "nacl": true, "netbsd": true,
	"openbsd": true, "plan9": true, "solaris": true, "wasip1": true, "windows": true, "zos": true,
	"386": true, "amd64": true, "arm": true, "arm64": true, "loong64": true, "mips": true, "mips64": true,
	"mips64le": true, "mipsle": true, "ppc64": true, "ppc64le": true, "riscv64": true, "s390x": true, "wasm": true,
}
