package generator

import (
	"bytes"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/apigen-go/apigen/generator/internal/plan"
)

const bookshop = "../testdata/specs/bookshop.yaml"

// newProject makes a project of the bookshop and returns its folder.
func newProject(t *testing.T, features ...string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "shop")
	p, err := NewPlan(t.Context(), Config{Dir: dir, Name: "shop", Module: "example.com/shop", Spec: bookshop, Features: features})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Apply(); err != nil {
		t.Fatal(err)
	}
	return dir
}

// open plans a run over the project in dir.
func open(t *testing.T, dir string) *Plan {
	t.Helper()
	p, err := OpenPlan(t.Context(), Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// edit replaces text in a file of the project.
func edit(t *testing.T, dir, name, old, new string) {
	t.Helper()
	name = filepath.Join(dir, name)
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(text, []byte(old)) {
		t.Fatalf("%s does not hold %q", name, old)
	}
	if err := os.WriteFile(name, bytes.Replace(text, []byte(old), []byte(new), 1), 0o644); err != nil {
		t.Fatal(err)
	}
}

// written returns what the plan writes: path → action.
func written(p *Plan) map[string]plan.Action {
	out := map[string]plan.Action{}
	for _, c := range p.Changes {
		if c.Writes() {
			out[c.Path] = c.Action
		}
	}
	return out
}

func TestGenerateAfterNewChangesNothing(t *testing.T) {
	for _, features := range [][]string{nil, {"none"}, {"docker"}} {
		dir := newProject(t, features...)
		p := open(t, dir)
		if p.Pending() || p.Err() != nil {
			t.Errorf("features %v: %v is pending, %v", features, written(p), p.Diagnostics)
		}
	}
}

func TestNewPlanIsDeterministic(t *testing.T) {
	var first *Plan
	for range 3 {
		p, err := NewPlan(t.Context(), Config{Dir: filepath.Join(t.TempDir(), "shop"), Name: "shop", Module: "example.com/shop", Spec: bookshop})
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = p
		}
		if !slices.EqualFunc(first.Changes, p.Changes, func(a, b Change) bool { return a.Path == b.Path && bytes.Equal(a.New, b.New) }) {
			t.Fatal("two plans of the same document differ")
		}
	}
}

// An operation and a property are added to the document.
func TestGenerateFollowsTheDocument(t *testing.T) {
	dir := newProject(t)
	const handler = "internal/handler/authors.go"
	edit(t, dir, handler, "package handler\n", "package handler // mine\n")
	before, err := os.ReadFile(filepath.Join(dir, handler))
	if err != nil {
		t.Fatal(err)
	}
	edit(t, dir, "api/openapi.yaml", "paths:\n", `paths:
  /authors/{authorId}/portrait:
    get:
      operationId: getPortrait
      summary: Draw an author
      tags: [authors]
      parameters:
        - {name: authorId, in: path, required: true, schema: {type: integer, format: int64}}
      responses:
        "204": {description: Drawn.}
`)
	edit(t, dir, "api/openapi.yaml", "    Author:\n      type: object\n", "    Author:\n      type: object\n      x-note: changed\n")
	edit(t, dir, "api/openapi.yaml", "        website:\n", "        nickname:\n          type: string\n        website:\n")
	p := open(t, dir)
	if err := p.Err(); err != nil {
		t.Fatal(err)
	}
	got := written(p)
	for path, want := range map[string]plan.Action{
		handler:                      plan.Append,
		"internal/api/types.gen.go":  plan.Rewrite,
		"internal/api/server.gen.go": plan.Rewrite,
		plan.LockName:                plan.Rewrite,
	} {
		if got[path] != want {
			t.Errorf("%s: got %q, want %q", path, got[path], want)
		}
	}
	for path, action := range got {
		if action == plan.Delete || strings.HasPrefix(path, "cmd/") || path == "api/openapi.yaml" {
			t.Errorf("%s: %s", path, action)
		}
	}
	if err := p.Apply(); err != nil {
		t.Fatal(err)
	}
	after, err := os.ReadFile(filepath.Join(dir, handler))
	if err != nil {
		t.Fatal(err)
	}
	added, ok := bytes.CutPrefix(after, before)
	if !ok || !bytes.Contains(added, []byte("func (h *Handler) GetPortrait(")) {
		t.Errorf("%s is not the old text with a method at its end:\n%s", handler, after)
	}
	migration, err := os.ReadFile(filepath.Join(dir, "internal/store/migrations/00002_follow_document.sql"))
	if err != nil || !bytes.Contains(migration, []byte("nickname")) {
		t.Errorf("migration: %v\n%s", err, migration)
	}
	if p := open(t, dir); p.Pending() {
		t.Errorf("the second run has changes: %v", written(p))
	}
}

func TestGenerateProtectsEdits(t *testing.T) {
	dir := newProject(t)
	edit(t, dir, "Makefile", "\n", "\n# mine\n")
	if p := open(t, dir); p.Pending() || p.Err() != nil {
		t.Errorf("an edited Makefile: %v is pending, %v", written(p), p.Diagnostics)
	}
	edit(t, dir, "internal/api/types.gen.go", "package api", "package api // mine")
	p := open(t, dir)
	err := p.Err()
	if !errors.Is(err, ErrRefused) || ExitCode(err) != ExitRefused {
		t.Errorf("got %v, exit %d", err, ExitCode(err))
	}
	if err := p.Apply(); ExitCode(err) != ExitRefused {
		t.Errorf("apply: got %v", err)
	}
	var list Diagnostics
	if !errors.As(err, &list) || list[0].File != filepath.Join(dir, "internal/api/types.gen.go") {
		t.Errorf("got %v", err)
	}
	var diff bytes.Buffer
	if err := p.Diff(&diff); err != nil || !strings.Contains(diff.String(), "-package api // mine\n+package api\n") {
		t.Errorf("diff: %v\n%s", err, &diff)
	}
	// Deleting the file is the way to have it again.
	if err := os.Remove(filepath.Join(dir, "internal/api/types.gen.go")); err != nil {
		t.Fatal(err)
	}
	p = open(t, dir)
	if got := written(p); p.Err() != nil || !maps.Equal(got, map[string]plan.Action{"internal/api/types.gen.go": plan.Create}) {
		t.Errorf("got %v, %v", got, p.Err())
	}
}

func TestGenerateReplacesTheDocument(t *testing.T) {
	dir := newProject(t)
	edit(t, dir, "api/openapi.yaml", "paths:\n", "x-mine: true\npaths:\n")
	text, err := os.ReadFile(bookshop)
	if err != nil {
		t.Fatal(err)
	}
	text = append(text, "x-more: true\n"...)
	p, err := OpenPlan(t.Context(), Config{Dir: dir, Spec: "<stdin>", Document: text})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Apply(); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(dir, "api/openapi.yaml"))
	if err != nil || !bytes.Equal(got, text) {
		t.Errorf("the document was not replaced: %v", err)
	}
	if said := p.Diagnostics.Error(); !strings.Contains(said, "kept in .apigen/base/") {
		t.Errorf("got %q", said)
	}
}

func TestOpenPlanErrors(t *testing.T) {
	for _, tt := range []struct {
		name  string
		spoil func(t *testing.T, dir string)
		exit  int
		want  string
	}{
		{"no project", func(t *testing.T, dir string) { remove(t, dir) }, ExitUsage, "apigen.yaml is not there"},
		{"no lock", func(t *testing.T, dir string) { remove(t, filepath.Join(dir, plan.LockName)) }, ExitLock, "the lock is missing"},
		{"conflict in the lock", func(t *testing.T, dir string) {
			edit(t, dir, plan.LockName, "file ", "<<<<<<< HEAD\nfile ")
		}, ExitLock, "apigen.lock:3: unresolved merge conflict"},
		{"damaged tables", func(t *testing.T, dir string) {
			edit(t, dir, plan.LockName, "rec column ", "rec column zzz ")
		}, ExitLock, "apigen.lock: read table record"},
		{"interrupted run", func(t *testing.T, dir string) {
			journal := filepath.Join(dir, ".apigen", "txn", "journal")
			if err := os.MkdirAll(filepath.Dir(journal), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(journal, nil, 0o644); err != nil {
				t.Fatal(err)
			}
		}, ExitLock, "interrupted"},
		{"no document", func(t *testing.T, dir string) { remove(t, filepath.Join(dir, "api")) }, ExitError, "openapi.yaml"},
		{"bad settings", func(t *testing.T, dir string) { edit(t, dir, SettingsName, "name:", "nom:") }, ExitError, "apigen.yaml:2:1: unknown setting \"nom\""},
		{"bad document", func(t *testing.T, dir string) { edit(t, dir, "api/openapi.yaml", "openapi: ", "openapi: 9") }, ExitError, "api/openapi.yaml:"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := newProject(t)
			tt.spoil(t, dir)
			_, err := OpenPlan(t.Context(), Config{Dir: dir, ReadOnly: true})
			if ExitCode(err) != tt.exit || !strings.Contains(filepath.ToSlash(err.Error()), tt.want) {
				t.Errorf("got %v, exit %d; want %q, exit %d", err, ExitCode(err), tt.want, tt.exit)
			}
		})
	}
}

func remove(t *testing.T, name string) {
	t.Helper()
	if err := os.RemoveAll(name); err != nil {
		t.Fatal(err)
	}
}

func TestNewPlanErrors(t *testing.T) {
	_, err := NewPlan(t.Context(), Config{Dir: "x", Name: "Book Shop", Module: "a b", Features: []string{"wings"}})
	for _, want := range []string{`"Book Shop" cannot name`, `"a b" cannot be a module path`, `no feature "wings"`, "needs an OpenAPI document"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if ExitCode(err) != ExitUsage {
		t.Errorf("exit %d", ExitCode(err))
	}
	dir := newProject(t)
	_, err = NewPlan(t.Context(), Config{Dir: dir, Name: "shop", Module: "shop", Spec: bookshop})
	if ExitCode(err) != ExitUsage || !strings.Contains(err.Error(), "is not empty") {
		t.Errorf("got %v", err)
	}
	file := filepath.Join(dir, "Makefile")
	if _, err = NewPlan(t.Context(), Config{Dir: file, Name: "shop", Module: "shop", Spec: bookshop}); err == nil {
		t.Error("a file was taken for a folder")
	}
}
