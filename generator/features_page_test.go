package generator_test

import (
	"bytes"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/modfile"

	"github.com/apigen-go/apigen/generator"
)

// featureNeeds are the features that others are of no use without.
var featureNeeds = map[string][]string{
	"redis": {"cache"}, "idempotency": {"store"}, "compose": {"docker"}, "monitoring": {"metrics"},
}

// featureDocuments are those in which a feature has something to do, where that is not
// the bookshop.
var featureDocuments = map[string]string{"auth": "testdata/auth/openapi.yaml", "session": "testdata/sessions/openapi.yaml"}

// TestFeaturesPage holds the list of docs/features.md to what each feature adds to a
// project.
func TestFeaturesPage(t *testing.T) {
	if testing.Short() {
		t.Skip("nothing of it is concurrent, and it takes half a minute")
	}
	var list bytes.Buffer
	for _, name := range generator.Features() {
		document := filepath.Join(repository, "testdata/specs/bookshop.yaml")
		if other := featureDocuments[name]; other != "" {
			document = filepath.Join(repository, other)
		}
		needs := featureNeeds[name]
		before := featureTree(t, document, append([]string{}, needs...))
		after := featureTree(t, document, append([]string{name}, needs...))
		fmt.Fprintf(&list, "| `%s` | %s | %s | %s | %s |\n", name, code(needs),
			code(fresh(before.modules, after.modules)), code(fresh(before.files, after.files)), code(fresh(before.settings, after.settings)))
	}
	file := filepath.Join(repository, "docs/features.md")
	page, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	const head, foot = "| feature | needs | modules | files | settings |\n|---|---|---|---|---|\n", "\n\n"
	start := bytes.Index(page, []byte(head))
	if start < 0 {
		t.Fatalf("%s has no table that begins with\n%s", file, head)
	}
	start += len(head)
	end := start + bytes.Index(page[start:], []byte(foot)) + 1
	want := slices.Concat(page[:start], list.Bytes(), page[end:])
	switch {
	case bytes.Equal(page, want):
	case *update:
		if err := os.WriteFile(file, want, 0o644); err != nil {
			t.Fatal(err)
		}
	default:
		t.Errorf("%s is not what features add; run go test ./generator -run TestFeaturesPage -update", file)
	}
}

// featureTraits is what a project has: the modules it asks for, its files by folder,
// and its settings.
type featureTraits struct{ modules, files, settings []string }

var settingName = regexp.MustCompile("(?m)^\\| `([A-Z][A-Z0-9_]+)` \\|")

func featureTree(t *testing.T, document string, features []string) (out featureTraits) {
	t.Helper()
	if len(features) == 0 {
		features = []string{"none"}
	}
	dir := filepath.Join(t.TempDir(), "shop")
	create(t, dir, document, features...)
	files := tree(t, dir)
	mod, err := modfile.Parse("go.mod", files["go.mod"], nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range mod.Require {
		if !r.Indirect {
			out.modules = append(out.modules, r.Mod.Path)
		}
	}
	for name := range files {
		switch folder := path.Dir(name); {
		case folder == ".":
			out.files = append(out.files, name)
		default:
			parts := strings.SplitN(folder, "/", 3)
			out.files = append(out.files, strings.Join(parts[:min(2, len(parts))], "/")+"/")
		}
	}
	for _, m := range settingName.FindAllStringSubmatch(string(files["README.md"]), -1) {
		out.settings = append(out.settings, m[1])
	}
	return out
}

// fresh returns what is in after and not in before, sorted.
func fresh(before, after []string) []string {
	out := slices.DeleteFunc(slices.Clone(after), func(s string) bool { return slices.Contains(before, s) })
	slices.Sort(out)
	return slices.Compact(out)
}

// code writes words as code, with commas between them.
func code(words []string) string {
	if len(words) == 0 {
		return ""
	}
	return "`" + strings.Join(words, "`, `") + "`"
}
