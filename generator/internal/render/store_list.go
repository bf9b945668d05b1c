package render

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/apigen-go/apigen/generator/internal/model"
)

// list prints the method of an operation that reads many rows: a Page where the
// answer tells more than its rows, else a slice.
func (w *storeWriter) list(op *model.Operation) {
	x := op.CRUD
	item := itemGo(x)
	result := "([]" + item + ", error)"
	if pages(x.Rows) {
		result = "(*Page[" + item + "], error)"
	}
	w.signature(op, "reads the rows of "+x.Table.Name+" that match.", result)
	scan := w.scan(op)
	query := "SELECT " + scan.columns + " FROM " + x.Table.SQL()
	order := " ORDER BY " + x.Table.Key.SQL()
	w.owner(x, "nil, ")
	if !x.Owned() && len(x.Where) == 0 && len(x.Rows.Filters) == 0 && x.Rows.Sort == nil && !x.Rows.Paged() {
		w.line("rows, err := s.db.Query(ctx, %s)", strconv.Quote(query+order))
		w.line("return all(rows, err, %s)\n}", scan.name)
		return
	}
	w.line("var c conditions")
	for _, m := range x.Where {
		w.line("c.and(%q, req.%s)", m.Column.SQL()+" = ?", m.Param.Name)
		if m.Tenure != nil {
			args := []string{"req." + m.Param.Name}
			condition := held(m.Tenure, "?", func(arg string) string {
				args = append(args, arg)
				return "?"
			})
			w.line("c.and(%q, %s)", condition, strings.Join(args, ", "))
		}
	}
	if c := x.Table.Owner; c != nil {
		w.line("c.and(%q, %s)", c.SQL()+" = ?", ownerVar)
	}
	for _, f := range x.Rows.Filters {
		w.filter(f)
	}
	if x.Rows.Sort != nil {
		w.order(x)
	}
	w.window(x, item)
	w.line("stmt := %s + c.text.String()", strconv.Quote(query))
	switch {
	case x.Rows.Sort != nil:
		w.line(`stmt += " ORDER BY " + order%s`, limit(x.Rows))
	default:
		w.line("stmt += %q%s", order, limit(x.Rows))
	}
	w.line("rows, err := s.db.Query(ctx, stmt, c.args...)")
	if !pages(x.Rows) && x.Parent == nil {
		w.line("return all(rows, err, %s)\n}", scan.name)
		return
	}
	w.line("items, err := all(rows, err, %s)", scan.name)
	w.line("if err != nil {\nreturn nil, err\n}")
	if x.Parent != nil {
		w.parent(x)
	}
	if !pages(x.Rows) {
		w.line("return items, nil\n}")
		return
	}
	if looksAhead(x.Rows) {
		w.line("if page.More = int64(len(items)) > page.Limit; page.More {\nitems = items[:page.Limit]\n}")
		w.next(x)
	}
	w.line("page.Items = items\nreturn &page, nil\n}")
}

// pages reports whether the store answers with a Page.
func pages(rows *model.Rows) bool { return rows.Envelope != nil && rows.Paged() }

// looksAhead reports whether the list must know if more rows follow.
func looksAhead(rows *model.Rows) bool {
	return pages(rows) && rows.Tells(model.RoleMore, model.RoleNext)
}

// limit is what ends the statement of a paged list.
func limit(rows *model.Rows) string {
	switch {
	case looksAhead(rows):
		return " + c.window(page.Limit+1, page.Offset)"
	case pages(rows):
		return " + c.window(page.Limit, page.Offset)"
	case !rows.Paged():
		return ""
	case rows.Page.Position == nil || rows.Page.Kind == model.ByCursor:
		return " + c.window(limit, 0)"
	}
	return " + c.window(limit, offset)"
}

// window prints the variables that say which rows are wanted, and the count of
// all where the answer tells it.
func (w *storeWriter) window(x *model.CRUD, item string) {
	p := x.Rows.Page
	if p.Kind == model.Unpaged {
		return
	}
	size := strconv.Itoa(p.Default)
	if p.Size != nil {
		size = fmt.Sprintf("pageSize(%s, %d, %d)", pointer(p.Size), p.Default, p.Max)
	}
	before := ""
	if p.Position != nil {
		before = map[model.PagingKind]string{
			model.ByOffset:   "rowsBefore(" + pointer(p.Position) + ")",
			model.ByPage:     "pagesBefore(" + pointer(p.Position) + ", 1, limit)",
			model.ByPageZero: "pagesBefore(" + pointer(p.Position) + ", 0, limit)",
		}[p.Kind]
	}
	switch {
	case !pages(x.Rows):
		w.line("limit := %s", int64Text(size))
		if before != "" {
			w.line("offset := %s", before)
		}
	case before == "":
		w.line("page := Page[%s]{Limit: %s}", item, size)
	default:
		w.line("limit := %s", int64Text(size))
		w.line("page := Page[%s]{Limit: limit, Offset: %s}", item, before)
	}
	if x.Rows.Tells(model.RoleTotal, model.RolePages) {
		w.line("count := s.db.QueryRow(ctx, %q+c.text.String(), c.args...)", "SELECT COUNT(*) FROM "+x.Table.SQL())
		w.line("if err := count.Scan(&page.Total); err != nil {\nreturn nil, err\n}")
	}
	if p.Kind == model.ByCursor {
		w.cursor(x)
	}
}

// int64Text makes a bare number an int64.
func int64Text(size string) string {
	if strings.HasPrefix(size, "pageSize") {
		return size
	}
	return "int64(" + size + ")"
}

// pointer is a parameter as a pointer, however the request holds it.
func pointer(p *model.Param) string {
	if p.Shape() == model.Pointer {
		return "req." + p.Name
	}
	return "&req." + p.Name
}

// filter prints a condition, inside an if where the parameter may be absent.
func (w *storeWriter) filter(f *model.Filter) {
	value := "req." + f.Param.Name
	optional := ""
	switch {
	case f.Kind == model.AnyOf:
		optional = "len(" + value + ") > 0"
	case f.Param.Shape() == model.Pointer:
		optional = value + " != nil"
		value = "*" + value
	}
	if optional != "" {
		w.line("if %s {", optional)
		defer w.line("}")
	}
	switch f.Kind {
	case model.AnyOf:
		w.line("in(&c, %q, %s)", f.Columns[0].SQL(), value)
	case model.Contains:
		var names []string
		for _, c := range f.Columns {
			names = append(names, strconv.Quote(c.SQL()))
		}
		w.line("c.search(%s, %s)", value, strings.Join(names, ", "))
	default:
		w.compare(f, value)
	}
}

var operators = map[model.FilterKind]string{
	model.Equal: "=", model.AtLeast: ">=", model.AtMost: "<=", model.MoreThan: ">", model.LessThan: "<",
}

func (w *storeWriter) compare(f *model.Filter, value string) {
	c := f.Columns[0]
	op, left, right := operators[f.Kind], c.SQL(), "?"
	switch {
	case c.Decimal && f.Param.Type.Kind == model.String:
		left, right = "CAST("+left+" AS NUMERIC)", "CAST(CAST(? AS TEXT) AS NUMERIC)"
	case c.Decimal:
		left, right = "CAST("+left+" AS NUMERIC)", "CAST(? AS NUMERIC)"
	case c.Kind == model.ColTime && f.Param.Type.Kind == model.Date:
		value = strings.TrimPrefix(value, "*") + ".Time()"
		if f.Kind == model.AtMost || f.Kind == model.MoreThan { // the whole day counts
			op = map[model.FilterKind]string{model.AtMost: "<", model.MoreThan: ">="}[f.Kind]
			value += ".AddDate(0, 0, 1)"
		}
	}
	w.line("c.and(%q, %s)", left+" "+op+" "+right, value)
}

// order prints the variable that holds the ORDER BY list.
func (w *storeWriter) order(x *model.CRUD) {
	s := x.Rows.Sort
	direction := `""`
	if s.Direction != nil {
		direction = text(s.Direction)
	}
	w.line("order, err := orderBy(%s, %q, %s, %s, %q, map[string]string{",
		statusConst(w.status), s.Param.Wire, text(s.Param), direction, x.Table.Key.SQL())
	for _, k := range s.Keys {
		column := k.Column.SQL()
		if k.Column.Decimal {
			column = "CAST(" + column + " AS NUMERIC)"
		}
		w.line("%q: %q,", k.Name, column)
	}
	w.line("})\nif err != nil {\nreturn nil, err\n}")
}

// text is a parameter as a plain string, empty when it is absent.
func text(p *model.Param) string {
	value := "req." + p.Name
	if p.Shape() == model.Pointer {
		value = "value(" + value + ")"
	}
	if p.Type.Kind == model.Enum {
		value = "string(" + value + ")"
	}
	return value
}

// cursor prints the condition that a list goes on after the last row seen.
func (w *storeWriter) cursor(x *model.CRUD) {
	p := x.Rows.Page.Position
	value := "req." + p.Name
	if p.Shape() == model.Pointer {
		w.line("if %s != nil {", value)
		value = "*" + value
	} else {
		w.line("if %s != %s {", value, map[bool]string{true: `""`, false: "0"}[p.Type.Kind == model.String])
	}
	if p.Type.Kind == model.String && x.Table.Key.Kind != model.ColText {
		w.line("after, err := strconv.ParseInt(%s, 10, 64)", value)
		w.line("if err != nil {\nreturn nil, problem.Invalid(%s, []problem.Violation{{In: %q, Pointer: %q, Detail: %q}})\n}",
			statusConst(w.status), "query", "/"+p.Wire, "is no cursor of this list")
		value = "after"
	}
	w.line("c.and(%q, %s)\n}", x.Table.Key.SQL()+" > ?", value)
}

// next prints the cursor of the following page.
func (w *storeWriter) next(x *model.CRUD) {
	if x.Rows.Page.Kind != model.ByCursor || !x.Rows.Tells(model.RoleNext) {
		return
	}
	for _, o := range x.Outputs {
		if o.Column != x.Table.Key {
			continue
		}
		last := "items[len(items)-1]." + o.Field.Name
		if o.Field.Shape() == model.Pointer {
			last = "*" + last
		}
		w.line("if page.More {\npage.Next = new(fmt.Sprint(%s))\n}", last)
	}
}

// parent prints the check that tells an empty list from a missing parent.
func (w *storeWriter) parent(x *model.CRUD) {
	w.line("if len(items) == 0 {")
	w.line("var found int")
	var st statement
	query := ""
	if up := x.Parent.Tenure; up != nil {
		query = "SELECT 1 WHERE " + held(up, st.arg("req."+x.Parent.Param.Name), st.arg)
	} else {
		query = ownerIs(&st, x, "req."+x.ShardParam())
	}
	w.line("%s", call("row := s.db.QueryRow", append([]string{"ctx", strconv.Quote(query)}, st.args...)))
	w.line("if err := row.Scan(&found); err != nil {\nreturn nil, err\n}\n}")
}
