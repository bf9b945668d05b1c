package generator_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/apigen-go/apigen/generator/internal/model"
	"github.com/apigen-go/apigen/generator/internal/render"
	"github.com/apigen-go/apigen/generator/internal/spec"
)

// sweepModule is the module of the projects that the sweeps put their own files
// into. All have the same one, so that they share what is compiled.
const sweepModule = "example.com/sweep"

// corpusDocuments returns the documents by others that must work: name → file.
// The test is skipped where they are not.
func corpusDocuments(t *testing.T) map[string]string {
	t.Helper()
	if _, err := os.Stat(filepath.Join(shared(), "specs")); err != nil {
		t.Skip(err)
	}
	out := map[string]string{}
	for _, file := range corpusFiles(t, "specs/*.*") {
		out["specs/"+filepath.Base(file)] = file
	}
	for _, file := range corpusRoots(t) {
		out["multi/"+filepath.Base(corpusFolder(file))] = file
	}
	for _, file := range corpusFiles(t, "evolution/*/*.*") {
		out["evolution/"+filepath.Base(filepath.Dir(file))+"/"+filepath.Base(file)] = file
	}
	return out
}

// loadDocument reads a document of the corpus, or of this repository.
func loadDocument(t *testing.T, file string) *spec.Document {
	t.Helper()
	var opt spec.Options
	if filepath.Base(filepath.Dir(filepath.Dir(file))) == "multi" || filepath.Base(filepath.Dir(filepath.Dir(filepath.Dir(file)))) == "multi" {
		folder := corpusFolder(file)
		root, err := os.OpenRoot(folder)
		if err != nil {
			t.Fatal(err)
		}
		defer root.Close()
		rel, err := filepath.Rel(folder, file)
		if err != nil {
			t.Fatal(err)
		}
		opt.Files, opt.Path = root.FS(), filepath.ToSlash(rel)
	}
	doc, _, err := spec.ReadFile(file, opt)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// buildSweep makes the project of a document in memory.
func buildSweep(t *testing.T, doc *spec.Document) *model.Project {
	t.Helper()
	p, list := model.Build(doc, model.Options{Name: "sweep", Module: sweepModule, Specs: []string{"api/openapi.yaml"}})
	if err := list.Err(); err != nil {
		t.Fatal(err)
	}
	return p
}

// writeSweep writes the parts of a project that keep asks for into dir.
func writeSweep(t *testing.T, dir string, p *model.Project, keep func(path string) bool) {
	t.Helper()
	files, err := render.Files(p)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !keep(f.Path) {
			continue
		}
		name := filepath.Join(dir, filepath.FromSlash(f.Path))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// copyFile copies a file, into a folder that is made when it is not there yet.
func copyFile(t *testing.T, from, to string) {
	t.Helper()
	text, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, text, 0o644); err != nil {
		t.Fatal(err)
	}
}

// sweepGo prepares a go command in a project of a sweep.
func sweepGo(ctx context.Context, dir string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=readonly -trimpath", "GOWORK=off")
	return cmd
}
