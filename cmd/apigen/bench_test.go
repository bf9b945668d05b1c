package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apigen-go/apigen/generator"
)

// bookshop plans a new service of 18 operations.
func bookshop(b *testing.B) *generator.Plan {
	b.Helper()
	p, err := generator.NewPlan(b.Context(), generator.Config{
		Dir: filepath.Join(b.TempDir(), "bookshop"), Name: "bookshop", Module: "example.com/bookshop", Spec: "../../testdata/specs/bookshop.yaml",
	})
	if err != nil {
		b.Fatal(err)
	}
	return p
}

// BenchmarkRender goes from the document to the files in memory, and counts the
// lines of Go in them.
func BenchmarkRender(b *testing.B) {
	generated, all := 0, 0
	for b.Loop() {
		generated, all = 0, 0
		for _, c := range bookshop(b).Changes {
			if !strings.HasSuffix(c.Path, ".go") {
				continue
			}
			lines := bytes.Count(c.New, []byte("\n"))
			all += lines
			if strings.HasSuffix(c.Path, ".gen.go") {
				generated += lines
			}
		}
	}
	b.ReportMetric(float64(generated), "gen-lines")
	b.ReportMetric(float64(all), "go-lines")
}

// BenchmarkApply writes the project.
func BenchmarkApply(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		p := bookshop(b)
		b.StartTimer()
		if err := p.Apply(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkGate compiles and vets the project, with the caches warm after the
// first round.
func BenchmarkGate(b *testing.B) {
	for b.Loop() {
		if err := bookshop(b).Verify(b.Context(), nil); err != nil {
			b.Fatal(err)
		}
	}
}
