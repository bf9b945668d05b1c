package render

import (
	"slices"
	"strings"

	"github.com/apigen-go/apigen/generator/internal/model"
)

// ownerVar is the variable of a method that holds who sends the request.
const ownerVar = "owner"

// hasOwners reports whether some rows belong to somebody.
func hasOwners(p *model.Project) bool {
	return p.Features.Store && slices.ContainsFunc(p.Tables, func(t *model.Table) bool { return t.Owner != nil })
}

// owner prints the variable with who sends the request, where whose a row is counts.
// zero is what is returned before an error.
func (w *storeWriter) owner(x *model.CRUD, zero string) {
	if x.Owned() {
		w.line("%s, err := subject(ctx)\nif err != nil {\nreturn %serr\n}", ownerVar, zero)
	}
}

// held is the condition that a row is the owner's. key is the SQL that names the row,
// arg returns the placeholder of an argument.
func held(t *model.Tenure, key string, arg func(string) string) string {
	table := t.Table.SQL()
	text := "EXISTS (SELECT 1 FROM " + table + " WHERE " + table + "." + t.Table.Key.SQL() + " = " + key
	if c := t.Table.Owner; c != nil {
		text += " AND " + table + "." + c.SQL() + " = " + arg(ownerVar)
	}
	if t.Param != nil {
		text += " AND " + table + "." + t.Via.SQL() + " = " + arg("req."+t.Param.Name)
	}
	if t.Up != nil {
		text += " AND " + held(t.Up, table+"."+t.Via.SQL(), arg)
	}
	return text + ")"
}

// above is the condition that the rows exist which the path names, "" where nothing
// asks for it. shard is the Go expression that tells the shard of the row.
func (st *statement) above(x *model.CRUD, shard string) string {
	var parts []string
	for _, m := range x.Where {
		switch {
		case m.Tenure != nil:
			parts = append(parts, held(m.Tenure, st.arg("req."+m.Param.Name), st.arg))
		case x.Parent != nil && x.Parent.Param == m.Param:
			parts = append(parts, "EXISTS ("+ownerIs(st, x, shard)+")")
		}
	}
	return strings.Join(parts, " AND ")
}

// unmoved keeps a write that replaces a row from taking that of another owner, or
// one that hangs on another row than the path names.
func unmoved(x *model.CRUD) string {
	var parts []string
	keep := func(c *model.Column) {
		parts = append(parts, x.Table.SQL()+"."+c.SQL()+" = excluded."+c.SQL())
	}
	if x.Table.Owner != nil {
		keep(x.Table.Owner)
	}
	for _, m := range x.Where {
		if m.Tenure != nil || !slices.Contains(x.Table.PrimaryKey(), m.Column) {
			keep(m.Column)
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return "WHERE " + strings.Join(parts, " AND ")
}
