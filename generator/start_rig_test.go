//go:build unix

package generator_test

import (
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/apigen-go/apigen/generator/internal/conformance"
)

// mostStart is how long a service with every feature may take to be ready, issue 4.
const mostStart = 200 * time.Millisecond

// TestRigStart starts the golden projects, with every feature on and SQLite.
func TestRigStart(t *testing.T) {
	if !soaking {
		t.Skip("APIGEN_SOAK is not 1; a machine that runs other tests tells nothing about times")
	}
	cases, err := filepath.Glob(filepath.Join(repository, "testdata/golden/*/"))
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range cases {
		name := filepath.Base(dir)
		t.Run(name, func(t *testing.T) {
			project := filepath.Join(t.TempDir(), name)
			if list := sources(t, dir); len(list) > 0 {
				createOf(t, project, list, "all")
			} else {
				create(t, project, document(dir), "all")
			}
			service, err := conformance.Start(t.Context(), project, t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			if err := service.Stop(); err != nil {
				t.Fatal(err)
			}
			var first, later []time.Duration
			for range 9 {
				url := "DATABASE_URL=file:" + filepath.Join(t.TempDir(), "start.db")
				first = append(first, startTime(t, service, url))
				later = append(later, startTime(t, service, url))
			}
			slices.Sort(first)
			slices.Sort(later)
			t.Logf("%s with every feature: ready %s after its start with a new database, %s with one that is there (of 9, the middle; worst %s)",
				name, ms(first[4]), ms(later[4]), ms(max(first[8], later[8])))
			if first[4] > mostStart {
				t.Errorf("want %s at most", mostStart)
			}
		})
	}
}

func startTime(t *testing.T, service *conformance.Service, env ...string) time.Duration {
	t.Helper()
	s, err := service.Again(t.Context(), env...)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Stop(); err != nil {
		t.Error(err)
	}
	return s.Took
}
