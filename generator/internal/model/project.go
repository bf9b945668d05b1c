// Package model turns a resolved document into the project apigen will write:
// Go-ready names, types, operations and tables. All decisions live here, so that
// templates only print.
package model

import (
	"slices"
	"strings"

	"github.com/apigen-go/apigen/generator/internal/diag"
	"github.com/apigen-go/apigen/generator/internal/spec"
)

// Project is everything the templates need to know.
type Project struct {
	Name        string // command and folder name: "bookshop"
	Module      string // Go module path: "example.com/bookshop"
	Title       string // info.title
	Description string
	Version     string   // info.version
	Specs       []string // the documents inside the project: "api/openapi.yaml"

	InvalidStatus int // status that lists violations: 400, or 422 where the document prefers it

	Types      []*Type      // declared Go types that operations reach, sorted by name
	Failures   []*Failure   // typed error answers, sorted by name
	Operations []*Operation // in document order
	Webhooks   []*Webhook   // requests that the service sends, in document order
	Groups     []*Group     // operations by first tag: one handler file each
	Tables     []*Table     // sorted by name
	Features   Features
	Vendor     *Vendor // telemetry goes to; nil: to whoever takes OTLP

	Imports  []Import   // packages of the Custom types, in the order they were met
	Customs  bool       // there are such types
	Integers bool       // there are some that int64 does not hold
	XMLTypes []*XMLType // the objects that travel as XML, sorted by name
	Client   *Client    // names of the typed client; nil: there is none
	Guard    *Guard     // nil: no operation asks for credentials

	SessionCookie string // name of the cookie of sessions, "" without them

	Checks  []*Check // schemas that are validated at run time, sorted by name
	Schemas string   // the JSON document that holds them, "" when there are none

	Published []spec.Publication // what the service tells about itself, with the feature docs

	Previous   []*Table // tables of the last migration
	Names      []Name   // of everything in package api, and of the operations
	Migrations int      // number of the last migration, 0: none yet
}

// SpecPath names the documents in a sentence: "api/a.yaml and api/b.yaml".
func (p *Project) SpecPath() string {
	last := len(p.Specs) - 1
	if last < 1 {
		return strings.Join(p.Specs, "")
	}
	return strings.Join(p.Specs[:last], ", ") + " and " + p.Specs[last]
}

// Features says which optional parts the project carries.
type Features struct {
	Store     bool // persistence: internal/database, internal/store, migrations
	RateLimit bool // internal/ratelimit
	Cache     bool // internal/httpcache
	Auth      bool // internal/auth, where operations ask for credentials
	Shed      bool // internal/shed
	Metrics   bool // internal/telemetry with its admin listener
	OTLP      bool // internal/telemetry with what it sends to a collector
	Redis     bool // internal/redis, where another feature shares something through it
	Docs      bool // internal/docs: the document and a page about it
	Docker    bool // deploy/Dockerfile
	CI        bool // .github/workflows/ci.yaml
	Compose   bool // compose.yaml and what it mounts
	Load      bool // deploy/load
	Client    bool // the typed client: client, internal/client
	Check     bool // answers can be checked against the document
	Session   bool // internal/session

	Idempotency bool // internal/idempotency and its table
	Kubernetes  bool // deploy/kubernetes
	Monitoring  bool // deploy/prometheus, deploy/grafana
}

// Conditional reports whether requests may carry conditions on a row.
func (p *Project) Conditional() bool {
	return slices.ContainsFunc(p.Operations, func(o *Operation) bool { return o.Current != nil && o.Shadow == nil })
}

// Telemetry reports whether the project has internal/telemetry.
func (f Features) Telemetry() bool { return f.Metrics || f.OTLP }

// Shares reports whether a part of the project keeps something that instances share.
func (f Features) Shares() bool { return f.RateLimit || f.Cache || f.Session || f.Store }

// Kind is the shape of a Go type.
type Kind int

// The kinds. The scalar ones come first, see [Type.Scalar].
const (
	String  Kind = iota + 1 // string
	Bool                    // bool
	Int32                   // int32
	Int64                   // int64
	Uint64                  // uint64
	Big                     // codec.Integer: an integer of any size
	Float32                 // float32
	Float64                 // float64
	Time                    // time.Time, date-time
	Date                    // codec.Date, date
	Bytes                   // []byte, base64 in JSON (format byte)
	Enum                    // declared: named scalar with constants
	Raw                     // codec.Raw: any JSON value, kept as text
	Struct                  // declared
	Union                   // declared: oneOf/anyOf
	Slice                   // []Elem; declared only when recursive
	Map                     // map[string]Elem; declared only when recursive
	Custom                  // of another package: x-go-type
)

// Type is a Go type. Declared types (Name set) are shared pointers and appear in
// Project.Types; the others are written in place.
type Type struct {
	Kind Kind
	Name string   // Go name of a declared type, else ""
	Doc  string   // description
	Pos  diag.Pos // of the schema
	From string   // component schema it came from, else ""

	Expr string // Custom: the type as Go writes it: "uuid.UUID"

	Base   Kind     // Enum: String, Int32, Int64, Uint64 or Float64
	Values []*Value // Enum

	Fields []*Field // Struct, in document order
	Extra  *Type    // Struct: type of additional members kept in the field Extra; nil: none kept
	// ExtraRules and ExtraNullable hold for each of them.
	ExtraRules    Rules
	ExtraNullable bool
	Closed        bool  // Struct: additionalProperties is false
	Members       Rules // Struct: minProperties and maxProperties as MinItems and MaxItems

	Elem *Type // Slice, Map: the element; Custom: what its values are in the document, when that is a scalar
	// ElemNullable: elements are pointers, null stands for nil.
	ElemNullable bool
	// Rules on the elements of a Slice or Map of scalars are in Elem's use:
	ElemRules Rules

	Variants      []*Variant // Union, in document order
	Discriminator string     // Union: JSON name of the discriminator, else "" (decoded by shape)
	Fallback      *Variant   // Union: the variant for every other value of the discriminator, nil: none

	Exclusive bool // Union by shape: exactly one variant must fit (oneOf)

	Schema *spec.Schema // where it came from, for samples and CRUD inference

	Decoded bool // it needs a decoder: a request that is served or an answer that is read carries it
	Encoded bool // it needs an encoder: an answer that is served or a request that is sent carries it
	Served  bool // a request that is served carries it
	Read    bool // an answer that is read carries it
	Sent    bool // a request that is sent carries it
}

// Value is a constant of an enum.
type Value struct {
	Name string // Go name: "StatusAvailable"
	Lit  string // Go literal: `"available"` or `3`
	JSON string // JSON text

	asked bool // the document names it
}

// Variant is one alternative of a union.
type Variant struct {
	Name   string   // Go field and constructor name: "Card"
	Type   *Type    // of the alternative
	Rules  Rules    // on the alternative
	Values []string // discriminator values that choose it
}

// Field is a member of a struct.
type Field struct {
	Name      string // Go: "PublishedAt"
	JSON      string // "published_at"
	Doc       string
	Type      *Type
	Rules     Rules
	Required  bool   // in every direction that carries it
	Nullable  bool   // null is a value
	ReadOnly  bool   // not taken from requests
	WriteOnly bool   // not sent in responses
	Boxed     bool   // behind a pointer to break a cycle, though its shape asks for none
	Default   string // JSON text of the default, else ""
	Pos       diag.Pos
}

// Rules are the constraints a value must meet beyond its type.
// Numbers are text as in the document, empty when absent.
type Rules struct {
	Min, Max           string
	ExclMin, ExclMax   string
	MultipleOf         string
	MinLength          int // characters; 0: none
	MaxLength          int // -1: none
	Pattern            string
	Format             string // uuid, email, uri, … checked on strings
	MinItems, MaxItems int    // items or properties; MaxItems -1: none
	Unique             bool
	Const              string // JSON text
	Check              *Check // what neither the type nor these rules say; nil: nothing
}

// In is where a parameter travels.
type In string

// The four places.
const (
	InPath   In = "path"
	InQuery  In = "query"
	InHeader In = "header"
	InCookie In = "cookie"
)

// Param is a field of a request struct.
type Param struct {
	Name     string // Go: "BookID"
	Wire     string // as in the document: "bookId"
	In       In
	Doc      string
	Type     *Type // scalar, enum, slice of those, or struct/map for deepObject
	Rules    Rules
	Required bool
	Default  string // JSON text, else ""
	Style    string
	Explode  bool
	JSON     bool // a content parameter: the value is a JSON document
	Whole    bool // it is the whole query, as a form or as JSON
	Empty    bool // left empty it counts as absent
	Schema   *spec.Schema
	Pos      diag.Pos
}

// BodyKind is how a payload travels.
type BodyKind int

// The kinds of bodies.
const (
	JSONBody      BodyKind = iota + 1 // application/json and +json, or XML, see Body.XML
	FormBody                          // application/x-www-form-urlencoded
	MultipartBody                     // request only: multipart/*, the values before the files in a struct
	EventBody                         // answer only: text/event-stream, an iterator of Type
	LinesBody                         // one JSON value in each line or record, an iterator of Type
	TextBody                          // text/*: string
	StreamBody                        // everything else: io.Reader
)

// Body is a request or response payload.
type Body struct {
	Kind     BodyKind
	Media    string       // media type to send, or the first to accept: "application/json"
	Also     []string     // request only: further media types that mean the same
	Schema   *spec.Schema // nil when the document has none
	Type     *Type        // nil for StreamBody and TextBody, and for MultipartBody without values
	Rules    Rules
	Nullable bool
	Fields   bool // EventBody: the members of an item are the fields of an event
	Required bool // request only: the body must be there
	XML      *XML // JSONBody: the value travels as XML too, or only when Media is XML; nil: it does not

	// Of requests only:
	Field     string      // of the request struct: "Body"
	Form      *Body       // a form that carries a value of the same type
	Others    []*Body     // media types with values of other types
	Choice    bool        // it is one of several, so it may be absent
	Encodings []*Encoding // FormBody, MultipartBody: members that are written in another way
	Files     []string    // MultipartBody: members that are files
	Needs     []string    // MultipartBody: those of them that are required
	Parts     string      // MultipartBody: field of the request struct with the files, "" when Body is that
}

// Encoding says how a member of a form is written when it is not repeated for
// lists and bracketed for objects.
type Encoding struct {
	Name  string
	Sep   string // stands between items, or names and values
	Pairs bool   // an object
	JSON  bool   // as JSON text
}

// Operation is one method of the API.
type Operation struct {
	Name       string // Go method: "GetBook"
	Request    string // Go struct of its input: "GetBookRequest"
	Response   string // Go interface of its answers, when Sealed: "GetBookResponse"
	ID         string // operationId, or the one derived from method and path
	Method     string // "GET"
	Path       string // "/books/{bookId}"
	Summary    string
	Doc        string
	Group      *Group
	Pos        diag.Pos
	Deprecated bool

	Params []*Param // path parameters first, in template order; then as declared
	Body   *Body    // nil: none

	// ContentType and Accept are fields of the request struct that hold the media
	// type of the body and the one that the client prefers; "": no such field.
	ContentType string
	Accept      string

	// Successes are the declared 2xx and 3xx answers. Exactly one without
	// headers is returned as itself, several as the sealed interface NameResponse.
	Successes []*Success
	Failures  []*FailureUse // declared 4xx, 5xx and default answers, by status

	Limit *Limit // of requests; nil: that of the service
	Cache *Cache // what the document says of keeping answers; nil: nothing

	// Surrogates are what answers depend on, and what writes change: "books", and
	// "books/{0}" with the value of the first path parameter.
	Surrogates []string

	// Tagged says that answers carry an entity tag; Current is the operation whose tag
	// the conditions of a request are about, nil: conditions are not looked at.
	Tagged    bool
	Current   *Operation
	MustMatch bool // a request without If-Match is refused: x-apigen.if-match

	Priority Priority // when the service has not the capacity for all requests
	Once     *Once    // nil: requests are answered each time they come

	CRUD *CRUD  // nil: a stub
	Stub string // why it is a stub; "" when CRUD is set

	// Security are the ways to be let in, each a list of demands that hold
	// together; nil: everybody is.
	Security [][]Demand

	// Shadow is the operation that takes all requests of this one because its
	// path has the same shape; nil as a rule.
	Shadow *Operation

	Spec *spec.Operation
}

// Success is a declared answer below 400.
type Success struct {
	Name    string // Go struct when Sealed: "CreateBook201"
	Status  int
	Doc     string
	Body    *Body // nil: no content
	Headers []*Param
	Other   bool // another media type for the status of the answer before it
	Range   bool // it stands for every status below 300: 2XX, or default
}

// Sealed reports whether the operation answers with its sealed interface
// because it has several success answers or one with headers.
func (o *Operation) Sealed() bool {
	return len(o.Successes) > 1 || len(o.Successes) == 1 && len(o.Successes[0].Headers) > 0
}

// Streams reports whether an answer of the operation is sent while it is made.
func (o *Operation) Streams() bool {
	return slices.ContainsFunc(o.Successes, func(s *Success) bool {
		return s.Body != nil && (s.Body.Kind == StreamBody || s.Body.Kind == EventBody || s.Body.Kind == LinesBody)
	})
}

// Failure is a typed error answer, shared by the operations that declare it.
type Failure struct {
	Name   string // Go: "NotFoundError"
	Status int    // 0: default, chosen by the handler
	Range  bool   // Status stands for its hundred, 4XX: the handler may choose
	Doc    string
	Body   *Body // nil: no content
}

// FailureUse ties a status of an operation to its failure.
type FailureUse struct {
	Status  int // 0 for default; 400 stands for the range 4XX when Range is set
	Range   bool
	Failure *Failure
}

// Group is the operations of one tag: one file in internal/handler.
type Group struct {
	Name       string // as in the document, "default" when there is none
	File       string // "books": file name without .go
	Doc        string
	Operations []*Operation
}

// ColumnKind is the SQL type of a column.
type ColumnKind string

// The column kinds, which both engines share.
const (
	ColText     ColumnKind = "TEXT"
	ColBigint   ColumnKind = "BIGINT"
	ColDouble   ColumnKind = "DOUBLE PRECISION"
	ColBoolean  ColumnKind = "BOOLEAN"
	ColTime     ColumnKind = "TIMESTAMPTZ"
	ColDate     ColumnKind = "DATE"
	ColBytes    ColumnKind = "BYTEA"
	ColJSON     ColumnKind = "JSONB"
	ColIdentity ColumnKind = "BIGINT GENERATED BY DEFAULT AS IDENTITY"
)

// Table is one SQL table: a resource of the API.
type Table struct {
	Name    string // "books"
	Go      string // singular Go name: "Book"
	Columns []*Column
	Key     *Column
	Owner   *Column   // column that says whose a row is; nil: rows are nobody's
	Parents []*Column // columns that hold the ids of the parents in the path
	// KeyBelowParents: clients choose the key, so it is unique below the parents only.
	KeyBelowParents bool
	Gone            bool // the document no longer has it; the rows stay
	Pos             diag.Pos

	Shard     *Column // tells where a row is; the rows of one value are together. nil: the table is not divided
	Shards    int     // partitions on plain PostgreSQL
	Reference bool    // other tables are divided, and this one is the same everywhere

	// Place is the collection that the table is for, by document and path, in a
	// project with several documents: "admin#/books". It keeps its table by it.
	Place string
}

// Column is a column of a table.
type Column struct {
	Name    string // "published_at"
	Kind    ColumnKind
	Unique  bool
	Index   bool
	Default string // SQL literal, else ""
	Refs    string // table it points to, else ""
	Source  Source // what fills it on insert when the request does not
	JSON    string // name of the property it holds
	Decimal bool   // ColText that holds decimal numbers, compared as numbers
	Always  bool   // answers require a value
	Late    bool   // rows from before answers required it may have none
	Fill    string // SQL literal that answers show for those rows, else ""
	Outline string // what JSON and enum values look like, see outline
	Gone    bool   // the document no longer names it; the values stay
	Type    *Type  // of the property in answers; nil for columns the API does not show

	every   bool    // of a parent: every path to the rows names it
	written []*Type // of the property in requests
}

// Source says who fills a column.
type Source string

// The sources.
const (
	FromRequest  Source = ""
	FromSequence Source = "sequence" // identity column
	FromUUID     Source = "uuid"     // UUIDv7 made by the store
	FromNow      Source = "now"      // time of the insert (created_at)
	FromTouch    Source = "touch"    // time of every write (updated_at)
	FromPath     Source = "path"     // id of the parent resource

	FromPrincipal Source = "principal" // subject of whoever sends the request
)
