package generator_test

import (
	"os"
	"path/filepath"
	"testing"
)

// TestBenchService compiles the service of make bench: nothing else does, and it uses
// packages of a project as they are.
func TestBenchService(t *testing.T) {
	skipShort(t)
	document := filepath.Join(shared(), "bench/spec/pets.yaml")
	if _, err := os.Stat(document); err != nil {
		t.Skip("APIGEN_SHARED names no folder with the bench")
	}
	dir := filepath.Join(t.TempDir(), "pets")
	create(t, dir, document)
	if err := os.CopyFS(filepath.Join(dir, "cmd/bench"), os.DirFS(filepath.Join(repository, "testdata/bench/service"))); err != nil {
		t.Fatal(err)
	}
	goTool(t, dir, "vet", "./cmd/bench")
}
