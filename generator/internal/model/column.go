package model

import (
	"cmp"
	"encoding/json"
	"strconv"
	"strings"
)

// columnKind returns the SQL type that holds values of t.
func columnKind(t *Type) ColumnKind {
	k := t.Kind
	if k == Enum {
		k = t.Base
	}
	switch k {
	case String:
		return ColText
	case Bool:
		return ColBoolean
	case Int32, Int64:
		return ColBigint
	case Float32, Float64:
		return ColDouble
	case Time:
		return ColTime
	case Date:
		return ColDate
	case Bytes:
		return ColBytes
	}
	return ColJSON
}

// sqlDefault turns the JSON text of a default into an SQL literal. ok is false
// for what no literal of the kind stands for.
func sqlDefault(kind ColumnKind, text string) (literal string, ok bool) {
	if text == "" || text == "null" {
		return "", false
	}
	switch kind {
	case ColText:
		var s string
		if json.Unmarshal([]byte(text), &s) != nil || strings.ContainsRune(s, 0) {
			return "", false
		}
		return quoteSQL(s), true
	case ColBigint:
		n, err := strconv.ParseInt(text, 10, 64)
		return strconv.FormatInt(n, 10), err == nil
	case ColDouble:
		_, err := strconv.ParseFloat(text, 64)
		return text, err == nil
	case ColBoolean:
		return strings.ToUpper(text), text == "true" || text == "false"
	case ColJSON:
		return quoteSQL(text), !strings.Contains(text, `\u0000`)
	}
	return "", false
}

func quoteSQL(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// zeroDefault is what old rows get in a column that answers require: the zero
// value of the type, or the first value of an enum.
func zeroDefault(kind ColumnKind, t *Type) string {
	if t != nil && t.Kind == Enum && len(t.Values) > 0 {
		if literal, ok := sqlDefault(kind, t.Values[0].JSON); ok {
			return literal
		}
	}
	switch kind {
	case ColBigint, ColIdentity, ColDouble:
		return "0"
	case ColBoolean:
		return "FALSE"
	case ColTime:
		return "'1970-01-01T00:00:00.000000Z'"
	case ColDate:
		return "'1970-01-01'"
	case ColJSON:
		if t != nil && t.Kind == Slice {
			return "'[]'"
		}
		return "'{}'"
	}
	return "''"
}

// stamped reports whether the store writes the time into the column.
func (c *Column) stamped() bool { return c.Source == FromNow || c.Source == FromTouch }

// Zero returns the SQL literal that stands in for a missing value.
func (c *Column) Zero() string { return cmp.Or(c.Fill, zeroDefault(c.Kind, c.Type)) }

// SQL returns the column's name as statements write it.
func (c *Column) SQL() string { return quoteName(c.Name) }

// SQL returns the table's name as statements write it.
func (t *Table) SQL() string { return quoteName(t.Name) }

func quoteName(name string) string {
	if sqlWords[name] {
		return `"` + name + `"`
	}
	return name
}

// sqlWords holds the words that PostgreSQL, CockroachDB or SQLite does not take
// as a bare column or table name.
var sqlWords = wordSet(`abort action add after all allocate alter always analyse analyze and any array as asc
asymmetric attach authorization before begin between both by cascade case cast check collate collation column
commit concurrently conflict constraint create cross current current_catalog current_date current_role
current_schema current_time current_timestamp current_user database default deferrable deferred delete desc
detach distinct do drop each else end escape except exclude exclusive exists explain fail false family fetch
filter following for foreign freeze from full generated glob grant group groups having if ignore ilike
immediate in index indexed initially inner insert instead intersect interval into is isnull join key last lateral
leading left like limit localtime localtimestamp match materialized natural no not nothing notnull null nulls
of offset on only or order others outer over overlaps partition placing plan pragma preceding primary query
raise range recursive references regexp reindex release rename replace restrict returning right rollback row
rows savepoint select session_user set similar some symmetric system_user table tablesample temp temporary
then ties to trailing transaction trigger true unbounded union unique update user using vacuum values
variadic verbose view virtual when where window with within without`)

func wordSet(text string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(text) {
		set[w] = true
	}
	return set
}

// identifier makes a name that both engines take without quotes or shortening.
func identifier(name string) string {
	ascii := strings.Map(func(r rune) rune {
		if r < 0x80 {
			return r
		}
		return '_'
	}, name)
	out := Snake(ascii)
	if len(out) > 50 {
		out = strings.TrimRight(out[:50], "_")
	}
	if system[out] || strings.HasPrefix(out, "sqlite_") {
		out = "own_" + out
	}
	return out
}

// system holds the columns that every PostgreSQL table has already.
var system = wordSet("tableoid xmin cmin xmax cmax ctid")

// ordered reports whether less and greater mean something for the column.
func (c *Column) ordered() bool {
	switch c.Kind {
	case ColBigint, ColIdentity, ColDouble, ColTime, ColDate:
		return true
	}
	return c.Decimal
}

// index asks for an index, where one would be of use: decimals are compared as
// numbers, which an index on their text does not help.
func (c *Column) index() { c.Index = c.Index || !c.Decimal }

// Scalar reports whether the column holds a plain value, not JSON or bytes.
func (c *Column) Scalar() bool { return c.Kind != ColJSON && c.Kind != ColBytes }

// sameKind reports whether a value of t compares with the column as it is.
func (c *Column) sameKind(t *Type) bool {
	kind := columnKind(t)
	switch c.Kind {
	case ColIdentity:
		return kind == ColBigint
	case ColDouble:
		return kind == ColBigint || kind == ColDouble
	case ColJSON, ColBytes:
		return false
	}
	return kind == c.Kind
}

// fits reports whether every value of in can be sent as out: what one operation
// stored must be valid where another answers it.
func fits(in, out *Type) bool { return fitsAll(in, out, map[[2]*Type]bool{}) }

func fitsAll(in, out *Type, seen map[[2]*Type]bool) bool {
	pair := [2]*Type{in, out}
	if in == out || seen[pair] {
		return true
	}
	seen[pair] = true
	if out.Kind == Raw {
		return columnKind(in) == ColJSON
	}
	if out.Kind == Enum {
		return in.Kind == Enum && in.Base == out.Base && subset(in.Values, out.Values)
	}
	if in.Kind == Enum {
		return in.Base == out.Kind
	}
	if columnKind(in) != columnKind(out) {
		return false
	}
	if columnKind(in) != ColJSON {
		return true
	}
	if in.Kind != out.Kind || in.ElemNullable && !out.ElemNullable {
		return false
	}
	switch in.Kind {
	case Uint64, Big:
		return true
	case Custom:
		return in.Expr == out.Expr
	case Slice, Map:
		return fitsAll(in.Elem, out.Elem, seen)
	case Struct:
		return fitsFields(in, out, seen)
	case Union:
		return fitsVariants(in, out, seen)
	}
	return false
}

func fitsFields(in, out *Type, seen map[[2]*Type]bool) bool {
	for _, f := range out.Fields {
		g := in.field(f.JSON)
		if g == nil {
			if f.Required && !f.WriteOnly {
				return false
			}
			continue
		}
		if f.Required && !g.Required || g.Nullable && !f.Nullable || !fitsAll(g.Type, f.Type, seen) {
			return false
		}
	}
	for _, g := range in.Fields {
		if out.field(g.JSON) == nil && out.Closed {
			return false
		}
	}
	return in.Extra == nil || out.Extra != nil && fitsAll(in.Extra, out.Extra, seen)
}

func fitsVariants(in, out *Type, seen map[[2]*Type]bool) bool {
	if len(in.Variants) != len(out.Variants) || in.Discriminator != out.Discriminator {
		return false
	}
	for i, v := range in.Variants {
		if !fitsAll(v.Type, out.Variants[i].Type, seen) {
			return false
		}
	}
	return true
}

func subset(in, out []*Value) bool {
	known := map[string]bool{}
	for _, v := range out {
		known[v.JSON] = true
	}
	for _, v := range in {
		if !known[v.JSON] {
			return false
		}
	}
	return true
}

// field returns the member with a JSON name, nil when there is none.
func (t *Type) field(name string) *Field {
	for _, f := range t.Fields {
		if f.JSON == name {
			return f
		}
	}
	return nil
}
