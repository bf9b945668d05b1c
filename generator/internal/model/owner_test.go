package model_test

import (
	"strings"
	"testing"

	"github.com/apigen-go/apigen/generator/internal/diag"
	"github.com/apigen-go/apigen/generator/internal/model"
	"github.com/apigen-go/apigen/generator/internal/spec"
)

// buildOwners builds a project with a store from a document about notes.
func buildOwners(t *testing.T, features model.Features, note string, changes ...string) (*model.Project, diag.List) {
	t.Helper()
	text := strings.NewReplacer(changes...).Replace(`openapi: 3.1.0
info: {title: t, version: "1"}
security: [{token: []}]
paths:
  /notes:
    get: {operationId: listNotes, responses: {"200": {description: ok, content: {application/json: {schema: {type: array, items: {$ref: "#/components/schemas/Note"}}}}}}}
    post: {operationId: createNote, requestBody: {required: true, content: {application/json: {schema: {$ref: "#/components/schemas/Note"}}}}, responses: {"201": {description: ok, content: {application/json: {schema: {$ref: "#/components/schemas/Note"}}}}}}
components:
  securitySchemes: {token: {type: http, scheme: bearer}}
  schemas:
    Note:
      type: object
` + note)
	doc, _, err := spec.Load("owners.yaml", []byte(text), spec.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return model.Build(doc, model.Options{Name: "a", Module: "a", Features: features})
}

const ownedNote = `      x-apigen: {owner: owner}
      properties:
        id: {type: string, format: uuid, readOnly: true}
        owner: {type: string, readOnly: true}
        text: {type: string}
`

func TestOwners(t *testing.T) {
	p, list := buildOwners(t, model.Features{Store: true, Auth: true}, ownedNote)
	if len(list) > 0 {
		t.Fatal(list)
	}
	if len(p.Tables) != 1 || p.Tables[0].Owner == nil || p.Tables[0].Owner.Name != "owner" || !p.Tables[0].Owner.Index {
		t.Fatalf("tables: %+v", p.Tables)
	}
	for _, o := range p.Operations {
		if o.CRUD == nil || !o.CRUD.Owned() {
			t.Errorf("%s does not look whose a row is", o.ID)
		}
	}
}

// TestBadOwnersAreReported makes one mistake after the other.
func TestBadOwnersAreReported(t *testing.T) {
	on := model.Features{Store: true, Auth: true}
	const open = `get: {operationId: listNotes, `
	for name, tt := range map[string]struct {
		features model.Features
		note     string
		changes  []string
		want     []string
	}{
		"unknown property": {on, strings.Replace(ownedNote, "owner: owner}", "owner: ownr}", 1), nil,
			[]string{`owners.yaml:13:7: the owner of notes is "ownr", which is no property of type string beside the key`}},
		"the key": {on, strings.Replace(ownedNote, "owner: owner}", "owner: id}", 1), nil,
			[]string{`owners.yaml:13:7: the owner of notes is "id", which is no property of type string beside the key`}},
		"a number": {on, strings.Replace(ownedNote, "owner: {type: string", "owner: {type: integer", 1), nil,
			[]string{`owners.yaml:13:7: the owner of notes is "owner", which is no property of type string beside the key`}},
		"no feature": {model.Features{Store: true}, ownedNote, nil,
			[]string{`owners.yaml:13:7: the rows of notes have owners, but nothing finds out who sends a request`}},
		"no security, in part and at all": {on, ownedNote, []string{open, open + `security: [{token: []}, {}], `, `post: {`, `post: {security: [], `},
			[]string{
				`owners.yaml:6:5: the rows of notes have owners, but GET /notes lets in those without credentials`,
				`owners.yaml:7:5: the rows of notes have owners, but POST /notes lets in those without credentials`,
			}},
		"taken from requests": {on, strings.Replace(ownedNote, "owner: {type: string, readOnly: true}", "owner: {type: string}", 1), nil,
			[]string{`owners.yaml:16:9: owner says whose the row is, so POST /notes must not set it`}},
		"schema without rows": {on, ownedNote + "    Draft: {type: object, x-apigen: {owner: who}, properties: {who: {type: string}}}\n", nil,
			[]string{`owners.yaml:18:27: warning: the owner of Draft is not looked at: no table has rows of this schema`}},
	} {
		t.Run(name, func(t *testing.T) {
			_, list := buildOwners(t, tt.features, tt.note, tt.changes...)
			var got []string
			for _, d := range list {
				message, hint, _ := strings.Cut(d.String(), "\n")
				if hint == "" {
					t.Errorf("%s: nothing says what to write", message)
				}
				got = append(got, message)
			}
			if strings.Join(got, "\n") != strings.Join(tt.want, "\n") {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
		})
	}
}
