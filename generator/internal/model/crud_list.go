package model

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// Page sizes of lists whose document names none.
const (
	defaultPageSize = 20
	maxPageSize     = 100
)

var (
	sizeNames   = wordSet("limit perpage pagesize size count take first maxresults top pagelimit itemsperpage")
	offsetNames = wordSet("offset skip start startindex pageoffset")
	pageNames   = wordSet("page pagenumber pageno pageindex currentpage")
	cursorNames = wordSet("cursor after startingafter pagetoken nexttoken next nextcursor aftercursor afterid continuationtoken")
	sortNames   = wordSet("sort sortby orderby ordering sortfield sortcolumn sortkey")
	dirNames    = wordSet("order direction sortorder sortdir sortdirection orderdirection dir")
	searchNames = wordSet("q search query searchterm searchquery keyword text term")
)

// bindRows finds the meaning of a list's parameters and of its envelope.
func (r *resource) bindRows(c *candidate) string {
	rows := &Rows{Envelope: c.rows.Envelope, Items: c.rows.Items}
	c.crud.Rows = rows
	r.bindPage(c, rows)
	r.bindSort(c, rows)
	for _, p := range c.op.Params {
		if p.In != InQuery || p == rows.Page.Size || p == rows.Page.Position || rows.Sort != nil && (p == rows.Sort.Param || p == rows.Sort.Direction) {
			continue
		}
		if slices.ContainsFunc(c.crud.Where, func(m Match) bool { return m.Param == p }) {
			continue // it is the shard key
		}
		if f := r.filter(p); f != nil {
			rows.Filters = append(rows.Filters, f)
		}
	}
	if rows.Envelope == nil {
		return ""
	}
	members, reason := r.envelope(rows, rows.Envelope, rows.Items)
	rows.Members = members
	return reason
}

func isInteger(t *Type) bool { return t.Kind == Int32 || t.Kind == Int64 || t.Kind == Uint64 }

// bindPage recognises limit and offset, page and page size, or a cursor.
func (r *resource) bindPage(c *candidate, rows *Rows) {
	page := &rows.Page
	for _, p := range c.op.Params {
		n := norm(p.Wire)
		if p.In != InQuery || r.table.column(p.Wire) != nil && n != "limit" && n != "offset" {
			continue
		}
		switch {
		case page.Size == nil && sizeNames[n] && isInteger(p.Type):
			page.Size = p
		case page.Position != nil:
		case offsetNames[n] && isInteger(p.Type):
			page.Position, page.Kind = p, ByOffset
		case pageNames[n] && isInteger(p.Type):
			page.Position, page.Kind = p, ByPage
			if p.Rules.Min == "0" || p.Default == "0" {
				page.Kind = ByPageZero
			}
		case cursorNames[n] && r.table.Key.sameKind(p.Type) && r.keyOutput(c) != nil,
			cursorNames[n] && p.Type.Kind == String && r.keyOutput(c) != nil:
			page.Position, page.Kind = p, ByCursor
		}
	}
	if page.Size == nil && page.Position == nil {
		return
	}
	page.Default, page.Max = defaultPageSize, maxPageSize
	if page.Kind == Unpaged {
		page.Kind = ByOffset
	}
	if p := page.Size; p != nil {
		if n, err := strconv.Atoi(p.Rules.Max); err == nil && n > 0 {
			page.Max = n
		}
		if n, err := strconv.Atoi(p.Default); err == nil && n > 0 {
			page.Default = n
			page.Max = max(page.Max, n)
		}
	}
	page.Default = min(page.Default, page.Max)
}

// keyOutput returns the member of the items that shows the key.
func (r *resource) keyOutput(c *candidate) *Field {
	for _, o := range c.crud.Outputs {
		if o.Column == r.table.Key && o.Field.Shape() != Tristate {
			return o.Field
		}
	}
	return nil
}

// bindSort recognises sort=-price, sort_by=price&order=desc and enums of those.
func (r *resource) bindSort(c *candidate, rows *Rows) {
	if rows.Page.Kind == ByCursor {
		return // a cursor walks in the order of the key
	}
	var by, dir *Param
	for _, p := range c.op.Params {
		n := norm(p.Wire)
		text := p.Type.Kind == String || p.Type.Kind == Enum && p.Type.Base == String
		switch {
		case p.In != InQuery || !text:
		case by == nil && sortNames[n]:
			by = p
		case dir == nil && dirNames[n]:
			dir = p
		}
	}
	if by == nil && dir != nil && dir.Type.Kind == Enum && !isDirection(dir) {
		by, dir = dir, nil
	}
	if by == nil {
		return
	}
	keys := r.sortKeys(c, by)
	if len(keys) == 0 {
		return
	}
	rows.Sort = &Sort{Param: by, Direction: dir, Keys: keys}
	if by.Type.Kind == Enum { // an index for every column there is would cost more than it gives
		for _, k := range keys {
			k.Column.index()
		}
	}
}

func isDirection(p *Param) bool {
	for _, v := range p.Type.Values {
		if !sortSuffix(enumText(v)) {
			return false
		}
	}
	return true
}

func sortSuffix(s string) bool {
	s = norm(s)
	return s == "asc" || s == "desc" || s == "ascending" || s == "descending"
}

func enumText(v *Value) string {
	var s string
	_ = json.Unmarshal([]byte(v.JSON), &s) // not a string: stays empty and matches nothing
	return s
}

// sortKeys lists the names a client may sort by. An enum with a value that names
// no column means something a table cannot tell.
func (r *resource) sortKeys(c *candidate, by *Param) []SortKey {
	var keys []SortKey
	add := func(name string, col *Column) {
		for _, k := range keys {
			if k.Name == name {
				return
			}
		}
		keys = append(keys, SortKey{name, col})
	}
	if by.Type.Kind != Enum {
		for _, o := range c.crud.Outputs {
			if o.Column != nil && o.Column.Scalar() {
				add(o.Field.JSON, o.Column)
			}
		}
		var usual string
		if json.Unmarshal([]byte(by.Default), &usual) == nil && !slices.ContainsFunc(keys, func(k SortKey) bool { return k.Name == SortName(usual) }) {
			return nil
		}
		return keys
	}
	for _, v := range by.Type.Values {
		name := SortName(enumText(v))
		col := r.table.lookup(name, "at", "date", "on")
		if col == nil || !col.Scalar() {
			return nil
		}
		add(name, col)
	}
	return keys
}

// SortName returns the name in a sort key such as "-price", "price:desc" or
// "price_desc".
func SortName(key string) string {
	key = strings.TrimLeft(key, "+-")
	for _, sep := range []string{":", " ", ",", ".", "_", "-"} {
		if i := strings.LastIndex(key, sep); i > 0 && sortSuffix(key[i+1:]) {
			return key[:i]
		}
	}
	return key
}

// filter returns what a query parameter narrows, nil when nothing.
func (r *resource) filter(p *Param) *Filter {
	if p.JSON || p.Type.Kind == Map || p.Type.Kind == Struct || p.Type.Kind == Union {
		return nil
	}
	elem := p.Type
	if elem.Kind == Slice {
		elem = elem.Elem
	}
	if col := r.filterColumn(p); col != nil && col.sameKind(elem) {
		col.index()
		if p.Type.Kind == Slice {
			return &Filter{AnyOf, p, []*Column{col}}
		}
		return &Filter{Equal, p, []*Column{col}}
	}
	if p.Type.Kind == Slice {
		return nil
	}
	if f := r.rangeFilter(p); f != nil {
		return f
	}
	if searchNames[norm(p.Wire)] && p.Type.Kind == String {
		if cols := r.searchable(); len(cols) > 0 {
			return &Filter{Contains, p, cols}
		}
	}
	return nil
}

func (r *resource) filterColumn(p *Param) *Column {
	name := p.Wire
	if i := strings.IndexByte(name, '['); i > 0 { // filter[status], ids[]
		if inner := strings.Trim(name[i:], "[]"); norm(name[:i]) == "filter" && inner != "" {
			name = inner
		} else if inner == "" {
			name = name[:i]
		}
	}
	if col := r.table.lookup(name, "id", "code"); col != nil {
		return col
	}
	if p.Type.Kind == Slice {
		return r.table.lookup(singular(Snake(name)), "id", "code")
	}
	return nil
}

var rangeWords = map[string]FilterKind{
	"min": AtLeast, "from": AtLeast, "gte": AtLeast, "ge": AtLeast, "since": AtLeast, "start": AtLeast,
	"max": AtMost, "to": AtMost, "lte": AtMost, "le": AtMost, "until": AtMost, "end": AtMost,
	"gt": MoreThan, "after": MoreThan, "lt": LessThan, "before": LessThan,
}

// rangeFilter reads min_price, price_lte, createdAfter, startDate and the like.
func (r *resource) rangeFilter(p *Param) *Filter {
	parts := strings.Split(Snake(p.Wire), "_")
	if len(parts) < 2 {
		return nil
	}
	for _, at := range []int{0, len(parts) - 1} {
		kind, ok := rangeWords[parts[at]]
		if !ok {
			continue
		}
		name := strings.Join(append(clone(parts[:at]), parts[at+1:]...), "_")
		col := r.table.lookup(name, "at", "on", "date", "time")
		if col == nil || !col.ordered() {
			continue
		}
		number := p.Type.Kind >= Int32 && p.Type.Kind <= Float64
		if col.sameKind(p.Type) || col.Decimal && number || col.Kind == ColTime && p.Type.Kind == Date {
			col.index()
			return &Filter{kind, p, []*Column{col}}
		}
	}
	return nil
}

// searchable returns the columns that hold words for people.
func (r *resource) searchable() []*Column {
	var cols []*Column
	for _, c := range r.table.Columns {
		if c.Kind == ColText && c != r.table.Key && c.Type != nil && c.Type.Kind == String && !c.Decimal &&
			c.Source == FromRequest && c.Refs == "" && !endsIn(c.Name, "_id") {
			cols = append(cols, c)
		}
	}
	return cols
}

var roles = map[string]Role{
	"total": RoleTotal, "totalcount": RoleTotal, "totalitems": RoleTotal, "totalresults": RoleTotal, "totalelements": RoleTotal,
	"totalrecords": RoleTotal, "totalsize": RoleTotal, "count": RoleTotal, "recordstotal": RoleTotal,
	"limit": RoleLimit, "perpage": RoleLimit, "pagesize": RoleLimit, "size": RoleLimit, "itemsperpage": RoleLimit,
	"offset": RoleOffset, "skip": RoleOffset,
	"page": RolePage, "pagenumber": RolePage, "currentpage": RolePage,
	"pages": RolePages, "totalpages": RolePages, "pagecount": RolePages, "lastpage": RolePages,
	"hasmore": RoleMore, "hasnext": RoleMore, "more": RoleMore, "hasnextpage": RoleMore,
	"next": RoleNext, "nextcursor": RoleNext, "cursor": RoleNext, "nextpagetoken": RoleNext, "nexttoken": RoleNext, "endcursor": RoleNext,
	"previous": RoleConst, "prev": RoleConst, "links": RoleConst, "object": RoleConst, "kind": RoleConst, "type": RoleConst,
	"prevcursor": RoleConst, "previouscursor": RoleConst, "first": RoleConst, "last": RoleConst, "self": RoleConst, "href": RoleConst,
}

var metaNames = map[string]Role{
	"meta": RoleMeta, "metadata": RoleMeta, "pagination": RoleMeta, "paging": RoleMeta, "pageinfo": RoleMeta, "page": RoleMeta,
}

// roleOf returns what an envelope's member tells by its name; items is the name
// of the member with the rows.
func roleOf(name, items string) Role {
	n, list := norm(name), norm(items)
	if n == list+"count" || n == norm(singular(Snake(items)))+"count" || n == "total"+list {
		return RoleTotal
	}
	return roles[n]
}

// envelope fills the members of an envelope; one that must be there and cannot
// be filled is the reason for a stub.
func (r *resource) envelope(rows *Rows, t *Type, items *Field) ([]*Member, string) {
	var out []*Member
	for _, f := range t.Fields {
		if f == items || f.WriteOnly {
			continue
		}
		if m := r.member(rows, f, items); m != nil {
			out = append(out, m)
			continue
		}
		if f.Required && !f.Nullable {
			return nil, "the list's answer requires " + f.JSON + ", which nothing supplies"
		}
	}
	return out, ""
}

func (r *resource) member(rows *Rows, f, items *Field) *Member {
	if v := constant(f); v != "" {
		return &Member{Field: f, Role: RoleConst, Const: v}
	}
	if f.Type.Kind == Struct && metaNames[norm(f.JSON)] == RoleMeta && !f.Nullable && !f.Boxed {
		inner, reason := r.envelope(rows, f.Type, items)
		if reason == "" && len(inner) > 0 {
			return &Member{Field: f, Role: RoleMeta, Members: inner}
		}
		return nil
	}
	paged := rows.Page.Kind == ByPage || rows.Page.Kind == ByPageZero
	role := roleOf(f.JSON, items.JSON)
	ok := false
	switch role {
	case RoleTotal:
		ok = isInteger(f.Type)
	case RoleLimit:
		ok = isInteger(f.Type) && rows.Page.Kind != Unpaged
	case RoleOffset:
		ok = isInteger(f.Type) && rows.Page.Kind == ByOffset
	case RolePage:
		ok = isInteger(f.Type) && paged
	case RolePages:
		ok = isInteger(f.Type) && rows.Page.Kind != Unpaged
	case RoleMore:
		ok = f.Type.Kind == Bool
	case RoleNext:
		ok = rows.Page.Kind == ByCursor && f.Type.Kind == String && f.Rules.Format == "" && (!f.Required || f.Nullable)
	}
	if !ok {
		return nil
	}
	return &Member{Field: f, Role: role}
}
