package generator_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const apigen = "github.com/apigen-go/apigen/"

// borders says which packages of apigen a package may import. A name that ends
// in "/" stands for all packages below it. What is not here may import nothing
// of apigen.
var borders = []struct {
	from string
	to   []string
}{
	{"cmd/", []string{"generator"}},
	{"generator", []string{"generator/internal/"}},
	{"generator/internal/diag", nil},
	{"generator/internal/spec", nil},
	{"generator/internal/resource", nil},
	{"generator/internal/model", []string{"generator/internal/spec"}},
	{"generator/internal/render", []string{"generator/internal/model", "templates"}},
	{"generator/internal/source", nil},
	{"generator/internal/merge", nil},
	{"generator/internal/plan", []string{"generator/internal/render", "generator/internal/merge", "generator/internal/source"}},
	{"generator/internal/verify", []string{"generator/internal/plan"}},
	{"generator/internal/servertest", nil},
	{"generator/internal/conformance", []string{"generator/internal/model", "generator/internal/spec", "generator/internal/servertest"}},
	{"templates", nil},
	{"templates/project", nil}, // tests
	{"templates/project/", []string{"templates/project/"}},
}

// everywhere may be imported by every package below generator.
const everywhere = "generator/internal/diag"

// confined are modules that only some packages may import.
var confined = map[string][]string{
	"github.com/getkin/kin-openapi": {"generator/internal/conformance"},
	"github.com/spf13/cobra":        {"cmd/"},
	"github.com/charmbracelet/huh":  {"cmd/"},
	"golang.org/x/tools":            {"generator/internal/render"},
}

// bare are packages that import the standard library and nothing else.
var bare = []string{"generator/internal/source", "generator/internal/diag", "templates"}

func under(name, pattern string) bool {
	return name == pattern || strings.HasSuffix(pattern, "/") && strings.HasPrefix(name, pattern)
}

func anyUnder(name string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return under(name, p) })
}

// TestBorders holds the package borders that docs/design.md describes.
func TestBorders(t *testing.T) {
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports", "./...")
	cmd.Dir = ".."
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var pkg struct {
			ImportPath string
			Imports    []string
		}
		if err := dec.Decode(&pkg); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		checkBorders(t, strings.TrimPrefix(pkg.ImportPath, apigen), pkg.Imports)
	}
}

func checkBorders(t *testing.T, from string, imports []string) {
	i := slices.IndexFunc(borders, func(b struct {
		from string
		to   []string
	}) bool {
		return under(from, b.from)
	})
	if i < 0 {
		t.Errorf("package %s has no row in the table of borders", from)
		return
	}
	for _, imp := range imports {
		name, own := strings.CutPrefix(imp, apigen)
		switch {
		case own && name == everywhere && strings.HasPrefix(from, "generator"):
		case own && !anyUnder(name, borders[i].to):
			t.Errorf("%s imports %s", from, name)
		case !own && slices.Contains(bare, from) && strings.Contains(strings.Split(imp, "/")[0], "."):
			t.Errorf("%s imports %s; it may import the standard library only", from, imp)
		}
		for module, allowed := range confined {
			if strings.HasPrefix(imp, module) && !anyUnder(from, allowed) {
				t.Errorf("%s imports %s", from, imp)
			}
		}
	}
}
