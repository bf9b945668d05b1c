package model

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/apigen-go/apigen/generator/internal/diag"
	"github.com/apigen-go/apigen/generator/internal/spec"
)

// Shards is into how many partitions plain PostgreSQL divides a table whose
// document does not say it, and maxShards how many it may ask for: every partition
// is a table with indexes of its own.
const (
	defaultShards = 16
	maxShards     = 1024
)

// shardKey is what x-apigen says about the rows that belong together: the property
// or path parameter that tells where they are.
type shardKey struct {
	name   string // as it is written, "" when there is none
	shards int
	pos    diag.Pos
	own    bool // a schema says so; else the document does, for all of its tables
	none   bool // the schema says that its rows stay together
}

// same reports whether rows of the two keys with the same value are in one place.
func (k shardKey) same(other shardKey) bool { return norm(k.name) == norm(other.name) }

const shardHint = `write for example "x-apigen: {shard: tenantId}", with the name of a property or a path parameter, and "shards: 16" for the partitions on PostgreSQL`

// readShard reads x-apigen.shard and x-apigen.shards. Mistakes go to the list.
func readShard(extensions map[string]spec.Value, own bool, list *diag.List) shardKey {
	v, ok := extensions["x-apigen"]
	if !ok {
		return shardKey{}
	}
	var members map[string]json.RawMessage
	if json.Unmarshal([]byte(v.JSON), &members) != nil {
		if !own {
			list.Errorf(v.Pos, shardHint, "x-apigen of the document must be a mapping")
		}
		return shardKey{}
	}
	k := shardKey{shards: defaultShards, pos: v.Pos, own: own}
	shard, ok := members["shard"]
	if !ok {
		if members["shards"] != nil {
			list.Errorf(v.Pos, shardHint, "x-apigen has shards but no shard")
		}
		return shardKey{}
	}
	if json.Unmarshal(shard, &k.name) != nil || norm(k.name) == "" {
		list.Errorf(v.Pos, shardHint, "x-apigen.shard is %s, not a name", shard)
		return shardKey{}
	}
	if k.name == "none" {
		return shardKey{pos: v.Pos, own: own, none: true}
	}
	if count, ok := members["shards"]; ok {
		if json.Unmarshal(count, &k.shards) != nil || k.shards < 1 || k.shards > maxShards {
			list.Errorf(v.Pos, shardHint, "x-apigen.shards is %s; want 1 to %d", count, maxShards)
			k.shards = defaultShards
		}
	}
	return k
}

// chooseShard finds the column that the rows of the table are divided by. The
// document divides the tables that have such a column beside their key: those
// where it is the key hold the tenants themselves, for example.
func (r *resource) chooseShard() {
	t := r.table
	r.mistakes = nil
	r.shard = readShard(extensionOf(r.itemSchema()), true, &r.mistakes)
	if r.shard.name == "" {
		if r.shard.none || r.document.name == "" || len(r.mistakes) > 0 {
			return
		}
		r.shard = r.document
	}
	col := r.shardColumn(r.shard.name)
	if col == t.Key && !r.shard.own {
		col = nil
	}
	if p := r.shardParam(r.shard.name); col == nil && p != nil {
		col = r.add(&Column{Name: r.names.pick(identifier(r.shard.name)), Kind: columnKind(p.Type), Source: FromPath})
	}
	switch {
	case col == nil && r.shard.own:
		r.mistakes.Errorf(r.shard.pos, "name a property of the schema or a parameter; or write \"shard: none\"",
			"%s is no property of the rows of /%s, no parameter of their path and no required one", r.shard.name, r.noun)
	case col != nil && col.Kind != ColText && col.Kind != ColBigint && col.Kind != ColIdentity:
		r.mistakes.Errorf(r.shard.pos, "divide the rows by a text or an integer", "the shard key %s of /%s is %s", r.shard.name, r.noun, col.Kind)
	case col != nil:
		t.Shard, t.Shards = col, r.shard.shards
		if !r.defaults[col] {
			col.Default = "" // a row without the key is a mistake, not one of some other shard
		}
		t.KeyBelowParents = t.KeyBelowParents && slices.ContainsFunc(t.Parents, func(p *Column) bool { return p != col })
		return
	}
	r.shard = shardKey{none: r.shard.none}
}

// shardColumn returns the column that a shard key names: the one of a path
// parameter, or of a property.
func (r *resource) shardColumn(name string) *Column {
	for _, s := range r.sites {
		for _, c := range s.members {
			for _, p := range c.op.Params {
				if col := r.parents[p]; col != nil && norm(p.Wire) == norm(name) {
					return col
				}
			}
		}
	}
	return r.table.lookup(name)
}

// shardParam returns a parameter outside the path that tells the shard: a header
// X-Tenant-Id for tenantId, for example.
func (r *resource) shardParam(name string) *Param {
	for _, c := range r.members() {
		for _, p := range c.op.Params {
			if p.tells(name) {
				return p
			}
		}
	}
	return nil
}

// tells reports whether every request has the value of that name in the parameter.
func (p *Param) tells(name string) bool {
	wire := norm(p.Wire)
	return p.In != InPath && p.Required && (wire == norm(name) || wire == "x"+norm(name))
}

// unrouted is the reason of a stub whose request does not tell the shard.
const unrouted = "the request does not say "

// bindShard makes the shard key a condition of the operation: each statement goes
// to the place where the rows are, and sees no others.
func (r *resource) bindShard(c *candidate) string {
	t := r.table
	if t.Shard == nil || slices.ContainsFunc(c.crud.Where, func(m Match) bool { return m.Column == t.Shard }) {
		return ""
	}
	for _, p := range c.op.Params {
		if (p.tells(r.shard.name) || p.tells(t.Shard.Name)) && t.Shard.sameKind(p.Type) {
			c.crud.Where = append([]Match{{Column: t.Shard, Param: p}}, c.crud.Where...)
			return ""
		}
	}
	if c.kind != Create {
		return unrouted + r.shard.name + ", by which the rows are sharded"
	}
	return ""
}

// supplyShard checks that a row that is added tells its shard.
func (r *resource) supplyShard(c *candidate) string {
	t := r.table
	if t.Shard == nil || c.kind != Create {
		return ""
	}
	i := slices.IndexFunc(c.crud.Inputs, func(in Input) bool { return in.Column == t.Shard })
	if i < 0 && t.Shard.Source == FromSequence {
		return ""
	}
	if i < 0 {
		return unrouted + r.shard.name + ", by which the rows are sharded"
	}
	if f := c.crud.Inputs[i].Field; f != nil && !r.filled(c, t.Shard) {
		r.mistakes.Errorf(f.Pos, "list "+f.JSON+" under required, and do not allow null",
			"the rows of /%s are sharded by %s, but %s %s may leave it out", r.noun, r.shard.name, c.op.Method, c.op.Path)
	}
	return ""
}

// divide checks what only all tables together can tell and marks those that are
// the same everywhere. all are the resources with those that have no table.
func divide(all, resources []*resource, document shardKey) (list diag.List) {
	matched := false
	for _, r := range all {
		list = append(list, r.mistakes...)
		matched = matched || r.table != nil && r.table.Shard != nil && !r.shard.own
	}
	if document.name != "" && !matched && len(list) == 0 {
		list.Errorf(document.pos, shardHint, "no resource has %s beside its key: it is no property, no parameter of a path and no required one", document.name)
	}
	byTable := map[string]*resource{}
	sharded := false
	for _, r := range resources {
		byTable[r.table.Name] = r
		sharded = sharded || r.table.Shard != nil
	}
	for _, r := range resources {
		r.table.Reference = sharded && r.table.Shard == nil
		for _, c := range r.table.Columns {
			if target := byTable[c.Refs]; target != nil {
				r.checkReference(c, target, &list)
			}
		}
	}
	return list
}

// warnUnrouted reports the operations that are stubs because they do not tell
// where their rows are.
func warnUnrouted(operations []*Operation) (list diag.List) {
	for _, op := range operations {
		if strings.HasPrefix(op.Stub, unrouted) {
			list.Warnf(op.Pos, "add it to the path, or as a required parameter; or write the method yourself and ask all shards there",
				"%s %s is left to you: %s", op.Method, op.Path, op.Stub)
		}
	}
	return list
}

// checkReference reports a reference that leads out of its shard, which no engine
// can hold.
func (r *resource) checkReference(c *Column, target *resource, list *diag.List) {
	t, to := r.table, target.table
	switch {
	case to.Shard == nil,
		c == t.Shard && to.Shard == to.Key,
		t.Shard != nil && c != t.Shard && t.Shard != t.Key && to.Shard != to.Key && r.shard.same(target.shard) && to.Shard.compares(t.Shard):
		return
	case r.shard.none:
		list.Warnf(r.shard.pos, "", "%s.%s refers to %s, which is sharded by %s: the database does not hold the rows to that", t.Name, c.Name, to.Name, target.shard.name)
		c.Refs = ""
		return
	}
	how := "is not sharded"
	if t.Shard != nil {
		how = "is sharded by " + r.shard.name
	}
	pos := r.shard.pos
	if pos.Line == 0 {
		pos = t.Pos
	}
	list.Errorf(pos, "shard both by the same key; or write \"x-apigen: {shard: none}\" in the schema of the rows of "+t.Name+", which gives up the reference",
		"%s.%s refers to %s, which is sharded by %s, but %s %s: the two rows may be in different places", t.Name, c.Name, to.Name, target.shard.name, t.Name, how)
}

// shardName returns the name of the column that the rows are divided by, or "".
func (t *Table) shardName() string {
	if t.Shard == nil {
		return ""
	}
	return t.Shard.Name
}

// compares reports whether two columns hold values of one kind.
func (c *Column) compares(other *Column) bool {
	return c.Kind == other.Kind || c.Kind == ColIdentity && other.Kind == ColBigint || c.Kind == ColBigint && other.Kind == ColIdentity
}

// ForeignKey returns the columns that refer to another table and those that they
// refer to: the shard key goes with the reference where both tables are divided,
// so that a row refers to rows of its own shard only. It returns none where the
// table is not among the others.
func (t *Table) ForeignKey(c *Column, tables []*Table) (target *Table, from, to []*Column) {
	target = findTable(tables, c.Refs)
	switch {
	case target == nil:
		return nil, nil, nil
	case target.Shard == nil || target.Shard == target.Key || t.Shard == nil:
		return target, []*Column{c}, []*Column{target.Key}
	}
	return target, []*Column{t.Shard, c}, []*Column{target.Shard, target.Key}
}

// ShardParam returns the Go name of the parameter that tells the shard, or "".
func (x *CRUD) ShardParam() string {
	for _, m := range x.Where {
		if m.Column == x.Table.Shard {
			return m.Param.Name
		}
	}
	return ""
}

// Idle returns the column that a statement may set to what it is, where it has
// nothing to write: Citus takes no assignment to the shard key.
func (t *Table) Idle() *Column {
	for _, c := range t.Columns {
		if t.Key == t.Shard && c != t.Shard {
			return c
		}
	}
	return t.Key
}

// partitions ends the statement that creates a table: plain PostgreSQL divides it
// by the hash of the shard key. Other engines do not see this, see the runner of
// migrations.
func partitions(t *Table) string {
	if t.Shard == nil || t.Shards < 2 {
		return ";\n"
	}
	var out strings.Builder
	fmt.Fprintf(&out, " PARTITION BY HASH (%s);\n", t.Shard.SQL())
	for i := range t.Shards {
		fmt.Fprintf(&out, "CREATE TABLE %s_p%d PARTITION OF %s FOR VALUES WITH (MODULUS %d, REMAINDER %d);\n", indexName(t.Name), i, t.SQL(), t.Shards, i)
	}
	return out.String()
}

// distribute tells Citus where the rows of a table go. To every other engine the
// line is a comment.
func distribute(t *Table) string {
	switch {
	case t.Shard != nil:
		return "-- citus: SELECT create_distributed_table('" + t.SQL() + "', '" + t.Shard.Name + "');\n"
	case t.Reference:
		return "-- citus: SELECT create_reference_table('" + t.SQL() + "');\n"
	}
	return ""
}
