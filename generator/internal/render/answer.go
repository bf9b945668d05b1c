package render

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/apigen-go/apigen/generator/internal/model"
)

// Read are the operations whose answers are read: those that a client can ask
// for, or those that the service serves.
func (f *apiFile) Read() []*model.Operation {
	if f.Project.Features.Client {
		return f.Project.Operations
	}
	return f.Routed()
}

// ReadAnswer is the body of the function that reads the answers of an operation.
func (f *apiFile) ReadAnswer(o *model.Operation) string {
	failures := f.declaredVar(o)
	zero := o.Zero("")
	if zero != "" {
		zero += ", "
	}
	fail := fmt.Sprintf("return %sa.Failure(%s)", zero, failures)
	switch {
	case len(o.Successes) == 0:
		return fmt.Sprintf("return a.TakeNothing(2, %s)", failures)
	case o.Sealed():
		return f.sealed(o) + fail
	}
	s := o.Successes[0]
	key := keyName(s)
	if s.Body != nil && s.Body.Kind == model.JSONBody && s.Body.Type.Kind == model.Struct && !s.Body.Nullable && s.Body.Rules.Check == nil && s.Body.XML == nil {
		return fmt.Sprintf("return codec.TakePointer(a, %s, %s, %q, decode%s)", key, failures, jsonMedia(s.Body), s.Body.Type.Name)
	}
	if s.Body == nil {
		return fmt.Sprintf("return a.TakeNothing(%s, %s)", key, failures)
	}
	out := fmt.Sprintf("if !a.Has(%s) {\n%s\n}\n", key, fail)
	if pointer := strings.HasPrefix(s.Body.Result(""), "*"); pointer && s.Body.Nullable {
		out += "var res " + s.Body.Result("") + "\n" + f.take(s.Body, "res", o.Name, true)
	} else if pointer {
		out += "res := new(" + s.Body.Go("") + ")\n" + f.take(s.Body, "*res", o.Name, false)
	} else {
		out += f.take(s.Body, "res", o.Name, false)
	}
	return out + "return codec.Whole(a, res)"
}

// keyName is the status under which a success is looked for, or its hundreds.
func keyName(s *model.Success) string {
	if s.Range {
		return strconv.Itoa(s.Key())
	}
	return statusName(s.Status)
}

// sealed reads the variants of a sealed answer: those with a status of their own,
// then those of a range.
func (f *apiFile) sealed(o *model.Operation) string {
	if first := o.Successes[0]; !slices.ContainsFunc(o.Successes[1:], func(s *model.Success) bool { return !s.Other }) {
		return fmt.Sprintf("if a.Has(%s) {\n%s}\n", keyName(first), f.variants(o, o.Successes))
	}
	exact, ranges := &strings.Builder{}, &strings.Builder{}
	for rest := o.Successes; len(rest) > 0; {
		n := 1
		for n < len(rest) && rest[n].Other {
			n++
		}
		same := rest[:n]
		rest = rest[n:]
		to := exact
		if same[0].Range {
			to = ranges
		}
		fmt.Fprintf(to, "case %s:\n%s", keyName(same[0]), f.variants(o, same))
	}
	var out strings.Builder
	for _, part := range []struct{ subject, cases string }{{"a.Status", exact.String()}, {"a.Status / 100", ranges.String()}} {
		if part.cases != "" {
			fmt.Fprintf(&out, "switch %s {\n%s}\n", part.subject, part.cases)
		}
	}
	return out.String()
}

// variants reads the answers of one status, told apart by their media types.
func (f *apiFile) variants(o *model.Operation, same []*model.Success) string {
	if len(same) == 1 {
		return f.variant(o, same[0])
	}
	var out strings.Builder
	out.WriteString("switch {\n")
	for _, s := range same[1:] {
		fmt.Fprintf(&out, "case a.Is(%q):\n%s", s.Body.Media, f.variant(o, s))
	}
	fmt.Fprintf(&out, "default:\n%s}\n", f.variant(o, same[0]))
	return out.String()
}

func (f *apiFile) variant(o *model.Operation, s *model.Success) string {
	var out strings.Builder
	fmt.Fprintf(&out, "res := new(%s)\n", s.Name)
	if len(s.Headers) > 0 {
		out.WriteString("in := &a.Request\n")
	}
	for _, h := range s.Headers {
		out.WriteString(f.printer.param(o, h, "res", 0) + "\n")
	}
	if s.Body == nil {
		out.WriteString("a.Close()\n")
	} else {
		out.WriteString(f.take(s.Body, "res.Body", s.Name, false))
	}
	return out.String() + fmt.Sprintf("return codec.Whole[%s](a, res)\n", o.Response)
}

// take is the statements that read a body into a place, which is declared when
// it is a variable that nothing has declared yet. With optional set the place is
// a pointer that stays nil for null.
func (f *apiFile) take(b *model.Body, place, hint string, optional bool) string {
	media := sendable(b.Media)
	assign := place + " = "
	if place == "res" && !optional {
		assign = "res := "
	}
	switch b.Kind {
	case model.StreamBody:
		return fmt.Sprintf("%sa.TakeStream(%q)\n", assign, b.Media)
	case model.TextBody:
		return fmt.Sprintf("%sa.TakeText(%q)\n", assign, b.Media)
	}
	p := &f.printer
	p.Reset()
	p.in = "d"
	if b.Kind == model.EventBody || b.Kind == model.LinesBody {
		name := "TakeLines"
		if b.Kind == model.EventBody {
			name = "TakeEvents"
		}
		p.read(b.Type, b.Rules, "v", "*v", hint, 0)
		return fmt.Sprintf("%scodec.%s(a, %q, func(d *codec.Decoder, v *%s) {\n%s})\n", assign, name, media, b.Type.Go(""), p.String())
	}
	switch {
	case optional:
		p.line("if !d.Null() {\nres = new(%s)", b.Type.Go(""))
		p.read(b.Type, b.Rules, "res", "*res", hint, 0)
		p.line("}")
	case b.Nullable:
		p.line("if !d.Null() {")
		p.read(b.Type, b.Rules, address(place), place, hint, 0)
		p.line("}")
	default:
		p.read(b.Type, b.Rules, address(place), place, hint, 0)
	}
	code := p.String()
	declare := ""
	if place == "res" && !optional {
		declare = "var res " + b.Type.Go("") + "\n"
	}
	return fmt.Sprintf("%sa.%sfunc(d *codec.Decoder) {\n%s})\n", declare, takeValue(b), code)
}

// jsonMedia is the media type of a JSON body.
func jsonMedia(b *model.Body) string {
	if b.Media == "*/*" {
		return "application/json"
	}
	return b.Media
}

// declaredVar is the table of the error answers that an operation declares.
func (f *apiFile) declaredVar(o *model.Operation) string { return cmp.Or(f.declaredOf[o], "nil") }

// declared works out the tables of declared error answers, shared by operations
// that declare the same.
func (f *apiFile) declared() {
	if !readsAnswers(f.Project) {
		return
	}
	for _, o := range f.Read() {
		var rows []failureRow
		for _, use := range o.Failures {
			status := use.Status
			if use.Range {
				status /= 100
			}
			rows = append(rows, failureRow{status, "read" + use.Failure.Name})
		}
		if len(rows) == 0 {
			continue
		}
		key := fmt.Sprint(rows)
		if f.declaredTables[key] == nil {
			f.declaredTables[key] = &failureTable{Name: model.Unexported(o.Name) + "Declared", Rows: rows}
		}
		f.declaredOf[o] = f.declaredTables[key].Name
	}
}

// DeclaredTables lists the tables by name.
func (f *apiFile) DeclaredTables() []*failureTable { return sortedTables(f.declaredTables) }

// DeclaredFailures are the error answers that the tables name.
func (f *apiFile) DeclaredFailures() []*model.Failure {
	used := map[string]bool{}
	for _, t := range f.declaredTables {
		for _, row := range t.Rows {
			used[row.Render] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(f.Project.Failures), func(x *model.Failure) bool { return !used["read"+x.Name] })
}

// ReadFailure is the body of the function that reads a declared error answer.
func (f *apiFile) ReadFailure(x *model.Failure) string {
	out := "res := new(" + x.Name + ")\n"
	if chosen(x) {
		out = "res := &" + x.Name + "{Status: a.Status}\n"
	}
	if x.Body != nil {
		out += f.take(x.Body, "res.Body", x.Name, false)
	}
	return out + "return res"
}
