package templates_test

import (
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/apigen-go/apigen/templates"
)

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := fs.ReadFile(templates.Project, "project/"+name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestReadmeListsEverySetting compares the names and order of the settings in
// the README of a project with what its package config reads.
func TestReadmeListsEverySetting(t *testing.T) {
	setting := regexp.MustCompile(`(?:e\.[a-z]+\(|(?:parse|secret|hidden)\(e, )"([A-Z_]+)"`)
	row := regexp.MustCompile("(?m)^\\| `([A-Z_]+)` \\|")
	names := func(re *regexp.Regexp, text string) (out []string) {
		for _, m := range re.FindAllStringSubmatch(text, -1) {
			out = append(out, m[1])
		}
		return out
	}
	settings, listed := names(setting, read(t, "internal/config/config.go.tmpl")), names(row, read(t, "README.md.tmpl"))
	if len(settings) == 0 || !slices.Equal(settings, listed) {
		t.Errorf("config reads\n%v\nREADME lists\n%v", settings, listed)
	}
}

// TestTemplatesNameTheirData holds the convention editors rely on.
func TestTemplatesNameTheirData(t *testing.T) {
	err := fs.WalkDir(templates.Project, "project", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, ".tmpl") {
			return err
		}
		text := read(t, strings.TrimPrefix(name, "project/"))
		if !strings.HasPrefix(text, "{{- /* gotype: github.com/apigen-go/apigen/generator/internal/") {
			t.Errorf("%s: the first line does not name the type of its data", name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
