package conformance

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// tolerated are documents that break a rule which nothing of the service depends
// on: they make a project. Every other one must be refused.
var tolerated = []string{
	"20-params-in-30.yml", "bom-json-in-yaml.yaml", "duplicate-anchors-2.0.yml", "duplicate-operation-ids.yaml", "duplicate-params.yaml",
	"invalid-schema-names.yaml", "no-info-version.yaml", "null-path-item-3.0.json", "python-tuple-tag.yml", "twice.yaml", "xml.yaml",
}

// terse are documents whose mistakes are reported without advice, because the
// message says all there is to say.
var terse = []string{
	"kinds-yaml.yaml", "own-anchor.yaml", "root-list.yaml", "schemas-3.1.yaml",
	"broken-local-refs.yaml", "param-without-in.yaml", "required-is-bool.yaml", "swagger-2.0-broken.json",
}

// report is how a mistake is reported: its place and text, then what to do.
var report = regexp.MustCompile(`(?m)^\S+?(:\d+:\d+)?: .+(\n\t\S)?`)

// TestBadDocuments runs apigen new on documents with mistakes. It must say where
// they are and what to do about them, and write nothing.
func TestBadDocuments(t *testing.T) {
	files := badDocuments(t)
	for _, file := range files {
		name := filepath.Base(file)
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "service")
			cmd := exec.CommandContext(t.Context(), apigen(t), "new", "service", "--spec", file, "--dir", dir, "--no-verify")
			out, err := cmd.CombinedOutput()
			code := 0
			var exit *exec.ExitError
			if errors.As(err, &exit) {
				code = exit.ExitCode()
			} else if err != nil {
				t.Fatal(err)
			}
			if slices.Contains(tolerated, name) {
				if code != 0 {
					t.Errorf("exit %d, want a project\n%s", code, out)
				}
				return
			}
			if code != 1 {
				t.Errorf("exit %d, want 1\n%s", code, out)
			}
			place, hint := false, slices.Contains(terse, name)
			for _, m := range report.FindAllSubmatch(out, -1) {
				place, hint = place || len(m[1]) > 0, hint || len(m[2]) > 0
			}
			if !place || !hint {
				t.Errorf("no file:line:col: message with a hint below:\n%s", out)
			}
			if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("the folder of the project is there: %v", err)
			}
		})
	}
}

// badDocuments returns our own bad documents and those of others, where they are.
func badDocuments(t *testing.T) (files []string) {
	t.Helper()
	shared := os.Getenv("APIGEN_SHARED")
	if shared == "" {
		shared = filepath.Join(root, "..", "shared")
	}
	for _, dir := range []string{filepath.Join(root, "testdata", "spec"), filepath.Join(shared, "specs", "invalid")} {
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Logf("skip %s: %v", dir, err)
		}
		for _, e := range entries {
			if ext := filepath.Ext(e.Name()); strings.Contains(".yaml .yml .json", ext) {
				files = append(files, filepath.Join(dir, e.Name()))
			}
		}
	}
	if len(files) < 20 {
		t.Errorf("only %d bad documents", len(files))
	}
	return files
}
