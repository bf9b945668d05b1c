package render

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/apigen-go/apigen/generator/internal/model"
)

// failureTable says how problems are rendered for the operations that declare
// the same error answers.
type failureTable struct {
	Name string
	Rows []failureRow
}

type failureRow struct {
	Status int // 4 and 5 for the ranges 4XX and 5XX, 0 for default
	Render string
}

// failures works out, for every operation, how problems become the bodies that
// the document declares. A declared body that a problem cannot fill, or that
// problem details fit as they are, needs no renderer.
func (f *apiFile) failures() {
	for _, failure := range f.Project.Failures {
		if _, ok := f.renderCode(failure); ok {
			f.renderer[failure] = "render" + failure.Name
		}
	}
	for _, o := range f.Routed() {
		var rows []failureRow
		for _, use := range o.Failures {
			name := f.renderer[use.Failure]
			if name == "" {
				continue
			}
			status := use.Status
			if use.Range {
				status /= 100
			}
			rows = append(rows, failureRow{status, name})
		}
		if len(rows) == 0 {
			continue
		}
		key := fmt.Sprint(rows)
		if f.tables[key] == nil {
			f.tables[key] = &failureTable{Name: model.Unexported(o.Name) + "Failures", Rows: rows}
		}
		f.tableOf[o] = f.tables[key].Name
	}
}

// FailuresVar is the failure table of an operation.
func (f *apiFile) FailuresVar(o *model.Operation) string { return cmp.Or(f.tableOf[o], "nil") }

// FailureTables lists the tables by name.
func (f *apiFile) FailureTables() []*failureTable { return sortedTables(f.tables) }

func sortedTables(tables map[string]*failureTable) []*failureTable {
	var out []*failureTable
	for _, t := range tables {
		out = append(out, t)
	}
	slices.SortFunc(out, func(a, b *failureTable) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

// renderFunc is a function that fills a declared error body from a problem.
type renderFunc struct{ Name, Code string }

// Renderers lists the functions that the tables name.
func (f *apiFile) Renderers() []renderFunc {
	used := map[string]bool{}
	for _, t := range f.tables {
		for _, row := range t.Rows {
			used[row.Render] = true
		}
	}
	var out []renderFunc
	for _, failure := range f.Project.Failures {
		if name := f.renderer[failure]; used[name] {
			code, _ := f.renderCode(failure)
			out = append(out, renderFunc{name, code})
		}
	}
	return out
}

// renderCode is the body of the render function of a failure.
func (f *apiFile) renderCode(failure *model.Failure) (string, bool) {
	b := failure.Body
	switch {
	case b == nil || b.Kind == model.StreamBody:
		return "", false
	case b.Kind == model.TextBody:
		text := fmt.Sprintf("codec.ProblemText(p, %q, %d)", b.Media, b.Rules.MaxLength)
		return fmt.Sprintf("codec.WriteText(w, p.Status, %q, %s)\nreturn nil", b.Media, text), true
	case b.Type.Kind == model.Struct && fitsProblem(b):
		return "", false
	}
	expr, ok := fill(b.Type, b.Rules, "", 0)
	if !ok {
		return "", false
	}
	return "body := " + expr + "\n" + f.write(b, "p.Status", "body", "return %s"), true
}

// fitsProblem reports whether problem details are a valid value of the body as
// they are.
func fitsProblem(b *model.Body) bool {
	if !strings.HasPrefix(b.Media, "application/problem+json") || b.Type.Closed || b.Type.Extra != nil && b.Type.Extra.Kind != model.Raw {
		return false
	}
	for _, field := range b.Type.Fields {
		switch field.JSON {
		case "title", "detail":
			if field.Type.Kind != model.String || field.Rules.Pattern != "" || field.Rules.MaxLength >= 0 || field.Rules.Const != "" {
				return false
			}
		case "type", "instance":
			if field.Type.Kind != model.String || field.Required {
				return false
			}
		case "status":
			if !integer(field.Type.Kind) {
				return false
			}
		case "errors":
			if field.Required || !violations(field.Type) {
				return false
			}
		default:
			if field.Required {
				return false
			}
		}
	}
	return true
}

// violations reports whether a list of problem.Violation is a valid value.
func violations(t *model.Type) bool {
	if t.Kind == model.Raw {
		return true
	}
	if t.Kind != model.Slice || t.Elem.Kind != model.Struct && t.Elem.Kind != model.Map && t.Elem.Kind != model.Raw {
		return false
	}
	known := 0
	for _, f := range t.Elem.Fields {
		switch f.JSON {
		case "in", "pointer", "detail":
			if f.Type.Kind != model.String {
				return false
			}
			known++
		default:
			if f.Required {
				return false
			}
		}
	}
	return !t.Elem.Closed || known == 3
}

// fill is the Go expression that makes an error body out of the problem p, and
// whether every required member can be filled.
func fill(t *model.Type, r model.Rules, name string, depth int) (string, bool) {
	key := strings.ToLower(strings.NewReplacer("_", "", "-", "").Replace(name))
	switch t.Kind {
	case model.String:
		return fillText(r, key)
	case model.Int32, model.Int64, model.Uint64:
		if key == "status" || key == "code" || key == "statuscode" || key == "httpstatus" || key == "errorcode" {
			return fmt.Sprintf("%s(p.Status)", t.Kind.Go()), key != "code" || r.Allows("400") && r.Allows("599")
		}
	case model.Bool:
		if key == "success" || key == "ok" {
			return "false", true
		}
	case model.Map:
		if t.Elem.Kind == model.Slice && t.Elem.Elem.Kind == model.String && !t.Declared() {
			return "p.ByPointer()", true
		}
	case model.Slice:
		if t.Elem.Kind == model.String && r.MaxItems < 0 && !t.Declared() {
			return "p.Messages()", true
		}
	case model.Struct:
		return fillStruct(t, depth)
	}
	return "", false
}

func fillText(r model.Rules, key string) (string, bool) {
	if r.Pattern != "" || r.Const != "" {
		return "", false
	}
	expr := ""
	switch key {
	case "type":
		return "p.Kind()", r.MaxLength < 0 && (r.Format == "" || r.Format == "uri" || r.Format == "uri-reference")
	case "title", "name", "error", "status":
		expr = "p.Title"
	case "code", "errorcode", "statuscode":
		expr = "p.Code()"
	case "requestid", "debugid", "correlationid":
		expr = `w.Header().Get("X-Request-Id")`
	case "message", "msg", "detail", "details", "description", "errordescription", "errormessage", "reason", "faultmessage", "info", "":
		expr = fmt.Sprintf("codec.ProblemText(p, \"\", %d)", r.MaxLength)
		return strings.Replace(expr, `codec.ProblemText(p, "", -1)`, "p.Text()", 1), r.Format == ""
	}
	return expr, expr != "" && r.MaxLength < 0 && r.Format == ""
}

func fillStruct(t *model.Type, depth int) (string, bool) {
	if depth > 3 {
		return "", false
	}
	var out strings.Builder
	filled := 0
	for _, f := range t.Fields {
		if f.Required && f.Nullable {
			continue // nil is null
		}
		expr, ok := fill(f.Type, f.Rules, f.JSON, depth+1)
		if !ok && f.Required {
			return "", false
		}
		if !ok || !f.Required && f.Type.Kind == model.Struct && depth > 0 {
			continue
		}
		filled++
		switch f.Shape() {
		case model.Pointer:
			expr = "new(" + expr + ")"
		case model.Tristate:
			if f.Boxed {
				expr = "new(" + expr + ")"
			}
			expr = "codec.NewNullable(" + expr + ")"
		}
		fmt.Fprintf(&out, "%s: %s,\n", f.Name, expr)
	}
	if filled == 0 {
		return "", false
	}
	return fmt.Sprintf("%s{\n%s}", t.Name, out.String()), true
}
