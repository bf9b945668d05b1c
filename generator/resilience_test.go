//go:build unix

package generator_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/apigen-go/apigen/generator/internal/conformance"
)

// TestRigResilience builds the service of testdata/resilience and has each rig
// start its own instances.
func TestRigResilience(t *testing.T) {
	skipShort(t)
	dir := filepath.Join(t.TempDir(), "work")
	create(t, dir, filepath.Join(repository, "testdata/resilience/openapi.yaml"), "default")
	work, err := os.ReadFile(filepath.Join(repository, "testdata/resilience/work.go"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "internal/handler/work.go"), work, 0o644); err != nil {
		t.Fatal(err)
	}
	service, err := conformance.Start(t.Context(), dir, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := service.Stop(); err != nil {
		t.Fatal(err)
	}
	for _, rig := range []struct {
		name string
		run  func(*testing.T, *conformance.Service)
	}{
		{"framing", rigFraming}, {"traps", rigTraps}, {"bombs", rigBombs}, {"slow", rigSlow}, {"deadline", rigDeadline}, {"panic", rigPanic},
		{"overload", rigOverload}, {"priorities", rigPriorities},
	} {
		t.Run(rig.name, func(t *testing.T) { rig.run(t, service) })
	}
}
