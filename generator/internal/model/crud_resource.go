package model

import (
	"slices"
	"strings"

	"github.com/apigen-go/apigen/generator/internal/diag"
	"github.com/apigen-go/apigen/generator/internal/spec"
)

// resource is the rows of one kind: every site with the same noun and the same
// item, and the table that holds them.
type resource struct {
	noun  string
	item  *Type
	sites []*site
	table *Table
	names scope

	defaults map[*Column]bool   // columns whose default comes from the document
	parents  map[*Param]*Column // path parameters that name a parent

	document shardKey // what the document says
	shard    shardKey // what holds for the rows
	mistakes diag.List
}

// infer decides which operations the store implements and what its tables are.
// Every other operation gets the reason why it is a stub. document is the shard key
// that holds for all tables that have it.
func infer(p *Project, doc *spec.Document, document shardKey) (list diag.List) {
	sites := findSites(p.Operations)
	shapeAnswers(sites)
	resources := findResources(sites)
	for _, r := range resources {
		r.document = document
		r.settle()
	}
	all := clone(resources)
	resources = slices.DeleteFunc(resources, func(r *resource) bool { return len(r.members()) == 0 })
	nameTables(resources, p.Previous)
	linkTables(resources)
	list = append(divide(all, resources, document), warnUnrouted(p.Operations)...)
	list = append(list, idleOwners(doc, resources)...)
	for _, r := range resources {
		list = append(list, r.checkOwner(p.Features)...)
	}
	for _, r := range resources {
		p.Tables = append(p.Tables, r.table)
	}
	for _, r := range resources {
		for _, c := range r.members() {
			c.op.CRUD, c.op.Stub = c.crud, ""
			c.finish(p.Tables)
		}
	}
	slices.SortFunc(p.Tables, func(a, b *Table) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// findResources joins the sites that show the same rows: /books and
// /authors/{}/books. Without a collection of all rows, what hangs on different
// parents is different: /repos/{}/hooks and /orgs/{}/hooks.
func findResources(sites []*site) []*resource {
	type rows struct {
		noun string
		item *Type
	}
	whole := map[rows]bool{}
	for _, s := range sites {
		if s.reads() && len(pathParams(s)) == 0 {
			whole[rows{s.noun(), s.itemType()}] = true
		}
	}
	var list []*resource
	for _, s := range sites {
		if !s.reads() {
			continue
		}
		item := s.itemType()
		i := slices.IndexFunc(list, func(r *resource) bool {
			same := r.item == item && (whole[rows{r.noun, item}] || s.parent == r.sites[0].parent && s.parent != nil)
			return r.noun == s.noun() && (same || item == nil && s.parent == r.sites[0].parent)
		})
		if i < 0 {
			list = append(list, &resource{noun: s.noun(), item: item})
			i = len(list) - 1
		}
		list[i].sites = append(list[i].sites, s)
	}
	for _, s := range sites {
		if len(s.members) > 0 && !s.reads() {
			adopt(s, list)
		}
	}
	return list
}

// itemType returns the struct that shows a row most fully.
func (s *site) itemType() *Type {
	for _, kind := range []CRUDKind{Get, List, Replace, Update, Create} {
		for _, c := range s.members {
			if c.kind == kind && c.item != nil {
				return c.item
			}
		}
	}
	return nil
}

// members returns the operations that are still in, those that create rows first.
func (r *resource) members() []*candidate {
	var first, rest []*candidate
	for _, s := range r.sites {
		for _, c := range s.members {
			if c.kind == Create {
				first = append(first, c)
			} else {
				rest = append(rest, c)
			}
		}
	}
	return append(first, rest...)
}

func (r *resource) of(kinds ...CRUDKind) []*candidate {
	var out []*candidate
	for _, kind := range kinds {
		for _, c := range r.members() {
			if c.kind == kind {
				out = append(out, c)
			}
		}
	}
	return out
}

// settle builds the table and binds every operation to it. An operation that
// does not fit is dropped and the rest starts over, so that no column stays
// behind for an operation that is a stub.
func (r *resource) settle() {
	for dropped := true; dropped; {
		dropped = false
		for _, s := range r.sites {
			for _, c := range clone(s.members) {
				reason := c.placeReason()
				if reason == "" && len(r.of(List, Get, Create)) == 0 {
					reason = orphanReason(c.kind)
				}
				if reason != "" {
					s.drop(c, reason)
				}
			}
		}
		if len(r.members()) == 0 {
			return
		}
		r.build()
		for _, c := range r.members() {
			if reason := r.bind(c); reason != "" {
				c.site.drop(c, reason)
				dropped = true
				break
			}
		}
	}
}

func (r *resource) build() {
	r.table, r.names = &Table{}, scope{}
	r.defaults, r.parents = map[*Column]bool{}, map[*Param]*Column{}
	r.buildKey()
	r.buildParents()
	for _, c := range r.of(Get, List, Replace, Update, Create) {
		// What only a write answers, a token for example, is no column.
		if c.item == nil || c.kind != Get && c.kind != List && len(r.of(Get, List)) > 0 {
			continue
		}
		r.buildOutputs(c.item)
	}
	for _, c := range r.of(Create, Replace, Update) {
		for _, f := range c.body.Fields {
			if !f.ReadOnly {
				r.buildInput(c, f)
			}
		}
	}
	r.buildOwner()
	for _, c := range r.table.Columns {
		c.Always = c.Type != nil && r.mustAnswer(c)
		if c.Always && c.Default == "" && c != r.table.Key && !c.Unique && c.Refs == "" && !c.stamped() {
			c.Default = zeroDefault(c.Kind, c.Type)
		}
	}
	r.table.KeyBelowParents = r.table.Key.Source == FromRequest && len(r.table.Parents) > 0 &&
		!slices.ContainsFunc(r.sites, func(s *site) bool { return s.parent == nil && len(pathParams(s)) == 0 })
	r.chooseShard()
}

// mustAnswer reports whether some answer requires the column's property.
func (r *resource) mustAnswer(col *Column) bool {
	for _, c := range r.members() {
		if c.item == nil || c.kind == Delete {
			continue
		}
		if f := c.item.field(col.JSON); f != nil && f.Required && !f.Nullable && !f.WriteOnly {
			return true
		}
	}
	return false
}

func (r *resource) add(c *Column) *Column {
	r.table.Columns = append(r.table.Columns, c)
	return c
}

// keyParam returns the path parameter that tells best what the key is, nil where
// no path addresses a single row.
func (r *resource) keyParam() (param *Param) {
	for _, c := range r.of(Get, Replace, Update, Delete) {
		if c.key != nil && (param == nil || norm(c.key.Wire) == "id") {
			param = c.key
		}
	}
	return param
}

// buildKey finds the column that path parameters address rows by.
func (r *resource) buildKey() {
	param := r.keyParam()
	key := &Column{}
	if f := r.keyField(param); f != nil {
		key.JSON, key.Kind, key.Type = f.JSON, columnKind(f.Type), f.Type
		key.Name = r.names.pick(identifier(f.JSON))
	} else {
		key.Kind = ColBigint
		name := "id"
		if param != nil {
			key.Kind = columnKind(param.Type)
			name = identifier(param.Wire)
		}
		if r.hasProperty(name) {
			name = "row_" + name
		}
		key.Name = r.names.pick(name)
	}
	r.table.Key = r.add(key)
	key.Source = r.keySource(key)
	if key.Source == FromSequence {
		key.Kind = ColIdentity
	}
}

// keySource decides who makes up the key: the client where a request must carry
// it, else the store where it can.
func (r *resource) keySource(key *Column) Source {
	for _, c := range r.of(Create) {
		if f := c.body.field(key.JSON); f != nil && !f.ReadOnly && f.Required {
			return FromRequest
		}
	}
	if len(r.of(Create)) == 0 && len(r.of(Replace)) > 0 {
		return FromRequest
	}
	switch key.Kind {
	case ColBigint:
		return FromSequence
	case ColText:
		return FromUUID
	}
	return FromRequest
}

// keyField returns the property that holds the key.
func (r *resource) keyField(param *Param) *Field {
	one := norm(singular(Snake(r.noun)))
	wanted := []string{"id", one + "id", "uuid", one + "uuid", "guid"}
	if param != nil {
		wire := norm(param.Wire)
		wanted = []string{wire}
		switch wire {
		case "id", one + "id", one, "key", "uuid", "uid", "guid":
			wanted = append(wanted, "id", one+"id", "uuid", one+"uuid", "guid", "uid")
		default:
			if rest, ok := strings.CutPrefix(wire, one); ok {
				wanted = append(wanted, rest)
			}
			if strings.HasSuffix(wire, "id") {
				wanted = append(wanted, "id", one+"id", "uuid")
			}
		}
	}
	for _, name := range wanted {
		for _, t := range r.types() {
			for _, f := range t.Fields {
				if norm(f.JSON) == name && keyable(f.Type) && !f.Nullable {
					return f
				}
			}
		}
	}
	return nil
}

func keyable(t *Type) bool {
	kind := columnKind(t)
	return kind == ColText || kind == ColBigint
}

// types returns the structs of rows, the fullest answer first.
func (r *resource) types() []*Type {
	var list []*Type
	for _, c := range r.of(Get, List, Create, Replace, Update) {
		if c.item != nil {
			list = append(list, c.item)
		}
	}
	for _, c := range r.of(Create, Replace, Update) {
		list = append(list, c.body)
	}
	return list
}

func (r *resource) hasProperty(column string) bool {
	for _, t := range r.types() {
		for _, f := range t.Fields {
			if identifier(f.JSON) == column {
				return true
			}
		}
	}
	return false
}

// pathParams returns the path parameters of a collection path with the word
// each one follows.
func pathParams(s *site) (params []pathPart) {
	word := ""
	for _, seg := range s.segments {
		if !isParam(seg) {
			word = seg
			continue
		}
		params = append(params, pathPart{word, seg[1 : len(seg)-1]})
	}
	return params
}

type pathPart struct{ noun, wire string }

func (r *resource) buildParents() {
	through := map[*Column]int{} // how many sites
	for _, s := range r.sites {
		// The operations of a site may name the same parameter differently.
		for i, part := range pathParams(s) {
			var col *Column
			for _, c := range s.members {
				p := nthPathParam(c.op, i)
				if p == nil {
					continue
				}
				if col == nil {
					col = r.parentColumn(part, p)
					through[col]++
				}
				r.parents[p] = col
			}
		}
	}
	for _, col := range r.table.Parents {
		col.every = through[col] == len(r.sites)
	}
}

func nthPathParam(op *Operation, n int) *Param {
	for _, seg := range strings.Split(op.Path, "/") {
		if isParam(seg) {
			if n == 0 {
				return pathParam(op, pathName(seg))
			}
			n--
		}
	}
	return nil
}

func (r *resource) parentColumn(part pathPart, p *Param) *Column {
	one := singular(Snake(part.noun))
	name := Snake(part.wire)
	if !strings.HasPrefix(norm(name), norm(one)) {
		name = one + "_" + name
	}
	for _, c := range r.table.Parents {
		if norm(c.Name) == norm(name) {
			return c
		}
	}
	col := &Column{Name: identifier(name), Kind: columnKind(p.Type), Source: FromPath, Index: true}
	for _, t := range r.types() {
		for _, f := range t.Fields {
			if n := norm(f.JSON); (n == norm(name) || n == norm(part.wire) && n != "id") && columnKind(f.Type) == col.Kind && f.JSON != r.table.Key.JSON {
				col.Name, col.JSON, col.Type = identifier(f.JSON), f.JSON, f.Type
			}
		}
	}
	col.Name = r.names.pick(col.Name)
	r.table.Parents = append(r.table.Parents, col)
	return r.add(col)
}
