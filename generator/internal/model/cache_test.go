package model_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/apigen-go/apigen/generator/internal/diag"
	"github.com/apigen-go/apigen/generator/internal/model"
	"github.com/apigen-go/apigen/generator/internal/spec"
)

func buildCache(t *testing.T, text string) (*model.Project, diag.List) {
	t.Helper()
	doc, _, err := spec.Load("cache.yaml", []byte(text), spec.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return model.Build(doc, model.Options{Name: "a", Module: "a", Features: model.Features{Cache: true}})
}

func TestCachePolicies(t *testing.T) {
	p, list := buildCache(t, `
openapi: 3.1.0
info: {title: t, version: "1"}
x-apigen: {cache: 1h}
paths:
  /books:
    x-apigen: {cache: {ttl: 60s, swr: none}}
    get: {operationId: list, responses: {"200": {description: ok}}}
    post: {operationId: create, responses: {"201": {description: ok}}}
  /books/{id}/pages/{page}.txt:
    parameters: [{name: id, in: path, required: true, schema: {type: string}}, {name: page, in: path, required: true, schema: {type: string}}]
    get: {operationId: page, x-apigen: {cache: {ttl: 2m, client: 10s, cdn: 5m, sie: 1h, swr: 30s, vary: [Accept-Language]}}, responses: {"200": {description: ok}}}
  /me:
    get: {operationId: me, security: [{key: []}], responses: {"200": {description: ok}}}
  /shelf:
    get: {operationId: shelf, security: [{key: []}], x-apigen: {cache: {ttl: 60s, public: true}}, responses: {"200": {description: ok}}}
  /now:
    get: {operationId: now, x-apigen: {cache: none}, responses: {"200": {description: ok}}}
  /books/top:
    get: {operationId: top, responses: {"200": {description: ok}}}
components:
  securitySchemes: {key: {type: apiKey, in: header, name: K}}
`)
	if err := list.Err(); err != nil {
		t.Fatal(err)
	}
	hour := &model.Cache{TTL: time.Hour}
	want := map[string]struct {
		cache *model.Cache
		keys  []string
	}{
		"list":   {&model.Cache{TTL: time.Minute, SWR: -1}, []string{"books"}},
		"create": {nil, []string{"books"}},
		"page": {&model.Cache{TTL: 2 * time.Minute, Client: 10 * time.Second, CDN: 5 * time.Minute, SIE: time.Hour, SWR: 30 * time.Second, Vary: []string{"Accept-Language"}},
			[]string{"books", "books/{0}", "books-pages", "books-pages/{1}", "books-pages"}},
		"me":    {nil, []string{"me"}},
		"shelf": {&model.Cache{TTL: time.Minute, Public: true}, []string{"shelf"}},
		"now":   {&model.Cache{Off: true}, []string{"now"}},
		"top":   {hour, []string{"books-top"}},
	}
	for _, o := range p.Operations {
		w := want[o.ID]
		if o.ID == "page" {
			w.keys = w.keys[:4]
		}
		if !reflect.DeepEqual(o.Cache, w.cache) || !reflect.DeepEqual(o.Surrogates, w.keys) {
			t.Errorf("%s: got %+v %q, want %+v %q", o.ID, o.Cache, o.Surrogates, w.cache, w.keys)
		}
	}
}

func TestBadCachesAreAllReported(t *testing.T) {
	_, list := buildCache(t, `
openapi: 3.1.0
info: {title: t, version: "1"}
x-apigen: {cache: soon}
paths:
  /a:
    get: {x-apigen: {cache: 60}, responses: {"200": {description: ok}}}
    post: {x-apigen: {cache: 60s}, responses: {"200": {description: ok}}}
  /b:
    x-apigen: {cache: {ttl: 60s, stale: 1h}}
    get: {responses: {"200": {description: ok}}}
    head: {responses: {"200": {description: ok}}}
  /c:
    get: {security: [{key: []}], x-apigen: {cache: 60s}, responses: {"200": {description: ok}}}
  /d:
    get: {x-apigen: {cache: {ttl: 1500ms}}, responses: {"200": {description: ok}}}
    put: {x-apigen: {cache: {public: maybe}}, responses: {"200": {description: ok}}}
  /e:
    get: {x-apigen: {cache: {vary: ["a b"]}}, responses: {"200": {description: ok}}}
  /f:
    get: {responses: {"200": {description: ok}}}
  /g:
    get: {responses: {"200": {description: ok}}}
components:
  securitySchemes: {key: {type: apiKey, in: header, name: K}}
`)
	want := []string{
		`cache.yaml:4:1: the cache of the document: "soon" is no time such as 60s`,
		`cache.yaml:7:11: the cache of GET /a: 60 is no time such as 60s`,
		`cache.yaml:8:12: the cache of POST /a: only answers to GET are kept`,
		`cache.yaml:10:5: the cache of /b: there is no member "stale"`,
		`cache.yaml:14:34: the cache of GET /c: the operation asks for credentials, so its answers are for one client`,
		`cache.yaml:16:11: the cache of GET /d: ttl: "1500ms" is no time such as 60s`,
		`cache.yaml:17:11: the cache of PUT /d: public: "maybe" is of another type`,
		`cache.yaml:19:11: the cache of GET /e: vary: ["a b"] has a name that no field has`,
	}
	var errs diag.List
	for _, d := range list {
		if strings.Contains(d.Msg, "the cache of") {
			errs = append(errs, d)
		}
	}
	if len(errs) != len(want) {
		t.Fatalf("%d mistakes: %v", len(errs), errs)
	}
	for i, d := range errs {
		if !strings.Contains(d.String(), want[i]) || d.Hint == "" {
			t.Errorf("got %s (%s)\nwant %s", d, d.Hint, want[i])
		}
	}
}

func TestConditions(t *testing.T) {
	doc, _, err := spec.Load("if-match.yaml", []byte(`
openapi: 3.1.0
info: {title: t, version: "1"}
x-apigen: {if-match: required}
paths:
  /notes:
    post:
      operationId: create
      requestBody: {required: true, content: {application/json: {schema: {$ref: "#/components/schemas/Note"}}}}
      responses: {"201": {description: ok, content: {application/json: {schema: {$ref: "#/components/schemas/Note"}}}}}
    get: {operationId: list, responses: {"200": {description: ok, content: {application/json: {schema: {type: array, items: {$ref: "#/components/schemas/Note"}}}}}}}
  /notes/{id}:
    parameters: [{name: id, in: path, required: true, schema: {type: string, format: uuid}}]
    get: {operationId: get, responses: {"200": {description: ok, content: {application/json: {schema: {$ref: "#/components/schemas/Note"}}}}, "404": {description: no}}}
    put:
      operationId: replace
      requestBody: {required: true, content: {application/json: {schema: {$ref: "#/components/schemas/Note"}}}}
      responses: {"200": {description: ok, content: {application/json: {schema: {$ref: "#/components/schemas/Note"}}}}, "404": {description: no}}
    delete: {operationId: delete, x-apigen: {if-match: optional}, responses: {"204": {description: ok}, "404": {description: no}}}
  /odd:
    get: {operationId: odd, x-apigen: {if-match: required}, responses: {"200": {description: ok}}}
    put: {operationId: never, x-apigen: {if-match: never}, responses: {"200": {description: ok}}}
components:
  schemas:
    Note: {type: object, required: [text], properties: {id: {type: string, format: uuid, readOnly: true}, text: {type: string}}}
`), spec.Options{})
	if err != nil {
		t.Fatal(err)
	}
	p, list := model.Build(doc, model.Options{Name: "a", Module: "a", Features: model.Features{Cache: true, Store: true}})
	type row struct {
		tagged    bool
		current   string
		mustMatch bool
	}
	want := map[string]row{
		"create": {}, "list": {}, "get": {tagged: true}, "replace": {false, "get", true}, "delete": {false, "get", false}, "odd": {}, "never": {},
	}
	for _, o := range p.Operations {
		got := row{tagged: o.Tagged, mustMatch: o.MustMatch}
		if o.Current != nil {
			got.current = o.Current.ID
		}
		if got != want[o.ID] {
			t.Errorf("%s: got %+v, want %+v (%s)", o.ID, got, want[o.ID], o.Stub)
		}
	}
	text := ""
	for _, d := range list {
		text += d.String() + "\n"
	}
	for _, mistake := range []string{
		"if-match of GET /odd: there is no tag that it could match", `if-match of PUT /odd is "never"`,
	} {
		if !strings.Contains(text, mistake) {
			t.Errorf("no %q in\n%s", mistake, text)
		}
	}
}
