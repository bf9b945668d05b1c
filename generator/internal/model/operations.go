package model

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/apigen-go/apigen/generator/internal/spec"
)

// occupied holds the methods that no operation can be: a handler embeds
// Unimplemented, and go vet wants the others to be what they are elsewhere.
var occupied = scope{
	"Unimplemented": true, "GobDecode": true, "GobEncode": true, "MarshalJSON": true, "MarshalXML": true, "ReadByte": true, "ReadRune": true,
	"UnmarshalJSON": true, "UnmarshalXML": true, "UnreadByte": true, "UnreadRune": true, "WriteByte": true,
}

// operations builds every operation, its parameters, bodies and answers.
func (b *builder) operations(doc *spec.Document) {
	methods := newNaming(maps.Clone(occupied), b.earlier, func(key string) bool {
		return strings.HasPrefix(key, operationKey) && b.alive(key)
	})
	routes := map[string]*Operation{}
	for _, path := range doc.Paths {
		for _, so := range path.Operations {
			o := b.operation(so, methods)
			shape := routeShape(so)
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
	b.nameFailures()
	b.names.given = append(b.names.given, methods.given...)
	b.group(doc)
}

func (b *builder) operation(so *spec.Operation, methods *naming) *Operation {
	id := so.ID
	if id == "" {
		id = derivedID(so)
	}
	o := &Operation{
		ID: id, Method: so.Method, Path: so.Path, Summary: so.Summary, Doc: so.Description,
		Pos: so.Pos, Deprecated: so.Deprecated, Spec: so,
	}
	if name := asked(so.Extensions, ""); name != "" {
		o.Name = methods.must(operationKey+operationOf(so), name)
	} else {
		b.nameOperation(o, methods)
	}
	o.Request = b.names.pin(requestKey+operationOf(so), o.Name+"Request", o.Name+"Input")
	fields := scope{"Body": true}
	b.params(o, so, fields)
	if so.Body != nil {
		b.requestBody(o, so.Body, fields)
	}
	b.answers(o, so)
	o.Limit = b.limit(o, so)
	o.Priority = b.priority(so)
	if slices.ContainsFunc(o.Successes, func(s *Success) bool { return s.Other }) {
		o.Accept = fields.pick("Accept", "AcceptMedia")
	}
	return o
}

// nameOperation gives an operation its method. Where another document has one of
// the same id, the name of its own goes before both.
func (b *builder) nameOperation(o *Operation, methods *naming) {
	key, names := operationKey+operationOf(o.Spec), candidates(o.ID, Exported(o.ID), o.Spec.Origin)
	earlier := methods.pinned[key]
	o.Name = methods.pin(key, names...)
	if len(names) < 2 || o.Name != names[1] || names[0] == names[1] {
		return
	}
	id := o.ID
	o.ID = o.Spec.Origin.Name + "_" + id
	i := slices.IndexFunc(b.p.Operations, func(other *Operation) bool { return other.Name == names[0] })
	if i >= 0 && earlier != o.Name {
		b.diags.Warnf(o.Pos, `choose another one with "x-go-name", or give it an operationId of its own`,
			"operation %s has the name of the one in %s: it becomes %s", id, b.p.Operations[i].Pos, o.ID)
	}
}

// derivedID makes an id of an operation that has none: "GET /books/{id}" becomes
// "get books by id".
func derivedID(so *spec.Operation) string {
	path := strings.NewReplacer("{", " by ", "}", " ").Replace(so.Path)
	return strings.ToLower(so.Method) + " " + path
}

func (b *builder) params(o *Operation, so *spec.Operation, fields scope) {
	var list []*spec.Parameter
	for _, name := range pathNames(so.Path) {
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
		name := asked(sp.Extensions, goName(sp.Schema, Exported(sp.Name)))
		u := b.use(sp.Schema, o.Name+name)
		p := &Param{
			Wire: sp.Name, In: In(sp.In), Doc: sp.Description, Type: u.Type, Rules: u.Rules,
			Required: sp.Required, Default: u.Default, Style: sp.Style, Explode: sp.Explode,
			JSON: sp.Content != "" && bodyKind(sp.Content) == JSONBody, Whole: sp.Whole, Pos: sp.Pos, Schema: sp.Schema,
		}
		p.Empty = sp.AllowEmpty && p.Type.Scalar() && p.Type.Kind != String
		if sp.Content != "" && !p.JSON && !p.Whole && !u.Type.Scalar() {
			p.Type, p.Rules = &Type{Kind: String}, noRules()
		}
		if p.Doc == "" {
			p.Doc = u.Doc
		}
		if p.Default == "null" || !plainScalar(p.Type) && p.Required {
			p.Default = "" // null is what is not sent
		}
		if p.Default != "" && !Valid(sp.Schema, p.Default, Request) {
			b.diags.Warnf(sp.Pos, "", "the default of %s is not valid and is not filled in: %s", sp.Name, p.Default)
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

// answers sorts the declared responses into successes and failures.
func (b *builder) answers(o *Operation, so *spec.Operation) {
	var fallback *spec.Response
	for _, r := range so.Responses {
		status, isRange := statusOf(r.Status)
		switch {
		case r.Status == "default":
			fallback = r
		case status < 200:
		case slices.ContainsFunc(o.Successes, func(s *Success) bool { return s.Status == status }): // 200 beside 2XX
		case status < 400:
			o.Successes = append(o.Successes, b.successes(o, r, status, isRange)...)
		default:
			f := b.failure(o, r, status, isRange)
			o.Failures = append(o.Failures, &FailureUse{Status: status, Range: isRange, Failure: f})
		}
	}
	if fallback != nil {
		if len(o.Successes) == 0 {
			o.Successes = append(o.Successes, b.successes(o, fallback, 200, true)...)
		}
		o.Failures = append(o.Failures, &FailureUse{Failure: b.failure(o, fallback, 0, false)})
	}
	slices.SortStableFunc(o.Successes, func(x, y *Success) int { return x.Status - y.Status })
	slices.SortStableFunc(o.Failures, func(x, y *FailureUse) int { return x.Status - y.Status })
	if !o.Sealed() {
		return
	}
	o.Response = b.names.pin(responseKey+"- "+operationOf(so), o.Name+"Response", o.Name+"Answer")
	for _, s := range o.Successes {
		name := o.Name + strconv.Itoa(s.Status)
		key := responseKey + strconv.Itoa(s.Status)
		if s.Other {
			name += mediaWord(s.Body.Media)
			key += ";" + strings.ReplaceAll(s.Body.Media, " ", "")
		}
		s.Name = b.names.pin(key+" "+operationOf(so), name)
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

// successes are the answers with one status: one for each media type that
// carries something of its own.
func (b *builder) successes(o *Operation, r *spec.Response, status int, isRange bool) []*Success {
	first := &Success{Status: status, Doc: r.Description, Headers: b.headers(o, r), Range: isRange}
	out := []*Success{first}
	if status == 204 || status == 304 || o.Method == "HEAD" {
		return out
	}
	for i, body := range b.bodies(r.Content, o.Name+"Result", false) {
		if i == 0 {
			first.Body = body
			continue
		}
		out = append(out, &Success{Status: status, Doc: r.Description, Body: body, Headers: first.Headers, Other: true, Range: isRange})
	}
	return out
}

func (b *builder) headers(o *Operation, r *spec.Response) []*Param {
	var out []*Param
	fields := scope{"Body": true}
	for _, h := range r.Headers {
		if platformHeader.MatchString(h.Name) && !h.Required || h.Schema == nil {
			continue
		}
		u := b.use(h.Schema, o.Name+Exported(h.Name))
		if !u.Type.Scalar() && !(u.Type.Kind == Slice && u.Type.Elem.Scalar() && !u.Type.Declared() && !u.Type.ElemNullable) {
			u = use{Type: &Type{Kind: String}, Rules: noRules()}
		}
		out = append(out, &Param{
			Name: fields.pick(goName(h.Schema, Exported(h.Name))), Wire: h.Name, In: InHeader, Doc: h.Description,
			Type: u.Type, Rules: u.Rules, Required: h.Required, Pos: h.Pos, Schema: h.Schema,
		})
	}
	return out
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

// fileName turns a tag into the name of a file that every system can hold and the
// go tool gives no meaning: no _test, no operating system or architecture at its end.
func fileName(tag string) string {
	name := Snake(tag)
	for len(name) > maxFileName {
		_, size := utf8.DecodeLastRuneInString(name)
		name = name[:len(name)-size]
	}
	parts := strings.Split(name, "_")
	if constrained[parts[len(parts)-1]] || device.MatchString(name) {
		return name + "_ops"
	}
	return name
}

// maxFileName is how many bytes of a tag go into a file name; file systems take
// 255, with the number and the extension.
const maxFileName = 100

// device matches the names that are no files on Windows, whatever their extension.
var device = regexp.MustCompile(`^(con|prn|aux|nul|com[0-9]|lpt[0-9])$`)

// constrained holds the last words of a file name that are build constraints.
var constrained = map[string]bool{
	"test": true, "aix": true, "android": true, "darwin": true, "dragonfly": true, "freebsd": true,
	"hurd": true, "illumos": true, "ios": true, "js": true, "linux": true, "nacl": true, "netbsd": true,
	"openbsd": true, "plan9": true, "solaris": true, "wasip1": true, "windows": true, "zos": true,
	"386": true, "amd64": true, "amd64p32": true, "arm": true, "armbe": true, "arm64": true, "arm64be": true, "loong64": true,
	"mips": true, "mips64": true, "mips64le": true, "mips64p32": true, "mips64p32le": true, "mipsle": true, "ppc": true,
	"ppc64": true, "ppc64le": true, "riscv": true, "riscv64": true, "s390": true, "s390x": true, "sparc": true, "sparc64": true,
	"wasm": true,
}
