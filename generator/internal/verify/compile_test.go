package verify

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apigen-go/apigen/generator/internal/plan"
	"github.com/apigen-go/apigen/generator/internal/render"
)

// write writes files, path → text, below dir.
func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

const goMod = "module example.com/pets\n\ngo 1.26.0\n"

func TestCompile(t *testing.T) {
	const (
		api     = "internal/api/api.gen.go"
		handler = "internal/handler/handler.go"
		good    = "package handler\n\nimport \"example.com/pets/internal/api\"\n\nvar Limit int = api.Limit\n"
	)
	for _, tt := range []struct {
		name    string
		project map[string]string // on disk; nil: a new project
		changes []plan.Change
		want    []string // how the diagnostics begin
	}{
		{
			name: "new project",
			changes: []plan.Change{
				{Path: "go.mod", Action: plan.Create, Class: render.Managed, New: []byte(goMod)},
				{Path: api, Action: plan.Create, Class: render.Generated, New: []byte("package api\n\nconst Limit = 1\n")},
				{Path: handler, Action: plan.Create, Class: render.Yours, New: []byte(good)},
			},
		},
		{
			name: "new project that is wrong",
			changes: []plan.Change{
				{Path: "go.mod", Action: plan.Create, Class: render.Managed, New: []byte(goMod)},
				{Path: api, Action: plan.Create, Class: render.Generated, New: []byte("package api\n\nconst Limit int = \"x\"\n")},
				{Path: handler, Action: plan.Create, Class: render.Yours, New: []byte("package handler\n\nfunc f() { return 1 }\n")},
			},
			want: []string{api + ":3:19: generated code does not compile", handler + ":3:19: generated code does not compile"},
		},
		{
			name:    "a change that breaks the user's code, its tests too",
			project: map[string]string{"go.mod": goMod, api: "package api\n\nconst Limit = 1\n", handler: good, "internal/handler/x_test.go": "package handler\n\nvar X int = Limit\nvar Y string = Limit\n"},
			changes: []plan.Change{
				{Path: api, Action: plan.Rewrite, Class: render.Generated, New: []byte("package api\n\nconst Limit = \"ten\"\n")},
				{Path: handler, Action: plan.Same, Class: render.Yours},
			},
			want: []string{handler + ":5:17: warning: will no longer compile"},
		},
		{
			name:    "what was broken before is no mistake of this run",
			project: map[string]string{"go.mod": goMod, api: "package api\n\nconst Limit = 1\n", handler: good + "\nvar Mine int = \"still working on it\"\n"},
			changes: []plan.Change{{Path: api, Action: plan.Rewrite, Class: render.Generated, New: []byte("package api\n\nconst Limit = 2\n")}},
			want:    []string{handler + ":7:16: warning: does not compile, and did not before"},
		},
		{
			name:    "nothing to write",
			project: map[string]string{"go.mod": goMod, api: "package api\n\nconst Limit = 1\n", "internal/x.gen.go": "package x\n\nvar X int = \"x\"\n", handler: good + "\nvar Mine int = \"still working on it\"\n"},
			changes: []plan.Change{{Path: "internal/x.gen.go", Action: plan.Same, Class: render.Generated}},
			want:    []string{handler + ":7:16: warning: does not compile:", "internal/x.gen.go:3:13: generated code does not compile"},
		},
		{
			name:    "vet",
			project: map[string]string{"go.mod": goMod},
			changes: []plan.Change{{Path: "main.go", Action: plan.Create, Class: render.Managed, New: []byte("package main\n\nimport \"fmt\"\n\nfunc main() { fmt.Printf(\"%d\\n\", \"x\") }\n")}},
			want:    []string{"main.go:5:27: generated code does not compile: fmt.Printf"},
		},
		{
			name:    "a file goes",
			project: map[string]string{"go.mod": goMod, api: "package api\n\nconst Limit = 1\n", "internal/api/old.gen.go": "package api\n\nconst Limit = 0\n"},
			changes: []plan.Change{{Path: "internal/api/old.gen.go", Action: plan.Delete, Class: render.Generated}},
		},
		{
			name: "replaced modules stay where they are",
			project: map[string]string{
				"go.mod":       goMod + "\nrequire example.com/lib v0.0.0\n\nreplace example.com/lib => ./lib\n",
				"lib/go.mod":   "module example.com/lib\n\ngo 1.26.0\n",
				"lib/lib.go":   "package lib\n",
				"main.go":      "package main\n\nimport (\n\t_ \"embed\"\n\n\t_ \"example.com/lib\"\n)\n\n//go:embed data.txt\nvar data string\n\nfunc main() { println(data) }\n",
				"data.txt":     "x",
				"big/file.bin": strings.Repeat("x", largeFile+1),
			},
			changes: []plan.Change{{Path: "x.go", Action: plan.Create, Class: render.Generated, New: []byte("package main\n")}},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "pets")
			if tt.project != nil {
				write(t, dir, tt.project)
			}
			var told []string
			list, err := Compile(t.Context(), dir, &plan.Plan{Changes: tt.changes}, func(s string) { told = append(told, s) })
			if err != nil {
				t.Fatal(err)
			}
			for i, want := range tt.want {
				if i >= len(list) || !strings.HasPrefix(list[i].String(), want) {
					t.Fatalf("got\n%v\nwant\n%s", list, strings.Join(tt.want, "\n"))
				}
			}
			if len(list) != len(tt.want) {
				t.Errorf("got\n%v\nwant %d", list, len(tt.want))
			}
			if len(told) == 0 {
				t.Error("no progress")
			}
			if tt.project == nil {
				if _, err := os.Stat(dir); err == nil {
					t.Error("the project was written")
				}
			}
		})
	}
}

func TestCompileWithoutGo(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := Compile(t.Context(), t.TempDir(), &plan.Plan{}, func(string) {})
	if err == nil || !strings.Contains(err.Error(), "--no-verify") {
		t.Errorf("got %v", err)
	}
}

// A module that cannot be fetched is nobody's mistake in the code.
func TestCompileCannotFetch(t *testing.T) {
	const hash = "h1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
	t.Setenv("GOPROXY", "off")
	t.Setenv("GOFLAGS", "-modcacherw")
	t.Setenv("GOMODCACHE", t.TempDir())
	_, err := Compile(t.Context(), filepath.Join(t.TempDir(), "new"), &plan.Plan{Changes: []plan.Change{
		{Path: "go.mod", Action: plan.Create, New: []byte(goMod + "\nrequire example.com/gone v1.0.0\n")},
		{Path: "go.sum", Action: plan.Create, New: []byte("example.com/gone v1.0.0 " + hash + "example.com/gone v1.0.0/go.mod " + hash)},
		{Path: "main.go", Action: plan.Create, New: []byte("package main\n\nimport _ \"example.com/gone\"\n\nfunc main() {}\n")},
	}}, func(string) {})
	if err == nil || !strings.Contains(err.Error(), "GOPROXY=off") || !strings.Contains(err.Error(), "--no-verify") {
		t.Errorf("got %v", err)
	}
}

func TestCompileStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	dir := t.TempDir()
	write(t, dir, map[string]string{"go.mod": goMod})
	if _, err := Compile(ctx, dir, &plan.Plan{}, func(string) {}); err == nil {
		t.Error("no error")
	}
}
