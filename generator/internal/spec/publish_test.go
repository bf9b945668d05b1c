package spec_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apigen-go/apigen/generator/internal/spec"
)

// TestPublish reads what is published of every document: it stands alone and says
// the same.
func TestPublish(t *testing.T) {
	dir := shared(t, "specs")
	documents := append([]string{filepath.Join(root, "testdata/specs/bookshop.yaml")}, files(t, dir)...)
	for _, multi := range []string{"petstore-separate-2.0/spec/swagger.json", "spacetraders-3.0/reference/SpaceTraders.json",
		"kin-recursive-ref-3.0/openapi.yml", "oapi-path-item-refs-3.0/foo-service.yaml"} {
		documents = append(documents, filepath.Join(dir, "multi", multi))
	}
	for _, name := range documents {
		t.Run(filepath.Base(name), func(t *testing.T) {
			src, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			opt := spec.Options{Publish: true, Path: filepath.Base(name)}
			if dir := filepath.Dir(name); strings.Contains(name, "specs/multi") {
				if base := filepath.Base(dir); base == "spec" || base == "reference" {
					opt.Path = base + "/" + opt.Path
					dir = filepath.Dir(dir)
				}
				opt.Files = os.DirFS(dir)
			}
			doc, _, err := spec.Load(name, src, opt)
			if err != nil {
				t.Fatal(err)
			}
			if len(doc.Published) != 1 {
				t.Fatalf("%d texts", len(doc.Published))
			}
			text := doc.Published[0].JSON
			if at := bytes.IndexByte(text, '/'); !bytes.HasPrefix(text[at-1:], []byte(`"/"`)) {
				t.Errorf("the first address is not that of the service: %.100s", text)
			}
			again, _, err := spec.Load("published.json", text, spec.Options{Publish: true})
			if err != nil {
				t.Fatal(err)
			}
			if a, b := contents(doc), contents(again); a != b {
				t.Errorf("published:\n%s\nwant:\n%s", b, a)
			}
			if !bytes.Equal(text, again.Published[0].JSON) && !strings.Contains(doc.Version, "2.0") && len(again.Servers) == len(doc.Servers) {
				t.Error("published twice is not the same")
			}
		})
	}
}

// contents is what a document says, as far as counting goes.
func contents(doc *spec.Document) string {
	type operation struct {
		Method, Path                  string
		Parameters, Answers, Security int
		Body                          bool
	}
	var out struct {
		Operations []operation
		Schemas    []string
	}
	for _, p := range doc.Paths {
		for _, o := range p.Operations {
			out.Operations = append(out.Operations, operation{o.Method, o.Path, len(o.Parameters), len(o.Responses), len(o.Security), o.Body != nil})
		}
	}
	for _, s := range doc.Schemas {
		out.Schemas = append(out.Schemas, s.Name)
	}
	text, err := json.MarshalIndent(out, "", " ")
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func TestPublishChanges(t *testing.T) {
	text := "openapi: 3.1.0\ninfo: {title: t, version: '1'}\nservers: [{url: 'https://example.com/v2'}]\n" +
		"paths:\n  /pets:\n    servers: [{url: 'https://pets.example.com'}]\n    get:\n      servers: [{url: 'https://get.example.com'}]\n" +
		"      operationId: pets\n      responses: {'200': {description: ok, content: {application/json: {schema: {$ref: 'pet.yaml'}}}}}\n"
	opt := spec.Options{Publish: true, Origin: &spec.Origin{Name: "shop", Key: "shop#", Base: "/shop"}}
	opt.Files = folder("api/pet.yaml: {type: object, properties: {next: {$ref: 'pet.yaml'}, tag: {$ref: 'tag.yaml#/Tag'}}}", "api/tag.yaml: {Tag: {type: string}}")
	doc, said := loadText(text, opt)
	if said != "" || len(doc.Published) != 1 {
		t.Fatal(said)
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, doc.Published[0].JSON); err != nil {
		t.Fatal(err)
	}
	const want = `{"openapi":"3.1.0","servers":[{"url":"/","description":"this service"},{"url":"https://example.com/v2"}],"info":{"title":"t","version":"1"},` +
		`"paths":{"/shop/pets":{"get":{"operationId":"pets","responses":{"200":{"description":"ok","content":{"application/json":{"schema":{"$ref":"#/components/schemas/pet"}}}}}}}},` +
		`"components":{"schemas":{"Tag":{"type":"string"},"pet":{"type":"object","properties":{"next":{"$ref":"#/components/schemas/pet"},"tag":{"$ref":"#/components/schemas/Tag"}}}}}}`
	if compact.String() != want || doc.Published[0].Name != "shop" {
		t.Errorf("got  %s\nwant %s", compact.String(), want)
	}
}

// TestPublishStandIns: no reader of a published document has to know of references in
// the place of operations.
func TestPublishStandIns(t *testing.T) {
	for _, tt := range []struct{ get, want string }{
		{"{$ref: '#/x-get'}", `{"operationId":"a","responses":{"204":{"description":"d"}}}`},
		{"{$ref: '#/x-get', operationId: b}", `{"operationId":"b","responses":{"204":{"description":"d"}}}`},
		{"{$ref: 'get.yaml#/Get', operationId: b}", `{"operationId":"b","parameters":[{"name":"p","in":"query","schema":{"$ref":"#/components/schemas/S"}}],"responses":{"204":{"description":"d"}}}`},
	} {
		opt := spec.Options{Publish: true, Files: folder("api/get.yaml: {Get: {operationId: a, parameters: [{name: p, in: query, schema: {$ref: '#/S'}}], responses: {'204': {description: d}}}, S: {type: string}}")}
		doc, said := loadText("openapi: 3.1.0\ninfo: {title: t, version: '1'}\npaths: {/: {get: "+tt.get+"}}\n"+
			"x-get: {operationId: a, responses: {'204': {description: d}}}\n", opt)
		if !strings.Contains(said, "a reference stands for an operation") || len(doc.Published) != 1 {
			t.Fatal(said)
		}
		var compact bytes.Buffer
		if err := json.Compact(&compact, doc.Published[0].JSON); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(compact.String(), `"get":`+tt.want+`}}`) {
			t.Errorf("%s: got %s, want %s", tt.get, compact.String(), tt.want)
		}
	}
}
