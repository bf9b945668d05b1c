package model

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apigen-go/apigen/generator/internal/spec"
)

var update = flag.Bool("update", false, "rewrite the expected output")

func build(t *testing.T, file string, opt Options) *Project {
	t.Helper()
	doc, _, err := spec.ReadFile(file, spec.Options{})
	if err != nil {
		t.Fatal(err)
	}
	opt.Features.Store = true
	p, _ := Build(doc, opt)
	return p
}

// TestInfer compares what every operation of testdata/crud/*.yaml becomes, and
// the schema of the tables, with the .txt file beside the document.
func TestInfer(t *testing.T) {
	files, err := filepath.Glob("testdata/crud/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal("no documents: ", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			p := build(t, file, Options{})
			_, schema := p.Migration()
			got := operationTable(p) + "\n" + schema
			name := strings.TrimSuffix(file, ".yaml") + ".txt"
			if *update {
				if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("the inference differs from %s; look at it and run with -update\n%s", name, got)
			}
		})
	}
}

func operationTable(p *Project) string {
	var b strings.Builder
	for _, op := range p.Operations {
		fmt.Fprintf(&b, "%s %s: ", op.Method, op.Path)
		x := op.CRUD
		if x == nil {
			fmt.Fprintf(&b, "stub: %s\n", op.Stub)
			continue
		}
		fmt.Fprintf(&b, "%s %s", x.Kind, x.Table.Name)
		if x.Upsert {
			b.WriteString(" or create")
		}
		if x.Rows != nil {
			for _, f := range x.Rows.Filters {
				fmt.Fprintf(&b, ", %s %s", f.Param.Wire, f.Kind)
				for _, c := range f.Columns {
					if c.JSON != f.Param.Wire {
						fmt.Fprintf(&b, " %q", c.JSON)
					}
				}
			}
			fmt.Fprintf(&b, ", paging %q", x.Rows.Page.Kind)
		}
		for _, ignored := range x.Ignored {
			fmt.Fprintf(&b, ", ignores %s", ignored)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// TestInferRealDocuments counts the operations that the store implements.
func TestInferRealDocuments(t *testing.T) {
	for _, tt := range []struct {
		file      string
		want, all int
	}{
		{"petstore-expanded-3.0.yaml", 4, 4},
		{"museum-3.1.yaml", 6, 8},
		{"train-travel-3.1.yaml", 5, 7},
		{"conduit-realworld-3.1.yml", 7, 19},
		{"tictactoe-3.1.yaml", 0, 3},
		{"resend-3.0.yml", 15, 22},
		{"firecracker-3.0.json", 0, 26},
		{"link-example-3.0.yaml", 1, 6},
		{"petstore-full-3.1.json", 3, 20},
		{"../bench/spec/pets.yaml", 3, 3},
	} {
		t.Run(filepath.Base(tt.file), func(t *testing.T) {
			dir := os.Getenv("APIGEN_SHARED")
			if dir == "" {
				dir = "../../../../shared"
			}
			file := filepath.Join(dir, "specs", tt.file)
			if _, err := os.Stat(file); err != nil {
				t.Skipf("%s is not here", file)
			}
			p := build(t, file, Options{})
			n := 0
			for _, op := range p.Operations {
				if op.CRUD != nil {
					n++
				} else if op.Stub == "" {
					t.Errorf("%s is a stub without a reason", op.ID)
				}
			}
			if n != tt.want || len(p.Operations) != tt.all {
				t.Errorf("%d of %d operations are implemented, want %d of %d\n%s", n, len(p.Operations), tt.want, tt.all, operationTable(p))
			}
		})
	}
}

// TestTrials checks that every operation is tried, after what it needs.
func TestTrials(t *testing.T) {
	for file, keys := range map[string][]string{"kinds": {"orders", "users"}, "nest": {"books", "reviews", "loans"}} {
		p := build(t, "testdata/crud/"+file+".yaml", Options{})
		saved := map[string]bool{}
		tried := map[string]bool{}
		for _, trial := range p.Trials() {
			tried[trial.Operation.ID] = true
			for _, text := range []string{trial.Path, trial.Body} {
				for _, part := range strings.Split(text, "${")[1:] {
					if name, _, _ := strings.Cut(part, "}"); !saved[name] {
						t.Errorf("%s needs %s before it is saved", trial.Operation.ID, name)
					}
				}
			}
			saved[trial.Save] = true
		}
		if len(tried) != len(p.Operations) {
			t.Errorf("%s: %d of %d operations are tried", file, len(tried), len(p.Operations))
		}
		for _, key := range keys {
			if !saved[key] {
				t.Errorf("%s: the key of %s is not saved: %v", file, key, saved)
			}
		}
	}
}

// TestTrialsDelete checks what comes before the end of a row that others refer
// to: their own end, or a second row that nothing refers to.
func TestTrialsDelete(t *testing.T) {
	p := build(t, "testdata/crud/nest.yaml", Options{})
	var order []string
	for _, trial := range p.Trials() {
		switch x := trial.Operation.CRUD; {
		case x == nil || x.Kind != Create && x.Kind != Delete:
		case len(trial.Want) != 1 || trial.Want[0] != x.Success.Status:
			t.Errorf("%s: want %v, which leaves it open what happens", trial.Operation.ID, trial.Want)
		default:
			order = append(order, trial.Operation.ID)
		}
	}
	got := strings.Join(order, " ")
	const want = "createBook createReader createLoan createReview deleteReview createBook deleteBook"
	if got != want {
		t.Errorf("tried %s, want %s", got, want)
	}
}

func TestPlural(t *testing.T) {
	for one, many := range map[string]string{
		"book": "books", "category": "categories", "box": "boxes", "status": "statuses", "address": "addresses",
		"day": "days", "person": "people", "api_key": "api_keys", "movie": "movies", "house": "houses", "bus": "buses",
	} {
		if plural(one) != many || singular(many) != one || plural(many) != many {
			t.Errorf("%s, %s: plural %s, singular %s, plural of plural %s", one, many, plural(one), singular(many), plural(many))
		}
	}
}
