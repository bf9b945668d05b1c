package spec_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apigen-go/apigen/generator/internal/spec"
)

const bookshop30 = "\uFEFF" + `
openapi: 3.0.3
info: {title: Bookshop, version: 1.0}
servers: [{url: 'https://{stage}.example.com', variables: {stage: {default: live}}}]
security: [{key: []}]
x-apigen: {b: 1, a: [true, null]}
paths:
  /books/{id}:
    parameters:
      - {name: id, in: path, required: true, schema: {type: string}}
      - {name: lang, in: query, schema: {type: string}}
    get:
      operationId: getBook
      security: []
      parameters:
        - {name: lang, in: query, schema: {type: array, items: {type: string}}, style: pipeDelimited}
        - {name: filter, in: query, content: {application/json: {schema: {type: object}}}}
        - {name: X-Ids, in: header, schema: {type: array, items: {type: string}}}
      responses: &answers
        "200": {description: ok, content: {Application/JSON: {schema: {$ref: '#/components/schemas/Book'}}}}
        "404": {$ref: '#/components/responses/Missing'}
    put:
      operationId: putBook
      responses:
        <<: *answers
        5xx: {description: broken}
components:
  responses:
    Missing: {description: gone}
  securitySchemes:
    key: {type: apiKey, in: header, name: X-Key}
  schemas:
    Book:
      type: object
      required: [title, title]
      properties:
        title: {type: string, nullable: true, default: null}
        author: {$ref: '#/components/schemas/Alias', description: beside}
        sequel: {$ref: '#/components/schemas/Book'}
        price: {type: number, minimum: 0, exclusiveMinimum: true}
        shelf: {nullable: true, description: where, allOf: [{$ref: '#/components/schemas/Author'}]}
        kind: {nullable: true, oneOf: [{type: string}, {type: integer}]}
        size: {type: integer, maximum: 0x10}
        a/b: {type: string}
        part: {$ref: '#/components/schemas/Book/properties/a~1b'}
    Alias: {$ref: '#/components/schemas/Author'}
    Author: {type: object, additionalProperties: false}
`

func property(s *spec.Schema, name string) *spec.Schema {
	for _, p := range s.Properties {
		if p.Name == name {
			return p.Schema
		}
	}
	return nil
}

func TestDocument(t *testing.T) {
	doc, warnings, err := spec.Load("a.yaml", []byte(bookshop30), spec.Options{})
	if err != nil || len(warnings) > 0 {
		t.Fatalf("%v\n%v", err, warnings)
	}
	get, put := doc.Paths[0].Operations[0], doc.Paths[0].Operations[1]
	book := doc.Schemas[0]
	var params []string
	for _, p := range get.Parameters {
		params = append(params, fmt.Sprintf("%s %s %s %v %s", p.In, p.Name, p.Style, p.Explode, p.Content))
	}
	author, shelf := property(book, "author"), property(book, "shelf")
	for _, c := range []struct{ what, got, want string }{
		{"version", doc.APIVersion, "1.0"},
		{"server", doc.Servers[0].URL, "https://live.example.com"},
		{"extension", doc.Extensions["x-apigen"].JSON, `{"b":1,"a":[true,null]}`},
		{"parameters", strings.Join(params, ", "), "path id simple false , query lang pipeDelimited false , " +
			"query filter form true application/json, header X-Ids simple false "},
		{"open operation", fmt.Sprint(get.Security != nil, len(get.Security)), "true 0"},
		{"closed operation", fmt.Sprint(put.Security), "[[{key []}]]"},
		{"statuses", put.Responses[0].Status + put.Responses[1].Status + put.Responses[2].Status, "5XX200404"},
		{"media type", get.Responses[0].Content[0].Type, "application/json"},
		{"response component", get.Responses[1].Ref, "Missing"},
		{"position", book.Pos.String(), "a.yaml:33:5"},
		{"required", strings.Join(book.Required, " "), "title"},
		{"nullable", strings.Join(property(book, "title").Types, " "), "string null"},
		{"null default", property(book, "title").Default.JSON, "null"},
		{"reference", author.Ref + " " + author.Resolve().Name + " " + author.Description, "Alias Author beside"},
		{"exclusive", fmt.Sprint(property(book, "price").Minimum == nil, *property(book, "price").ExclusiveMinimum), "true0"},
		{"nullable allOf", fmt.Sprint(shelf.Description, len(shelf.AnyOf), shelf.AnyOf[0].AllOf[0].Ref, shelf.AnyOf[1].Types), "where2Author[null]"},
		{"nullable oneOf", fmt.Sprint(property(book, "kind").OneOf[2].Types), "[null]"},
		{"hexadecimal", string(*property(book, "size").Maximum), "16"},
		{"additional", fmt.Sprint(*doc.Schemas[2].Additional.Bool), "false"},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %s, want %s", c.what, c.got, c.want)
		}
	}
	for what, same := range map[string][2]*spec.Schema{
		"recursion": {property(book, "sequel").Target, book},
		"response":  {get.Responses[0].Content[0].Schema.Target, book},
		"pointer":   {property(book, "part").Target, property(book, "a/b")},
	} {
		if same[0] != same[1] {
			t.Errorf("%s: the schema is not shared", what)
		}
	}
}

const shop20 = `
swagger: "2.0"
info: {title: Shop, version: "1"}
basePath: /v1
produces: [application/json, text/csv]
paths:
  /items/{id}:
    post:
      operationId: post
      parameters:
        - {name: id, in: path, required: true, type: string}
        - {name: tags, in: query, type: array, items: {type: string}}
        - {name: name, in: formData, required: true, type: string}
        - {name: image, in: formData, type: file}
      responses:
        "200": {description: ok, schema: {$ref: '#/definitions/Item'}}
  /plain:
    put:
      operationId: put
      parameters:
        - {name: body, in: body, required: true, schema: {$ref: '#/definitions/Item'}}
      responses:
        "204": {description: ok}
definitions:
  Item:
    type: object
    properties:
      zebra: {type: string, x-nullable: true}
      apple: {type: integer}
`

func TestSwagger(t *testing.T) {
	doc, warnings, err := spec.Load("a.yaml", []byte(shop20), spec.Options{})
	if err != nil || len(warnings) > 0 {
		t.Fatalf("%v\n%v", err, warnings)
	}
	post, put, item := doc.Paths[0].Operations[0], doc.Paths[1].Operations[0], doc.Schemas[0]
	form := post.Body.Content[0]
	var media []string
	for _, m := range post.Responses[0].Content {
		media = append(media, m.Type)
	}
	slices.Sort(media)
	for _, c := range []struct{ what, got, want string }{
		{"server", doc.Servers[0].URL, "/v1"},
		{"list", fmt.Sprint(post.Parameters[1].Style, post.Parameters[1].Explode), "formfalse"},
		{"form", form.Type + " " + form.Schema.Required[0] + " " + property(form.Schema, "image").Format, "multipart/form-data name binary"},
		{"produces", strings.Join(media, " "), "application/json text/csv"},
		{"body", fmt.Sprint(put.Body.Required, put.Body.Content[0].Type, put.Body.Content[0].Schema.Ref), "trueapplication/jsonItem"},
		{"order", item.Properties[0].Name, "zebra"},
		{"nullable", fmt.Sprint(item.Properties[0].Schema.Types), "[string null]"},
		{"operation position", put.Pos.String(), "a.yaml:18:5"},
		{"parameter position", post.Parameters[1].Pos.String(), "a.yaml:12:11"},
		{"form position", property(form.Schema, "image").Pos.String(), "a.yaml:14:11"},
		{"property position", item.Properties[1].Schema.Pos.String(), "a.yaml:29:7"},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %s, want %s", c.what, c.got, c.want)
		}
	}
}

// TestHostile feeds what is made to take long or overflow.
func TestHostile(t *testing.T) {
	head := `{"openapi":"3.1.0","info":{"title":"t","version":"1"},"components":{"schemas":{`
	chain := func(n int) string {
		var b strings.Builder
		b.WriteString(head)
		for i := range n {
			fmt.Fprintf(&b, `"S%d":{"$ref":"#/components/schemas/S%d"},`, i, i+1)
		}
		fmt.Fprintf(&b, `"S%d":{"type":"string"}}}}`, n)
		return b.String()
	}
	var linked strings.Builder
	for i := range 20000 {
		fmt.Fprintf(&linked, `"S%d":{"properties":{"next":{"$ref":"#/components/schemas/S%d"}}},`, i, i+1)
	}
	for _, c := range []struct{ what, src, want string }{
		{"deep list", `{"a":` + strings.Repeat("[", 200_000), "nested more than 1000 levels deep"},
		{"deep object", strings.Repeat(`{"a":`, 200_000), "nested more than 1000 levels deep"},
		{"deep YAML", strings.Repeat("- ", 5_000) + "a", "nested more than 1000 levels deep"},
		{"deep flow", "a: " + strings.Repeat("[", 100_000), "exceeded max depth"},
		{"long chain", chain(20_000), "more than 100 references follow one on the other"},
		{"allowed chain", chain(90), ""},
		{"linked schemas", head + linked.String() + `"S20000":{}}}}`, ""},
		{"dangling", head + strings.ReplaceAll(linked.String(), "schemas/S", "schemas/Missing") + `"A":{}}}}`, "points to nothing"},
	} {
		start := time.Now()
		_, _, err := spec.Load("a.json", []byte(c.src), spec.Options{})
		if took := time.Since(start); took > 3*time.Second {
			t.Errorf("%s: took %v", c.what, took)
		}
		if msg := fmt.Sprint(err); c.want == "" && err != nil || !strings.Contains(msg, c.want) && c.want != "" {
			t.Errorf("%s: %.300s", c.what, msg)
		}
	}
	if _, _, err := spec.Load("a.yaml", make([]byte, 2<<20), spec.Options{MaxSize: 1 << 20}); err == nil || !strings.Contains(err.Error(), "larger than 1 MiB") {
		t.Errorf("big document: %v", err)
	}
}
