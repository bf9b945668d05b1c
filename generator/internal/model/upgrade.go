package model

import (
	"cmp"
	"strings"

	"github.com/apigen-go/apigen/generator/internal/diag"
	"github.com/apigen-go/apigen/generator/internal/spec"
)

// upgrade decides what rows from earlier documents show in the columns that
// answers require by now, and reports what a migration cannot settle alone.
func (p *Project) upgrade() diag.List {
	u := &upgrader{p: p}
	for _, t := range p.Tables {
		for _, c := range t.Columns {
			if c.Refs != "" && c.Default == zeroDefault(c.Kind, c.Type) {
				c.Default = "" // no row has the zero value as its key
			}
			c.Outline = outline(c)
		}
		was := findTable(p.Previous, t.Name)
		if was == nil || !u.keepsKey(was, t) {
			continue
		}
		if t.Shards != was.Shards {
			u.list.Warnf(t.Pos, "", "%s stays in %d partitions: the number in the document is for tables that are new", t.Name, was.Shards)
			t.Shards = was.Shards
		}
		for _, c := range t.Columns {
			if c != t.Key {
				u.column(was, t, c)
			}
		}
	}
	u.renamedTable()
	u.list.Sort()
	return u.list
}

type upgrader struct {
	p    *Project
	list diag.List
}

// keepsKey reports a key that is not what it was: no statement that both engines
// have changes the primary key of a table that others refer to.
func (u *upgrader) keepsKey(was, t *Table) bool {
	if was.Key.Name == t.Key.Name && t.Key.keeps(was.Key) && was.KeyBelowParents == t.KeyBelowParents && was.shardName() == t.shardName() {
		return true
	}
	u.list.Errorf(u.place(t, t.Key), "keep the key as it was; or name another table with \"x-apigen: {table: "+t.Name+"_new}\" in the schema of the "+
		"rows, and copy them over in a migration of your own",
		"the key of table %s would change from %s to %s, which no migration can do", t.Name, keyText(was), keyText(t))
	return false
}

func keyText(t *Table) string {
	text := t.Key.Name + " " + string(t.Key.Kind)
	if t.KeyBelowParents {
		text += " below " + t.Parents[len(t.Parents)-1].Name
	}
	if name := t.shardName(); name != "" {
		text += ", sharded by " + name
	}
	return text
}

// late reports whether rows that are there lack a value that answers require from
// now on. before is the column as it was, nil if there was none.
func (c *Column) late(before *Column) bool {
	return c.Always && (before == nil || !c.keeps(before) || !before.Always || before.Gone)
}

// column decides what old rows have in a column.
func (u *upgrader) column(was, t *Table, c *Column) {
	before := was.named(c.Name)
	same := before != nil && c.keeps(before)
	converted := before != nil && !same && conversion(before.Kind, c.Kind, c.Name) != ""
	switch {
	case same:
		u.changed(t, c, before)
	case before != nil && !converted:
		u.list.Warnf(u.place(t, c), "write the conversion in "+u.p.migrationName(),
			"%s changes from %s to %s: rows of %s from before lose sight of their values, which stay in the column %s",
			c.Name, before.Kind, c.otherKind(before), t.Name, setAside(was, t, before))
	}
	if _, from, _ := t.ForeignKey(c, u.p.Tables); !same && len(from) > 1 {
		u.list.Warnf(u.place(t, c), "", "%s refers to %s: a database from before holds its rows to that on PostgreSQL, but not on SQLite", c.Name, c.Refs)
	}
	renamed := u.renamedColumn(was, t, c)
	fresh := c.late(before)
	if !fresh && (before == nil || !before.Late || !c.Always) {
		return
	}
	if c.stamped() {
		if before != nil {
			c.Fill = zeroDefault(c.Kind, nil)
		}
		return
	}
	documented := c.Default != "" && u.documented(t, c)
	if !documented {
		c.Fill = u.fill(t, c)
	}
	switch {
	case same:
		// Its rows get the value once, but the column has no default for new ones.
		c.Fill, c.Late = cmp.Or(c.Fill, c.Default), true
	case c.Default == "":
		c.Late = true
	case !documented:
		c.Default = c.Fill
	}
	if fresh && !documented && !renamed && !converted {
		u.list.Warnf(u.place(t, c), "give the property a default, or write better values in "+u.p.migrationName(),
			"answers now require %s: rows of %s from before show %s", c.JSON, t.Name, c.Zero())
	}
}

// changed reports what a column that keeps its values asks of them from now on.
func (u *upgrader) changed(t *Table, c, before *Column) {
	if c.Unique && !before.Unique {
		u.list.Warnf(u.place(t, c), "make them differ before the service starts, or in "+u.p.migrationName()+" above the index",
			"%s becomes unique: the migration fails while two rows of %s share a value", c.Name, t.Name)
	}
	if c.Refs != "" && before.Refs == "" {
		u.list.Warnf(u.place(t, c), "on PostgreSQL, ALTER TABLE … ADD FOREIGN KEY in a migration of your own makes it; SQLite has no such statement",
			"%s refers to %s now, but a database from before does not hold its rows to that: only new databases do", c.Name, c.Refs)
	}
	if lost := lostValues(before.Outline, c.Outline); len(lost) > 0 {
		u.list.Warnf(u.place(t, c), "keep the values that rows have, or change those rows in a migration of your own",
			"%s no longer allows %s: answers break the document where rows of %s have that",
			c.JSON, strings.Join(lost, " and "), t.Name)
	}
}

// renamedColumn says how the values of a property that seems to have a new name
// can follow it.
func (u *upgrader) renamedColumn(was, t *Table, c *Column) bool {
	if was.named(c.Name) != nil {
		return false
	}
	var old *Column
	for _, v := range was.Columns {
		if !v.Gone && v.JSON != "" && v.Kind == c.Kind && t.named(v.Name) == nil {
			if old != nil {
				return false
			}
			old = v
		}
	}
	for _, other := range t.Columns {
		if other != c && other.Kind == c.Kind && was.named(other.Name) == nil {
			return false
		}
	}
	if old == nil {
		return false
	}
	u.list.Warnf(u.place(t, c), "if that is a rename, write in "+u.p.migrationName()+": UPDATE "+t.SQL()+" SET "+c.SQL()+" = "+old.SQL()+";",
		"%s is new and %s is gone: rows of %s keep the values of %s but show none as %s", c.JSON, old.JSON, t.Name, old.JSON, c.JSON)
	return true
}

// renamedTable says how the rows of a resource that seems to have a new path can
// follow it.
func (u *upgrader) renamedTable() {
	var old, fresh []*Table
	for _, t := range u.p.Previous {
		if !t.Gone && findTable(u.p.Tables, t.Name) == nil {
			old = append(old, t)
		}
	}
	for _, t := range u.p.Tables {
		if findTable(u.p.Previous, t.Name) == nil {
			fresh = append(fresh, t)
		}
	}
	if len(old) != 1 || len(fresh) != 1 {
		return
	}
	u.list.Warnf(fresh[0].Pos, "if that is a rename, write \"x-apigen: {table: "+old[0].Name+"}\" in the schema of the rows",
		"the table %s is new and %s is no longer used: the rows of %s stay, but nothing shows them", fresh[0].Name, old[0].Name, old[0].Name)
}

// place is where the document speaks of a column.
func (u *upgrader) place(t *Table, c *Column) diag.Pos {
	if f, _ := u.property(t, c); f != nil && f.Pos.Line > 0 {
		return f.Pos
	}
	return t.Pos
}

// property returns the member that answers show the column in, preferably one
// that they require, and the schema of its owner.
func (u *upgrader) property(t *Table, c *Column) (found *Field, owner *spec.Schema) {
	for _, op := range u.p.Operations {
		x := op.CRUD
		if x == nil || x.Table != t || x.Item == nil {
			continue
		}
		for _, o := range x.Outputs {
			if o.Column == c && (found == nil || o.Field.Required && !found.Required) {
				found, owner = o.Field, x.Item.Schema
			}
		}
	}
	return found, owner
}

// documented reports whether the document itself gives the column its default.
func (u *upgrader) documented(t *Table, c *Column) bool {
	is := func(f *Field) bool {
		if f == nil {
			return false
		}
		literal, ok := sqlDefault(c.Kind, f.Default)
		return ok && literal == c.Default
	}
	for _, op := range u.p.Operations {
		x := op.CRUD
		if x == nil || x.Table != t {
			continue
		}
		for _, o := range x.Outputs {
			if o.Column == c && is(o.Field) {
				return true
			}
		}
		for _, in := range x.Inputs {
			if in.Column == c && is(in.Field) {
				return true
			}
		}
	}
	return false
}

// fill returns the literal that stands in for a value that old rows lack: the
// zero value, or a made-up one where the document does not allow that.
func (u *upgrader) fill(t *Table, c *Column) string {
	zero := zeroDefault(c.Kind, c.Type)
	f, owner := u.property(t, c)
	if f == nil {
		return zero
	}
	schema := findProperty(owner, f.JSON, 0)
	text := map[ColumnKind]string{ColText: `""`, ColBigint: "0", ColDouble: "0", ColJSON: "{}"}[c.Kind]
	if f.Type.Kind == Slice {
		text = "[]"
	}
	if schema == nil || text == "" || f.Type.Kind == Enum || Valid(schema, text, Response) {
		return zero
	}
	if made, ok := Sample(schema, Response, 1); ok {
		if literal, ok := sqlDefault(c.Kind, made); ok {
			return literal
		}
	}
	return zero
}
