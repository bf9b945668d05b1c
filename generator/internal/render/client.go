package render

import (
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"

	"github.com/apigen-go/apigen/generator/internal/model"
)

// Calls reports whether the client needs its helper for operations with a result,
// or the one for those without.
func (f *apiFile) Calls(result bool) bool {
	return slices.ContainsFunc(f.Project.Operations, func(o *model.Operation) bool { return (o.Zero("") != "") == result })
}

// Sends reports whether a request carries anything of its request struct.
func (f *apiFile) Sends(o *model.Operation) bool {
	return len(o.Params) > 0 || o.Body != nil || o.Accept != ""
}

// Call is the body of a method of the client.
func (f *apiFile) Call(o *model.Operation) string {
	p := &f.printer
	p.Reset()
	p.line("out := codec.NewCall(%q, %q)", o.Method, o.CallPath())
	if o.Redirects() {
		p.line("out.Redirects = true")
	}
	mark := p.Len()
	for _, param := range o.Params {
		p.sendParam(param)
	}
	p.sendAccept(o)
	p.sendBody(o)
	if code := p.String()[mark:]; usesEncoder(code) {
		head := p.String()[:mark]
		p.Reset()
		p.WriteString(head + "e := &out.Encoder\n" + code)
	}
	if o.Zero("") == "" {
		p.line("return c.do(ctx, out, read%s)", o.Name)
	} else {
		p.line("return call(ctx, c, out, read%s)", o.Name)
	}
	return strings.TrimSpace(p.String())
}

// usesEncoder reports whether statements write with the variable e, and not with
// the parameter of a function of that name.
func usesEncoder(code string) bool {
	if i := strings.Index(code, "func(e *codec.Encoder"); i >= 0 {
		code = code[:i]
	}
	for line := range strings.Lines(code) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "e.") || strings.HasPrefix(line, "encode") {
			return true
		}
	}
	return false
}

// sendParam writes a parameter from the request struct.
func (p *printer) sendParam(f *model.Param) {
	place := "req." + f.Name
	value := place
	switch {
	case f.In == model.InPath:
	case f.Shape() == model.Pointer:
		p.line("if %s != nil {", place)
		defer p.line("}")
		value = "*" + place
	case f.Type.Nilable():
		if f.Type.Kind == model.Raw || f.Type.Kind == model.Bytes || f.JSON && !f.Required {
			p.line("if %s != nil {", place)
			defer p.line("}")
		}
	case f.Default != "" && !f.Required:
		if zero, ok := absentZero(f); ok {
			p.line("if %s != %s {", place, zero)
			defer p.line("}")
		}
	}
	p.write(f.Type, value, 0)
	style, explode := wireStyle(f)
	p.line("out.%s(%q, %q, %t)", model.Exported(string(f.In)), f.Wire, style, explode)
}

// absentZero is the zero value of a parameter with a default, when it stands for
// absent: it is the default, or the document does not allow it.
func absentZero(f *model.Param) (string, bool) {
	switch {
	case f.Type.Kind == model.String || f.Type.Kind == model.Enum && f.Type.Base == model.String:
		return `""`, true
	case f.Type.Kind == model.Enum:
		return "0", !slices.ContainsFunc(f.Type.Values, func(v *model.Value) bool { return v.Lit == "0" })
	case f.Type.Kind == model.Bool:
		return "false", f.Default == "false"
	}
	least, ok := new(big.Rat).SetString(f.Rules.Min)
	if ok && least.Sign() > 0 {
		return "0", true
	}
	if above, ok := new(big.Rat).SetString(f.Rules.ExclMin); ok && above.Sign() >= 0 {
		return "0", true
	}
	lit, ok := constant(f.Type, f.Default)
	return "0", ok && lit == "0"
}

// wireStyle is how a parameter is written: what reads it, see finding, tells.
func wireStyle(f *model.Param) (style string, explode bool) {
	object := !textual(f.Type) && f.Type.Kind != model.Slice
	style = f.Style
	if style == "" {
		style = map[model.In]string{model.InPath: "simple", model.InHeader: "simple"}[f.In]
	}
	switch {
	case f.JSON:
		return "json", false
	case f.In == model.InQuery && (!object && !textual(f.Type) || f.Type.Kind == model.Union):
		return "deepObject", true
	case f.In == model.InCookie:
		return "form", f.Explode && f.Type.Kind == model.Struct
	case f.In == model.InQuery && style == "":
		return "form", f.Explode
	}
	return style, f.Explode
}

// sendAccept asks for the media types that the successes have.
func (p *printer) sendAccept(o *model.Operation) {
	var list []string
	for _, s := range o.Successes {
		if s.Body != nil && !slices.Contains(list, s.Body.Media) {
			list = append(list, s.Body.Media)
		}
	}
	switch {
	case o.Accept != "":
		p.line("out.Accept(cmp.Or(req.%s, %q))", o.Accept, strings.Join(list, ", "))
	case len(list) > 0:
		p.line("out.Accept(%q)", strings.Join(list, ", "))
	}
}

// sendBody writes the body from the request struct.
func (p *printer) sendBody(o *model.Operation) {
	bodies := o.Bodies()
	if len(bodies) == 1 {
		if given := givenBody(bodies[0]); given != "" {
			p.line("if %s {", given)
			defer p.line("}")
		}
		p.oneSent(o, bodies[0])
		return
	}
	for i, b := range bodies {
		if i > 0 {
			p.WriteString("} else ")
		}
		p.line("if %s {", givenOf(b))
		p.oneSent(o, b)
	}
	if len(bodies) > 0 {
		p.line("}")
	}
}

// givenBody is the condition under which a body is sent, "" when it always is.
func givenBody(b *model.Body) string {
	switch {
	case b.Kind == model.TextBody && !b.Required, b.Pointer() && !b.Required:
		return givenOf(b)
	case (b.Kind == model.JSONBody || b.Kind == model.FormBody) && b.Type.Nilable() && !b.Required:
		return givenOf(b)
	case b.Kind == model.MultipartBody && b.Type == nil && !b.Required:
		return givenOf(b)
	}
	return ""
}

// givenOf is the condition that one of several bodies is there.
func givenOf(b *model.Body) string {
	if b.Kind == model.TextBody {
		return "req." + b.Field + ` != ""`
	}
	return "req." + b.Field + " != nil"
}

// oneSent writes a body of one kind.
func (p *printer) oneSent(o *model.Operation, b *model.Body) {
	place := "req." + b.Field
	media := fmt.Sprintf("%q", sendable(b.Media))
	if b.Kind == model.JSONBody {
		media = fmt.Sprintf("%q", jsonMedia(b))
	}
	if o.ContentType != "" && (b.Kind == model.StreamBody || b.Kind == model.TextBody) {
		media = fmt.Sprintf("cmp.Or(req.%s, %s)", o.ContentType, media)
	}
	switch b.Kind {
	case model.StreamBody:
		p.line("out.StreamBody(%s, %s)", media, place)
		return
	case model.TextBody:
		p.line("out.StreamBody(%s, strings.NewReader(%s))", media, place)
		return
	case model.LinesBody:
		p.line("codec.LinesBody(out, %s, %s, func(e *codec.Encoder, v *%s) {", media, place, b.Type.Go(""))
		p.write(b.Type, "*v", 0)
		p.line("})")
		return
	case model.MultipartBody:
		if b.Type == nil {
			p.line("out.MultipartBody(%s, %s)", media, place)
			return
		}
	}
	value := place
	if b.Pointer() {
		value = "*" + place
	}
	nullable := b.Nullable && b.Pointer() && b.Required && !b.Choice
	if nullable {
		p.line("if %s == nil {\ne.Null()\n} else {", place)
	}
	p.write(b.Type, value, 0)
	if nullable {
		p.line("}")
	}
	switch b.Kind {
	case model.FormBody:
		p.line("out.FormBody(%s%s)", media, encodingList(b))
	case model.MultipartBody:
		files := "nil"
		if b.Parts != "" {
			files = "req." + b.Parts
		}
		p.line("out.MultipartBody(%s, %s%s)", media, files, encodingList(b))
	default:
		p.line("out.%s", sendValue(b, media))
	}
}

// clientFiles makes the public package of the client: the names of package api
// for other modules, and an example.
func clientFiles(e *engine) ([]File, error) {
	src, err := e.goFile("client/client.gen.go.tmpl", "client", true, &clientFile{Project: e.project})
	if err != nil {
		return nil, err
	}
	outside := *e
	outside.imports = maps.Clone(e.imports)
	outside.imports["client"] = e.project.Module + "/client"
	test, err := outside.goFile("client/client_test.go.tmpl", "client_test", true, &clientFile{Project: e.project})
	if err != nil {
		return nil, err
	}
	return []File{
		{Path: "client/client.gen.go", Class: Generated, Data: src},
		{Path: "client/client_test.go", Class: Generated, Data: test},
	}, nil
}

// clientFile is the data of the templates of package client.
type clientFile struct{ Project *model.Project }

// Example is the operation that the example calls: the one that needs least.
func (f *clientFile) Example() *model.Operation {
	var best *model.Operation
	least := 0
	for _, o := range f.Project.Operations {
		need := 0
		for _, p := range o.Params {
			if p.Required {
				need += 2
			}
		}
		if o.Method != "GET" {
			need++
		}
		if o.Zero("") == "" || o.Sealed() {
			need++
		}
		if o.Body != nil {
			need += 4
		}
		if best == nil || need < least {
			best, least = o, need
		}
	}
	return best
}

// HasMultipart reports whether requests carry files.
func (f *clientFile) HasMultipart() bool { return hasBodyKind(model.MultipartBody)(f.Project) }
