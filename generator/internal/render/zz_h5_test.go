package render

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/apigen-go/apigen/generator/internal/model"
	"github.com/apigen-go/apigen/generator/internal/spec"
)

func TestH5(t *testing.T) {
	name := os.Getenv("SPEC")
	doc, _, err := spec.ReadFile(name, spec.Options{})
	if err != nil {
		t.Fatal(err)
	}
	p, _ := model.Build(doc, model.Options{Name: "demo", Module: "example.com/demo", SpecPath: "api/openapi.yaml", Features: model.Features{Store: true}})
	n := 0
	for _, o := range p.Operations {
		by := "stub: " + o.Stub
		if o.CRUD != nil {
			n++
			by = o.CRUD.Table.Name + " · " + string(o.CRUD.Kind)
			if o.CRUD.Upsert {
				by += " (or creates)"
			}
			if len(o.CRUD.Ignored) > 0 {
				by += fmt.Sprint("  ignores ", o.CRUD.Ignored)
			}
			if len(o.CRUD.Notes) > 0 {
				by += fmt.Sprint("  notes ", o.CRUD.Notes)
			}
		}
		fmt.Printf("  %-7s %-45s %s\n", o.Method, o.Path, by)
	}
	fmt.Printf("== %s: %d / %d\n", filepath.Base(name), n, len(p.Operations))
	_, text := p.Migration()
	if os.Getenv("SQL") != "" {
		fmt.Println(text)
	}
	if out := os.Getenv("OUT"); out != "" {
		files, err := Files(p)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			dest := filepath.Join(out, f.Path)
			os.MkdirAll(filepath.Dir(dest), 0o755)
			os.WriteFile(dest, f.Data, 0o644)
		}
	}
}
