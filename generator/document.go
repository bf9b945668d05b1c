package generator

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/apigen-go/apigen/generator/internal/diag"
	"github.com/apigen-go/apigen/generator/internal/render"
	"github.com/apigen-go/apigen/generator/internal/spec"
)

// document is one of the OpenAPI documents of a run.
type document struct {
	specSettings
	file     string // what messages call it
	text     []byte
	tree     *tree // where the files are that it may refer to; nil for none
	changes  []spec.File
	own      []render.File // the overlays in the project
	replaced bool          // it takes the place of the project's own
	rank     int           // its turn among the documents
	origin   *spec.Origin
}

var (
	unnamed         = regexp.MustCompile(`[^a-z0-9]+`)
	specNamePattern = regexp.MustCompile(`^[a-z0-9]+([-_][a-z0-9]+)*$`)
	basePattern     = regexp.MustCompile(`^(/[-A-Za-z0-9._~!$&'()*+,;=:@]+)+$`)
)

// specName returns the name that a document without one of its own has: that of
// its file.
func specName(file string) string {
	base := path.Base(filepath.ToSlash(file))
	return strings.Trim(unnamed.ReplaceAllString(strings.ToLower(strings.TrimSuffix(base, path.Ext(base))), "-"), "-")
}

// CheckSpecName reports why a name cannot be that of a document.
func CheckSpecName(name string) error {
	if !specNamePattern.MatchString(name) {
		return fmt.Errorf("%q cannot name a document: use lower case letters and digits, with single - or _ between them", name)
	}
	return nil
}

// checkBase reports why a text cannot be put before paths.
func checkBase(base string) error {
	if !basePattern.MatchString(base) {
		return fmt.Errorf("%q cannot be put before paths: write it with a slash at its beginning and none at its end, such as /admin", base)
	}
	return nil
}

// newDocuments reads the documents of a new project.
func newDocuments(cfg Config) ([]*document, error) {
	folders, _ := splitAllowed(cfg.AllowRef)
	sources := cfg.sources()
	if err := NameSources(sources); err != nil {
		return nil, &UsageError{err}
	}
	var out []*document
	taken := map[string]bool{}
	for _, src := range sources {
		d := &document{specSettings: specSettings{name: src.Name, base: src.Base}, file: src.File}
		var err error
		if d.text, err = src.read(); err == nil && src.Text == nil {
			d.tree, err = openTree(src.File, folders)
		}
		if err == nil {
			err = d.takeOverlays(src.Overlays, taken)
		}
		out = append(out, d)
		if err != nil {
			return out, err
		}
	}
	return out, nil
}

// NameSources gives the documents of a new project that have no name one: that of
// the file, or of its folder where files are called alike. One that stands alone
// needs none. The error says which of them need a name that is written down.
func NameSources(sources []Source) error {
	if len(sources) < 2 {
		return nil
	}
	taken, alike := map[string]bool{}, map[string]int{}
	for _, src := range sources {
		alike[specName(src.File)]++
	}
	var errs []error
	for i, src := range sources {
		candidates := []string{src.Name}
		if src.Name == "" {
			candidates[0] = specName(src.File)
			if dir, err := filepath.Abs(filepath.Dir(src.File)); err == nil && alike[candidates[0]] > 1 {
				candidates = []string{specName(filepath.Base(dir) + ".yaml"), candidates[0]}
			}
		}
		k := slices.IndexFunc(candidates, func(name string) bool { return !taken[name] && CheckSpecName(name) == nil })
		switch {
		case src.Text != nil:
			errs = append(errs, fmt.Errorf("%s is no file: only a document that stands alone can be read from there", src.File))
		case k >= 0:
			sources[i].Name, taken[candidates[k]] = candidates[k], true
		case CheckSpecName(candidates[0]) != nil:
			errs = append(errs, fmt.Errorf("%w; write --spec NAME=%s", CheckSpecName(candidates[0]), src.File))
		default:
			errs = append(errs, fmt.Errorf("two documents have the name %s; give one another: --spec NAME=%s", candidates[0], src.File))
		}
	}
	return errors.Join(errs...)
}

// openDocuments reads the documents of a project, or what takes their place.
func openDocuments(cfg Config, s settings) ([]*document, error) {
	replace, err := replacements(cfg, s)
	if err != nil {
		return nil, &UsageError{err}
	}
	var out []*document
	for i, one := range s.specs {
		d := &document{specSettings: one}
		src, replaced := replace[one.label()]
		if !replaced {
			src.File = filepath.Join(cfg.Dir, filepath.FromSlash(one.path))
		}
		d.file, d.replaced = src.File, replaced
		overlays := one.overlays
		if i == 0 {
			overlays = slices.Concat(s.overlays, overlays)
		}
		if d.text, err = src.read(); err == nil {
			err = d.readOverlays(cfg.Dir, overlays)
		}
		if err == nil {
			d.tree, err = openProject(cfg.Dir, one.path)
		}
		out = append(out, d)
		if err != nil {
			return out, err
		}
	}
	return out, nil
}

// replacements returns what takes the place of the project's documents, by their
// names.
func replacements(cfg Config, s settings) (map[string]Source, error) {
	var names []string
	for _, one := range s.specs {
		names = append(names, one.label())
	}
	out := map[string]Source{}
	for _, src := range cfg.sources() {
		name := src.Name
		if name == "" && len(names) > 1 {
			from := src.File
			if src.Text != nil {
				from = "-"
			}
			return nil, fmt.Errorf("the project has several documents; say which one %s replaces: --spec NAME=%s, with the name %s",
				src.File, from, strings.Join(names, " or "))
		}
		name = cmp.Or(name, names[0])
		if !slices.Contains(names, name) {
			return nil, fmt.Errorf("the project has no document named %q; there is %s", name, strings.Join(names, " and "))
		}
		if _, twice := out[name]; twice {
			return nil, fmt.Errorf("document %s is replaced twice; give --spec once for each document", name)
		}
		out[name] = src
	}
	return out, nil
}

// read returns the text of the document.
func (s Source) read() ([]byte, error) {
	if s.Text != nil {
		return s.Text, nil
	}
	text, err := os.ReadFile(s.File)
	if err != nil {
		return nil, fmt.Errorf("read document: %w", err)
	}
	return text, nil
}

// load reads every document and joins them. An error holds the mistakes of all.
func (r *run) load(ctx context.Context) (*spec.Document, diag.List, error) {
	if err := r.rank(); err != nil {
		return nil, nil, err
	}
	var notes, wrong diag.List
	docs := make([]*spec.Document, len(r.documents))
	for i, d := range r.documents {
		opt := spec.Options{
			Path: "openapi.yaml", Allow: r.allow, Fetch: fetch(ctx, r.allow),
			Overlays: d.changes, SkipUnsupported: r.skip, Origin: d.origin, Publish: r.settings.features.Docs,
		}
		if d.tree != nil {
			opt.Files, opt.Path = d.tree, d.tree.path
		}
		doc, warnings, err := spec.Load(d.file, d.text, opt)
		var list diag.List
		if err != nil && !errors.As(err, &list) {
			return nil, nil, err
		}
		docs[i], notes, wrong = doc, append(notes, warnings...), append(wrong, list...)
	}
	if err := wrong.Err(); err != nil {
		return nil, nil, err
	}
	if r.fresh {
		r.layout(docs)
	} else {
		r.beside(docs)
	}
	order := make([]*spec.Document, 0, len(docs))
	for _, i := range r.order() {
		order = append(order, docs[i])
	}
	first := docs[0]
	out, list := spec.Join(order)
	out.Title, out.Description, out.APIVersion = first.Title, first.Description, first.APIVersion
	return out, append(notes, list...), list.Err()
}
