package render

import (
	"bytes"
	"fmt"
	"go/format"
	"net/http"
	"strconv"
	"strings"

	"github.com/apigen-go/apigen/generator/internal/model"
)

// handlerFiles renders package handler: its constructor, one file per group of
// operations and the test that calls them all.
func handlerFiles(e *engine) ([]File, error) {
	src, err := e.goFile("internal/handler/handler.go.tmpl", "handler", false, e.project)
	if err != nil {
		return nil, err
	}
	files := []File{{Path: "internal/handler/handler.go", Class: Yours, Data: src}}
	for _, g := range e.project.Groups {
		f, err := e.handlerFile(g)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	test, err := e.goFile("internal/handler/handler_test.go.tmpl", "handler_test", false, trialFile{e.project, e.project.Trials()})
	if err != nil {
		return nil, err
	}
	return append(files, File{Path: "internal/handler/handler_test.go", Class: Managed, Data: test}), nil
}

// trialFile is what the test of package handler is made of.
type trialFile struct {
	Project *model.Project
	Trials  []*model.Trial
}

// Owned reports whether rows have owners, so that requests must come from somebody.
func (f trialFile) Owned() bool { return hasOwners(f.Project) }

// Header is the literal of a trial's request headers, "" when it has none.
func (trialFile) Header(t *model.Trial) string {
	var lines []string
	if t.Media != "" {
		lines = append(lines, fmt.Sprintf("%q: {%q}", "Content-Type", t.Media))
	}
	for _, h := range t.Headers {
		lines = append(lines, fmt.Sprintf("%q: {%q}", http.CanonicalHeaderKey(h[0]), h[1]))
	}
	if len(lines) == 0 {
		return ""
	}
	return "http.Header{" + strings.Join(lines, ", ") + "}"
}

// Quote is a string literal, raw where that reads better.
func (trialFile) Quote(s string) string {
	if strings.Contains(s, `"`) && strconv.CanBackquote(s) {
		return "`" + s + "`"
	}
	return strconv.Quote(s)
}

// handlerFile renders the methods of a group, and each of them alone for files
// that have been edited since.
func (e *engine) handlerFile(g *model.Group) (File, error) {
	file := File{Path: "internal/handler/" + g.File + ".go", Class: Yours}
	var body strings.Builder
	for _, op := range g.Operations {
		method := handlerMethod(op)
		paths, err := e.named(file.Path, method)
		if err != nil {
			return File{}, err
		}
		source, err := format.Source([]byte(method))
		if err != nil {
			return File{}, fmt.Errorf("format %s: %w\n%s", file.Path, err, numbered([]byte(method)))
		}
		file.Stubs = append(file.Stubs, Stub{Method: op.Name, Source: string(bytes.TrimSpace(source)) + "\n", Imports: paths})
		body.WriteString("\n" + method)
	}
	src, err := e.source(file.Path, "handler", false, []byte(body.String()))
	file.Data = src
	return file, err
}

// handlerMethod returns one method with its doc comment.
func handlerMethod(op *model.Operation) string {
	var w handlerWriter
	w.line("%s", comment(handlerDoc(op)))
	switch {
	case op.CRUD == nil:
		w.line("func (h *Handler) %s(_ context.Context, _ api.%s) %s {", op.Name, op.Request, op.Results("api."))
		zero := op.Zero("api.")
		if zero != "" {
			zero += ", "
		}
		w.line("return %sapi.ErrNotImplemented\n}", zero)
	default:
		w.line("func (h *Handler) %s(ctx context.Context, req api.%s) %s {", op.Name, op.Request, op.Results("api."))
		w.crud(op)
		w.line("}")
	}
	return w.String()
}

func handlerDoc(op *model.Operation) string {
	doc := op.Name + " answers " + op.Method + " " + op.Path + "."
	if summary := strings.TrimSpace(op.Summary); summary != "" {
		doc += "\n" + strings.TrimRight(summary, ".") + "."
	}
	if op.CRUD == nil {
		return doc + "\n\nNot implemented yet: " + op.Stub + "."
	}
	for _, note := range op.CRUD.Notes {
		doc += "\n" + note
	}
	if list := op.CRUD.Ignored; len(list) > 0 {
		doc += "\nNothing uses the " + strings.Join(list, ", the ") + "."
	}
	return doc
}

// handlerWriter prints handler methods.
type handlerWriter struct{ strings.Builder }

func (w *handlerWriter) line(format string, args ...any) { fmt.Fprintf(w, format+"\n", args...) }

// crud prints the call of the store and the answer made of its result.
func (w *handlerWriter) crud(op *model.Operation) {
	x := op.CRUD
	call := "h.store." + op.Name + "(ctx, req)"
	bare := !op.Sealed() && x.Wrap == nil && (x.Rows == nil || x.Rows.Envelope == nil)
	if bare {
		w.line("return %s", call)
		return
	}
	fail := "return nil, err"
	if x.Item == nil {
		w.line("if err := %s; err != nil {\n%s\n}", call, fail)
		w.line("return &api.%s{}, nil", x.Success.Name)
		return
	}
	value := w.result(x)
	w.line("%s, err := %s\nif err != nil {\n%s\n}", value, call, fail)
	answer, isPointer := value, x.Rows == nil
	switch {
	case x.Rows != nil && x.Rows.Envelope != nil:
		answer, isPointer = w.envelope(x.Rows), false
	case x.Wrap != nil:
		answer, isPointer = x.Success.Body.Go("api.")+"{"+x.Wrap.Name+": "+wrapped(x.Wrap, value)+"}", false
	}
	switch {
	case op.Sealed() && isPointer:
		w.line("return &api.%s{Body: *%s}, nil", x.Success.Name, answer)
	case op.Sealed():
		w.line("return &api.%s{Body: %s}, nil", x.Success.Name, answer)
	default:
		w.line("return &%s, nil", answer)
	}
}

// result names the variable that holds what the store returns.
func (w *handlerWriter) result(x *model.CRUD) string {
	switch {
	case x.Rows == nil:
		return "row"
	case pages(x.Rows):
		return "page"
	}
	return "rows"
}

// wrapped is a pointer as the value of a field.
func wrapped(f *model.Field, pointer string) string {
	if f.Shape() == model.Pointer {
		return pointer
	}
	return "*" + pointer
}

// envelope returns the literal of a list's answer.
func (w *handlerWriter) envelope(rows *model.Rows) string {
	items := "rows"
	if pages(rows) {
		items = "page.Items"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s{\n", rows.Envelope.Go("api."))
	fmt.Fprintf(&b, "%s: %s,\n", rows.Items.Name, items)
	members(&b, rows.Members, items)
	return b.String() + "}"
}

func members(b *strings.Builder, list []*model.Member, items string) {
	for _, m := range list {
		fmt.Fprintf(b, "%s: %s,\n", m.Field.Name, memberValue(m, items))
	}
}

// memberValue is what a member of a list's answer is filled with.
func memberValue(m *model.Member, items string) string {
	f := m.Field
	switch m.Role {
	case model.RoleConst:
		return shaped(f, literal(f.Type, m.Const))
	case model.RoleMeta:
		var inner strings.Builder
		fmt.Fprintf(&inner, "%s{\n", f.Type.Go("api."))
		members(&inner, m.Members, items)
		if f.Shape() == model.Pointer {
			return "&" + inner.String() + "}"
		}
		return inner.String() + "}"
	case model.RoleMore:
		if items == "rows" {
			return shaped(f, "false")
		}
		return shaped(f, "page.More")
	case model.RoleNext:
		if f.Shape() == model.Tristate {
			return "codec.Nullable[string]{Set: true, Null: page.Next == nil, Value: page.Cursor()}"
		}
		return "page.Next"
	}
	value := map[model.Role]string{
		model.RoleTotal: "page.Total", model.RoleLimit: "page.Limit", model.RoleOffset: "page.Offset",
		model.RolePage: "page.Number()", model.RolePages: "page.Pages()",
	}[m.Role]
	if m.Role == model.RoleTotal && items == "rows" {
		value = "int64(len(rows))"
	}
	if f.Type.Kind != model.Int64 && integer(f.Type.Kind) {
		value = f.Type.Kind.Go() + "(" + value + ")"
	}
	return shaped(f, value)
}
