package render

import (
	"fmt"
	"slices"
	"strings"

	"github.com/apigen-go/apigen/generator/internal/model"
)

// storeFiles renders package store: its constructor, one generated file per table
// and the migration that leads from the previous tables to the present ones.
func storeFiles(e *engine) ([]File, error) {
	files, err := static("store")(e)
	if err != nil {
		return nil, err
	}
	src, err := e.goFile("internal/store/store.go.tmpl", "store", false, e.project)
	if err != nil {
		return nil, err
	}
	files = append(files, File{Path: "internal/store/store.go", Class: Yours, Data: src})
	w := storeWriter{names: map[string]bool{}, scans: map[string]string{}, status: e.project.InvalidStatus}
	for _, t := range e.project.Tables {
		name := "internal/store/" + t.File() + ".gen.go"
		src, err := e.source(name, "store", true, []byte(w.table(t, e.project.Operations)))
		if err != nil {
			return nil, err
		}
		files = append(files, File{Path: name, Class: Generated, Data: src})
	}
	if name, text := e.project.Migration(); text != "" {
		files = append(files, File{Path: "internal/store/migrations/" + name, Class: Yours, Data: []byte(text)})
	}
	if name, text := e.project.KeysMigration(); text != "" {
		files = append(files, File{Path: "internal/store/migrations/" + name, Class: Yours, Data: []byte(text)})
	}
	return files, nil
}

// storeWriter prints the methods of the store.
type storeWriter struct {
	strings.Builder
	names  map[string]bool   // identifiers taken in package store
	scans  map[string]string // what a row is read into → name of the function that does
	fresh  []string          // scan functions of the table at hand
	status int               // of a request that breaks the contract
}

func (w *storeWriter) line(format string, args ...any) { fmt.Fprintf(w, format+"\n", args...) }

// table returns the declarations of one table's file.
func (w *storeWriter) table(t *model.Table, ops []*model.Operation) string {
	w.Reset()
	w.fresh = nil
	for _, op := range ops {
		if op.CRUD == nil || op.CRUD.Table != t {
			continue
		}
		w.line("")
		switch op.CRUD.Kind {
		case model.List:
			w.list(op)
		case model.Get:
			w.get(op)
		default:
			w.write(op)
		}
	}
	return w.String() + strings.Join(w.fresh, "")
}

// signature prints the doc comment and the head of a method.
func (w *storeWriter) signature(op *model.Operation, doc, result string) {
	w.line("// %s %s", op.Name, doc)
	w.line("func (s *Store) %s(ctx context.Context, req api.%s) %s {", op.Name, op.Request, result)
}

func itemGo(x *model.CRUD) string { return x.Item.Go("api.") }

func (w *storeWriter) get(op *model.Operation) {
	x := op.CRUD
	scan := w.scan(op)
	var st statement
	st.add("SELECT " + scan.columns)
	st.add("FROM " + x.Table.SQL())
	st.add(where(&st, x))
	w.signature(op, "reads a row of "+x.Table.Name+".", "(*"+itemGo(x)+", error)")
	w.owner(x, "nil, ")
	w.line("const stmt = %s", st.literal())
	w.line("return one(%s, %s)\n}", st.call("s.db.QueryRow"), scan.name)
}

// where returns the conditions that path parameters make.
func where(st *statement, x *model.CRUD) string {
	var parts []string
	for _, m := range x.Where {
		arg := st.arg("req." + m.Param.Name)
		part := m.Column.SQL() + " = " + arg
		if m.Or != nil {
			part = "(" + part + " OR " + m.Or.SQL() + " = " + arg + ")"
		}
		parts = append(parts, part)
		if m.Tenure != nil {
			parts = append(parts, held(m.Tenure, arg, st.arg))
		}
	}
	if c := x.Table.Owner; c != nil {
		parts = append(parts, c.SQL()+" = "+st.arg(ownerVar))
	}
	if len(parts) == 0 {
		return ""
	}
	return "WHERE " + strings.Join(parts, " AND ")
}

// statement is SQL with the Go expressions of its arguments. The same expression
// is one argument.
type statement struct {
	lines []string
	args  []string
}

func (st *statement) add(line string) { st.lines = append(st.lines, line) }

// arg returns the placeholder of a Go expression.
func (st *statement) arg(expr string) string {
	i := slices.Index(st.args, expr)
	if i < 0 {
		i = len(st.args)
		st.args = append(st.args, expr)
	}
	return fmt.Sprintf("$%d", i+1)
}

// lineWidth is how long a line of generated code may get.
const lineWidth = 100

// literal returns the statement as a Go string, on one line where that is short.
func (st *statement) literal() string {
	text := strings.Join(slices.DeleteFunc(slices.Clone(st.lines), func(l string) bool { return l == "" }), "\n\t\t")
	if one := strings.ReplaceAll(text, "\n\t\t", " "); len(one) <= lineWidth-20 {
		text = one
	} else {
		text = "\n\t\t" + text
	}
	return "`" + strings.ReplaceAll(text, "`", "` + \"`\" + `") + "`"
}

// call returns the call of a database method, one argument a line when it is long.
func (st *statement) call(method string) string {
	return call(method, append([]string{"ctx", "stmt"}, st.args...))
}

func call(method string, args []string) string {
	one := method + "(" + strings.Join(args, ", ") + ")"
	if len(one) <= lineWidth-30 {
		return one
	}
	return method + "(\n" + strings.Join(args, ",\n") + ",\n)"
}

// scanFunc is a function that reads a row into an item, and the columns it reads.
type scanFunc struct {
	name, columns string
}

// scan returns the function that reads a row into the item, and writes it when no
// other operation has needed it yet.
func (w *storeWriter) scan(op *model.Operation) scanFunc {
	x := op.CRUD
	var s scanWriter
	var names []string
	for _, o := range x.Outputs {
		s.output(o)
		if o.Column != nil {
			names = append(names, selected(o.Column))
		}
	}
	if len(names) == 0 {
		s.line("var key any")
		s.targets, names = []string{"&key"}, []string{x.Table.Key.SQL()}
	}
	found := scanFunc{columns: strings.Join(names, ", ")}
	body := s.text()
	id := itemGo(x) + "\n" + body
	if found.name = w.scans[id]; found.name != "" {
		return found
	}
	found.name = w.pick("scan"+x.Item.Name, "scan"+x.Table.Go+x.Item.Name, "scan"+op.Name)
	w.scans[id] = found.name
	w.fresh = append(w.fresh, fmt.Sprintf("\n%s\nfunc %s(row scanner, v *%s) error {\n%s}\n",
		comment(found.name+" reads "+found.columns+"."), found.name, itemGo(x), body))
	return found
}

// selected is a column in the list of what a statement reads. Where old rows may
// lack what answers require, they get the zero value.
func selected(c *model.Column) string {
	if c.Late {
		return "COALESCE(" + c.SQL() + ", " + c.Zero() + ")"
	}
	return c.SQL()
}

func (w *storeWriter) pick(candidates ...string) string {
	for _, name := range candidates {
		if !w.names[name] {
			w.names[name] = true
			return name
		}
	}
	last := candidates[len(candidates)-1]
	return w.pick(last+"Row", last+"Row2", last+"Row3")
}

// scanWriter prints a function that reads a row.
type scanWriter struct {
	before, after strings.Builder
	targets       []string
}

func (s *scanWriter) line(format string, args ...any) { fmt.Fprintf(&s.before, format+"\n", args...) }
func (s *scanWriter) then(format string, args ...any) { fmt.Fprintf(&s.after, format+"\n", args...) }

func (s *scanWriter) output(o model.Output) {
	f := o.Field
	switch {
	case o.Column == nil:
		s.then("v.%s = %s", f.Name, shaped(f, literal(f.Type, o.Const)))
	case o.Column.Kind == model.ColTime && f.Type.Kind == model.String:
		local := localName(f.Name)
		s.targets = append(s.targets, "&"+local)
		text := shaped(f, local+".Format(time.RFC3339Nano)")
		if f.Shape() == model.Plain {
			s.line("var %s time.Time", local)
			s.then("v.%s = %s", f.Name, text)
			break
		}
		s.line("var %s *time.Time", local)
		s.then("if %s != nil {\nv.%s = %s\n}", local, f.Name, text)
	case f.Shape() == model.Tristate:
		local := localName(f.Name)
		s.line("var %s *%s", local, f.ValueGo("api."))
		s.targets = append(s.targets, target(o.Column, local))
		s.then("v.%s = nullable(%s)", f.Name, local)
	default:
		s.targets = append(s.targets, target(o.Column, "v."+f.Name))
	}
}

func target(c *model.Column, place string) string {
	if c.Kind == model.ColJSON {
		return "database.JSON(&" + place + ")"
	}
	return "&" + place
}

func (s *scanWriter) text() string {
	scan := call("row.Scan", s.targets)
	if s.after.Len() == 0 {
		return s.before.String() + "return " + scan + "\n"
	}
	return s.before.String() + "if err := " + scan + "; err != nil {\nreturn err\n}\n" + s.after.String() + "return nil\n"
}

// localName names a variable after a field without hiding what the function uses.
func localName(field string) string {
	name := model.Unexported(field)
	switch name {
	case "v", "row", "err", "api", "codec", "database", "time", "nullable":
		return name + "Value"
	}
	return name
}

// literal returns a constant of package api's types as Go outside that package.
func literal(t *model.Type, text string) string {
	lit, _ := constant(t, text)
	if t.Kind == model.Enum {
		return "api." + lit
	}
	return typed(t, lit)
}

// shaped wraps a value the way the field holds it.
func shaped(f *model.Field, value string) string {
	switch f.Shape() {
	case model.Tristate:
		return "codec.NewNullable(" + value + ")"
	case model.Pointer:
		return "new(" + value + ")"
	}
	return value
}
