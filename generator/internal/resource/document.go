package resource

import (
	"fmt"
	"slices"
	"strings"
)

// decimalPattern is what a decimal looks like in JSON: a string, so that no
// reader rounds it.
const decimalPattern = `^-?[0-9]{1,18}(\.[0-9]{1,9})?$`

// stringLimit is the length a string may have unless the field says otherwise; a
// text has no limit.
const stringLimit = "255"

// fixedSchemas are the schemas of every document, next to those of resources.
var fixedSchemas = []string{"Problem", "Violation"}

// Document describes complete CRUD for the resources, which must come from a
// [Parse] without errors. title names the service. The same input gives the
// same bytes.
func Document(title string, all []*Resource) ([]byte, error) {
	tags, paths, schemas := list{}, object{}, object{}
	for _, r := range all {
		tags = append(tags, object{"name", r.Plural, "description", sentence("the " + words(r.Plural))})
		paths = append(paths,
			r.path(), object{"get", r.list(), "post", r.create()},
			r.path()+"/{"+r.key()+"}", object{
				"parameters", list{r.keyParameter()},
				"get", r.get(), "put", r.replace(), "patch", r.update(), "delete", r.remove(all),
			})
		schemas = append(schemas, r.schemas()...)
	}
	return write(object{
		"openapi", "3.1.0",
		"info", object{"title", title, "version", "0.1.0"},
		"tags", tags,
		"paths", paths,
		"components", object{
			"parameters", pagingParameters(),
			"responses", object{
				"BadRequest", problem("The request is malformed or breaks a rule of the contract."),
				"NotFound", problem("There is no such thing."),
				"Conflict", problem("The change contradicts what is stored: a duplicate of a unique value, or a reference that does not hold."),
				"Unexpected", problem("Anything else that went wrong."),
			},
			"schemas", append(schemas, problemSchemas()...),
		},
	})
}

func (r *Resource) path() string { return "/" + strings.ReplaceAll(r.Plural, "_", "-") }
func (r *Resource) key() string  { return camel(r.Name) + "Id" }
func (r *Resource) many() string { return pascal(r.Plural) }
func (r *Resource) one() string  { return pascal(r.Name) }

// named is "a book", "an author".
func (r *Resource) named() string {
	if strings.ContainsRune("aeiou", rune(r.Name[0])) {
		return "an " + words(r.Name)
	}
	return "a " + words(r.Name)
}

// schemaNames are the component schemas the resource needs.
func (r *Resource) schemaNames() []string {
	names := []string{r.one(), "New" + r.one(), r.one() + "Patch", r.one() + "Page"}
	for _, f := range r.Fields {
		if f.enum() != nil {
			names = append(names, r.enumName(f))
		}
	}
	return names
}

// list, create, get, replace, update and remove describe the operations.

func (r *Resource) list() object {
	params := list{ref("parameters", "Limit"), ref("parameters", "Offset"), object{
		"name", "sort", "in", "query",
		"description", "The property to sort by, a minus in front for descending order.",
		"schema", object{"type", "string", "enum", r.sorts()},
	}}
	for _, f := range r.Fields {
		if f.filterable() {
			params = append(params, object{
				"name", f.property(), "in", "query",
				"description", fmt.Sprintf("Only %s with exactly this %s.", words(r.Plural), words(f.property())),
				"schema", r.filter(f),
			})
		}
	}
	return r.operation("List "+words(r.Plural), "list"+r.many(), object{"parameters", params},
		"200", ok(sentence("one page of "+words(r.Plural)), r.one()+"Page"), "BadRequest")
}

func (r *Resource) create() object {
	codes := []string{"BadRequest"}
	if r.conflicts() {
		codes = append(codes, "Conflict")
	}
	return r.operation("Create "+r.named(), "create"+r.one(), body("application/json", "New"+r.one()),
		"201", ok("The new "+words(r.Name)+".", r.one()), codes...)
}

func (r *Resource) get() object {
	return r.operation("Get "+r.named(), "get"+r.one(), nil,
		"200", ok("The "+words(r.Name)+".", r.one()), "BadRequest", "NotFound")
}

func (r *Resource) replace() object {
	return r.operation("Replace "+r.named(), "replace"+r.one(), body("application/json", "New"+r.one()),
		"200", ok("The "+words(r.Name)+" as it is now.", r.one()), r.changeCodes()...)
}

func (r *Resource) update() object {
	return r.operation("Change some fields of "+r.named(), "update"+r.one(), body("application/merge-patch+json", r.one()+"Patch"),
		"200", ok("The "+words(r.Name)+" as it is now.", r.one()), r.changeCodes()...)
}

func (r *Resource) remove(all []*Resource) object {
	codes := []string{"BadRequest", "NotFound"}
	if slices.ContainsFunc(all, func(o *Resource) bool { return o.refersTo(r.Name) }) {
		codes = append(codes, "Conflict")
	}
	return r.operation("Delete "+r.named(), "delete"+r.one(), nil,
		"204", object{"description", "The " + words(r.Name) + " is gone."}, codes...)
}

func (r *Resource) changeCodes() []string {
	if r.conflicts() {
		return []string{"BadRequest", "NotFound", "Conflict"}
	}
	return []string{"BadRequest", "NotFound"}
}

// conflicts reports whether a write can contradict another row.
func (r *Resource) conflicts() bool {
	return slices.ContainsFunc(r.Fields, func(f Field) bool { return f.Unique || f.Type.Kind == "ref" })
}

func (r *Resource) refersTo(name string) bool {
	return slices.ContainsFunc(r.Fields, func(f Field) bool { return f.Type.Ref == name })
}

var statusOf = map[string]string{"BadRequest": "400", "NotFound": "404", "Conflict": "409"}

func (r *Resource) operation(summary, id string, extra object, status string, answer object, codes ...string) object {
	answers := object{status, answer}
	for _, c := range codes {
		answers = append(answers, statusOf[c], ref("responses", c))
	}
	answers = append(answers, "default", ref("responses", "Unexpected"))
	op := object{"tags", list{r.Plural}, "summary", summary, "operationId", id}
	return append(append(op, extra...), "responses", answers)
}

func (r *Resource) keyParameter() object {
	return object{
		"name", r.key(), "in", "path", "required", true,
		"description", "The id of the " + words(r.Name) + ".",
		"schema", object{"type", "string", "format", "uuid"},
	}
}

// sorts are the values of the sort parameter.
func (r *Resource) sorts() list {
	var out list
	for _, f := range r.Fields {
		if f.sortable() {
			out = append(out, f.property(), "-"+f.property())
		}
	}
	return append(out, "created_at", "-created_at", "updated_at", "-updated_at")
}

func pagingParameters() object {
	return object{
		"Limit", object{
			"name", "limit", "in", "query", "description", "How many to return at most.",
			"schema", object{"type", "integer", "format", "int32", "minimum", 1, "maximum", 100, "default", 20},
		},
		"Offset", object{
			"name", "offset", "in", "query", "description", "How many to skip.",
			"schema", object{"type", "integer", "format", "int64", "minimum", 0, "default", 0},
		},
	}
}

func ref(section, name string) object {
	return object{"$ref", "#/components/" + section + "/" + name}
}

func content(media, schema string) object {
	return object{media, object{"schema", ref("schemas", schema)}}
}

func ok(description, schema string) object {
	return object{"description", description, "content", content("application/json", schema)}
}

func body(media, schema string) object {
	return object{"requestBody", object{"required", true, "content", content(media, schema)}}
}

func problem(description string) object {
	return object{"description", description, "content", content("application/problem+json", "Problem")}
}

// sentence starts with a capital and ends with a full stop.
func sentence(s string) string {
	return strings.ToUpper(s[:1]) + s[1:] + "."
}
