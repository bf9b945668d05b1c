package generator_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// canary is the function that documents of shared/hostile try to have called.
const canary = "PWNED"

// TestHostile gives apigen documents whose texts break careless generators. Each
// is refused with a place, or makes a project that compiles and in which the
// document's texts are texts. Two runs make the same project.
func TestHostile(t *testing.T) {
	documents, err := filepath.Glob(filepath.Join(shared(), "hostile/*.json"))
	if err != nil {
		t.Fatal(err)
	}
	if len(documents) == 0 {
		t.Skip("APIGEN_SHARED names no folder with hostile documents")
	}
	command := buildCommand(t)
	for _, document := range documents {
		t.Run(filepath.Base(document), func(t *testing.T) {
			t.Parallel()
			document, err := filepath.Abs(document)
			if err != nil {
				t.Fatal(err)
			}
			withstand(t, command, document, 2*time.Second)
		})
	}
}

// TestAttacks gives apigen documents that are made to cost time or memory.
func TestAttacks(t *testing.T) {
	if os.Getenv("APIGEN_CORPUS") == "" {
		t.Skip("part of make corpus: compiles a project for every document")
	}
	command := buildCommand(t)
	all := attacks()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			document := filepath.Join(t.TempDir(), name)
			if err := os.WriteFile(document, []byte(all[name]()), 0o644); err != nil {
				t.Fatal(err)
			}
			limit := 2 * time.Second
			if name == "large.json" {
				limit = 30 * time.Second
			}
			withstand(t, command, document, limit)
		})
	}
}

// TestStrangers gives apigen documents that refer to what is none of their
// business: files outside their folder, also through a link, and the network.
func TestStrangers(t *testing.T) {
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.Path)
		http.Error(w, `{"type": "string"}`, http.StatusOK)
	}))
	defer server.Close()
	top := t.TempDir()
	secret := filepath.Join(top, "secret.json")
	if err := os.WriteFile(secret, []byte(`{"type": "string", "description": "PWNED"}`), 0o644); err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(top, "folder")
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(secret, filepath.Join(folder, "link.json")); err != nil {
		t.Skip(err)
	}
	command := buildCommand(t)
	for name, ref := range map[string]string{
		"parent":   "../secret.json",
		"absolute": secret,
		"url":      "file://" + filepath.ToSlash(secret),
		"encoded":  "%2e%2e/secret.json",
		"link":     "link.json",
		"device":   "/dev/zero",
		"network":  server.URL + "/schema.json",
	} {
		t.Run(name, func(t *testing.T) {
			document := filepath.Join(folder, name+"-document.json")
			if err := os.WriteFile(document, []byte(service(`"A": {"$ref": "`+filepath.ToSlash(ref)+`"}`)), 0o644); err != nil {
				t.Fatal(err)
			}
			o := runNew(t, command, t.TempDir(), document)
			if !o.refused() {
				t.Errorf("it is not refused with a place: %s %v", o.Error, o.Diagnostics)
			}
		})
	}
	if len(asked) > 0 {
		t.Errorf("the server was asked for %s", asked)
	}
}

// withstand makes the project of a document twice, looks at it and compiles it.
// limit is for the CPU time of one run.
func withstand(t *testing.T, command, document string, limit time.Duration) {
	t.Helper()
	dirs := []string{t.TempDir(), t.TempDir()}
	for _, dir := range dirs {
		o := runNew(t, command, dir, document)
		if list, err := os.ReadDir(dir); err != nil || len(list) > 1 || len(list) == 1 && (!o.Applied || list[0].Name() != "svc") {
			t.Errorf("beside the project there is %v %v", list, err)
		}
		if o.cpu > limit || o.peak > maxPeak {
			t.Errorf("it took %s of CPU and %d MB", o.cpu, o.peak>>20)
		}
		if !o.Applied {
			if !o.refused() {
				t.Errorf("it ended with %d, but is not refused with a place: %s %s", o.Exit, o.Error, head(o.Diagnostics.Error(), 10))
			}
			t.Logf("refused: %s", head(o.Diagnostics.Error(), 1))
			return
		}
	}
	t.Log("generated")
	project := filepath.Join(dirs[0], "svc")
	compareTrees(t, project, filepath.Join(dirs[1], "svc"))
	lookForCalls(t, project)
	if !testing.Short() {
		if broken := compileProject(t, project); broken != "" {
			t.Error(broken)
		}
	}
}

// lookForCalls reports calls of the canary, and directives to the go command, in
// the Go files of a project. All of them must parse.
func lookForCalls(t *testing.T, project string) {
	t.Helper()
	err := filepath.WalkDir(project, func(path string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".go" {
			return err
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, path, nil, parser.ParseComments)
		if err != nil {
			t.Error(err)
			return nil
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok {
				if f, ok := call.Fun.(*ast.Ident); ok && f.Name == canary {
					t.Errorf("%s calls %s", fset.Position(n.Pos()), canary)
				}
			}
			return true
		})
		for _, group := range file.Comments {
			for _, c := range group.List {
				if strings.HasPrefix(c.Text, "//go:generate") || strings.HasPrefix(c.Text, "//go:linkname") {
					t.Errorf("%s is a directive: %s", fset.Position(c.Pos()), c.Text)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
