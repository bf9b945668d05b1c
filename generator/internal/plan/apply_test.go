package plan

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apigen-go/apigen/generator/internal/render"
)

// tree is the content of a project, path → text.
type tree map[string]string

func readTree(t *testing.T, dir string) tree {
	t.Helper()
	out := tree{}
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(name)
		rel, _ := filepath.Rel(dir, name)
		out[filepath.ToSlash(rel)] = string(text)
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return out
}

func (tr tree) write(t *testing.T, dir string) {
	t.Helper()
	for name, text := range tr {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

var firstFiles = []render.File{
	{Path: "Makefile", Class: render.Managed, Data: []byte("all:\n")},
	{Path: "internal/api/old.gen.go", Class: render.Generated, Data: []byte("package api // old\n")},
	{Path: "internal/api/types.gen.go", Class: render.Generated, Data: []byte("package api // 1\n")},
	{Path: "README.md", Class: render.Yours, Data: []byte("read me\n")},
}

var secondFiles = []render.File{
	{Path: "Makefile", Class: render.Managed, Data: []byte("all: build\n")},
	{Path: "internal/new/x.gen.go", Class: render.Generated, Data: []byte("package new\n")},
	{Path: "internal/api/types.gen.go", Class: render.Generated, Data: []byte("package api // 2\n")},
	{Path: "README.md", Class: render.Yours, Data: []byte("read me again\n")},
}

// planFor compares files with a project the way the generator does.
func planFor(t *testing.T, dir string, files []render.File) *Plan {
	t.Helper()
	lock := &Lock{}
	text, err := os.ReadFile(filepath.Join(dir, LockName))
	if err == nil {
		lock, err = ParseLock(LockName, text)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	p, err := Compare(os.DirFS(dir), lock, files, []Record{{"table", "pets"}})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// project makes a project from firstFiles with an edit in it.
func project(t *testing.T) (dir string, before tree) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "pets")
	if err := planFor(t, dir, firstFiles).Apply(dir); err != nil {
		t.Fatal(err)
	}
	tree{"README.md": "mine\n", "notes/mine.txt": "mine too\n"}.write(t, dir)
	return dir, readTree(t, dir)
}

// after is the project of project once secondFiles are applied.
func after(t *testing.T) tree {
	t.Helper()
	dir, _ := project(t)
	if err := planFor(t, dir, secondFiles).Apply(dir); err != nil {
		t.Fatal(err)
	}
	return readTree(t, dir)
}

func TestApply(t *testing.T) {
	got := after(t)
	for path, want := range (tree{
		"Makefile":                  "all: build\n",
		"internal/new/x.gen.go":     "package new\n",
		"internal/api/types.gen.go": "package api // 2\n",
		"README.md":                 "mine\n",
		"notes/mine.txt":            "mine too\n",
	}) {
		if got[path] != want {
			t.Errorf("%s: got %q, want %q", path, got[path], want)
		}
	}
	if _, ok := got["internal/api/old.gen.go"]; ok {
		t.Error("a stale generated file is still there")
	}
	for path := range got {
		if strings.HasPrefix(path, txnDir) {
			t.Errorf("%s was left behind", path)
		}
	}
}

func TestApplyTwiceChangesNothing(t *testing.T) {
	dir, _ := project(t)
	if err := planFor(t, dir, secondFiles).Apply(dir); err != nil {
		t.Fatal(err)
	}
	p := planFor(t, dir, secondFiles)
	if p.Pending() || len(p.Diagnostics) > 0 {
		t.Errorf("the second run has changes %+v, %v", p.writes(), p.Diagnostics)
	}
}

func TestApplyKeepsModes(t *testing.T) {
	dir, _ := project(t)
	name := filepath.Join(dir, "Makefile")
	if err := os.Chmod(name, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := planFor(t, dir, secondFiles).Apply(dir); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(name)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("got %v, %v", info.Mode(), err)
	}
}

func TestApplyRefuses(t *testing.T) {
	dir, _ := project(t)
	tree{"internal/api/types.gen.go": "edited\n"}.write(t, dir)
	before := readTree(t, dir)
	p := planFor(t, dir, secondFiles)
	if err := p.Apply(dir); !errors.Is(err, ErrRefused) {
		t.Errorf("got %v", err)
	}
	sameTree(t, "refused", readTree(t, dir), before)
	var b strings.Builder
	if err := p.Diff(&b); err != nil || !strings.Contains(b.String(), "-edited\n+package api // 2\n") {
		t.Errorf("diff: %v\n%s", err, b.String())
	}
}

// An editor saves a file after the plan was made.
func TestApplyNoticesChanges(t *testing.T) {
	dir, _ := project(t)
	p := planFor(t, dir, secondFiles)
	tree{"Makefile": "saved\n"}.write(t, dir)
	before := readTree(t, dir)
	if err := p.Apply(dir); !errors.Is(err, ErrChanged) {
		t.Errorf("got %v", err)
	}
	sameTree(t, "changed", readTree(t, dir), before)
}

// A folder that leads out of the project is not followed.
func TestApplyStaysInside(t *testing.T) {
	outside := t.TempDir()
	dir, _ := project(t)
	if err := os.Symlink(outside, filepath.Join(dir, "internal", "new")); err != nil {
		t.Skip("no symbolic links:", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	p := &Plan{Changes: []Change{{Path: "internal/new/x.gen.go", Action: Create, New: []byte("x")}}}
	if err := p.Apply(dir); err == nil {
		t.Error("no error")
	}
	if left := readTree(t, outside); len(left) > 0 {
		t.Errorf("wrote outside the project: %v", left)
	}
}

func TestHold(t *testing.T) {
	dir, _ := project(t)
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	release, err := hold(root)
	if err != nil {
		t.Fatal(err)
	}
	if err := planFor(t, dir, secondFiles).Apply(dir); err == nil || !strings.Contains(err.Error(), "another apigen") {
		t.Errorf("got %v", err)
	}
	release()
	if err := planFor(t, dir, secondFiles).Apply(dir); err != nil {
		t.Error(err)
	}
}

func TestReplace(t *testing.T) {
	dir, _ := project(t)
	p := planFor(t, dir, firstFiles)
	kept := p.Replace("README.md", []byte("from outside\n"))
	if err := p.Apply(dir); err != nil {
		t.Fatal(err)
	}
	got := readTree(t, dir)
	if got["README.md"] != "from outside\n" || got[kept] == "" {
		t.Errorf("got %q, copy %q", got["README.md"], kept)
	}
}

func sameTree(t *testing.T, when string, got, want tree) {
	t.Helper()
	if !maps.Equal(got, want) {
		t.Errorf("%s: got\n%v\nwant\n%v", when, got, want)
	}
}
