package generator_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apigen-go/apigen/generator"
)

// customDocument names types of a module and of the project itself.
const customDocument = `openapi: 3.1.0
info: {title: Custom, version: "1"}
paths:
  /things:
    post:
      operationId: sendThing
      requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/Thing'}}}}
      responses: {"200": {description: ok, content: {application/json: {schema: {$ref: '#/components/schemas/Key'}}}}}
components:
  schemas:
    Key: {type: string, format: uuid, x-go-type: uuid.UUID, x-go-type-import: {path: github.com/google/uuid}}
    Thing:
      type: object
      properties:
        key: {$ref: '#/components/schemas/Key'}
        price: {type: string, x-go-type: example.com/custom/internal/codec/money.Amount}
        item: {type: string, x-go-type: example.com/custom/item.Item}
`

// TestCustomTypes makes a project whose document names a type of a module that
// go.mod does not require: it is left out with a warning, and comes when go.mod
// requires it.
func TestCustomTypes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "custom")
	warns := func(p *generator.Plan) bool {
		return strings.Contains(p.Diagnostics.Error(), "left out: go.mod requires no module with the package github.com/google/uuid")
	}
	types := func() string {
		text, err := os.ReadFile(filepath.Join(dir, "internal/api/types.gen.go"))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	p, err := generator.NewPlan(t.Context(), generator.Config{
		Dir: dir, Name: "custom", Module: "example.com/custom", Document: []byte(customDocument), Features: []string{"none"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Apply(); err != nil {
		t.Fatal(err)
	}
	if !warns(p) || strings.Contains(types(), "uuid.UUID") {
		t.Errorf("the module is used unasked:\n%v\n%s", p.Diagnostics, types())
	}
	mod := filepath.Join(dir, "go.mod")
	text, err := os.ReadFile(mod)
	if err != nil {
		t.Fatal(err)
	}
	text = append(text, "\nrequire github.com/google/uuid v1.6.0\n"...)
	if err := os.WriteFile(mod, text, 0o644); err != nil {
		t.Fatal(err)
	}
	if p, err = generator.OpenPlan(t.Context(), generator.Config{Dir: dir}); err != nil {
		t.Fatal(err)
	}
	if err := p.Apply(); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"*uuid.UUID `json", "*money.Amount `json", "*itempkg.Item `json", `itempkg "example.com/custom/item"`} {
		if got := strings.Join(strings.Fields(types()), " "); warns(p) || !strings.Contains(got, want) {
			t.Errorf("no %s:\n%v\n%s", want, p.Diagnostics, got)
		}
	}
}
