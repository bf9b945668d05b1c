package model

import (
	"slices"

	"github.com/apigen-go/apigen/generator/internal/diag"
	"github.com/apigen-go/apigen/generator/internal/spec"
)

// Tenure says whose a row of a table is: that of the subject in the owner's column,
// or of whoever has the row that Via refers to. The two hold together where both
// are set.
type Tenure struct {
	Table *Table
	Via   *Column // nil: only the owner's column counts
	Up    *Tenure // of the row that Via refers to
	Param *Param  // of the path, that names the row which Via must refer to; nil: it names none
}

// ownerHint says how rows get an owner.
const ownerHint = `write for example "x-apigen: {owner: ownerId}" in the schema of the rows, whose property ownerId is of type string and readOnly`

// buildOwner finds the column that holds whose the rows are: x-apigen.owner.
func (r *resource) buildOwner() {
	c := r.table.column(r.ownerName())
	if c == nil || c.JSON == "" || c.Kind != ColText || c == r.table.Key || slices.Contains(r.table.Parents, c) {
		return // checkOwner reports it
	}
	c.Source, c.Index = FromPrincipal, true
	r.table.Owner = c
}

func (r *resource) ownerName() string { return schemaExtension(r.itemSchema()).Owner }

// checkOwner reports what keeps the rows from having an owner, or strangers from
// being kept out.
func (r *resource) checkOwner(features Features) (list diag.List) {
	name := r.ownerName()
	if name == "" {
		return nil
	}
	at := extensionPos(r.itemSchema())
	if r.table.Owner == nil {
		list.Errorf(at, ownerHint, "the owner of %s is %q, which is no property of type string beside the key", r.table.Name, name)
		return list
	}
	if r.table.Shard != nil {
		list.Errorf(at, "give the rows an owner or a shard key, not both", "the rows of %s have an owner and a shard key", r.table.Name)
		return list
	}
	if !features.Auth {
		list.Errorf(at, "add auth to features in apigen.yaml, and security to the operations", "the rows of %s have owners, but nothing finds out who sends a request", r.table.Name)
		return list
	}
	for _, c := range r.members() {
		if c.body != nil {
			if f := c.body.field(name); f != nil && !f.ReadOnly {
				list.Errorf(f.Pos, `write "readOnly: true", or leave it out of requests`, "%s says whose the row is, so %s %s must not set it", name, c.op.Method, c.op.Path)
			}
		}
		if o := c.op; o.Security == nil || slices.ContainsFunc(o.Security, func(all []Demand) bool { return len(all) == 0 }) {
			list.Errorf(o.Pos, "add security to the operation", "the rows of %s have owners, but %s %s lets in those without credentials", r.table.Name, o.Method, o.Path)
		}
	}
	return list
}

// extensionPos is where x-apigen of a schema stands, see schemaExtension.
func extensionPos(s *spec.Schema) diag.Pos {
	for n := 0; s != nil && n < 100; n++ {
		if v, ok := s.Extensions["x-apigen"]; ok {
			return v.Pos
		}
		s = s.Target
	}
	return diag.Pos{}
}

// idleOwners warns of owners that no table has: nobody is kept out by them.
func idleOwners(doc *spec.Document, resources []*resource) (list diag.List) {
	used := map[diag.Pos]bool{}
	for _, r := range resources {
		used[extensionPos(r.itemSchema())] = true
	}
	for _, s := range doc.Schemas {
		if x := schemaExtension(s); x.Owner != "" && !used[extensionPos(s)] {
			used[extensionPos(s)] = true
			list.Warnf(extensionPos(s), "it counts in the schema that GET answers with, for operations that the store implements", "the owner of %s is not looked at: no table has rows of this schema", s.Name)
		}
	}
	return list
}

// tenure returns whose the rows of a table are, nil when they are nobody's.
func tenure(tables []*Table, t *Table, seen map[*Table]bool) *Tenure {
	if t == nil || seen[t] {
		return nil
	}
	seen[t] = true
	defer delete(seen, t)
	out := &Tenure{Table: t}
	for _, c := range t.Parents {
		if up := tenure(tables, findTable(tables, c.Refs), seen); up != nil {
			out.Via, out.Up = c, up
			break
		}
	}
	if t.Owner == nil && out.Up == nil {
		return nil
	}
	return out
}

// follow ties the rows above to the parameters of the path that name them.
func (t *Tenure) follow(path []Match) {
	for ; t != nil && t.Via != nil; t = t.Up {
		if i := slices.IndexFunc(path, func(m Match) bool { return m.Column.Name == t.Via.Name }); i >= 0 {
			t.Param = path[i].Param
		}
	}
}

// Owned reports whether the statement must look whose a row is.
func (x *CRUD) Owned() bool {
	return x.Table.Owner != nil || x.BelowOwned()
}

// BelowOwned reports whether the path names a row above that has an owner.
func (x *CRUD) BelowOwned() bool {
	return slices.ContainsFunc(x.Where, func(m Match) bool { return m.Tenure != nil })
}
