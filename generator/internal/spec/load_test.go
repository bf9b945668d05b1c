package spec_test

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apigen-go/apigen/generator/internal/diag"
	"github.com/apigen-go/apigen/generator/internal/spec"
)

const root = "../../.."

// shared returns a folder of the shared corpus, or skips the test.
func shared(t testing.TB, folder string) string {
	dir := os.Getenv("APIGEN_SHARED")
	if dir == "" {
		dir = filepath.Join(root, "..", "shared")
	}
	dir = filepath.Join(dir, folder)
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("corpus is missing: %v", err)
	}
	return dir
}

func files(t testing.TB, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		switch filepath.Ext(e.Name()) {
		case ".yaml", ".yml", ".json":
			out = append(out, filepath.Join(dir, e.Name()))
		}
	}
	return out
}

// load returns everything Load has to say about a file.
func load(t testing.TB, path string) (*spec.Document, diag.List, diag.List) {
	t.Helper()
	doc, warnings, err := spec.ReadFile(path, spec.Options{})
	var errs diag.List
	if err != nil && !errors.As(err, &errs) {
		t.Fatalf("error is no diag.List: %v", err)
	}
	if (doc == nil) != (len(errs) > 0) {
		t.Errorf("document %v with %d errors", doc != nil, len(errs))
	}
	return doc, warnings, errs
}

// TestCorpus loads every document that people have for certain.
func TestCorpus(t *testing.T) {
	dir := shared(t, "specs")
	for _, path := range files(t, dir) {
		start := time.Now()
		doc, warnings, errs := load(t, path)
		took := time.Since(start).Round(time.Millisecond)
		name := filepath.Base(path)
		if doc == nil {
			t.Errorf("%-36s FAILS with %d errors, first: %s", name, len(errs), errs[0])
			continue
		}
		ops := 0
		for _, p := range doc.Paths {
			ops += len(p.Operations)
		}
		t.Logf("%-36s %-6s %4d operations %5d schemas %4d warnings %7v", name, doc.Version, ops, len(doc.Schemas), len(warnings), took)
		for i, w := range warnings {
			if i < 6 {
				t.Logf("    %s", w)
			}
		}
	}
}

// refused are the invalid documents that give an error; the others load with
// warnings or, where nothing of their oddity matters, without.
var refused = []string{
	"bad-security-type.yaml", "broken-local-refs.yaml", "dangling-external-refs.json",
	"empty-ref.yaml", "openapi-4.0.3.json", "param-body-formdata-2.0.json", "param-without-in.yaml",
	"required-is-bool.yaml", "truncated-json.json",
}

func TestCorpusInvalid(t *testing.T) {
	for _, path := range files(t, shared(t, "specs/invalid")) {
		doc, warnings, errs := load(t, path)
		if want := slices.Contains(refused, filepath.Base(path)); want != (doc == nil) {
			t.Errorf("%s: refused %v, want %v", filepath.Base(path), doc == nil, want)
		}
		t.Logf("%s: loaded %v, %d errors, %d warnings", filepath.Base(path), doc != nil, len(errs), len(warnings))
		for i, d := range append(errs, warnings...) {
			if d.File == "" {
				t.Errorf("no position: %s", d)
			}
			if i < 3 {
				t.Logf("    %s", d)
			}
		}
	}
}

var unescape = strings.NewReplacer(`\"`, `"`, `\n`, "\n", `\t`, "\t")

var wantRE = regexp.MustCompile(`"((?:[^"\\]|\\.)*)"`)

// wants reads the expectations: # want "…" "…" on the line at fault, or for
// JSON, which has no comments, lines of "12: text" in a .want file beside it.
func wants(t *testing.T, path string) map[int][]string {
	t.Helper()
	out := map[int][]string{}
	src, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range strings.Split(string(src), "\n") {
		_, comment, ok := strings.Cut(line, "# want ")
		if !ok {
			continue
		}
		for _, m := range wantRE.FindAllStringSubmatch(comment, -1) {
			out[i+1] = append(out[i+1], unescape.Replace(m[1]))
		}
	}
	list, err := os.ReadFile(path + ".want")
	if errors.Is(err, os.ErrNotExist) {
		return out
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(strings.TrimSpace(string(list)), "\n") {
		num, text, _ := strings.Cut(line, ": ")
		n := 0
		for _, c := range num {
			n = 10*n + int(c-'0')
		}
		out[n] = append(out[n], text)
	}
	return out
}

// TestMalformed loads the bad documents in testdata/spec: each finding must be
// wanted on its line, and each want found, all in one run.
func TestMalformed(t *testing.T) {
	paths := files(t, filepath.Join(root, "testdata", "spec"))
	if len(paths) < 20 {
		t.Fatalf("only %d documents", len(paths))
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			want := wants(t, path)
			if len(want) == 0 {
				t.Fatal("no want")
			}
			_, warnings, errs := load(t, path)
			for _, d := range append(errs, warnings...) {
				if d.Col == 0 && d.Line != 0 {
					t.Errorf("no column: %s", d)
				}
				if !take(want, d) {
					t.Errorf("unexpected: %s", d)
				}
			}
			for line, texts := range want {
				for _, text := range texts {
					t.Errorf("line %d: nothing says %q", line, text)
				}
			}
		})
	}
}

// take removes the want that the diagnostic meets.
func take(want map[int][]string, d diag.Diagnostic) bool {
	for i, text := range want[d.Line] {
		if strings.Contains(d.String(), text) {
			want[d.Line] = append(want[d.Line][:i:i], want[d.Line][i+1:]...)
			return true
		}
	}
	return false
}

func BenchmarkLoad(b *testing.B) {
	dir := shared(b, "specs")
	for _, name := range []string{"github-rest-3.0.json", "stripe-3.0.yaml", "openai-3.1.yaml", "kubernetes-2.0.json", "museum-3.1.yaml"} {
		src, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := spec.Load(name, src, spec.Options{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func FuzzLoad(f *testing.F) {
	for _, path := range files(f, filepath.Join(root, "testdata", "spec")) {
		src, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(src)
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		doc, _, err := spec.Load("fuzz.yaml", src, spec.Options{})
		if (doc == nil) == (err == nil) {
			t.Fatalf("document %v and error %v", doc != nil, err)
		}
		if doc == nil {
			return
		}
		for _, s := range doc.Schemas {
			if s.Resolve() == nil {
				t.Fatal("a schema resolves to nothing")
			}
		}
	})
}
