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

var settingsKeys = []string{"name", "module", "spec", "specs", "overlays", "skip-unsupported", "features", "apm"}

// read reads the whole document.
func (r *settingsReader) read(root *yaml.Node) settings {
	var s settings
	var apm *yaml.Node
	seen := map[string]*yaml.Node{}
	for i := 0; i+1 < len(root.Content); i += 2 {
		key, value := root.Content[i], root.Content[i+1]
		if !r.known(key, settingsKeys, "the settings", seen) {
			continue
		}
		switch key.Value {
		case "name":
			s.name = r.text(value, CheckName)
		case "module":
			s.module = r.text(value, CheckModule)
		case "spec":
			s.specs = []specSettings{{path: r.text(value, checkSpecPath)}}
		case "specs":
			s.specs = r.specs(value)
		case "overlays":
			s.overlays = r.paths(value)
		case "skip-unsupported":
			s.skipUnsupported = r.flag(value)
		case "features":
			r.features(value, &s)
		case "apm":
			s.apm, apm = r.text(value, checkAPM), value
		}
	}
	one, several := seen["spec"], seen["specs"]
	if one != nil && several != nil {
		r.errorf(later(one, several), "keep specs, with all documents in its list", "spec and specs exclude each other")
	}
	for _, key := range settingsKeys {
		if key == "spec" && several != nil {
			continue
		}
		if seen[key] == nil && settingsExample[key] != "" {
			r.list.Errorf(diag.Pos{File: r.file, Line: 1}, "add a line, for example \""+settingsExample[key]+"\"", "%s is not set", key)
		}
	}
	if seen["features"] == nil {
		s.features, _ = selectFeatures(nil) // all of them are known
		s.features.OTLP = s.apm != noAPM
	}
	if err := checkSender(s.apm, s.features); err != nil {
		r.errorf(apm, "change one of the two", "%v", err)
	}
	return s
}

var settingsExample = map[string]string{
	"name":   "name: bookshop",
	"module": "module: example.com/bookshop",
	"spec":   "spec: api/openapi.yaml",
}

// later returns the one of two nodes that stands behind the other.
func later(a, b *yaml.Node) *yaml.Node {
	if a.Line > b.Line || a.Line == b.Line && a.Column > b.Column {
		return a
	}
	return b
}

// known reports whether a key is one of keys and set for the first time.
func (r *settingsReader) known(key *yaml.Node, keys []string, what string, seen map[string]*yaml.Node) bool {
	if !slices.Contains(keys, key.Value) {
		r.errorf(key, what+" are "+strings.Join(keys, ", "), "unknown setting %q", key.Value)
		return false
	}
	if first := seen[key.Value]; first != nil {
		r.errorf(key, "keep one of the two", "%s is set in line %d already", key.Value, first.Line)
		return false
	}
	seen[key.Value] = key
	return true
}

// specs reads the list of documents.
func (r *settingsReader) specs(n *yaml.Node) []specSettings {
	const hint = "write for example \"specs: [api/openapi.yaml, {path: api/admin.yaml, base: /admin}]\""
	if n.Kind != yaml.SequenceNode || len(n.Content) == 0 {
		r.errorf(n, hint, "specs must be a list of documents")
		return nil
	}
	var out []specSettings
	paths, names := map[string]int{}, map[string]int{}
	for _, item := range n.Content {
		one := r.spec(item, hint)
		name := one.label()
		switch {
		case one.path == "": // which has been said
		case paths[one.path] > 0:
			r.errorf(item, "keep one of the two", "%s is in line %d already", one.path, paths[one.path])
		case CheckSpecName(name) != nil:
			r.errorf(item, fmt.Sprintf("give it a name: {path: %s, name: admin}", one.path), "%v", CheckSpecName(name))
		case names[name] > 0:
			r.errorf(item, fmt.Sprintf("give it a name of its own: {path: %s, name: %s2}", one.path, name),
				"the document in line %d has the name %s already", names[name], name)
		}
		paths[one.path], names[name] = item.Line, item.Line
		out = append(out, one)
	}
	return out
}

// spec reads one document of the list.
func (r *settingsReader) spec(n *yaml.Node, hint string) specSettings {
	var s specSettings
	switch n.Kind {
	case yaml.ScalarNode:
		s.path = r.text(n, checkSpecPath)
		return s
	case yaml.MappingNode:
	default:
		r.errorf(n, hint, "a document must be a file, or a path with more settings")
		return s
	}
	seen := map[string]*yaml.Node{}
	keys := []string{"path", "base", "name", "overlays"}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if !r.known(key, keys, "the settings of a document", seen) {
			continue
		}
		switch key.Value {
		case "path":
			s.path = r.text(value, checkSpecPath)
		case "base":
			s.base = r.text(value, checkBase)
		case "name":
			s.name = r.text(value, CheckSpecName)
		case "overlays":
			s.overlays = r.paths(value)
		}
	}
	if seen["path"] == nil {
		r.errorf(n, "add path: api/openapi.yaml", "the document has no path")
	}
	return s
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
		r.errorf(n, "write for example \"features: ["+strings.Join(DefaultFeatures(), ", ")+"]\"", "features must be a list")
		return
	}
	for _, item := range n.Content {
		one, err := selectFeatures([]string{item.Value})
		if err != nil || item.Kind != yaml.ScalarNode || slices.Contains([]string{"none", "default", "all"}, item.Value) {
			r.errorf(item, "the features are "+strings.Join(Features(), ", "), "there is no feature %q", item.Value)
			continue
		}
		for _, f := range features {
			if *f.of(&one) {
				*f.of(&s.features) = true
			}
		}
	}
	if err := checkFeatures(s.features); err != nil {
		r.errorf(n, "add what is missing to the features, or take the other away", "%v", err)
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
