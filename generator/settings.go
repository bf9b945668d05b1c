package generator

import (
	"fmt"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/apigen-go/apigen/generator/internal/diag"
)

// settingsReader turns the tree of apigen.yaml into settings and collects what
// is wrong with it.
type settingsReader struct {
	file string
	list diag.List
}

var settingsKeys = []string{"name", "module", "spec", "overlays", "skip-unsupported", "features"}

// read reads the whole document.
func (r *settingsReader) read(root *yaml.Node) settings {
	var s settings
	seen := map[string]*yaml.Node{}
	for i := 0; i+1 < len(root.Content); i += 2 {
		key, value := root.Content[i], root.Content[i+1]
		if !slices.Contains(settingsKeys, key.Value) {
			r.errorf(key, "the settings are "+strings.Join(settingsKeys, ", "), "unknown setting %q", key.Value)
			continue
		}
		if first := seen[key.Value]; first != nil {
			r.errorf(key, "keep one of the two", "%s is set in line %d already", key.Value, first.Line)
			continue
		}
		seen[key.Value] = key
		switch key.Value {
		case "name":
			s.name = r.text(value, CheckName)
		case "module":
			s.module = r.text(value, CheckModule)
		case "spec":
			s.spec = r.text(value, checkSpecPath)
		case "overlays":
			s.overlays = r.paths(value)
		case "skip-unsupported":
			s.skipUnsupported = r.flag(value)
		case "features":
			r.features(value, &s)
		}
	}
	for _, key := range settingsKeys {
		if seen[key] == nil && settingsExample[key] != "" {
			r.list.Errorf(diag.Pos{File: r.file, Line: 1}, "add a line, for example \""+settingsExample[key]+"\"", "%s is not set", key)
		}
	}
	if seen["features"] == nil {
		s.features, _ = selectFeatures(nil) // all of them are known
	}
	return s
}

var settingsExample = map[string]string{
	"name":   "name: bookshop",
	"module": "module: example.com/bookshop",
	"spec":   "spec: api/openapi.yaml",
}

// text reads a setting that is one word and passes check.
func (r *settingsReader) text(n *yaml.Node, check func(string) error) string {
	if n.Kind != yaml.ScalarNode {
		r.errorf(n, "", "this must be a single word")
		return ""
	}
	if err := check(n.Value); err != nil {
		r.errorf(n, "", "%v", err)
		return ""
	}
	return n.Value
}

// paths reads a list of files in the project.
func (r *settingsReader) paths(n *yaml.Node) []string {
	if n.Kind != yaml.SequenceNode {
		r.errorf(n, "write for example \"overlays: [api/overlays/names.yaml]\"", "overlays must be a list of files")
		return nil
	}
	var out []string
	for _, item := range n.Content {
		out = append(out, r.text(item, checkSpecPath))
	}
	return out
}

func (r *settingsReader) flag(n *yaml.Node) bool {
	var on bool
	if n.Decode(&on) != nil {
		r.errorf(n, "", "this must be true or false")
	}
	return on
}

func (r *settingsReader) features(n *yaml.Node, s *settings) {
	if n.Kind != yaml.SequenceNode {
		r.errorf(n, "write for example \"features: ["+strings.Join(Features(), ", ")+"]\"", "features must be a list")
		return
	}
	for _, item := range n.Content {
		one, err := selectFeatures([]string{item.Value})
		if err != nil || item.Kind != yaml.ScalarNode || item.Value == "none" {
			r.errorf(item, "the features are "+strings.Join(Features(), ", "), "there is no feature %q", item.Value)
			continue
		}
		for _, f := range features {
			if *f.of(&one) {
				*f.of(&s.features) = true
			}
		}
	}
}

// checkSpecPath reports why the document cannot be at a path.
func checkSpecPath(p string) error {
	if !filepath.IsLocal(filepath.FromSlash(p)) || path.Clean(p) != p || strings.ContainsAny(p, "\\") {
		return fmt.Errorf("%q does not name a file inside the project, such as api/openapi.yaml", p)
	}
	return nil
}

func (r *settingsReader) errorf(n *yaml.Node, hint, format string, args ...any) {
	r.list.Errorf(diag.Pos{File: r.file, Line: n.Line, Col: n.Column}, hint, format, args...)
}

var yamlLine = regexp.MustCompile(`line (\d+): `)

// syntax reports what the YAML parser could not read; it names the line only in
// its text.
func (r *settingsReader) syntax(err error) {
	msg := strings.TrimPrefix(err.Error(), "yaml: ")
	at := diag.Pos{File: r.file}
	if m := yamlLine.FindStringSubmatch(msg); m != nil {
		at.Line, _ = strconv.Atoi(m[1])
		msg = strings.Replace(msg, m[0], "", 1)
	}
	r.list.Errorf(at, "", "%s", msg)
}
