package render

import (
	"fmt"
	"slices"
	"strings"

	"github.com/apigen-go/apigen/generator/internal/model"
)

// write prints the method of an operation that changes rows.
func (w *storeWriter) write(op *model.Operation) {
	x := op.CRUD
	var st statement
	src := bodySource(op)
	switch {
	case x.Kind == model.Create, x.Upsert:
		st.insert(x, src)
	case x.Kind == model.Delete:
		st.add("DELETE FROM " + x.Table.SQL())
		st.add(where(&st, x))
	default:
		st.update(x, src)
	}
	result := "error"
	var scan scanFunc
	if x.Item != nil {
		scan = w.scan(op)
		st.add("RETURNING " + scan.columns)
		result = "(*" + itemGo(x) + ", error)"
	}
	w.signature(op, writeDoc(x), result)
	w.owner(x, strings.Repeat("nil, ", strings.Count(result, ",")))
	w.line("const stmt = %s", st.literal())
	w.body(op, &st)
	if slices.Contains(st.args, "now") {
		w.line("now := database.Now()")
	}
	w.run(x, &st, scan.name)
	w.line("}")
}

// body prints the variable for a body that may be absent. Where the body has
// members that are required, a request without one has nothing to store.
func (w *storeWriter) body(op *model.Operation, st *statement) {
	used := slices.ContainsFunc(st.args, func(arg string) bool {
		return strings.Contains("("+strings.ReplaceAll(arg, "&", "("), "(body.")
	})
	if !used {
		return
	}
	required := slices.ContainsFunc(op.CRUD.Inputs, func(in model.Input) bool { return in.Field != nil && in.Field.Required })
	if !required {
		w.line("body := value(req.Body)")
		return
	}
	fail := "missingBody(" + statusConst(w.status) + ")"
	if op.CRUD.Item != nil {
		fail = "nil, " + fail
	}
	w.line("if req.Body == nil {\nreturn %s\n}\nbody := *req.Body", fail)
}

// run prints the call of the database and what becomes of its result.
func (w *storeWriter) run(x *model.CRUD, st *statement, scan string) {
	refine := x.Conflict != 0 || x.Reference != 0
	declared := fmt.Sprintf("declared(err, %s, %s)", statusConst(x.Conflict), statusConst(x.Reference))
	switch {
	case x.Item != nil && refine:
		w.line("row, err := one(%s, %s)", st.call("s.db.WriteRow"), scan)
		w.line("return row, %s", declared)
	case x.Item != nil:
		w.line("return one(%s, %s)", st.call("s.db.WriteRow"), scan)
	case x.Kind == model.Create && x.Parent == nil && !x.BelowOwned() && refine:
		w.line("_, err := %s", st.call("s.db.Exec"))
		w.line("return %s", declared)
	case x.Kind == model.Create && x.Parent == nil && !x.BelowOwned():
		w.line("_, err := %s", st.call("s.db.Exec"))
		w.line("return err")
	case refine:
		w.line("err := affected(%s)", st.call("s.db.Exec"))
		w.line("return %s", declared)
	default:
		w.line("return affected(%s)", st.call("s.db.Exec"))
	}
}

func writeDoc(x *model.CRUD) string {
	switch {
	case x.Upsert:
		return "writes a row of " + x.Table.Name + ", new or not."
	case x.Kind == model.Create:
		return "adds a row to " + x.Table.Name + "."
	case x.Kind == model.Replace:
		return "replaces a row of " + x.Table.Name + "."
	case x.Kind == model.Update:
		return "changes the members that the request carries in a row of " + x.Table.Name + "."
	}
	return "deletes a row of " + x.Table.Name + "."
}

// bodySource is the expression that the members of the body hang on: the request
// itself, or the variable body where that may be absent.
func bodySource(op *model.Operation) string {
	expr := "req.Body"
	if op.Body != nil && op.Body.Pointer() {
		expr = "body"
	}
	if op.CRUD.Wrapper != nil {
		expr += "." + op.CRUD.Wrapper.Name
	}
	return expr
}

func (st *statement) insert(x *model.CRUD, src string) {
	var names, values, updates []string
	for _, in := range x.Inputs {
		names = append(names, in.Column.SQL())
		values = append(values, st.arg(insertValue(in, src)))
		if in.Param == nil && in.Column.Source != model.FromNow && in.Column.Source != model.FromPrincipal {
			updates = append(updates, in.Column.SQL()+" = excluded."+in.Column.SQL())
		}
	}
	if len(names) == 0 {
		st.add("INSERT INTO " + x.Table.SQL() + " DEFAULT VALUES")
		return
	}
	st.add("INSERT INTO " + x.Table.SQL() + " (" + strings.Join(names, ", ") + ")")
	shard := ""
	for _, in := range x.Inputs {
		if in.Column == x.Table.Shard {
			shard = insertValue(in, src)
		}
	}
	if exists := st.above(x, shard); exists == "" {
		st.add("VALUES (" + strings.Join(values, ", ") + ")")
	} else { // a missing parent is no row written, whatever else is wrong
		st.add("SELECT " + strings.Join(values, ", "))
		st.add("WHERE " + exists)
	}
	if !x.Upsert {
		return
	}
	var key []string
	for _, c := range x.Table.PrimaryKey() {
		key = append(key, c.SQL())
	}
	if len(updates) == 0 {
		idle := x.Table.Idle().SQL()
		updates = []string{idle + " = " + x.Table.SQL() + "." + idle}
	}
	st.add("ON CONFLICT (" + strings.Join(key, ", ") + ") DO UPDATE")
	st.add("SET " + strings.Join(updates, ",\n\t\t\t"))
	st.add(unmoved(x))
}

// ownerIs returns the query that finds the parent of a row, by the Go expression of
// the shard where the parent is divided too, below the rows that the path names.
func ownerIs(st *statement, x *model.CRUD, shard string) string {
	query := "SELECT 1 FROM " + x.Owner.SQL() + " WHERE " + x.Owner.Key.SQL() + " = " + st.arg("req."+x.Parent.Param.Name)
	if _, from, to := x.Table.ForeignKey(x.Parent.Column, []*model.Table{x.Owner}); len(from) > 1 {
		query += " AND " + to[0].SQL() + " = " + st.arg(shard)
	}
	for _, m := range x.Above {
		query += " AND " + m.Column.SQL() + " = " + st.arg("req."+m.Param.Name)
	}
	return query
}

func insertValue(in model.Input, src string) string {
	switch {
	case in.Param != nil:
		return "req." + in.Param.Name
	case in.Column.Source == model.FromPrincipal:
		return ownerVar
	case in.Column.Source == model.FromUUID && in.Field == nil:
		return "s.db.NewID()"
	case in.Column.Source == model.FromUUID && in.Field.Shape() == model.Pointer:
		return "idOr(s.db, " + src + "." + in.Field.Name + ")"
	case in.Column.Source == model.FromNow || in.Column.Source == model.FromTouch:
		return "now"
	}
	return member(in, src)
}

// member is the expression of a body member as an argument; absent is nil.
func member(in model.Input, src string) string {
	place := src + "." + in.Field.Name
	if in.Field.Shape() == model.Tristate {
		place += ".Ptr()"
	}
	if in.Column.Kind != model.ColJSON {
		return place
	}
	if in.Field.Shape() == model.Plain {
		place = "&" + place
	}
	return "database.JSON(" + place + ")"
}

func (st *statement) update(x *model.CRUD, src string) {
	var sets []string
	for _, in := range x.Inputs {
		sets = append(sets, in.Column.SQL()+" = "+st.assigned(in, src))
	}
	if len(sets) == 0 {
		sets = []string{x.Table.Idle().SQL() + " = " + x.Table.Idle().SQL()}
	}
	st.add("UPDATE " + x.Table.SQL())
	st.add("SET " + strings.Join(sets, ",\n\t\t\t"))
	st.add(where(st, x))
}

// assigned is the new value of a column in an UPDATE.
func (st *statement) assigned(in model.Input, src string) string {
	if in.Column.Source == model.FromTouch {
		return st.arg("now")
	}
	keep := in.Keep && !in.Field.Required
	if !keep {
		return st.arg(member(in, src))
	}
	if in.Field.Shape() == model.Tristate && !in.Filled {
		set := st.arg(src + "." + in.Field.Name + ".Set")
		return "CASE WHEN CAST(" + set + " AS BOOLEAN) THEN " + st.arg(member(in, src)) + " ELSE " + in.Column.SQL() + " END"
	}
	return "COALESCE(" + st.arg(member(in, src)) + ", " + in.Column.SQL() + ")"
}

// statusConst names the statuses that the store gives to errors.
func statusConst(status int) string {
	switch status {
	case 400:
		return "http.StatusBadRequest"
	case 404:
		return "http.StatusNotFound"
	case 409:
		return "http.StatusConflict"
	case 422:
		return "http.StatusUnprocessableEntity"
	}
	return "0"
}
