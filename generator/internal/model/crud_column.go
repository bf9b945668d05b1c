package model

import (
	"slices"
	"strings"
)

// links and the like describe an answer, not the row in it.
var decorations = map[string]bool{"links": true, "link": true, "embedded": true, "object": true, "deleted": true, "href": true, "self": true}

var createdNames = map[string]bool{
	"createdat": true, "created": true, "createdon": true, "datecreated": true, "createddate": true,
	"creationdate": true, "creationtime": true, "createdtime": true, "createtime": true, "insertedat": true, "createddatetime": true,
}

var updatedNames = map[string]bool{
	"updatedat": true, "updated": true, "updatedon": true, "dateupdated": true, "updateddate": true,
	"modifiedat": true, "modified": true, "modifiedon": true, "datemodified": true, "lastmodified": true,
	"lastupdated": true, "lastupdatedat": true, "lastmodifiedat": true, "updatetime": true, "changedat": true, "updateddatetime": true,
}

// buildOutputs adds a column for every member of an answer that a row can hold.
func (r *resource) buildOutputs(item *Type) {
	for _, f := range item.Fields {
		if f.WriteOnly || r.table.column(f.JSON) != nil {
			continue
		}
		inRequest := r.inRequest(f.JSON, Create, Replace, Update)
		if !inRequest && (constant(f) != "" || decorations[norm(f.JSON)]) {
			continue
		}
		c := r.add(r.newColumn(item, f))
		c.Type = f.Type
		if r.inRequest(f.JSON, Create) || f.Type.Kind != Time && f.Type.Kind != String {
			continue
		}
		switch n := norm(f.JSON); {
		case createdNames[n]:
			c.Source, c.Kind = FromNow, ColTime
		case updatedNames[n]:
			c.Source, c.Kind = FromTouch, ColTime
		}
	}
}

// inRequest reports whether an operation of one of the kinds takes the property.
func (r *resource) inRequest(property string, kinds ...CRUDKind) bool {
	for _, c := range r.of(kinds...) {
		if f := c.body.field(property); f != nil && !f.ReadOnly {
			return true
		}
	}
	return false
}

// buildInput adds a hidden column for a member that requests carry and no answer
// shows, and takes over what the request's schema says about the column.
func (r *resource) buildInput(c *candidate, f *Field) {
	if f.JSON == r.table.Key.JSON && f.JSON != "" {
		return
	}
	col := r.table.column(f.JSON)
	if col == nil {
		col = r.add(r.newColumn(c.body, f))
	}
	col.written = append(col.written, f.Type)
	if literal, ok := sqlDefault(col.Kind, f.Default); ok && !r.defaults[col] {
		col.Default, r.defaults[col] = literal, true
	}
	x := schemaExtension(findProperty(c.body.Schema, f.JSON, 0))
	col.Index, col.Unique = col.Index || x.Index, col.Unique || x.Unique
	if col.Refs == "" {
		col.Refs = x.Ref
	}
}

func (r *resource) newColumn(owner *Type, f *Field) *Column {
	x := schemaExtension(findProperty(owner.Schema, f.JSON, 0))
	c := &Column{
		Name: r.names.pick(identifier(f.JSON)), JSON: f.JSON, Kind: columnKind(f.Type),
		Unique: x.Unique, Index: x.Index, Refs: x.Ref,
	}
	c.Decimal = c.Kind == ColText && f.Rules.Format == "decimal"
	if literal, ok := sqlDefault(c.Kind, f.Default); ok {
		c.Default, r.defaults[c] = literal, true
	}
	return c
}

// constant returns the only value a member may have as JSON text, else "".
func constant(f *Field) string {
	if f.Rules.Const != "" {
		return f.Rules.Const
	}
	if f.Type.Kind == Enum && len(f.Type.Values) == 1 {
		return f.Type.Values[0].JSON
	}
	return ""
}

// nameTables gives every table its name: the noun of the path, in the plural, and
// the parent's name before it where two resources share the noun.
func nameTables(resources []*resource, previous []*Table) {
	taken := scope{}
	for _, r := range resources {
		r.table.Place = r.place()
		if name := schemaExtension(r.itemSchema()).Table; name != "" {
			r.table.Name = taken.pick(identifier(name))
		}
	}
	for _, r := range resources {
		i := slices.IndexFunc(previous, func(t *Table) bool { return t.Place != "" && t.Place == r.table.Place })
		if r.table.Name == "" && i >= 0 && !taken[previous[i].Name] {
			r.table.Name = taken.pick(previous[i].Name)
		}
	}
	for _, r := range resources {
		if r.table.Name == "" {
			name := plural(identifier(r.noun))
			candidates := []string{name}
			if p := r.sites[0].parent; p != nil {
				candidates = append(candidates, singular(identifier(p.noun()))+"_"+name)
			}
			if from := r.members()[0].op.Spec.Origin; from.Label() != "" {
				candidates = append(candidates, identifier(from.Name+"_"+name))
			}
			r.table.Name = taken.pick(candidates...)
		}
		r.table.Go = Exported(singular(r.table.Name))
		r.table.Pos = r.members()[0].op.Pos
	}
}

// place returns the Place of the table, "" in a project of one document.
func (r *resource) place() string {
	s := r.sites[0]
	from := r.members()[0].op.Spec.Origin
	if len(s.members) > 0 {
		from = s.members[0].op.Spec.Origin
	}
	if from == nil || from.Name == "" {
		return ""
	}
	return from.Key + strings.TrimPrefix(s.base, from.Base)
}

// linkTables turns parent columns and x-apigen.ref into references between the
// tables that exist, so that no table refers to one that is created after it
// refers back.
func linkTables(resources []*resource) {
	bySite, byName := map[*site]*resource{}, map[string]*resource{}
	for _, r := range resources {
		byName[r.table.Name] = r
		for _, s := range r.sites {
			bySite[s] = r
		}
	}
	for _, r := range resources {
		for _, c := range r.table.Columns {
			target := byName[c.Refs]
			if target == nil && c.Refs != "" {
				target = byName[plural(identifier(c.Refs))]
			}
			c.Refs = ""
			r.link(c, target)
		}
		for _, s := range r.sites {
			last := r.lastParent(s)
			if owner := bySite[s.parent]; owner != nil && last != nil {
				r.link(last, owner)
			}
		}
	}
	for _, r := range resources {
		for _, c := range r.table.Columns {
			if c.Refs != "" && c.Refs != r.table.Name && reaches(byName, c.Refs, r.table.Name, map[string]bool{}) {
				c.Refs = ""
			}
		}
	}
}

// lastParent returns the column of the path parameter nearest to the collection.
func (r *resource) lastParent(s *site) *Column {
	n := len(pathParams(s))
	if n == 0 || len(s.members) == 0 {
		return nil
	}
	return r.parents[nthPathParam(s.members[0].op, n-1)]
}

// link makes a column refer to the key of another table where that is unique and
// of the same kind.
func (r *resource) link(c *Column, target *resource) {
	if target == nil || target.table.KeyBelowParents || c.Refs != "" {
		return
	}
	kind := target.table.Key.Kind
	if kind == ColIdentity {
		kind = ColBigint
	}
	if c.Kind == kind && c != r.table.Key {
		c.Refs, c.Index = target.table.Name, true
	}
}

func reaches(tables map[string]*resource, from, to string, seen map[string]bool) bool {
	if from == to {
		return true
	}
	if seen[from] || tables[from] == nil {
		return false
	}
	seen[from] = true
	return slices.ContainsFunc(tables[from].table.Columns, func(c *Column) bool {
		return c.Refs != "" && reaches(tables, c.Refs, to, seen)
	})
}
