package generator_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/apigen-go/apigen/generator"
	"github.com/apigen-go/apigen/generator/internal/conformance"
	"github.com/apigen-go/apigen/generator/internal/servertest"
)

// TestEvolve takes a service through the versions of its document with rows in
// its database. A case is a folder of testdata/evolve. For every version N it has
//
//	vN.yaml  the document
//	vN.http  requests to the running service: METHOD TARGET [BODY] -> STATUS [PART OF THE ANSWER]
//	vN.want  from the second version on: what generate does, see checkWant
//
// Between the versions every handler file is edited the way its owner would.
func TestEvolve(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and runs a project for every version")
	}
	cases, err := filepath.Glob(filepath.Join(repository, "testdata/evolve/*/"))
	if err != nil || len(cases) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, dir := range cases {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			t.Parallel() // they wait for the go command and for servers
			versions, err := filepath.Glob(filepath.Join(dir, "v*.yaml"))
			if err != nil || len(versions) < 2 {
				t.Fatalf("%d versions, %v", len(versions), err)
			}
			projects := grow(t, versions)
			if t.Failed() || len(projects) < len(versions) {
				return
			}
			programs := make([]string, len(projects))
			for i, project := range projects {
				var err error
				if programs[i], err = conformance.Build(t.Context(), project, t.TempDir()); err != nil {
					t.Fatal(err)
				}
			}
			engines := map[string]func(testing.TB) string{
				"sqlite":   func(t testing.TB) string { return "sqlite:" + filepath.Join(t.TempDir(), "service.db") },
				"postgres": servertest.Postgres,
			}
			if filepath.Base(dir) == "shard" {
				engines["citus"] = citus
			}
			for engine, database := range engines {
				t.Run(engine, func(t *testing.T) { serve(t, programs, versions, database(t)) })
			}
		})
	}
}

// grow makes the project of the first version and takes a copy of it through the
// others. It returns the folder of every version; a version that generate must
// refuse ends the list.
func grow(t *testing.T, versions []string) []string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "service")
	create(t, dir, versions[0], "store", "ratelimit", "cache", "redis", "auth") // what tells nothing about rows would only be compiled
	projects := []string{dir}
	for _, version := range versions[1:] {
		next := filepath.Join(t.TempDir(), "service")
		if err := os.CopyFS(next, os.DirFS(dir)); err != nil {
			t.Fatal(err)
		}
		if !follow(t, next, version) {
			return projects
		}
		projects, dir = append(projects, next), next
	}
	return projects
}

// follow has the project in dir follow the next version of its document. It
// reports whether it may.
func follow(t *testing.T, dir, version string) bool {
	t.Helper()
	editHandlers(t, dir)
	text, err := os.ReadFile(version)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "api/openapi.yaml"), text, 0o644); err != nil {
		t.Fatal(err)
	}
	before := tree(t, dir)
	p, err := generator.OpenPlan(t.Context(), generator.Config{Dir: dir})
	if err == nil {
		err = p.Verify(t.Context(), nil)
	}
	if err == nil {
		err = p.Apply()
	}
	after := tree(t, dir)
	checkWant(t, strings.TrimSuffix(version, ".yaml")+".want", p, err, before, after)
	if err != nil {
		return false
	}
	for path, old := range before {
		switch {
		case strings.HasPrefix(path, "internal/store/migrations/"):
			if !bytes.Equal(old, after[path]) {
				t.Errorf("%s: an old migration changed", path)
			}
		case strings.HasPrefix(path, "internal/handler/") && !strings.HasSuffix(path, "_test.go"):
			checkAdded(t, path, string(old), string(after[path]))
		}
	}
	again, err := generator.OpenPlan(t.Context(), generator.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if again.Pending() {
		t.Errorf("a second run would change %s", writes(again))
	}
	if p.ActionNeeded() {
		deleteMethods(t, dir, p.Diagnostics)
	}
	goTool(t, dir, "vet", "./...")
	goTool(t, dir, "test", "./...")
	return true
}

func writes(p *generator.Plan) (paths []string) {
	for _, c := range p.Changes {
		if c.Writes() {
			paths = append(paths, c.Path)
		}
	}
	return paths
}

var (
	packageClause = regexp.MustCompile(`(?m)^package handler$`)
	methodStart   = regexp.MustCompile(`(?m)^func \(h \*Handler\) .*\{$`)
)

// editHandlers puts a comment on top of every handler file and code into its
// first method.
func editHandlers(t *testing.T, dir string) {
	t.Helper()
	files, _ := filepath.Glob(filepath.Join(dir, "internal/handler/*.go")) // the pattern is well formed
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") || filepath.Base(file) == "handler.go" {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(text, []byte("// Written by hand.")) {
			text = packageClause.ReplaceAll(text, []byte("// Written by hand.\npackage handler // and this"))
			first := true
			text = methodStart.ReplaceAllFunc(text, func(m []byte) []byte {
				if !first {
					return m
				}
				first = false
				return slices.Concat(m, []byte("\n\tif h == nil {\n\t\tpanic(\"no handler\") //   spaced   as I like\n\t}"))
			})
		}
		if err := os.WriteFile(file, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// checkAdded expects the old text in the new one, to the byte, with nothing but
// imports before and methods after its end.
func checkAdded(t *testing.T, path, old, text string) {
	t.Helper()
	lines := strings.SplitAfter(old, "\n")
	rest := text
	for len(lines) > 0 {
		if after, ok := strings.CutPrefix(rest, lines[0]); ok {
			rest, lines = after, lines[1:]
			continue
		}
		added, after, ok := strings.Cut(rest, "\n")
		if !ok || !strings.HasPrefix(added, "\t\"") && added != "" {
			t.Errorf("%s: the owner's line\n%s\tbecame\n%s", path, lines[0], added)
			return
		}
		rest = after
	}
	if rest != "" && !strings.HasPrefix(strings.TrimLeft(rest, "\n"), "// ") {
		t.Errorf("%s: after its end there is\n%s", path, rest)
	}
}

// deleteMethods does what generate asks the owner for when operations are gone:
// it deletes the methods at the places that were named, and files without methods.
func deleteMethods(t *testing.T, dir string, list generator.Diagnostics) {
	t.Helper()
	for _, d := range slices.Backward(list) {
		if !strings.Contains(d.Msg, "will no longer compile") {
			continue
		}
		text, err := os.ReadFile(d.File)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.SplitAfter(string(text), "\n")
		from := d.Line - 1
		if from >= len(lines) || !strings.HasPrefix(lines[from], "func ") {
			continue // the method is deleted already
		}
		to := from + slices.Index(lines[from:], "}\n") + 1
		rest := strings.Join(slices.Delete(lines, from, to), "")
		if strings.Contains(rest, "\nfunc ") {
			err = os.WriteFile(d.File, []byte(rest), 0o644)
		} else {
			err = os.Remove(d.File)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// checkWant compares what generate did with a file of expectations. Every line is
// one of
//
//	error TEXT          the run fails and says so
//	warn TEXT           it warns; a warning that no line expects is an error
//	migration TEXT      the new migration holds this line; without such lines there is none
//	append FILE METHOD  the method is added at the end of the file
//	gone FILE           the file is deleted
func checkWant(t *testing.T, name string, p *generator.Plan, err error, before, after map[string][]byte) {
	t.Helper()
	want, readErr := os.ReadFile(name)
	if readErr != nil {
		t.Fatal(readErr)
	}
	var said []string
	if p != nil {
		for _, d := range p.Diagnostics {
			said = append(said, fmt.Sprintf("%s: %s\n\t%s", filepath.Base(d.Pos.String()), d.Msg, d.Hint))
		}
	}
	migration := ""
	for path, text := range after {
		if before[path] == nil && strings.HasPrefix(path, "internal/store/migrations/") {
			migration += path + "\n" + string(text)
		}
	}
	failed, migrated := false, false
	for line := range strings.Lines(string(want)) {
		kind, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		found := true
		switch kind {
		case "", "#":
		case "error":
			failed = true
			found = err != nil && strings.Contains(err.Error(), rest)
		case "warn":
			i := slices.IndexFunc(said, func(s string) bool { return strings.Contains(s, rest) })
			if found = i >= 0; found {
				said = slices.Delete(said, i, i+1)
			}
		case "migration":
			migrated = true
			found = slices.Contains(strings.Split(migration, "\n"), rest)
		case "append":
			file, method, _ := strings.Cut(rest, " ")
			call := []byte("func (h *Handler) " + method + "(")
			found = !bytes.Contains(before[file], call) && bytes.Contains(after[file], call)
		case "gone":
			found = before[rest] != nil && after[rest] == nil
		default:
			t.Fatalf("%s: unknown expectation %q", name, kind)
		}
		if !found {
			t.Errorf("%s: not so: %s", name, line)
		}
	}
	if !failed && err != nil {
		t.Fatal(err)
	}
	if failed && !maps.EqualFunc(before, after, bytes.Equal) {
		t.Error("a run that failed wrote something")
	}
	if len(said) > 0 {
		t.Errorf("generate also said\n%s", strings.Join(said, "\n"))
	}
	if migrated != (migration != "") || t.Failed() {
		t.Errorf("the migration is\n%s\ngenerate said %v", migration, err)
	}
}

// acceptance are the documents of others that must work from end to end.
var acceptance = []string{
	"petstore-expanded-3.0.yaml", "museum-3.1.yaml", "train-travel-3.1.yaml",
	"conduit-realworld-3.1.yml", "tictactoe-3.1.yaml", "resend-3.0.yml",
	"firecracker-3.0.json", "link-example-3.0.yaml", "petstore-full-3.1.json",
}

// TestGenerateAfterNew makes a project of every golden document and of every one
// that others wrote and that must work: a run straight after changes nothing.
func TestGenerateAfterNew(t *testing.T) {
	documents := map[string]string{}
	cases, _ := filepath.Glob(filepath.Join(repository, "testdata/golden/*/")) // the pattern is well formed
	for _, dir := range cases {
		documents[filepath.Base(dir)] = document(dir)
	}
	for _, name := range acceptance {
		documents[name] = filepath.Join(shared(), "specs", name)
	}
	for name, file := range documents {
		t.Run(name, func(t *testing.T) {
			if _, err := os.Stat(file); err != nil {
				t.Skip(err)
			}
			dir := filepath.Join(t.TempDir(), "service")
			create(t, dir, file)
			p, err := generator.OpenPlan(t.Context(), generator.Config{Dir: dir})
			if err != nil {
				t.Fatal(err)
			}
			if p.Pending() {
				t.Errorf("it would change %s", writes(p))
			}
		})
	}
}

// shared is the folder of documents by others.
func shared() string {
	if dir := os.Getenv("APIGEN_SHARED"); dir != "" {
		return dir
	}
	return filepath.Join(repository, "..", "shared")
}
