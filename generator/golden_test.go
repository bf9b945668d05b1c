package generator_test

import (
	"bytes"
	"errors"
	"flag"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"

	"github.com/apigen-go/apigen/generator"
	"github.com/apigen-go/apigen/generator/internal/conformance"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestMain has all projects compiled as copies of each other: what they have in common
// is compiled once.
func TestMain(m *testing.M) {
	if err := os.Setenv("GOFLAGS", strings.TrimSpace(os.Getenv("GOFLAGS")+" -trimpath")); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// repository is the folder of this repository, seen from this package.
const repository = ".."

// TestGolden generates every case of testdata/golden and compares the whole tree
// with its folder want, both ways. What is wanted is then built, vetted, tested,
// started and stopped. A new case is a new folder.
func TestGolden(t *testing.T) {
	cases, err := filepath.Glob(filepath.Join(repository, "testdata/golden/*/"))
	if err != nil || len(cases) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, dir := range cases {
		name := filepath.Base(dir)
		t.Run(name, func(t *testing.T) {
			got := filepath.Join(t.TempDir(), name)
			if list := sources(t, dir); len(list) > 0 {
				createOf(t, got, list)
			} else {
				create(t, got, document(dir), caseFeatures(t, dir)...)
			}
			want := filepath.Join(dir, "want")
			if *update {
				replaceTree(t, want, got)
			}
			compareTrees(t, want, got)
			if t.Failed() {
				t.Log("run: make golden")
				return
			}
			if testing.Short() {
				return
			}
			goTool(t, want, "vet", "./...")
			goTool(t, want, append([]string{"test"}, tested(name, want)...)...)
			startAndStop(t, want)
		})
	}
}

// tested are the packages of a golden project whose tests run: those of the bookshop,
// which has every part, and of the others those that depend on the document. The rest
// are tested where they are written, in templates/project.
func tested(name, dir string) []string {
	if name == "bookshop" {
		return []string{"./..."}
	}
	return conformance.Dependent(dir)
}

// caseFeatures are the words in the file features of a case; without one, none:
// what a project has by default.
func caseFeatures(t *testing.T, dir string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "features"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return strings.Fields(string(text))
}

// document is the OpenAPI document of a golden case: its own, or the one of that
// name that other tests share.
func document(dir string) string {
	own := filepath.Join(dir, "openapi.yaml")
	if _, err := os.Stat(own); err == nil {
		return own
	}
	return filepath.Join(repository, "testdata/specs", filepath.Base(dir)+".yaml")
}

// sources are the documents of a golden case with several: the file specs names
// one a line, with the prefix of its paths behind it.
func sources(t *testing.T, dir string) []generator.Source {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "specs"))
	if err != nil {
		return nil
	}
	var out []generator.Source
	for line := range strings.Lines(string(text)) {
		file, base, _ := strings.Cut(strings.TrimSpace(line), " ")
		out = append(out, generator.Source{File: filepath.Join(dir, file), Base: base})
	}
	return out
}

// create makes a project in dir without the compile gate.
func create(t *testing.T, dir, document string, features ...string) {
	t.Helper()
	createOf(t, dir, []generator.Source{{File: document}}, features...)
}

func createOf(t *testing.T, dir string, documents []generator.Source, features ...string) {
	t.Helper()
	name := filepath.Base(dir)
	p, err := generator.NewPlan(t.Context(), generator.Config{
		Dir: dir, Name: name, Module: "example.com/" + name, Specs: documents, Features: features,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Apply(); err != nil {
		t.Fatal(err)
	}
}

// baseStore holds the compressed base texts for merging. They are left out of the
// golden trees: the lock names each by its hash, so nothing of them goes unseen.
const baseStore = ".apigen"

// tree returns the files below dir.
func tree(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(dir, path)
		if d.IsDir() {
			if rel == baseStore {
				return filepath.SkipDir
			}
			return nil
		}
		files[filepath.ToSlash(rel)], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func compareTrees(t *testing.T, want, got string) {
	t.Helper()
	w, g := tree(t, want), tree(t, got)
	for path, data := range g {
		switch wanted, ok := w[path]; {
		case !ok:
			t.Errorf("%s is made but not wanted", path)
		case !bytes.Equal(wanted, data):
			t.Errorf("%s differs:\n%s", path, firstDifference(wanted, data))
		}
	}
	for path := range w {
		if _, ok := g[path]; !ok {
			t.Errorf("%s is wanted but not made", path)
		}
	}
}

// firstDifference shows the first lines that are not the same.
func firstDifference(want, got []byte) string {
	w, g := strings.Split(string(want), "\n"), strings.Split(string(got), "\n")
	for i := range min(len(w), len(g)) {
		if w[i] != g[i] {
			return "\twant " + w[i] + "\n\tgot  " + g[i]
		}
	}
	return "\tone is longer than the other"
}

func replaceTree(t *testing.T, want, got string) {
	t.Helper()
	if err := os.RemoveAll(want); err != nil {
		t.Fatal(err)
	}
	for path, data := range tree(t, got) {
		file := filepath.Join(want, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// goTool runs the go command in dir with the modules it finds there, as they are.
func goTool(t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=readonly -trimpath", "GOWORK=off") // copies of a project share what is compiled
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("go %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// startAndStop runs the service until it is ready and ends it.
func startAndStop(t *testing.T, dir string) {
	t.Helper()
	s, err := conformance.Start(t.Context(), dir, t.TempDir(), "DATABASE_URL=file:"+filepath.Join(t.TempDir(), "test.db"))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Stop(); err != nil {
		t.Error(err)
	}
	compareSettings(t, s, filepath.Join(dir, "README.md"))
}

// settingRow is a row of the table of settings in a README: name and default.
var settingRow = regexp.MustCompile("(?m)^\\| `([A-Z][A-Z0-9_]*)` \\|(?: `([^`]*)`)? \\|")

// helpRow is a setting in the output of the command help.
var helpRow = regexp.MustCompile(`^  ([A-Z][A-Z0-9_]*) {2,}(?:(\S+) {2,})?\S`)

// compareSettings holds the table of settings in the README of a service to what its
// command help prints.
func compareSettings(t *testing.T, s *conformance.Service, readme string) {
	t.Helper()
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	help, err := s.Output(t.Context(), "help")
	if err != nil {
		t.Fatal(err)
	}
	var want, got []string
	for _, m := range settingRow.FindAllStringSubmatch(string(text), -1) {
		got = append(got, strings.TrimSpace(m[1]+" "+m[2]))
	}
	_, table, _ := strings.Cut(help, "Settings from the environment")
	for line := range strings.Lines(table) {
		// Columns are two blanks apart at least; a default that is empty leaves one column of blanks.
		if m := helpRow.FindStringSubmatch(line); m != nil {
			want = append(want, strings.TrimSpace(m[1]+" "+m[2]))
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if len(want) < 10 || !slices.Equal(got, want) {
		t.Errorf("the settings in the README are not those of the command help:\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// moduleCases are the parts of a project that have dependencies of their own, with
// the features that bring them, and whole projects made of several. Their documents
// are in testdata/modules; without one there it is the bookshop.
var moduleCases = []struct {
	name     string
	features []string
	whole    bool
}{
	{name: "plain", features: []string{}},
	{name: "cache", features: []string{"cache"}},
	{name: "docs", features: []string{"docs"}},
	{name: "jwt", features: []string{"auth"}},
	{name: "password", features: []string{"auth"}},
	{name: "redis", features: []string{"ratelimit", "redis"}},
	{name: "metrics", features: []string{"metrics"}},
	{name: "otlp", features: []string{"otlp"}},
	{name: "schema", features: []string{}},
	{name: "store", features: []string{"store"}},
	{name: "default", features: []string{"default"}, whole: true},
	{name: "all", features: []string{"all"}, whole: true},
}

// allSums has the sums of a project with every feature.
var allSums = filepath.Join(repository, "templates/modules/all.sum")

// TestModules checks that the module files of a part are what go mod tidy makes of
// a project that has nothing else, from the versions that this module is built
// with, and that what several parts make together is tidy as well.
func TestModules(t *testing.T) {
	skipShort(t)
	for _, c := range moduleCases {
		t.Run(c.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "project")
			document := filepath.Join(repository, "testdata/modules", c.name+".yaml")
			if _, err := os.Stat(document); err != nil {
				document = filepath.Join(repository, "testdata/specs/bookshop.yaml")
			}
			create(t, dir, document, c.features...)
			wanted := func(ext string) string { return filepath.Join(dir, "go."+ext) }
			if !c.whole {
				wanted = func(ext string) string { return filepath.Join(repository, "templates/modules", c.name+"."+ext) }
				pin(t, dir)
			}
			want := map[string][]byte{}
			for _, ext := range []string{"mod", "sum"} {
				want[ext], _ = os.ReadFile(wanted(ext)) // none is a difference
			}
			goToolMod(t, dir, "mod", "tidy")
			for _, ext := range []string{"mod", "sum"} {
				got, err := os.ReadFile(filepath.Join(dir, "go."+ext))
				if err != nil {
					t.Fatal(err)
				}
				if file := filepath.Join(repository, "templates/modules", c.name+"."+ext); *update && (!c.whole || file == allSums) {
					if err := os.WriteFile(file, got, 0o644); err != nil {
						t.Fatal(err)
					}
					want[ext] = got
				}
				if !bytes.Equal(want[ext], got) {
					t.Errorf("go.%s of %s is not tidy\n%s", ext, c.name, firstDifference(want[ext], got))
				}
			}
		})
	}
}

func goToolMod(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// pin gives the project in dir a go.mod that requires every module that it has
// packages of, in the version that this module is built with, and nothing else.
func pin(t *testing.T, dir string) {
	t.Helper()
	file := filepath.Join(dir, "go.mod")
	data, err := os.ReadFile(filepath.Join(repository, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	mod, err := modfile.Parse(file, data, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(mod.AddModuleStmt("example.com/project"), os.RemoveAll(filepath.Join(dir, "go.sum"))); err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, r := range mod.Require {
		all[r.Mod.Path] = r.Mod.Version
	}
	write := func() {
		if err := os.WriteFile(file, modfile.Format(mod.Syntax), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write()
	goToolMod(t, dir, "mod", "tidy")
	list := goToolMod(t, dir, "list", "-deps", "-test", "-f", "{{with .Module}}{{.Path}}{{end}}", "./...")
	var used []*modfile.Require
	for path := range strings.Lines(list) {
		path = strings.TrimSpace(path)
		if version := all[path]; version != "" {
			used = append(used, &modfile.Require{Mod: module.Version{Path: path, Version: version}})
			delete(all, path)
		}
	}
	mod.SetRequireSeparateIndirect(used)
	write()
}
