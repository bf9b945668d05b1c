package model

import (
	"fmt"
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
	name = "init"
	if p.Migrations > 0 {
		name = "follow_document"
	}
	text = "-- +goose Up\n" + strings.Join(up, "\n") + "\n-- +goose Down\n" + strings.Join(down, "\n")
	return fmt.Sprintf("%05d_%s.sql", p.Migrations+1, name), text
}

// Kept returns the tables as the database has them after the migration: the
// present ones and what earlier documents named. They are the next Previous.
func (p *Project) Kept() []*Table {
	var kept []*Table
	for _, t := range p.Tables {
		old := findTable(p.Previous, t.Name)
		if old == nil {
			kept = append(kept, t)
			continue
		}
		merged := *t
		merged.Columns = clone(t.Columns)
		for _, c := range old.Columns {
			if t.named(c.Name) == nil {
				merged.Columns = append(merged.Columns, c)
			}
		}
		kept = append(kept, &merged)
	}
	for _, t := range p.Previous {
		if findTable(p.Tables, t.Name) == nil {
			kept = append(kept, t)
		}
	}
	slices.SortFunc(kept, func(a, b *Table) int { return strings.Compare(a.Name, b.Name) })
	return kept
}

// markLate marks the columns in which old rows may lack a value that answers
// require, because no default could give them one.
func markLate(previous, tables []*Table) {
	for _, t := range tables {
		was := findTable(previous, t.Name)
		for _, c := range t.Columns {
			if was == nil || !c.Always || c == t.Key || c.stamped() || c.Default != "" {
				continue
			}
			before := was.named(c.Name)
			c.Late = before == nil || !before.Always || before.Late
		}
	}
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
			up = append(up, createTable(t, tables), createIndexes(t, nil))
			down = append(down, "DROP TABLE "+t.SQL()+";\n")
			continue
		}
		u, d := alterTable(was, t, tables)
		up, down = append(up, u...), append(down, d...)
	}
	for _, t := range old {
		if len(up) > 0 && findTable(tables, t.Name) == nil {
			up = append(up, "-- The document no longer needs the table "+t.Name+". Its rows stay; drop it by hand when they may go.\n")
		}
	}
	up = slices.DeleteFunc(up, func(s string) bool { return s == "" })
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
		lines = append(lines, line+columnEnd(c, tables))
	}
	if composite {
		var names []string
		for _, c := range t.PrimaryKey() {
			names = append(names, c.SQL())
		}
		lines = append(lines, "PRIMARY KEY ("+strings.Join(names, ", ")+")")
	}
	return "CREATE TABLE " + t.SQL() + " (\n    " + strings.Join(lines, ",\n    ") + "\n);\n"
}

// columnEnd is the default and the reference of a column.
func columnEnd(c *Column, tables []*Table) string {
	end := ""
	if c.Default != "" {
		end += " DEFAULT " + c.Default
	}
	if target := findTable(tables, c.Refs); target != nil {
		end += " REFERENCES " + target.SQL() + " (" + target.Key.SQL() + ")"
	}
	return end
}

// createIndexes returns the indexes of a table that was did not have.
func createIndexes(t, was *Table) string {
	var out strings.Builder
	for _, c := range t.Columns {
		leads := c == t.PrimaryKey()[0] // the index of the primary key serves it
		if leads || !c.Index && !c.Unique {
			continue
		}
		unique := ""
		if c.Unique {
			unique = "UNIQUE "
		}
		if was != nil {
			if before := was.named(c.Name); before != nil && before.Unique == c.Unique && (before.Index || before.Unique) {
				continue
			}
		}
		fmt.Fprintf(&out, "CREATE %sINDEX %s ON %s (%s);\n", unique, indexName(t, c), t.SQL(), c.SQL())
	}
	return out.String()
}

func indexName(t *Table, c *Column) string {
	name := t.Name + "_" + c.Name
	if c.Unique {
		return name + "_key"
	}
	return name + "_idx"
}

func alterTable(was, t *Table, tables []*Table) (up, down []string) {
	for _, c := range t.Columns {
		before := was.named(c.Name)
		if before == nil {
			up = append(up, "ALTER TABLE "+t.SQL()+" ADD COLUMN "+c.SQL()+" "+addedKind(c)+addedEnd(c, tables)+";\n")
			undo := "ALTER TABLE " + t.SQL() + " DROP COLUMN " + c.SQL() + ";\n"
			if c.Index || c.Unique {
				undo = "DROP INDEX " + indexName(t, c) + ";\n" + undo
			}
			down = append(down, undo)
			continue
		}
		switch {
		case before.Kind != c.Kind:
			up = append(up, "-- The column "+c.Name+" of "+t.Name+" was "+string(before.Kind)+" and should be "+string(c.Kind)+
				" now. Its values cannot be converted blindly; write the conversion here.\n")
		case before.Default == "" && c.Default != "":
			// Rows from before this column had to have a value get one.
			up = append(up, "UPDATE "+t.SQL()+" SET "+c.SQL()+" = "+c.Default+" WHERE "+c.SQL()+" IS NULL;\n")
		}
	}
	if text := createIndexes(t, was); text != "" {
		up = append(up, text)
	}
	if len(up) > 0 {
		for _, c := range was.Columns {
			if t.named(c.Name) == nil {
				up = append(up, "-- The document no longer names the column "+c.Name+" of "+t.Name+". Its values stay.\n")
			}
		}
	}
	return up, down
}

// addedKind is the type of a column that is added to a table with rows in it.
func addedKind(c *Column) string {
	if c.Kind == ColIdentity {
		return string(ColBigint)
	}
	return string(c.Kind)
}

// addedEnd gives old rows a value where new ones always have one.
func addedEnd(c *Column, tables []*Table) string {
	added := *c
	if added.Default == "" && c.stamped() {
		added.Default = zeroDefault(c.Kind, nil)
	}
	if added.Default != "" {
		added.Refs = "" // SQLite takes no reference on a column whose old rows have a value
	}
	return columnEnd(&added, tables)
}
