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
	}{{"framing", rigFraming}, {"traps", rigTraps}, {"bombs", rigBombs}} {
		t.Run(rig.name, func(t *testing.T) { rig.run(t, service) })
	}
	for _, path := range []string{"/compute", "/wait"} {
		for _, mode := range []string{"off", "on"} {
			t.Run("overload"+path+" "+mode, func(t *testing.T) { rigOverload(t, service, path, "SHED="+mode) })
		}
	}
}
