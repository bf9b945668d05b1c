package verify

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestMakeStage(t *testing.T) {
	cache := t.TempDir()
	for _, name := range []string{"XDG_CACHE_HOME", "HOME", "LocalAppData"} {
		t.Setenv(name, cache)
	}
	stage := func(dir string) string {
		t.Helper()
		made, err := makeStage(dir)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.RemoveAll(made) })
		if left, err := os.ReadDir(made); err != nil || len(left) > 0 {
			t.Errorf("%s holds %v, %v", made, left, err)
		}
		return made
	}
	first := stage("pets")
	if other := stage("shop"); other == first {
		t.Error("two projects share a stage")
	}
	if second := stage("pets"); second == first {
		t.Error("two runs share a stage")
	}
	write(t, first, map[string]string{"left.go": "package behind\n"})
	past := time.Now().Add(-2 * staleStage)
	if err := os.Chtimes(first, past, past); err != nil {
		t.Fatal(err)
	}
	if again := stage("pets"); again != first {
		t.Errorf("what a killed run left keeps %s for it, not %s", first, again)
	}
	if err := os.RemoveAll(first); err != nil {
		t.Fatal(err)
	}
	if again := stage("pets"); again != first {
		t.Errorf("the next run compiles in %s, not in %s", again, first)
	}

	// Where nothing can be kept, any folder does.
	file := filepath.Join(cache, "file")
	write(t, cache, map[string]string{"file": ""})
	for _, name := range []string{"XDG_CACHE_HOME", "HOME", "LocalAppData"} {
		t.Setenv(name, file)
	}
	stage("pets")
}
