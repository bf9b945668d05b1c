// Package resource reads the short resource notation of the command line,
//
//	book title:string! price:decimal isbn:string:unique author:ref(author)
//
// and turns a set of resources into an OpenAPI 3.1 document that describes
// complete CRUD for each of them.
package resource

import (
	"slices"
	"strings"
)

// Resource is one kind of thing the service keeps.
type Resource struct {
	Name   string // singular, snake_case: "book"
	Plural string // snake_case: "books"; also the table
	Fields []Field

	target map[string]string // tables by the singular names of all resources
	pos    place
}

// Field is a property of a resource.
type Field struct {
	Name     string
	Type     Type
	Required bool   // must be sent
	Unique   bool   // no two rows share a value
	Index    bool   // asked for by name; what lists filter and sort by has one anyway
	Min, Max string // value of a number, length of a text, number of list items
	Default  string // taken when the request leaves the field out

	pos place
}

// Type is the type of a field.
type Type struct {
	Kind   string   // a key of kinds, or "enum", "ref", "list"
	Values []string // enum
	Ref    string   // ref: singular name of the resource
	Elem   *Type    // list
}

// place is where a token stands: the resource counts from 1, so does the column.
type place struct{ line, col, width int }

// kind describes a plain type word.
type kind struct {
	name    string
	typ     string // JSON type, empty for any value
	format  string
	filter  bool // lists take an equality filter on it
	sort    bool // lists sort by it
	number  bool // min and max bound the value
	length  bool // min and max bound the length
	unique  bool // may be unique
	literal bool // may have a default
}

// kinds are the plain types in the order the help shows them.
var kinds = []kind{
	{name: "string", typ: "string", filter: true, sort: true, length: true, unique: true, literal: true},
	{name: "text", typ: "string", length: true, literal: true},
	{name: "int", typ: "integer", format: "int64", filter: true, sort: true, number: true, unique: true, literal: true},
	{name: "int32", typ: "integer", format: "int32", filter: true, sort: true, number: true, unique: true, literal: true},
	{name: "float", typ: "number", format: "double", sort: true, number: true, literal: true},
	{name: "decimal", typ: "string", format: "decimal", filter: true, sort: true, literal: true},
	{name: "bool", typ: "boolean", filter: true, literal: true},
	{name: "date", typ: "string", format: "date", filter: true, sort: true},
	{name: "datetime", typ: "string", format: "date-time", filter: true, sort: true},
	{name: "uuid", typ: "string", format: "uuid", filter: true, unique: true},
	{name: "email", typ: "string", format: "email", filter: true, sort: true, unique: true},
	{name: "url", typ: "string", format: "uri", filter: true, sort: true, unique: true},
	{name: "json"},
}

// kindOf returns the description of a plain type.
func kindOf(name string) (kind, bool) {
	i := slices.IndexFunc(kinds, func(k kind) bool { return k.name == name })
	if i < 0 {
		return kind{}, false
	}
	return kinds[i], true
}

// typeWords lists what can stand as a type, for hints.
func typeWords() string {
	var names []string
	for _, k := range kinds {
		names = append(names, k.name)
	}
	return strings.Join(names, " ") + " enum(a|b) ref(name) list(type)"
}

// filterable reports whether lists take an equality filter on the field.
func (f Field) filterable() bool {
	if slices.Contains(listParams, f.property()) {
		return false
	}
	k, _ := kindOf(f.Type.Kind)
	return k.filter || f.Type.Kind == "enum" || f.Type.Kind == "ref"
}

// sortable reports whether lists can be sorted by the field.
func (f Field) sortable() bool {
	k, _ := kindOf(f.Type.Kind)
	return k.sort || f.Type.Kind == "enum"
}

// property is the name of the field in JSON: a reference holds an id.
func (f Field) property() string {
	if f.Type.Kind == "ref" && !strings.HasSuffix(f.Name, "_id") {
		return f.Name + "_id"
	}
	return f.Name
}

// listParams are the query parameters of every list; a field of that name gets
// no filter.
var listParams = []string{"limit", "offset", "sort"}

// given are the properties every resource has; no field can take their names.
var given = []string{"id", "created_at", "updated_at"}
