package render

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"text/template"
	"time"
	"unicode/utf8"

	"github.com/apigen-go/apigen/generator/internal/model"
)

// apiFile is the data of the templates of package api.
type apiFile struct {
	Project  *model.Project
	printer  printer
	tables   map[string]*failureTable // by content
	tableOf  map[*model.Operation]string
	renderer map[*model.Failure]string

	demandTables map[string]*demandTable // by content
	demandOf     map[*model.Operation]string

	declaredTables map[string]*failureTable // by content
	declaredOf     map[*model.Operation]string

	traits []trait // see Traits
}

func newAPIFile(p *model.Project) *apiFile {
	f := &apiFile{
		Project:  p,
		printer:  printer{patterns: map[string]string{}},
		tables:   map[string]*failureTable{},
		tableOf:  map[*model.Operation]string{},
		renderer: map[*model.Failure]string{},

		demandTables: map[string]*demandTable{},
		demandOf:     map[*model.Operation]string{},

		declaredTables: map[string]*failureTable{},
		declaredOf:     map[*model.Operation]string{},
	}
	f.demands()
	f.failures()
	f.declared()
	return f
}

var apiFuncs = template.FuncMap{
	"isEnum":         func(t *model.Type) bool { return t.Kind == model.Enum },
	"isUnion":        func(t *model.Type) bool { return t.Kind == model.Union },
	"isStruct":       func(t *model.Type) bool { return t.Kind == model.Struct },
	"typeDoc":        typeDoc,
	"valuesVar":      func(t *model.Type) string { return model.Unexported(t.Name) + "Values" },
	"valuesText":     valuesText,
	"fieldTag":       fieldTag,
	"underlying":     underlying,
	"operationDoc":   operationDoc,
	"answerNames":    answerNames,
	"headerSet":      headerSet,
	"failureDoc":     failureDoc,
	"chosen":         chosen,
	"statusDoc":      statusDoc,
	"failureText":    failureText,
	"failureStatus":  failureStatus,
	"statusName":     statusName,
	"needsInput":     func(o *model.Operation) bool { return len(o.Params) > 0 || o.Body != nil || chooses(o) },
	"chooses":        chooses,
	"accept":         accept,
	"acceptedParam":  acceptedParam,
	"xmlType":        xmlType,
	"pathVar":        pathVar,
	"acceptList":     acceptList,
	"webhookDoc":     webhookDoc,
	"limitVar":       limitVar,
	"cacheVar":       cacheVar,
	"cachePolicy":    cachePolicy,
	"condition":      condition,
	"currentRequest": currentRequest,
	"resultType":     resultType,
	"duration":       duration,
	"requestField":   requestField,
	"guardDoc":       guardDoc,
	"guardMethod":    guardMethod,
	"guardParams":    guardParams,
	"guardAsk":       guardAsk,
}

// Decoder is the decoder of a type.
func (f *apiFile) Decoder(t *model.Type) string { return f.printer.decoder(t) }

// Encoder is the encoder of a type.
func (f *apiFile) Encoder(t *model.Type) string { return f.printer.encoder(t) }

// Param is the reading of a parameter.
func (f *apiFile) Param(o *model.Operation, p *model.Param, index int) string {
	return f.printer.param(o, p, "req", index)
}

// Limited are the operations that have a limit of their own.
func (f *apiFile) Limited() []*model.Operation {
	return slices.DeleteFunc(f.Routed(), func(o *model.Operation) bool {
		return !f.Project.Features.RateLimit || o.Limit == nil || o.Limit.Requests == 0
	})
}

func limitVar(o *model.Operation) string { return model.Unexported(o.Name) + "Limit" }

// duration is a time span as Go writes it.
func duration(d time.Duration) string {
	for _, unit := range []struct {
		size time.Duration
		name string
	}{{time.Hour, "time.Hour"}, {time.Minute, "time.Minute"}, {time.Second, "time.Second"}} {
		switch {
		case d == unit.size:
			return unit.name
		case d%unit.size == 0:
			return fmt.Sprintf("%d * %s", d/unit.size, unit.name)
		}
	}
	return strconv.FormatInt(int64(d), 10)
}

// Routed are the operations that can be reached, in the order of the document.
func (f *apiFile) Routed() []*model.Operation {
	return slices.DeleteFunc(slices.Clone(f.Project.Operations), func(o *model.Operation) bool { return o.Shadow != nil })
}

// typeDoc is the doc comment of a declared type: its name and the description of
// the schema.
func typeDoc(t *model.Type) string {
	doc := t.Name + " is a schema of the API."
	switch {
	case t.Doc != "":
		doc = t.Name + ": " + t.Doc
	case t.From != "":
		doc = fmt.Sprintf("%s is the schema %s.", t.Name, t.From)
	case t.Kind == model.Enum:
		doc = t.Name + " is one of a fixed set of values."
	}
	if t.Kind == model.Union {
		doc += "\n\nExactly one of the fields is set."
	}
	return comment(doc)
}

// valuesText is the Go literal that lists the values of an enum for a violation.
func valuesText(t *model.Type) string {
	texts := make([]string, len(t.Values))
	for i, v := range t.Values {
		texts[i] = v.JSON
	}
	return strconv.Quote(strings.Join(texts, ", "))
}

// fieldTag is the json tag of a member.
func fieldTag(f *model.Field) string {
	if !f.Taggable() {
		return "`json:\"-\"`" // the type marshals itself
	}
	name := f.JSON
	if !f.Required || f.ReadOnly || f.WriteOnly {
		name += ",omitzero"
	}
	return "`json:" + strconv.Quote(name) + "`"
}

// underlying is the type behind the name of a recursive list or map.
func underlying(t *model.Type) string {
	anonymous := *t
	anonymous.Name = ""
	return anonymous.Go("")
}

func operationDoc(o *model.Operation) string {
	lead := fmt.Sprintf("%s serves %s %s.", o.Name, o.Method, o.Path)
	if o.Summary != "" {
		lead += "\n" + strings.TrimSuffix(o.Summary, ".") + "."
	}
	if o.Deprecated {
		lead += "\n\nDeprecated: the document marks this operation as deprecated."
	}
	return comment(lead)
}

func answerNames(o *model.Operation) string {
	names := make([]string, len(o.Successes))
	for i, s := range o.Successes {
		names[i] = s.Name
	}
	return strings.Join(names, ", ")
}

// headerSet is the statement that sets a response header.
func headerSet(p *model.Param) string {
	value := "a." + p.Name
	if p.Type.Kind == model.Slice {
		return fmt.Sprintf("if %s != nil {\nitems := make([]string, len(%s))\nfor i, item := range %s {\nitems[i] = %s\n}\nw.Header().Set(%q, strings.Join(items, \",\"))\n}",
			value, value, value, textOf(p.Type.Elem, "item"), p.Wire)
	}
	if p.Shape() == model.Pointer {
		return fmt.Sprintf("if %s != nil {\nw.Header().Set(%q, %s)\n}", value, p.Wire, textOf(p.Type, "*"+value))
	}
	return fmt.Sprintf("w.Header().Set(%q, %s)", p.Wire, textOf(p.Type, value))
}

// textOf is the expression that turns a scalar into text.
func textOf(t *model.Type, value string) string {
	switch t.Kind {
	case model.String:
		return value
	case model.Enum:
		if t.Base == model.String {
			return "string(" + value + ")"
		}
		return "fmt.Sprint(" + value + ")"
	case model.Time:
		return parens(value) + ".Format(time.RFC3339)"
	case model.Date:
		return parens(value) + ".String()"
	case model.Custom:
		return "codec.CustomString(" + value + ")"
	}
	return "fmt.Sprint(" + value + ")"
}

func failureDoc(f *model.Failure) string {
	lead := fmt.Sprintf("%s is the declared answer with status %s.", f.Name, f.RangeName())
	if f.Status == 0 {
		lead = f.Name + " is the declared answer for every status that has none of its own."
	}
	if f.Doc != "" {
		lead += "\n\n" + f.Doc
	}
	return comment(lead)
}

func failureText(f *model.Failure) string {
	if chosen(f) {
		return `http.StatusText(f.Status)`
	}
	return strconv.Quote(strings.TrimSpace(strconv.Itoa(f.Status) + " " + http.StatusText(f.Status)))
}

// failureStatus is the status that a failure is written with.
func failureStatus(f *model.Failure) string {
	switch {
	case f.Status == 0:
		return "cmp.Or(f.Status, http.StatusInternalServerError)"
	case f.Range:
		return "cmp.Or(f.Status, " + statusName(f.Status) + ")"
	}
	return statusName(f.Status)
}

// chosen reports whether the handler chooses the status of a failure.
func chosen(f *model.Failure) bool { return f.Status == 0 || f.Range }

// statusDoc is the comment of the field for that.
func statusDoc(f *model.Failure) string {
	if f.Range {
		return fmt.Sprintf("of the answer: %d to %d, %d when it is 0", f.Status, f.Status+99, f.Status)
	}
	return "of the answer, 500 when it is 0"
}

// statusNames are the constants of net/http.
var statusNames = map[int]string{
	200: "OK", 201: "Created", 202: "Accepted", 203: "NonAuthoritativeInfo", 204: "NoContent", 206: "PartialContent",
	301: "MovedPermanently", 302: "Found", 303: "SeeOther", 304: "NotModified", 307: "TemporaryRedirect",
	308: "PermanentRedirect", 400: "BadRequest", 401: "Unauthorized", 402: "PaymentRequired", 403: "Forbidden",
	404: "NotFound", 405: "MethodNotAllowed", 406: "NotAcceptable", 409: "Conflict", 410: "Gone",
	412: "PreconditionFailed", 413: "RequestEntityTooLarge", 415: "UnsupportedMediaType",
	422: "UnprocessableEntity", 423: "Locked", 428: "PreconditionRequired", 429: "TooManyRequests",
	500: "InternalServerError", 501: "NotImplemented", 502: "BadGateway", 503: "ServiceUnavailable", 504: "GatewayTimeout",
}

func statusName(status int) string {
	if name := statusNames[status]; name != "" {
		return "http.Status" + name
	}
	return strconv.Itoa(status)
}

// pathVar is the name of the parameter that holds the path values.
func pathVar(o *model.Operation) string {
	if len(o.Params) > 0 && o.Params[0].In == model.InPath {
		return "path"
	}
	return "_"
}

// Success is the statement that writes what a handler returned.
func (f *apiFile) Success(o *model.Operation) string {
	switch {
	case o.Sealed():
		return fmt.Sprintf("s.sent(w, r, %s, res.write%s(w%s))", f.FailuresVar(o), o.Name, acceptedArg(o))
	case len(o.Successes) == 0:
		return "w.WriteHeader(http.StatusNoContent)"
	case o.Successes[0].Body == nil:
		return fmt.Sprintf("w.WriteHeader(%s)", statusName(o.Successes[0].Status))
	}
	s := o.Successes[0]
	value := "res"
	if strings.HasPrefix(s.Body.Result(""), "*") {
		value = "*res"
	}
	if o.Tagged {
		return fmt.Sprintf("s.sent(w, r, %s, codec.WriteTagged(w, r, %q, %s))", f.FailuresVar(o), sendable(s.Body.Media), f.encode(s.Body, value))
	}
	return f.write(s.Body, statusName(s.Status), value, "s.sent(w, r, "+f.FailuresVar(o)+", %s)")
}

// Answer is the body of a method that writes an answer and returns the error.
func (f *apiFile) Answer(b *model.Body, status, value string) string {
	if n, err := strconv.Atoi(status); err == nil {
		status = statusName(n)
	}
	if b == nil {
		return fmt.Sprintf("w.WriteHeader(%s)\nreturn nil", status)
	}
	out := f.write(b, status, value, "return %s")
	if !strings.HasPrefix(out, "return") {
		out += "\nreturn nil"
	}
	return out
}

// write is the statement that sends a payload. wrap says what becomes of the
// error where there can be one.
func (f *apiFile) write(b *model.Body, status, value, wrap string) string {
	media := sendable(b.Media)
	switch b.Kind {
	case model.StreamBody:
		return fmt.Sprintf("codec.WriteStream(w, %s, %q, %s)", status, media, value)
	case model.TextBody:
		return fmt.Sprintf("codec.WriteText(w, %s, %q, %s)", status, media, value)
	case model.EventBody, model.LinesBody:
		p := &f.printer
		p.Reset()
		p.write(b.Type, "*v", 0)
		name := "WriteLines"
		if b.Kind == model.EventBody {
			name = "WriteEvents"
		}
		if b.Fields {
			name = "WriteEventFields"
		}
		return fmt.Sprintf(wrap, fmt.Sprintf("codec.%s(w, %s, %q, %s, func(e *codec.Encoder, v *%s) {\n%s})", name, status, media, value, b.Type.Go(""), p.String()))
	}
	if media == "application/octet-stream" {
		media = "application/json"
	}
	return fmt.Sprintf(wrap, writeValue(b, status, media, f.encode(b, value)))
}

// encode is a function that encodes a value.
func (f *apiFile) encode(b *model.Body, value string) string {
	p := &f.printer
	p.Reset()
	if b.Nullable && strings.HasPrefix(value, "*") {
		p.line("if %s == nil {\ne.Null()\nreturn\n}", value[1:])
	}
	p.write(b.Type, value, 0)
	encode := strings.TrimSpace(p.String())
	if strings.Contains(encode, "\n") {
		encode = "\n" + encode + "\n"
	} else {
		encode = " " + encode + " "
	}
	return "func(e *codec.Encoder) {" + encode + "}"
}

// sendable is a media type that an answer can name.
func sendable(media string) string {
	if strings.Contains(media, "*") {
		return "application/octet-stream"
	}
	return media
}

// patternVar is a compiled regular expression of package api.
type patternVar struct{ Name, Literal string }

// SchemasText is the Go literal of the schemas that are checked at run time: one
// to a line where backquotes can hold them.
func (f *apiFile) SchemasText() string {
	if text := f.Project.Schemas; !strings.ContainsAny(text, "`\r\ufeff") && utf8.ValidString(text) {
		return "`" + text + "`"
	}
	return strconv.Quote(f.Project.Schemas)
}

// Patterns lists the regular expressions that the code printed so far uses.
func (f *apiFile) Patterns() []patternVar {
	var out []patternVar
	for _, expr := range slices.Sorted(maps.Keys(f.printer.patterns)) {
		lit := strconv.Quote(expr)
		if !strings.Contains(expr, "`") && strconv.CanBackquote(expr) {
			lit = "`" + expr + "`"
		}
		out = append(out, patternVar{f.printer.patterns[expr], lit})
	}
	slices.SortFunc(out, func(a, b patternVar) int { return cmp.Compare(a.Name, b.Name) })
	return out
}
