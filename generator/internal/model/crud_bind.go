package model

import (
	"slices"
	"strconv"

	"github.com/apigen-go/apigen/generator/internal/spec"
)

// bind ties an operation to the table. It returns why it cannot.
func (r *resource) bind(c *candidate) string {
	c.crud = &CRUD{Kind: c.kind, Table: r.table, Success: c.success, Wrapper: c.wrapper, Wrap: c.wrap, Item: c.item, Rows: c.rows}
	if reason := r.bindPath(c); reason != "" {
		return reason
	}
	if reason := r.bindShard(c); reason != "" {
		return reason
	}
	if c.kind == Replace && len(r.of(Create)) == 0 && len(r.of(Get, List)) > 0 && c.crud.lastMatch() == r.table.Key {
		c.crud.Upsert = true
		if r.bindInputs(c) != "" || r.supplies(c) != "" {
			c.crud.Upsert, c.crud.Inputs, c.crud.Notes = false, nil, nil
		}
	}
	if c.body != nil && !c.crud.Upsert {
		if reason := r.bindInputs(c); reason != "" {
			return reason
		}
	}
	if c.item != nil {
		if reason := r.bindOutputs(c); reason != "" {
			return reason
		}
	}
	if reason := r.supplyShard(c); reason != "" {
		return reason
	}
	switch c.kind {
	case Create:
		if reason := r.supplies(c); reason != "" {
			return reason
		}
	case List:
		if reason := r.bindRows(c); reason != "" {
			return reason
		}
		return c.ignoreParams()
	default:
		if !c.op.documents(404) && len(r.of(Create)) == 0 && !r.upserts() {
			return "declares no 404 answer and nothing creates what it looks for"
		}
	}
	return c.ignoreParams()
}

func (r *resource) upserts() bool {
	return slices.ContainsFunc(r.of(Replace), func(c *candidate) bool { return c.crud != nil && c.crud.Upsert })
}

func (x *CRUD) lastMatch() *Column {
	if len(x.Where) == 0 {
		return nil
	}
	return x.Where[len(x.Where)-1].Column
}

// bindPath turns the path parameters into conditions.
func (r *resource) bindPath(c *candidate) string {
	for _, p := range c.op.Params {
		if p.In != InPath {
			continue
		}
		col := r.parents[p]
		if p == c.key {
			if col = r.table.lookupKey(p, r.noun); col == nil {
				return "no property of the answer is the path parameter " + p.Wire
			}
			if !col.sameKind(p.Type) {
				return "the path parameter " + p.Wire + " and the column " + col.Name + " are of different types"
			}
			if col != r.table.Key {
				col.index()
			}
		}
		if col == nil {
			return "the path parameter " + p.Wire + " names no row"
		}
		m := Match{Column: col, Param: p}
		if p == c.key && col != r.table.Key && c.site.shadows[c.op] && col.Kind == r.table.Key.Kind {
			m.Or = r.table.Key
		}
		c.crud.Where = append(c.crud.Where, m)
	}
	return ""
}

// lookupKey returns the column that a path parameter at the end of the path names.
func (t *Table) lookupKey(p *Param, noun string) *Column {
	wire, one := norm(p.Wire), norm(singular(Snake(noun)))
	if norm(t.Key.Name) == wire || norm(t.Key.JSON) == wire {
		return t.Key
	}
	for _, c := range t.Columns {
		if c != t.Key && c.JSON != "" && norm(c.JSON) == wire && c.Scalar() {
			return c
		}
	}
	switch wire {
	case one + "id", one, "id", "key", "uuid", "guid", "uid", one + norm(t.Key.JSON), one + "uuid":
		return t.Key
	}
	if endsIn(wire, "id") || t.Key.JSON == "" {
		return t.Key
	}
	return nil
}

// keyConflict tells why a key that the store makes up may break the rules of the
// parameter that addresses it.
func keyConflict(col *Column, p *Param) string {
	return madeKeyConflict(col, p.Type, p.Rules, "the path parameter "+p.Wire)
}

func madeKeyConflict(col *Column, t *Type, rules Rules, what string) string {
	switch col.Source {
	case FromSequence:
		for _, limit := range []string{rules.Max, rules.ExclMax} {
			if n, err := strconv.ParseFloat(limit, 64); err == nil && n < 1e6 {
				return what + " is limited to " + limit + ", which numbered rows soon pass"
			}
		}
		if t.Kind == Enum || rules.MultipleOf != "" {
			return what + " takes fewer values than there may be rows"
		}
	case FromUUID:
		if t.Kind == Enum || rules.Pattern != "" || rules.MaxLength > 0 && rules.MaxLength < 36 ||
			rules.MinLength > 36 || rules.Format != "" && rules.Format != "uuid" {
			return what + " has rules that a key made by the store would break"
		}
	}
	return ""
}

// documents reports whether the operation declares the status, itself, by its
// range or by default.
func (o *Operation) documents(status int) bool {
	return slices.ContainsFunc(o.Failures, func(f *FailureUse) bool {
		return f.Status == status || f.Status == 0 || f.Range && f.Status/100 == status/100
	})
}

// firstDocumented returns the first of the statuses that the operation declares.
func (o *Operation) firstDocumented(statuses ...int) int {
	for _, s := range statuses {
		if o.documents(s) {
			return s
		}
	}
	return 0
}

// bindOutputs fills the members of the answer from columns.
func (r *resource) bindOutputs(c *candidate) string {
	for _, f := range c.item.Fields {
		if f.WriteOnly {
			continue
		}
		out := Output{Field: f, Column: r.answerColumn(c, f)}
		if out.Column == nil {
			if out.Const = fixed(c.kind, f); out.Const == "" {
				if reason := unsupplied(c.kind, f); reason != "" {
					return reason
				}
				continue
			}
		}
		c.crud.Outputs = append(c.crud.Outputs, out)
	}
	return ""
}

// answerColumn returns the column whose values the member can show.
func (r *resource) answerColumn(c *candidate, f *Field) *Column {
	col := r.table.column(f.JSON)
	if col == nil && norm(f.JSON) == "id" && columnKind(f.Type) == columnKind(&Type{Kind: keyKind(r.table.Key)}) && c.kind != List {
		col = r.table.Key
	}
	if col == nil {
		return nil
	}
	switch {
	case col.Kind == ColTime && f.Type.Kind == String && (col.Source == FromNow || col.Source == FromTouch):
		return col
	case col.Kind == ColIdentity && columnKind(f.Type) == ColBigint:
		return col
	case columnKind(f.Type) != col.Kind:
		return nil
	case col.Type != nil && !fits(col.Type, f.Type):
		return nil
	case col.Type == nil && slices.ContainsFunc(col.written, func(t *Type) bool { return !fits(t, f.Type) }):
		return nil
	}
	return col
}

func keyKind(key *Column) Kind {
	if key.Kind == ColText {
		return String
	}
	return Int64
}

// fixed returns the JSON text of the value that the member always has, else "".
func fixed(kind CRUDKind, f *Field) string {
	text := constant(f)
	switch {
	case text != "":
	case kind == Delete && f.Type.Kind == Bool && norm(f.JSON) == "deleted":
		text = "true"
	case f.Required:
		text = f.Default
	}
	if !f.Type.Scalar() {
		return ""
	}
	if _, ok := sqlDefault(columnKind(f.Type), text); !ok {
		return ""
	}
	return text
}

var secretNames = wordSet("token secret apikey accesstoken clientsecret privatekey secretkey signingsecret")

func unsupplied(kind CRUDKind, f *Field) string {
	switch {
	case kind == Create && secretNames[norm(f.JSON)]:
		return "the answer shows the secret " + f.JSON + ", which nothing supplies"
	case f.Required && !f.Nullable:
		return "the answer requires " + f.JSON + ", which nothing supplies"
	}
	return ""
}

// supplies tells which property that answers require would be missing from a row
// that c creates.
func (r *resource) supplies(c *candidate) string {
	key := r.table.Key
	if key.Source == FromUUID || key.Source == FromSequence {
		for _, other := range r.members() {
			if other.key != nil && r.table.lookupKey(other.key, r.noun) == key {
				if reason := keyConflict(key, other.key); reason != "" {
					return reason
				}
			}
			if other.item != nil {
				if f := other.item.field(key.JSON); f != nil {
					if reason := madeKeyConflict(key, f.Type, f.Rules, "the property "+f.JSON); reason != "" {
						return reason
					}
				}
			}
		}
	} else if !c.crud.Upsert && !slices.ContainsFunc(c.crud.Inputs, func(in Input) bool { return in.Column == key && in.Field != nil }) {
		return "nothing supplies the key " + key.Name
	}
	for _, other := range r.members() {
		if other.item == nil || other.kind == Delete {
			continue
		}
		for _, f := range other.item.Fields {
			if !f.Required || f.Nullable || f.WriteOnly {
				continue
			}
			col := r.answerColumn(other, f)
			if col == nil && fixed(other.kind, f) != "" {
				continue
			}
			if col == nil || !r.filled(c, col) {
				return "the answer of " + other.op.ID + " requires " + f.JSON + ", which nothing supplies"
			}
		}
	}
	return ""
}

// filled reports whether a row that c creates has a value in the column.
func (r *resource) filled(c *candidate, col *Column) bool {
	for _, in := range c.crud.Inputs {
		if in.Column != col {
			continue
		}
		if in.Field == nil {
			return true
		}
		if in.Field.Nullable {
			return false
		}
		return in.Field.Required || in.Field.Default != "" && in.Field.Shape() == Pointer || in.Field.Type.Kind == Slice ||
			in.Field.Type.Kind == Map || col.Source == FromUUID
	}
	return r.defaults[col] || col.Source == FromSequence || col.Type != nil && (col.Type.Kind == Slice || col.Type.Kind == Map)
}

func (r *resource) itemSchema() *spec.Schema {
	for _, t := range r.types() {
		if t.Schema != nil {
			return t.Schema
		}
	}
	return nil
}

// ignoreParams records the parameters that the implementation does not look at.
// One that must be sent and means nothing to a table makes the operation a stub.
func (c *candidate) ignoreParams() string {
	used := map[*Param]bool{}
	for _, m := range c.crud.Where {
		used[m.Param] = true
	}
	if rows := c.crud.Rows; rows != nil {
		used[rows.Page.Size], used[rows.Page.Position] = true, true
		for _, f := range rows.Filters {
			used[f.Param] = true
		}
		if rows.Sort != nil {
			used[rows.Sort.Param], used[rows.Sort.Direction] = true, true
		}
	}
	used[keyParam(c.op)] = true // is for the service, not for the table
	for _, p := range c.op.Params {
		if used[p] {
			continue
		}
		if p.Required {
			return "the required " + string(p.In) + " parameter " + p.Wire + " stands for no column"
		}
		if p.In == InQuery {
			c.crud.Ignored = append(c.crud.Ignored, "query parameter "+p.Wire)
		}
	}
	return ""
}

// finish decides what needs the tables of all resources.
func (c *candidate) finish(tables []*Table) {
	x := c.crud
	var parents, refs bool
	insert := x.Kind == Create || x.Upsert
	for i, m := range x.Where {
		if m.Column.Refs == "" || m.Param == c.key {
			continue
		}
		x.Where[i].Tenure = tenure(tables, findTable(tables, m.Column.Refs), map[*Table]bool{})
		x.Where[i].Tenure.follow(x.Where[:i])
		m = x.Where[i]
		parents = true
		if (x.Kind == List || insert) && c.op.documents(404) {
			x.Parent, x.Owner = &m, findTable(tables, m.Column.Refs)
			x.Above = x.Owner.hangsOn(x.Where[:i])
		}
	}
	unique := x.Kind == Create && x.Table.Key.Source == FromRequest
	for _, in := range x.Inputs {
		refs = refs || in.Column.Refs != "" && in.Field != nil
		unique = unique || in.Column.Unique || in.Column == x.Table.Key && in.Field != nil
	}
	switch {
	case x.Kind != Create && x.Kind != Replace && x.Kind != Update && x.Kind != Delete:
		return
	case unique && !c.op.documents(409):
		x.Conflict = c.op.firstDocumented(422, 400)
	}
	if !refs && len(x.Above) == 0 {
		x.Parent, x.Owner = nil, nil // the only reference that can fail is the parent
	}
	switch {
	case parents && !refs && insert:
		x.Reference = c.op.firstDocumented(404, 409, 422, 400)
	case refs && !c.op.documents(409):
		x.Reference = c.op.firstDocumented(422, 404, 400)
	}
}

// hangsOn returns the conditions of a path, up to a row of the table, that every row of
// the table has to fulfil: where a team is also found without its user, it is nobody's.
// The shard key is looked at with every reference.
func (t *Table) hangsOn(path []Match) []Match {
	var out []Match
	for _, m := range path {
		i := slices.IndexFunc(t.Parents, func(c *Column) bool { return c.Name == m.Column.Name && c.Kind == m.Column.Kind })
		if i >= 0 && t.Parents[i].every && t.Parents[i] != t.Shard {
			out = append(out, Match{Column: t.Parents[i], Param: m.Param})
		}
	}
	return out
}
