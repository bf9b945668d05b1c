package model

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/apigen-go/apigen/generator/internal/spec"
)

// column returns the column that holds a property.
func (t *Table) column(property string) *Column {
	for _, c := range t.Columns {
		if c.JSON == property {
			return c
		}
	}
	return nil
}

// lookup returns the column that a parameter names: by its own name, as one of a
// list ("tags" for tag), or with the end that ids, codes and times have. Case and
// signs make no difference, unless a property has the very name.
func (t *Table) lookup(name string, ends ...string) *Column {
	if c := t.column(name); c != nil && name != "" {
		return c
	}
	want := norm(name)
	if want == "" {
		return nil // all signs, which would match a name of other signs
	}
	for _, end := range append([]string{""}, ends...) {
		for _, c := range t.Columns {
			if norm(c.Name) == want+end || c.JSON != "" && norm(c.JSON) == want+end {
				return c
			}
		}
	}
	return nil
}

// File returns the name of the table's Go file without its extension.
func (t *Table) File() string { return fileName(t.Name) }

// PrimaryKey returns the columns of the primary key. A key that clients choose is
// unique below its parents only, and every key within its shard only.
func (t *Table) PrimaryKey() (key []*Column) {
	if t.Shard != nil && t.Shard != t.Key {
		key = append(key, t.Shard)
	}
	if t.KeyBelowParents {
		key = append(key, slices.DeleteFunc(clone(t.Parents), func(c *Column) bool { return c == t.Shard })...)
	}
	return append(key, t.Key)
}

// EncodeTables writes tables as lock records, one line per table and column,
// sorted by table and in column order.
func EncodeTables(tables []*Table) []string {
	var lines []string
	for _, t := range tables {
		record := []string{"table", t.Name, t.Key.Name, flags(map[string]bool{"below": t.KeyBelowParents, "gone": t.Gone, "reference": t.Reference}, "below", "gone", "reference")}
		if t.Shard != nil {
			record[3] = strings.TrimPrefix(fmt.Sprintf("%s,shards=%d", record[3], t.Shards), ",")
		}
		if t.Place != "" {
			record = append(record, t.Place)
		}
		lines = append(lines, encodeLine(record...))
		for i, c := range t.Columns {
			isParent := false
			for _, p := range t.Parents {
				isParent = isParent || p == c
			}
			fields := []string{"column", t.Name, fmt.Sprintf("%03d", i), c.Name, string(c.Kind),
				flags(map[string]bool{"unique": c.Unique, "index": c.Index, "parent": isParent,
					"decimal": c.Decimal, "always": c.Always, "late": c.Late, "gone": c.Gone, "shard": c == t.Shard},
					"unique", "index", "parent", "decimal", "always", "late", "gone", "shard"),
				c.Default, c.Refs, string(c.Source), c.JSON}
			if c.Outline != "" {
				fields = append(fields, c.Outline)
			}
			lines = append(lines, encodeLine(fields...))
		}
	}
	return lines
}

func flags(set map[string]bool, order ...string) string {
	var on []string
	for _, name := range order {
		if set[name] {
			on = append(on, name)
		}
	}
	return strings.Join(on, ",")
}

// encodeLine joins a record with blanks; every field is quoted unless it is a
// plain word.
func encodeLine(fields ...string) string {
	for i, f := range fields {
		if f == "" || strings.ContainsFunc(f, func(r rune) bool { return r <= ' ' || r == '"' || r >= 0x7f }) {
			text, _ := json.Marshal(f) // a string always encodes
			fields[i] = string(text)
		}
	}
	return strings.Join(fields, " ")
}

// DecodeTables reads what [EncodeTables] wrote.
func DecodeTables(lines []string) ([]*Table, error) {
	var tables []*Table
	byName := map[string]*Table{}
	keys := map[*Table]string{}
	for _, line := range lines {
		f, err := decodeLine(line)
		if err != nil {
			return nil, fmt.Errorf("read table record %q: %w", line, err)
		}
		switch {
		case f[0] == "table" && (len(f) == 4 || len(f) == 5) && byName[f[1]] == nil:
			on := strings.Split(f[3], ",")
			t := &Table{Name: f[1], KeyBelowParents: slices.Contains(on, "below"), Gone: slices.Contains(on, "gone"), Reference: slices.Contains(on, "reference")}
			for _, flag := range on {
				if n, ok := strings.CutPrefix(flag, "shards="); ok {
					if t.Shards, err = strconv.Atoi(n); err != nil {
						return nil, fmt.Errorf("read table record %q: %w", line, err)
					}
				}
			}
			if len(f) == 5 {
				t.Place = f[4]
			}
			byName[f[1]], keys[t] = t, f[2]
			tables = append(tables, t)
		case f[0] == "column" && (len(f) == 10 || len(f) == 11) && byName[f[1]] != nil:
			c := &Column{Name: f[3], Kind: ColumnKind(f[4]), Default: f[6], Refs: f[7], Source: Source(f[8]), JSON: f[9]}
			if len(f) == 11 {
				c.Outline = f[10]
			}
			byName[f[1]].restore(c, strings.Split(f[5], ","), keys)
		default:
			return nil, fmt.Errorf("read table record %q: unknown or out of place", line)
		}
	}
	for _, t := range tables {
		if t.Key == nil {
			return nil, fmt.Errorf("read table record: table %s has no key column %s", t.Name, keys[t])
		}
	}
	return tables, nil
}

func (t *Table) restore(c *Column, flags []string, keys map[*Table]string) {
	t.Columns = append(t.Columns, c)
	if keys[t] == c.Name {
		t.Key = c
	}
	for _, flag := range flags {
		switch flag {
		case "unique":
			c.Unique = true
		case "index":
			c.Index = true
		case "decimal":
			c.Decimal = true
		case "always":
			c.Always = true
		case "late":
			c.Late = true
		case "gone":
			c.Gone = true
		case "parent":
			t.Parents = append(t.Parents, c)
		case "shard":
			t.Shard = c
		}
	}
}

func decodeLine(line string) ([]string, error) {
	var fields []string
	for rest := strings.TrimSpace(line); rest != ""; rest = strings.TrimLeft(rest, " ") {
		if rest[0] != '"' {
			word, after, _ := strings.Cut(rest, " ")
			fields, rest = append(fields, word), after
			continue
		}
		dec := json.NewDecoder(strings.NewReader(rest))
		var s string
		if err := dec.Decode(&s); err != nil {
			return nil, fmt.Errorf("decode field %d: %w", len(fields)+1, err)
		}
		fields, rest = append(fields, s), rest[dec.InputOffset():]
	}
	if len(fields) == 0 {
		return nil, fmt.Errorf("the record is empty")
	}
	return fields, nil
}

// extension is what x-apigen may say about storage.
type extension struct {
	Table  string `json:"table"`
	Index  bool   `json:"index"`
	Unique bool   `json:"unique"`
	Ref    string `json:"ref"`
	Owner  string `json:"owner"`
	Skip   bool   `json:"skip"`
}

func readExtension(all map[string]spec.Value) extension {
	var x extension
	if v, ok := all["x-apigen"]; ok {
		// What does not fit is for the loader to report, not for the inference.
		_ = json.Unmarshal([]byte(v.JSON), &x)
	}
	return x
}

func skipped(op *Operation) bool {
	return op.Spec != nil && readExtension(op.Spec.Extensions).Skip
}

// schemaExtension reads x-apigen on a schema, looking through references.
func schemaExtension(s *spec.Schema) extension { return readExtension(extensionOf(s)) }

// extensionOf returns the extensions of a schema, or of the one that it refers to,
// that x-apigen is among.
func extensionOf(s *spec.Schema) map[string]spec.Value {
	for n := 0; s != nil && n < 100; n++ {
		if _, ok := s.Extensions["x-apigen"]; ok {
			return s.Extensions
		}
		s = s.Target
	}
	return nil
}

// findProperty returns the schema of a property, through references and allOf.
func findProperty(s *spec.Schema, name string, depth int) *spec.Schema {
	if s == nil || depth > 20 {
		return nil
	}
	for _, p := range s.Properties {
		if p.Name == name {
			return p.Schema
		}
	}
	for _, part := range s.AllOf {
		if found := findProperty(part, name, depth+1); found != nil {
			return found
		}
	}
	return findProperty(s.Target, name, depth+1)
}

// plural and singular turn the words of paths into names of tables and rows.
var irregular = map[string]string{
	"people": "person", "children": "child", "men": "man", "women": "woman", "movies": "movie",
	"cookies": "cookie", "series": "series", "species": "species", "news": "news", "indices": "index",
	"analyses": "analysis", "criteria": "criterion",
}

var uncountable = wordSet("data media staff equipment information feedback hardware software metadata inventory stock history content")

func singular(word string) string {
	head, last := cutWord(word)
	if one, ok := irregular[last]; ok {
		return head + one
	}
	switch {
	case strings.HasSuffix(last, "ies") && len(last) > 4:
		last = strings.TrimSuffix(last, "ies") + "y"
	case endsIn(last, "sses", "shes", "ches", "xes", "zzes", "tuses", "ruses", "buses", "oes") && len(last) > 4:
		last = strings.TrimSuffix(last, "es")
	case strings.HasSuffix(last, "s") && !endsIn(last, "ss", "us", "is"):
		last = strings.TrimSuffix(last, "s")
	}
	return head + last
}

func plural(word string) string {
	head, last := cutWord(word)
	if uncountable[last] || irregular[last] != "" || singular(word) != word {
		return word
	}
	for many, one := range irregular {
		if one == last {
			return head + many // every singular stands there once
		}
	}
	switch {
	case strings.HasSuffix(last, "y") && !endsIn(last, "ay", "ey", "oy", "uy"):
		last = strings.TrimSuffix(last, "y") + "ies"
	case endsIn(last, "s", "x", "z", "ch", "sh"):
		last += "es"
	default:
		last += "s"
	}
	return head + last
}

// cutWord splits snake_case before its last word.
func cutWord(name string) (head, last string) {
	i := strings.LastIndexByte(name, '_') + 1
	return name[:i], name[i:]
}

func endsIn(s string, ends ...string) bool {
	for _, end := range ends {
		if strings.HasSuffix(s, end) {
			return true
		}
	}
	return false
}
