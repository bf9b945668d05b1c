package model_test

import (
	"strings"
	"testing"

	"github.com/apigen-go/apigen/generator/internal/diag"
	"github.com/apigen-go/apigen/generator/internal/model"
	"github.com/apigen-go/apigen/generator/internal/spec"
)

// keyed is a document with two operations that write rows, and one that streams.
const keyed = `openapi: 3.1.0
info: {title: t, version: "1"}
paths:
  /ROWS:
    post:
      operationId: create
      parameters: [CREATE]
      requestBody: {content: {application/json: {schema: {$ref: "#/components/schemas/Row"}}}}
      responses: {"201": {description: ok, content: {application/json: {schema: {$ref: "#/components/schemas/Row"}}}}}
    get:
      operationId: list
      responses: {"200": {description: ok, content: {application/json: {schema: {type: array, items: {$ref: "#/components/schemas/Row"}}}}}}
  /watch:
    post:
      operationId: watch
      parameters: [WATCH]
      responses: {"200": {description: ok, content: {text/event-stream: {schema: {type: string}}}}}
  /jobs:
    put: {operationId: job, responses: {"202": {description: ok}}}
    patch: {operationId: change, responses: {"202": {description: ok}}}
components:
  schemas:
    Row: {type: object, properties: {id: {type: integer, readOnly: true}, name: {type: string}}}
`

const keyParameter = "{name: Idempotency-Key, in: header, required: true, schema: {type: string}}"

func TestKeys(t *testing.T) {
	store := model.Features{Store: true}
	asked := model.Features{Store: true, Idempotency: true}
	for _, tt := range []struct {
		name                 string
		rows, create, watch  string
		features             model.Features
		detect               bool
		keys, migration, say string
	}{
		{name: "not asked", features: store, detect: true},
		{name: "asked", features: asked, keys: "create change", migration: "00002_idempotency_keys.sql"},
		{name: "declared", create: keyParameter, features: store, detect: true, keys: "create!", migration: "00002_idempotency_keys.sql"},
		{name: "declared and off", create: keyParameter, features: store, say: "nothing keeps answers by Idempotency-Key"},
		{name: "without a store", create: keyParameter, detect: true},
		{name: "streamed", create: keyParameter, watch: keyParameter, features: asked, keys: "create!", migration: "00002_idempotency_keys.sql",
			say: "POST /watch answers with a stream, which is not kept"},
		{name: "its table", rows: "idempotency_keys", features: asked, keys: "create change", migration: "00002_idempotency_keys.sql",
			say: "the table idempotency_keys is that of the feature idempotency"},
	} {
		rows := tt.rows
		if rows == "" {
			rows = "rows"
		}
		text := strings.NewReplacer("ROWS", rows, "CREATE", tt.create, "WATCH", tt.watch).Replace(keyed)
		doc, _, err := spec.Load("keys.yaml", []byte(text), spec.Options{})
		if err != nil {
			t.Fatal(err)
		}
		p, list := model.Build(doc, model.Options{Name: "a", Module: "a", Features: tt.features, DetectKeys: tt.detect})
		var keys []string
		for _, o := range p.Operations {
			switch {
			case o.Once != nil && o.Once.Required:
				keys = append(keys, o.ID+"!")
			case o.Once != nil:
				keys = append(keys, o.ID)
			}
		}
		migration, _ := p.KeysMigration()
		if got := strings.Join(keys, " "); got != tt.keys || migration != tt.migration || p.Features.Idempotency != (tt.keys != "") {
			t.Errorf("%s: keys of %q, migration %q, feature %t", tt.name, got, migration, p.Features.Idempotency)
		}
		said := ""
		for _, d := range list {
			if strings.Contains(d.Msg, "dempotency") || strings.Contains(d.Msg, "stream") {
				said += d.Msg + "\n"
			}
		}
		if (said == "") != (tt.say == "") || !strings.Contains(said, tt.say) {
			t.Errorf("%s: said %q, want %q", tt.name, said, tt.say)
		}
		if failed := len(list.Filter(diag.Error)) > 0; failed != (tt.name == "its table") {
			t.Errorf("%s: %v", tt.name, list)
		}
	}
}

// TestKeysTableStays: the lock remembers the table, so that it is made once and no
// migration speaks of it later.
func TestKeysTableStays(t *testing.T) {
	build := func(text string, features model.Features, previous []*model.Table, migrations int) *model.Project {
		t.Helper()
		doc, _, err := spec.Load("keys.yaml", []byte(strings.NewReplacer("ROWS", "rows", "CREATE", "", "WATCH", "").Replace(text)), spec.Options{})
		if err != nil {
			t.Fatal(err)
		}
		p, _ := model.Build(doc, model.Options{Name: "a", Module: "a", Features: features, Previous: previous, Migrations: migrations})
		return p
	}
	first := build(keyed, model.Features{Store: true, Idempotency: true}, nil, 0)
	kept, err := model.DecodeTables(model.EncodeTables(first.Kept()))
	if err != nil {
		t.Fatal(err)
	}
	more := strings.Replace(keyed, "name: {type: string}", "name: {type: string}, size: {type: integer}", 1)
	for _, on := range []bool{true, false} {
		p := build(more, model.Features{Store: true, Idempotency: on}, kept, 2)
		name, text := p.Migration()
		if again, _ := p.KeysMigration(); again != "" || name != "00003_follow_document.sql" || strings.Contains(text, "idempotency") || len(p.Kept()) != 2 {
			t.Errorf("on %t: %q, then %s:\n%s\n%d tables", on, again, name, text, len(p.Kept()))
		}
	}
}
