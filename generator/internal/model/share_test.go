package model_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/apigen-go/apigen/generator/internal/model"
)

// inline is an operation whose answers are written in place.
func inline(name, state string) string {
	body := fmt.Sprintf("content: {application/json: {schema: {type: object, required: [state], properties: {state: {type: string, enum: [%s]}, by: {oneOf: [{type: string}, {type: integer}]}}}}}", state)
	return fmt.Sprintf("  /%s:\n    get:\n      operationId: get_%s\n      responses:\n        \"200\": {description: d, %s}\n        \"404\": {description: %s, %s}\n", name, name, body, name, body)
}

func inlines(operations ...string) string {
	return "openapi: 3.1.0\ninfo: {title: t, version: \"1\"}\npaths:\n" + strings.Join(operations, "")
}

func inlinePath(name, status, below string) string {
	return "type /paths/~1" + name + "/get/responses/" + status + "/content/application~1json/schema" + below
}

// TestShare follows the names of types that several places share through edits of
// the document. A step starts from the names of the step before it; a name that
// is "" has no record.
func TestShare(t *testing.T) {
	type step struct {
		what string
		text string
		want map[string]string
	}
	state := "/properties/state"
	for _, tt := range []struct {
		name  string
		lock  []model.Name
		steps []step
	}{
		{name: "places come and go", steps: []step{
			{"two places", inlines(inline("b", "x, y"), inline("c", "x, y")), map[string]string{
				inlinePath("b", "200", ""):               "GetBResult",
				inlinePath("b", "200", state):            "GetBResultState",
				inlinePath("b", "200", "/properties/by"): "GetBResultBy",
				"shared " + inlinePath("c", "200", ""):   "GetBResult",
				"shared " + inlinePath("b", "404", ""):   "GetBResult",
				"shared " + inlinePath("c", "404", ""):   "GetBResult",
				"failure 404 application/json /paths/~1b/get/responses/404/content/application~1json/schema":        "NotFoundError",
				"shared failure 404 application/json /paths/~1c/get/responses/404/content/application~1json/schema": "NotFoundError",
			}},
			{"one more in front", inlines(inline("a", "x, y"), inline("b", "x, y"), inline("c", "x, y")), map[string]string{
				inlinePath("b", "200", ""):             "GetBResult",
				inlinePath("b", "200", state):          "GetBResultState",
				"shared " + inlinePath("a", "200", ""): "GetBResult",
				"shared " + inlinePath("c", "200", ""): "GetBResult",
			}},
			{"another order", inlines(inline("c", "x, y"), inline("a", "x, y"), inline("b", "x, y")), map[string]string{
				inlinePath("b", "200", ""):             "GetBResult",
				inlinePath("b", "200", state):          "GetBResultState",
				"shared " + inlinePath("c", "200", ""): "GetBResult",
			}},
			{"the one that named it is gone", inlines(inline("c", "x, y"), inline("a", "x, y")), map[string]string{
				inlinePath("a", "200", ""):             "GetBResult",
				inlinePath("b", "200", ""):             "",
				"shared " + inlinePath("c", "200", ""): "GetBResult",
				"shared failure 404 application/json /paths/~1c/get/responses/404/content/application~1json/schema": "NotFoundError",
			}},
			{"it comes back", inlines(inline("b", "x, y"), inline("c", "x, y"), inline("a", "x, y")), map[string]string{
				inlinePath("a", "200", ""):             "GetBResult",
				"shared " + inlinePath("b", "200", ""): "GetBResult",
			}},
		}},
		{name: "the place that shares diverges, and comes back", steps: []step{
			{"the same", inlines(inline("b", "x, y"), inline("c", "x, y")), nil},
			{"different", inlines(inline("b", "x, y"), inline("c", "x, y, z")), map[string]string{
				inlinePath("b", "200", ""):                           "GetBResult",
				inlinePath("b", "200", state):                        "GetBResultState",
				inlinePath("c", "200", ""):                           "GetCResult",
				inlinePath("c", "200", state):                        "GetCResultState",
				"shared " + inlinePath("c", "200", "/properties/by"): "GetBResultBy",
				"failure 404 application/json /paths/~1b/get/responses/404/content/application~1json/schema": "NotFoundError",
				"failure 404 application/json /paths/~1c/get/responses/404/content/application~1json/schema": "GetCNotFoundError",
			}},
			{"the same again", inlines(inline("b", "x, y"), inline("c", "x, y")), map[string]string{
				inlinePath("b", "200", ""):    "GetBResult",
				inlinePath("c", "200", ""):    "GetCResult",
				inlinePath("c", "200", state): "GetCResultState",
			}},
		}},
		{name: "the place that named it diverges", steps: []step{
			{"the same", inlines(inline("b", "x, y"), inline("c", "x, y")), nil},
			{"different", inlines(inline("b", "x, y, z"), inline("c", "x, y")), map[string]string{
				inlinePath("b", "200", ""):    "GetBResult",
				inlinePath("b", "200", state): "GetBResultState",
				inlinePath("c", "200", ""):    "GetCResult",
				"failure 404 application/json /paths/~1b/get/responses/404/content/application~1json/schema": "NotFoundError",
			}},
		}},
		{name: "a lock from before types were shared",
			lock: []model.Name{
				{Key: inlinePath("b", "200", ""), Go: "GetBResult"}, {Key: inlinePath("b", "200", state), Go: "GetBResultState"},
				{Key: inlinePath("c", "200", ""), Go: "GetCResult"}, {Key: inlinePath("c", "200", state), Go: "GetCResultState"},
			},
			steps: []step{
				{"nothing changed", inlines(inline("b", "x, y"), inline("c", "x, y")), map[string]string{
					inlinePath("b", "200", ""):    "GetBResult",
					inlinePath("b", "200", state): "GetBResultState",
					inlinePath("c", "200", ""):    "GetCResult",
					inlinePath("c", "200", state): "GetCResultState",
				}},
				{"a new place", inlines(inline("a", "x, y"), inline("b", "x, y"), inline("c", "x, y")), map[string]string{
					"shared " + inlinePath("a", "200", ""): "GetBResult",
					inlinePath("b", "200", ""):             "GetBResult",
					inlinePath("c", "200", ""):             "GetCResult",
				}},
			}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			names := tt.lock
			for _, s := range tt.steps {
				var got map[string]string
				names, got = named(t, "a.yaml", s.text, names)
				for key, want := range s.want {
					if got[key] != want {
						t.Errorf("%s: %s is %q, want %q", s.what, key, got[key], want)
					}
				}
			}
		})
	}
}

// TestShareNot has schemas that are alike and are still not one type.
func TestShareNot(t *testing.T) {
	const head = "openapi: 3.1.0\ninfo: {title: t, version: \"1\"}\n"
	body := func(schema string) string {
		return "responses: {\"200\": {description: d, content: {application/json: {schema: " + schema + "}}}}"
	}
	for _, tt := range []struct{ name, one, other, components string }{
		{"order of members", "{properties: {a: {type: string}, b: {type: string}}}", "{properties: {b: {type: string}, a: {type: string}}}", ""},
		{"what members mean", "{properties: {a: {type: string, description: of one}}}", "{properties: {a: {type: string, description: of the other}}}", ""},
		{"required", "{properties: {a: {type: string}}}", "{properties: {a: {type: string}}, required: [a]}", ""},
		{"null in a member", "{properties: {a: {type: string}}}", "{properties: {a: {type: [string, \"null\"]}}}", ""},
		{"default of a member", "{properties: {a: {type: string}}}", "{properties: {a: {type: string, default: x}}}", ""},
		{"read-only", "{properties: {a: {type: string}}}", "{properties: {a: {type: string, readOnly: true}}}", ""},
		{"limits", "{properties: {a: {type: string, maxLength: 2}}}", "{properties: {a: {type: string, maxLength: 3}}}", ""},
		{"a pattern that Go cannot run", "{properties: {a: {type: string, pattern: '(?=a)'}}}", "{properties: {a: {type: string, pattern: '(?=b)'}}}", ""},
		{"values", "{enum: [a, b]}", "{enum: [b, a]}", ""},
		{"names of values", "{enum: [a, b], x-enum-varnames: [C, D]}", "{enum: [a, b]}", ""},
		{"closed", "{type: object, additionalProperties: false}", "{type: object, additionalProperties: false, minProperties: 1}", ""},
		{"oneOf and anyOf", "{oneOf: [{type: string}, {type: integer}]}", "{anyOf: [{type: string}, {type: integer}]}", ""},
		{"discriminator", "{oneOf: [{$ref: '#/components/schemas/A'}, {$ref: '#/components/schemas/B'}]}", "{oneOf: [{$ref: '#/components/schemas/A'}, {$ref: '#/components/schemas/B'}], discriminator: {propertyName: k}}",
			"A: {type: object, required: [k], properties: {k: {const: A}}}, B: {type: object, required: [k], properties: {k: {const: B}}}"},
		{"references to components that are the same", "{properties: {a: {$ref: '#/components/schemas/A'}}}", "{properties: {a: {$ref: '#/components/schemas/B'}}}",
			"A: {type: object, properties: {x: {type: string}}}, B: {type: object, properties: {x: {type: string}}}"},
		{"a component that is the same", "{$ref: '#/components/schemas/A'}", "{type: object, properties: {x: {type: string}}}",
			"A: {type: object, properties: {x: {type: string}}}"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text := head + "paths:\n  /a: {get: {operationId: a, " + body(tt.one) + "}}\n  /b: {get: {operationId: b, " + body(tt.other) + "}}\ncomponents: {schemas: {" + tt.components + "}}\n"
			_, got := named(t, "a.yaml", text, nil)
			for key, name := range got {
				if strings.HasPrefix(key, "shared ") {
					t.Errorf("%s is %s, which another place named", key, name)
				}
			}
			if key := inlinePath("b", "200", ""); got[key] != "BResult" {
				t.Errorf("%s is %q, want BResult", key, got[key])
			}
		})
	}
}

// TestShareAround has what differs around a type, and what contains itself.
func TestShareAround(t *testing.T) {
	const text = `openapi: 3.1.0
info: {title: t, version: "1"}
paths:
  /a:
    get:
      operationId: a
      parameters:
        - {name: order, in: query, description: d, schema: {type: string, enum: [up, down], default: up}}
      responses: {"200": {description: d, content: {application/json: {schema: {description: of a, properties: {next: {$ref: '#/components/schemas/List'}}}}}}}
  /b:
    get:
      operationId: b
      parameters:
        - {name: order, in: query, schema: {type: [string, "null"], enum: [up, down, null], description: of b}}
      responses: {"200": {description: d, content: {application/json: {schema: {description: of b, properties: {next: {$ref: '#/components/schemas/List'}}}}}}}
  /c: {get: {operationId: c, responses: {"200": {description: d, content: {application/json: {schema: {allOf: [{$ref: '#/components/schemas/Loop'}]}}}}}}}
components:
  schemas:
    Loop: {type: array, items: {allOf: [{$ref: '#/components/schemas/Loop'}]}}
    List: {type: object, properties: {of: {properties: {next: {$ref: '#/components/schemas/List'}}}}}
`
	_, got := named(t, "a.yaml", text, nil)
	for key, want := range map[string]string{
		"type /paths/~1a/get/parameters/query:order/schema":        "AOrder",
		"shared type /paths/~1b/get/parameters/query:order/schema": "AOrder",
		inlinePath("a", "200", ""):                                 "AResult",
		"shared " + inlinePath("b", "200", ""):                     "AResult",
		"shared type /components/schemas/List/properties/of":       "AResult",
	} {
		if got[key] != want {
			t.Errorf("%s is %q, want %s", key, got[key], want)
		}
	}
}
