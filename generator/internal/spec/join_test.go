package spec_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/apigen-go/apigen/generator/internal/spec"
)

// join loads documents from one folder, named a, b, …, and joins them. It returns
// the document and what there is to say.
func join(t *testing.T, files []string, texts ...string) (*spec.Document, string) {
	t.Helper()
	var docs []*spec.Document
	for i, text := range texts {
		name := string(rune('a' + i))
		from := &spec.Origin{Name: name}
		if i > 0 {
			from.Key, from.Base = name+"#", "/"+name
		}
		doc, _, err := spec.Load(name+".yaml", []byte(head+text), spec.Options{Files: folder(files...), Path: name + ".yaml", Origin: from})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		docs = append(docs, doc)
	}
	doc, list := spec.Join(docs)
	return doc, list.Error()
}

// components lists the components with the documents they are from.
func components(doc *spec.Document) string {
	var out []string
	for _, s := range doc.Schemas {
		out = append(out, s.Origin.Name+"."+s.Name)
	}
	return strings.Join(out, " ")
}

func TestJoinSchemas(t *testing.T) {
	for _, tt := range []struct {
		name  string
		files []string
		texts []string // of components.schemas
		want  string
	}{
		{"remarks do not count", nil, []string{
			"{A: {type: object, title: x, properties: {p: {type: string, description: d, example: e}, q: {type: integer}}, required: [p, q]}}",
			"{A: {required: [q, p], properties: {q: {type: integer, deprecated: true}, p: {type: string}}, type: object}}",
		}, "a.A"},
		{"values count", nil, []string{
			"{A: {type: string, maxLength: 3}, B: {type: string, enum: [x, y]}, C: {type: string, x-go-name: Z}, D: {type: string, default: x}}",
			"{A: {type: string, maxLength: 4}, B: {type: string, enum: [x, z]}, C: {type: string}, D: {type: string, default: y}}",
		}, "a.A a.B a.C a.D b.A b.B b.C b.D"},
		{"circles are alike until a difference shows", nil, []string{
			"{A: {properties: {b: {$ref: '#/components/schemas/B'}}}, B: {properties: {a: {$ref: '#/components/schemas/A'}}}}",
			"{A: {properties: {b: {$ref: '#/components/schemas/B'}}}, B: {properties: {a: {$ref: '#/components/schemas/A'}}}}",
		}, "a.A a.B"},
		{"what uses a different one is different", nil, []string{
			"{A: {items: {$ref: '#/components/schemas/B'}}, B: {allOf: [{$ref: '#/components/schemas/C'}]}, C: {type: string}, D: {type: string}}",
			"{A: {items: {$ref: '#/components/schemas/B'}}, B: {allOf: [{$ref: '#/components/schemas/C'}]}, C: {type: number}, D: {type: string}}",
		}, "a.A a.B a.C a.D b.A b.B b.C"},
		{"the same shape of another name is another type", nil, []string{
			"{A: {items: {$ref: '#/components/schemas/X'}}, X: {type: string}, Y: {type: string}}",
			"{A: {items: {$ref: '#/components/schemas/Y'}}, X: {type: string}, Y: {type: string}}",
		}, "a.A a.X a.Y b.A"},
		{"the third finds the second's", nil, []string{
			"{A: {type: string}}", "{A: {type: number}}", "{A: {type: number}}",
		}, "a.A b.A"},
		{"one file is one schema, whatever it is called", []string{"c.yaml: {A: {properties: {next: {$ref: '#/A'}}}}"}, []string{
			"{A: {type: boolean}, X: {items: {$ref: 'c.yaml#/A'}}}",
			"{X: {items: {$ref: './c.yaml#/A'}}}",
		}, "a.A a.X a.c_A"},
		{"a document that refers to the other", []string{"a.yaml: " + head + "components: {schemas: {A: {type: string}}}"}, []string{
			"{A: {type: string}}", "{B: {items: {$ref: 'a.yaml#/components/schemas/A'}}}",
		}, "a.A b.B"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var texts []string
			for _, schemas := range tt.texts {
				texts = append(texts, "components: {schemas: "+schemas+"}\n")
			}
			doc, said := join(t, tt.files, texts...)
			if got := components(doc); got != tt.want || said != "" {
				t.Errorf("got %s, want %s\n%s", got, tt.want, said)
			}
		})
	}
}

// TestJoinRefers checks that everything in the later document leads to the schema
// that is left.
func TestJoinRefers(t *testing.T) {
	const text = `paths:
  /x/{id}:
    parameters: [{name: id, in: path, required: true, schema: {$ref: '#/components/schemas/ID'}}]
    post:
      requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/Pet'}}}}
      responses:
        "200":
          description: d
          headers: {X-ID: {schema: {$ref: '#/components/schemas/ID'}}}
          content: {application/json: {schema: {oneOf: [{$ref: '#/components/schemas/Pet'}], discriminator: {propertyName: k, mapping: {p: '#/components/schemas/Pet'}}}}}
components: {schemas: {ID: {type: string}, Pet: {type: object, required: [k], properties: {k: {type: string}, id: {$ref: '#/components/schemas/ID'}}}}}
`
	doc, said := join(t, nil, text, text)
	if said != "" || len(doc.Paths) != 2 || len(doc.Schemas) != 2 {
		t.Fatalf("%d paths, %d schemas\n%s", len(doc.Paths), len(doc.Schemas), said)
	}
	if got := doc.Paths[1].Template + " " + doc.Paths[1].Operations[0].Path; got != "/b/x/{id} /b/x/{id}" {
		t.Errorf("the path is %s", got)
	}
	op := doc.Paths[1].Operations[0]
	answer := op.Responses[0].Content[0].Schema
	for i, s := range []*spec.Schema{
		op.Parameters[0].Schema, op.Body.Content[0].Schema, op.Responses[0].Headers[0].Schema, answer.OneOf[0], answer.Discriminator.Mapping[0].Target,
	} {
		if !slices.Contains(doc.Schemas, s.Resolve()) {
			t.Errorf("slot %d leads to a schema of its own", i)
		}
	}
}

func TestJoinRest(t *testing.T) {
	doc, said := join(t, nil,
		`tags: [{name: t}]
paths: {/b/x: {get: {operationId: g, security: [{key: []}], responses: {"204": {description: d}}}}}
components: {securitySchemes: {key: {type: apiKey, in: header, name: K}, basic: {type: http, scheme: basic}}}
`, `tags: [{name: t, description: d}, {name: u}]
security: [{key: [], basic: []}]
paths:
  /x: {get: {responses: {"204": {description: d}}}, put: {responses: {"204": {description: d}}}}
components: {securitySchemes: {key: {type: apiKey, in: query, name: K}, basic: {type: http, scheme: Basic}}}
`)
	for _, want := range []string{
		"b.yaml:6:8: GET /b/x of document b is in document a already: a.yaml:4:16",
		"b.yaml:7:32: warning: security scheme key is not the one in a.yaml:5:32; it becomes b_key",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("nobody says %q in\n%s", want, said)
		}
	}
	var keys []string
	for _, s := range doc.Schemes {
		keys = append(keys, s.Key+" "+s.In)
	}
	if got := strings.Join(keys, ","); got != "key header,basic ,b_key query" {
		t.Errorf("schemes are %s", got)
	}
	for i, want := range []string{"[[{key []}]]", "[[{b_key []} {basic []}]]"} {
		if got := fmt.Sprint(doc.Paths[i].Operations[len(doc.Paths[i].Operations)-1].Security); got != want {
			t.Errorf("security is %s, want %s", got, want)
		}
	}
	if len(doc.Tags) != 2 || doc.Tags[0].Description != "d" {
		t.Errorf("tags are %v", doc.Tags)
	}
}

// TestJoinClashes counts what is not worth listing.
func TestJoinClashes(t *testing.T) {
	var text strings.Builder
	text.WriteString("paths:\n")
	for i := range 14 {
		fmt.Fprintf(&text, "  /b/%d: {get: {responses: {'204': {description: d}}}}\n", i)
	}
	_, said := join(t, nil, text.String(), strings.ReplaceAll(text.String(), "/b/", "/"))
	if n := strings.Count(said, "already"); n != 10 || !strings.Contains(said, "(and 4 more like it)") {
		t.Errorf("%d are reported\n%s", n, said)
	}
}
