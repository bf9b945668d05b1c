package model

import "slices"

// CRUDKind is what an operation does with its table.
type CRUDKind string

// The kinds of operations that the store implements.
const (
	List    CRUDKind = "list"
	Create  CRUDKind = "create"
	Get     CRUDKind = "get"
	Replace CRUDKind = "replace" // PUT
	Update  CRUDKind = "update"  // PATCH, a merge patch
	Delete  CRUDKind = "delete"
)

// CRUD says how the store implements an operation. Every operation has its own
// projection: its request fields go to columns, its answer is filled from columns.
type CRUD struct {
	Kind   CRUDKind
	Table  *Table
	Upsert bool // Replace that creates the row when it is missing

	Where   []Match // columns fixed by path parameters: parents, then the key
	Inputs  []Input // columns that are written, in table order
	Wrapper *Field  // member of the request body that holds the item, nil: the body itself

	Success *Success // the answer that is sent
	Item    *Type    // struct filled from a row; nil when the answer has no content
	Outputs []Output
	Wrap    *Field // member of the answer that holds the item, nil: the item itself
	Rows    *Rows  // List only

	// Parent is the condition whose table tells a missing parent from an empty list
	// or, when a row is added, from another reference that fails; Owner is that
	// table. nil: every list may be empty, and every failed reference is alike.
	Parent *Match
	Owner  *Table
	// Above are the columns of Owner that the path fixes as well: the rows that the
	// parent hangs on itself.
	Above []Match

	// Conflict and Reference are the declared statuses that stand for a duplicate
	// and for a reference to a missing row when 409 is not declared; 0: 409.
	Conflict, Reference int

	Ignored []string // what the request may carry but nothing uses: "query parameter coordinates"
	Notes   []string // whole sentences about choices made
}

// Match is a condition of equality between a column and a path parameter.
type Match struct {
	Column *Column
	Param  *Param
	Or     *Column // the value may stand in this column instead, nil as a rule

	// Tenure says whose the row must be that the value names; nil: anybody's.
	Tenure *Tenure
}

// Input is a column that a write fills, from a member of the body, from a path
// parameter or from the store itself (Column.Source).
type Input struct {
	Column *Column
	Field  *Field // member of the body
	Param  *Param // path parameter
	Keep   bool   // what the request leaves out stays as it is, else it becomes NULL
	Filled bool   // answers require a value: a null in the request leaves it as it is too
}

// Output is a member of the answer. Column or Const is set.
type Output struct {
	Field  *Field
	Column *Column
	Const  string // JSON text of a fixed value
}

// Rows is how a list reads its rows and what stands around them.
type Rows struct {
	Page     Paging
	Filters  []*Filter
	Sort     *Sort
	Envelope *Type     // struct around the items, nil: a bare array
	Items    *Field    // member of Envelope with the items
	Members  []*Member // other members of Envelope that are filled
}

// Paged reports whether the list answers with a window of its rows.
func (r *Rows) Paged() bool { return r.Page.Kind != Unpaged }

// Tells reports whether a member of the envelope has one of the roles.
func (r *Rows) Tells(roles ...Role) bool { return tells(r.Members, roles) }

func tells(members []*Member, roles []Role) bool {
	return slices.ContainsFunc(members, func(m *Member) bool {
		return slices.Contains(roles, m.Role) || tells(m.Members, roles)
	})
}

// PagingKind is how a client walks through a list.
type PagingKind string

// The kinds of paging.
const (
	Unpaged    PagingKind = ""
	ByOffset   PagingKind = "offset"
	ByPage     PagingKind = "page"
	ByCursor   PagingKind = "cursor" // the key of the last item seen
	ByPageZero PagingKind = "page0"  // pages count from 0
)

// Paging is the window of rows that a list answers with.
type Paging struct {
	Kind         PagingKind
	Size         *Param // rows wanted, nil: always Default
	Position     *Param // offset, page or cursor, nil: the start
	Default, Max int
}

// FilterKind is the condition of a filter.
type FilterKind string

// The kinds of filters.
const (
	Equal    FilterKind = "equal"
	AnyOf    FilterKind = "any"
	AtLeast  FilterKind = "min"
	AtMost   FilterKind = "max"
	MoreThan FilterKind = "above"
	LessThan FilterKind = "below"
	Contains FilterKind = "search" // case-insensitive text search
)

// Filter is a query parameter that narrows a list.
type Filter struct {
	Kind    FilterKind
	Param   *Param
	Columns []*Column // one, or every text column for a search
}

// Sort is the parameter that orders a list.
type Sort struct {
	Param     *Param
	Direction *Param // asc or desc, nil: part of Param
	Keys      []SortKey
}

// SortKey is a name the client may sort by.
type SortKey struct {
	Name   string
	Column *Column
}

// Role is what a member of a list's envelope tells.
type Role string

// The roles of envelope members.
const (
	RoleTotal  Role = "total"  // rows that match, over all pages
	RoleLimit  Role = "limit"  // rows asked for
	RoleOffset Role = "offset" // rows skipped
	RolePage   Role = "page"   // number of this page
	RolePages  Role = "pages"  // number of pages
	RoleMore   Role = "more"   // whether rows follow
	RoleNext   Role = "next"   // cursor of the next page
	RoleConst  Role = "const"  // a fixed value
	RoleMeta   Role = "meta"   // an object of such members
)

// Member is a member of a list's envelope beside the items.
type Member struct {
	Field   *Field
	Role    Role
	Const   string    // RoleConst: JSON text
	Members []*Member // RoleMeta
}
