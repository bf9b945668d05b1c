package model

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
)

// Migration returns the file name and the text of the migration that leads from
// the previous tables to the present ones, and "" when they are alike.
//
// Only the primary key is NOT NULL: SQLite cannot take a NOT NULL back, so whether
// a value must be there is checked where requests come in. Data is never dropped:
// what the document no longer names stays.
func (p *Project) Migration() (name, text string) {
	up, down := diffTables(p.Previous, p.Tables)
	if len(up) == 0 {
		return "", ""
	}
	text = "-- +goose Up\n" + strings.Join(up, "\n") + "\n-- +goose Down\n" + strings.Join(down, "\n")
	return p.migrationName(), text
}

// migrationName returns the file name of the next migration.
func (p *Project) migrationName() string {
	name := "init"
	if p.Migrations > 0 {
		name = "follow_document"
	}
	return fmt.Sprintf("%05d_%s.sql", p.Migrations+1, name)
}

// Kept returns the tables as the database has them after the migration: the
// present ones and what earlier documents named. They are the next Previous.
func (p *Project) Kept() []*Table {
	var kept []*Table
	for _, t := range p.Tables {
		if was := findTable(p.Previous, t.Name); was != nil {
			t = keptTable(was, t)
		}
		kept = append(kept, t)
	}
	for _, t := range p.Previous {
		if findTable(p.Tables, t.Name) == nil {
			gone := *t
			gone.Gone = true
			kept = append(kept, &gone)
		}
	}
	if p.Features.Idempotency && findTable(p.Previous, keysTable) == nil {
		kept = append(kept, newKeysTable())
	}
	slices.SortFunc(kept, func(a, b *Table) int { return strings.Compare(a.Name, b.Name) })
	return kept
}

// keeps reports whether the column can go on with the values of another one. An
// identity also takes keys that clients choose.
func (c *Column) keeps(before *Column) bool {
	return before.Kind == c.Kind && readable(before.Outline, c.Outline) || before.Kind == ColIdentity && c.Kind == ColBigint
}

// replace puts another column at the place of one.
func (t *Table) replace(i int, c *Column) {
	if t.Columns[i] == t.Key {
		t.Key = c
	}
	if j := slices.Index(t.Parents, t.Columns[i]); j >= 0 {
		t.Parents = clone(t.Parents)
		t.Parents[j] = c
	}
	if t.Columns[i] == t.Shard {
		t.Shard = c
	}
	t.Columns[i] = c
}

func keptTable(was, t *Table) *Table {
	merged := *t
	merged.Columns = clone(t.Columns)
	for i, c := range t.Columns {
		before := was.named(c.Name)
		switch {
		case before == nil:
		case !c.keeps(before):
			aside := *before
			aside.Name, aside.JSON, aside.Gone = setAside(was, t, before), "", true
			aside.Index, aside.Unique, aside.Always, aside.Late = false, false, false, false
			merged.Columns = append(merged.Columns, &aside)
		case before.Kind != c.Kind || before.Default != c.Default:
			same := *c
			same.Kind, same.Default = before.Kind, before.Default // SQLite cannot change them
			merged.replace(i, &same)
		}
	}
	for _, c := range was.Columns {
		if t.named(c.Name) == nil {
			gone := *c
			gone.Gone = true
			merged.Columns = append(merged.Columns, &gone)
		}
	}
	return &merged
}

func findTable(tables []*Table, name string) *Table {
	for _, t := range tables {
		if t.Name == name {
			return t
		}
	}
	return nil
}

func (t *Table) named(name string) *Column {
	for _, c := range t.Columns {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// diffTables returns the statements that turn the old tables into the new ones,
// and those that lead back without touching what was there before.
func diffTables(old, tables []*Table) (up, down []string) {
	for _, t := range inReferenceOrder(tables) {
		was := findTable(old, t.Name)
		if was == nil {
			up = append(up, createTable(t, tables), createIndexes(t), distribute(t))
			down = append(down, "DROP TABLE "+t.SQL()+";\n")
			continue
		}
		u, d := alterTable(was, t, tables)
		up, down = append(up, u...), append(down, d...)
		if t.Reference && !was.Reference {
			up = append(up, distribute(t))
		}
	}
	for _, t := range old {
		if len(up) > 0 && !t.Gone && findTable(tables, t.Name) == nil {
			up = append(up, "-- The document no longer needs the table "+t.Name+". Its rows stay; drop it by hand when they may go.\n")
		}
	}
	up = slices.DeleteFunc(up, func(s string) bool { return s == "" })
	down = slices.DeleteFunc(down, func(s string) bool { return s == "" })
	slices.Reverse(down)
	return up, down
}

// inReferenceOrder puts every table after those it refers to. Tables are sorted
// by name otherwise.
func inReferenceOrder(tables []*Table) []*Table {
	var out []*Table
	done := map[*Table]bool{}
	var visit func(*Table)
	visit = func(t *Table) {
		if t == nil || done[t] {
			return
		}
		done[t] = true
		for _, c := range t.Columns {
			visit(findTable(tables, c.Refs))
		}
		out = append(out, t)
	}
	for _, t := range tables {
		visit(t)
	}
	return out
}

func createTable(t *Table, tables []*Table) string {
	var lines []string
	composite := len(t.PrimaryKey()) > 1
	for _, c := range t.Columns {
		line := c.SQL() + " " + string(c.Kind)
		if c == t.Key && !composite {
			line += " PRIMARY KEY"
			if c.Kind != ColIdentity {
				line = c.SQL() + " " + string(c.Kind) + " NOT NULL PRIMARY KEY"
			}
		} else if slices.Contains(t.PrimaryKey(), c) {
			line += " NOT NULL"
		}
		lines = append(lines, line+t.columnEnd(c, tables))
	}
	if composite {
		lines = append(lines, "PRIMARY KEY ("+columnList(t.PrimaryKey())+")")
	}
	for _, c := range t.Columns {
		if key := t.foreignKey(c, tables); key != "" {
			lines = append(lines, key)
		}
	}
	return "CREATE TABLE " + t.SQL() + " (\n    " + strings.Join(lines, ",\n    ") + "\n)" + partitions(t)
}

func columnList(columns []*Column) string {
	var names []string
	for _, c := range columns {
		names = append(names, c.SQL())
	}
	return strings.Join(names, ", ")
}

// columnEnd is the default and the reference of a column.
func (t *Table) columnEnd(c *Column, tables []*Table) string {
	end := ""
	if c.Default != "" {
		end += " DEFAULT " + c.Default
	}
	if target, from, to := t.ForeignKey(c, tables); len(from) == 1 {
		end += " REFERENCES " + target.SQL() + " (" + columnList(to) + ")"
	}
	return end
}

// foreignKey is the constraint for a reference of more than the column itself, or "".
func (t *Table) foreignKey(c *Column, tables []*Table) string {
	target, from, to := t.ForeignKey(c, tables)
	if len(from) < 2 {
		return ""
	}
	return "FOREIGN KEY (" + columnList(from) + ") REFERENCES " + target.SQL() + " (" + columnList(to) + ")"
}

// index is an index of a table.
type index struct{ name, create string }

func (x index) drop() string { return "DROP INDEX " + x.name + ";\n" }

// index returns the index that a column asks for, or one without a name.
func (t *Table) index(c *Column) index {
	key := t.PrimaryKey()
	served := c == key[0] && (len(key) == 1 || !c.Unique) // by the index of the primary key
	if served || !c.Index && !c.Unique {
		return index{}
	}
	columns := []*Column{c}
	switch {
	case t.Shard == nil || t.Shard == c:
	case c.Refs != "": // when the other row goes, this one may be looked for in all shards
		columns = []*Column{c, t.Shard}
	default:
		columns = []*Column{t.Shard, c}
	}
	kind, end := "INDEX", "_idx"
	if c.Unique {
		kind, end = "UNIQUE INDEX", "_key"
	}
	name := indexName(t.Name+"_"+c.Name) + end
	return index{name, "CREATE " + kind + " " + name + " ON " + t.SQL() + " (" + columnList(columns) + ");\n"}
}

// indexName keeps a name within the 63 bytes that PostgreSQL looks at.
func indexName(name string) string {
	const limit = 63 - len("_idx")
	if len(name) <= limit {
		return name
	}
	sum := fnv.New32a()
	_, _ = sum.Write([]byte(name)) // it cannot fail
	return fmt.Sprintf("%s_%08x", name[:limit-9], sum.Sum32())
}

func createIndexes(t *Table) string {
	var out strings.Builder
	for _, c := range t.Columns {
		out.WriteString(t.index(c).create)
	}
	return out.String()
}

// alteration collects statements and what takes each of them back.
type alteration struct{ up, down []string }

func (a *alteration) add(up, down string) {
	a.up, a.down = append(a.up, up), append(a.down, down)
}

// alterTable returns the statements that bring a table with rows in it up to
// date, and for each the one that takes it back.
func alterTable(was, t *Table, tables []*Table) (up, down []string) {
	var a alteration
	for _, c := range t.Columns {
		if before := was.named(c.Name); before != nil {
			if x := was.index(before); x.name != "" && (x != t.index(c) || !c.keeps(before)) {
				a.add(x.drop(), x.create)
			}
		}
	}
	for _, c := range t.Columns {
		a.alterColumn(was, t, c, tables)
	}
	for _, c := range t.Columns {
		before := was.named(c.Name)
		if x := t.index(c); x.name != "" && (before == nil || x != was.index(before) || !c.keeps(before)) {
			a.add(x.create, x.drop())
		}
	}
	if len(a.up) > 0 {
		for _, c := range was.Columns {
			if !c.Gone && t.named(c.Name) == nil {
				a.up = append(a.up, "-- The document no longer names the column "+c.Name+" of "+t.Name+". Its values stay.\n")
			}
		}
	}
	return a.up, a.down
}

func (a *alteration) alterColumn(was, t *Table, c *Column, tables []*Table) {
	alter := "ALTER TABLE " + t.SQL()
	before := was.named(c.Name)
	if before != nil && c.keeps(before) {
		if c.late(before) {
			a.add("UPDATE "+t.SQL()+" SET "+c.SQL()+" = "+c.Zero()+" WHERE "+c.SQL()+" IS NULL;\n", "")
		}
		return
	}
	if before != nil {
		aside := quoteName(setAside(was, t, before))
		a.add("-- The column "+c.Name+" was "+string(before.Kind)+" and is "+c.otherKind(before)+" from here on. Its old values stay in "+aside+".\n"+
			alter+" RENAME COLUMN "+c.SQL()+" TO "+aside+";\n",
			alter+" RENAME COLUMN "+aside+" TO "+c.SQL()+";\n")
	}
	end, key := t.addedEnd(c, tables)
	if key != "" {
		key = alter + " ADD CONSTRAINT " + indexName(t.Name+"_"+c.Name) + "_fkey " + key + ";\n"
	}
	a.add(alter+" ADD COLUMN "+c.SQL()+" "+string(c.Kind)+end+";\n"+key,
		alter+" DROP COLUMN "+c.SQL()+";\n")
	if before != nil {
		a.add(carryOver(was, t, c, before), "")
	}
}

// setAside returns the name that a column gets when another one of its name, but
// of a different kind, takes its place.
func setAside(was, t *Table, c *Column) string {
	kind := map[ColumnKind]string{ColDouble: "double", ColTime: "time", ColBytes: "bytes", ColJSON: "json", ColIdentity: "bigint"}[c.Kind]
	if kind == "" {
		kind = strings.ToLower(string(c.Kind))
	}
	base := c.Name + "_" + kind
	for name, n := base, 2; ; name, n = fmt.Sprintf("%s_%d", base, n), n+1 {
		if was.named(name) == nil && t.named(name) == nil {
			return name
		}
	}
}

// otherKind names the kind that a column has and the one before had not.
func (c *Column) otherKind(before *Column) string {
	if c.Kind == before.Kind {
		return string(c.Kind) + " of another form"
	}
	return string(c.Kind)
}

// carryOver fills a column from the one that it replaces where both engines
// convert every value alike. Otherwise it says where the user may.
func carryOver(was, t *Table, c, before *Column) string {
	aside := quoteName(setAside(was, t, before))
	update := "UPDATE " + t.SQL() + " SET " + c.SQL() + " = "
	if value := conversion(before.Kind, c.Kind, aside); value != "" {
		return update + value + " WHERE " + aside + " IS NOT NULL;\n"
	}
	return "-- They cannot be converted blindly. To carry them over, write here: " + update + "…\n"
}

// conversion returns the expression that turns a column of one kind into another,
// or "" where some values would not survive that.
func conversion(from, to ColumnKind, column string) string {
	switch {
	case to == ColText && from == ColBoolean:
		return "CASE WHEN " + column + " THEN 'true' ELSE 'false' END"
	case to == ColText && (from == ColBigint || from == ColDouble || from == ColDate), to == ColDouble && from == ColBigint:
		return "CAST(" + column + " AS " + string(to) + ")"
	}
	return ""
}

// addedEnd gives old rows a value where new ones always have one. key is the
// constraint for a reference of more than the column itself.
func (t *Table) addedEnd(c *Column, tables []*Table) (end, key string) {
	added := *c
	if added.Default == "" && c.stamped() {
		added.Default = zeroDefault(c.Kind, nil)
	}
	if added.Default != "" {
		added.Refs = "" // SQLite takes no reference on a column whose old rows have a value
	}
	return t.columnEnd(&added, tables), t.foreignKey(&added, tables)
}
