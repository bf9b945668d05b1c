// Package spec reads OpenAPI documents: bytes in, a resolved and positioned
// Document out. It tolerates and reports what real documents do; it is the only
// package that knows the difference between the versions of OpenAPI.
package spec

import (
	"cmp"

	"github.com/apigen-go/apigen/generator/internal/diag"
)

// Document is a whole OpenAPI document with every reference resolved.
// All lists are in the order of the source.
type Document struct {
	File        string // as the user named it; positions use it
	Version     string // the openapi or swagger field, for example "3.1.0"
	Title       string
	Description string
	APIVersion  string // info.version
	Servers     []*Server
	Tags        []*Tag
	Paths       []*Path
	Webhooks    []*Path
	Schemas     []*Schema // components.schemas; Name is set
	Security    []SecurityRequirement
	Schemes     []*SecurityScheme
	Extensions  map[string]Value // x-… fields of the root

	Raw    []byte  // the source text, byte for byte
	Files  []File  // the other files that it refers to, sorted by path
	Origin *Origin // nil for a document that is the only one

	Published []Publication // the document, or each of those that were joined; none unless Options.Publish asks for it

	paths map[string]*Schema // see At
}

// Publication is a document as JSON for those who call the service: in one text, with
// "/" for the address of the service.
type Publication struct {
	Name string // of one of several documents, else ""
	JSON []byte
}

// File is what the file of the document is called, without its ending.
func (p Publication) File() string { return cmp.Or(p.Name, "openapi") }

// Server is a place where the API is served.
type Server struct {
	Pos         diag.Pos
	URL         string // variables replaced by their defaults
	Description string
}

// Tag names a group of operations.
type Tag struct {
	Pos         diag.Pos
	Name        string
	Summary     string
	Description string
	Parent      string // name of the tag that this one is part of, else ""
	Kind        string // "nav", "badge", … else ""
}

// Path is a path item: a URL template and its operations.
type Path struct {
	Pos        diag.Pos
	Template   string // "/books/{bookId}"; the key for a webhook, the expression for a callback
	Name       string // of a callback
	Operations []*Operation
}

// Operation is one method on one path. Parameters of the path item are merged in.
type Operation struct {
	Pos         diag.Pos
	Method      string // upper case
	Path        string
	Origin      *Origin // of the document it is in
	ID          string  // operationId as written, may be empty
	Summary     string
	Description string
	Tags        []string
	Deprecated  bool
	Parameters  []*Parameter
	Body        *RequestBody // nil when there is none
	Responses   []*Response
	Callbacks   []*Path               // requests that the service sends; callbacks of callbacks are left out
	Security    []SecurityRequirement // of the operation, else of the document
	Extensions  map[string]Value
	Outer       []map[string]Value // extensions of the path item, then those of the document
}

// Parameter is a path, query, header or cookie parameter.
type Parameter struct {
	Pos         diag.Pos
	Name        string
	In          string // path, query, header or cookie
	Description string
	Required    bool
	Deprecated  bool
	Style       string // never empty: the default of In when the document has none
	Explode     bool   // likewise
	Schema      *Schema
	Content     string // media type of a content parameter, else ""
	Whole       bool   // of 3.2's "querystring": it is the whole query, as Content says
	AllowEmpty  bool   // allowEmptyValue
	Extensions  map[string]Value
}

// RequestBody lists the media types that an operation takes.
type RequestBody struct {
	Pos         diag.Pos
	Description string
	Required    bool
	Content     []*MediaType
}

// MediaType is one entry of a content map.
type MediaType struct {
	Pos      diag.Pos
	Type     string      // lower case, parameters kept: "application/json"
	Schema   *Schema     // nil when the document gives none
	Item     *Schema     // itemSchema: of each item of a sequential media type
	Encoding []*Encoding // of the members of a form or multipart body
}

// Encoding says how one member of a form or multipart body travels.
type Encoding struct {
	Pos     diag.Pos
	Name    string
	Media   string // content type, else ""
	Style   string // "" when the document has none
	Explode bool
}

// Response is one answer of an operation.
type Response struct {
	Pos         diag.Pos
	Ref         string // name of the component it came from, else ""
	Status      string // "200", "4XX" or "default"
	Description string
	Headers     []*Header
	Content     []*MediaType
}

// Header is a response header.
type Header struct {
	Pos         diag.Pos
	Name        string
	Description string
	Required    bool
	Schema      *Schema
}

// SecurityRequirement is one alternative: all of its schemes must hold.
type SecurityRequirement []SchemeUse

// SchemeUse names a security scheme and the scopes or roles it must grant.
type SchemeUse struct {
	Name   string
	Scopes []string
}

// SecurityScheme is an entry of components.securitySchemes.
type SecurityScheme struct {
	Pos    diag.Pos
	Key    string // name in components
	Type   string // apiKey, http, oauth2, openIdConnect, mutualTLS
	In     string // apiKey: query, header, cookie
	Name   string // apiKey: parameter name
	Scheme string // http: basic, bearer, …
	OpenID string // openIdConnect: the address of the discovery document
}

// Schema is a JSON Schema as OpenAPI uses it. A pointer to a number or string
// is nil when the keyword is absent. nullable (3.0) is folded into Types as "null".
type Schema struct {
	Pos  diag.Pos
	Name string // set on entries of components.schemas
	// Origin is the document of an entry of components.schemas.
	Origin *Origin
	Path   string // of one that is no entry but may need a name: like a JSON pointer, with names for the entries of lists

	// Ref is the name a reference points to ("Book" for a component, else the
	// JSON pointer) and Target the schema there, never itself a pure reference
	// cycle. Keywords written beside $ref are in the fields below.
	Ref    string
	Target *Schema

	Bool *bool // a boolean schema: true accepts everything, false nothing

	Types       []string // empty: any type; may hold "null"
	Format      string
	Title       string
	Description string
	Enum        []Value
	Const       *Value
	Default     *Value
	Examples    []Value // example and examples
	ReadOnly    bool
	WriteOnly   bool
	Deprecated  bool

	Minimum          *Number
	Maximum          *Number
	ExclusiveMinimum *Number // 3.0's boolean form is turned into this one
	ExclusiveMaximum *Number
	MultipleOf       *Number
	MinLength        *int
	MaxLength        *int
	Pattern          *string
	MinItems         *int
	MaxItems         *int
	UniqueItems      bool
	MinProperties    *int
	MaxProperties    *int

	Properties []Property
	Required   []string
	Additional *Schema // additionalProperties: nil when absent
	Items      *Schema

	AllOf         []*Schema
	OneOf         []*Schema
	AnyOf         []*Schema
	Not           *Schema
	Discriminator *Discriminator

	Rare *Rare // assertions that few schemas make; nil when it makes none

	// Strict schemas name their version of JSON Schema and are read by the
	// letter: without a type, every type is valid; formats are remarks.
	Strict bool

	XML        *XML // nil when the document says nothing
	Extensions map[string]Value
}

// Property is a named member of an object schema.
type Property struct {
	Name   string
	Schema *Schema
}

// Discriminator tells the variants of a oneOf or anyOf apart.
type Discriminator struct {
	Pos      diag.Pos
	Property string
	Mapping  []Mapping
	Default  *Schema // what every other value, and none, stands for; nil: nothing
}

// Mapping is one discriminator value and the schema it stands for.
type Mapping struct {
	Value  string
	Target *Schema
}

// Number is a JSON number, kept as the document wrote it.
type Number string

// Value is a JSON value of the document: compact JSON, members in source order.
type Value struct {
	Pos  diag.Pos
	JSON string
}
