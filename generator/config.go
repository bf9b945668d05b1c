package generator

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
	"golang.org/x/mod/module"

	"github.com/apigen-go/apigen/generator/internal/diag"
	"github.com/apigen-go/apigen/generator/internal/model"
)

// SettingsName is the file in a project that holds its settings.
const SettingsName = "apigen.yaml"

// Config says what to plan.
type Config struct {
	// Dir is the folder of the project. NewPlan wants it absent or empty.
	Dir string

	// Name is the name of the service: of its command and of its folder in cmd.
	// Only NewPlan uses it; later it is read from apigen.yaml.
	Name string

	// Module is the path of the project's Go module. Only NewPlan uses it.
	Module string

	// Spec names the OpenAPI document. NewPlan copies it into the project. OpenPlan
	// reads the project's own when Spec is empty, else it puts the document named
	// here in the place of the project's own.
	Spec string

	// Document is the text of the document. When it is nil, the file Spec is read;
	// otherwise Spec is only the name that messages use.
	Document []byte

	// Specs are the documents of a project with several, in place of Spec and
	// Document. OpenPlan takes those that are named here for the project's own of
	// the same names.
	Specs []Source

	// Features are the optional parts that the project has, see [Features]. Beside
	// their names there are the words default, which Nil stands for too, all and,
	// alone, none. Only NewPlan uses it.
	Features []string

	// APM says where telemetry goes, see [APMs]; empty is otlp where the project has
	// that feature. None takes the feature away unless Features names it. Only NewPlan
	// uses it.
	APM string

	// AllowRef lists the folders, beside the document's own, and the beginnings of
	// http and https addresses that the document may refer to. NewPlan copies what
	// it refers to into the project. OpenPlan takes addresses only and fetches
	// anew what lies there.
	AllowRef []string

	// Overlays are files with OpenAPI Overlays that change the document, one after
	// the other; of several documents the first. NewPlan copies them into the
	// project; later apigen.yaml lists them.
	Overlays []string

	// SkipUnsupported drops the operations that cannot be understood, with a
	// warning. NewPlan writes it into apigen.yaml.
	SkipUnsupported bool

	// ReadOnly has OpenPlan write nothing at all. Without it OpenPlan first
	// completes a run that was interrupted while it wrote.
	ReadOnly bool
}

// Source is one of several OpenAPI documents.
type Source struct {
	// Name tells the document from the others, see [CheckSpecName]. NewPlan takes
	// the name of the file when it is empty.
	Name string

	// File is the document, and Text its text. When Text is nil, the file is read;
	// otherwise File is only the name that messages use.
	File string
	Text []byte

	// Base is put before all paths of the document, such as /admin. Overlays
	// change it, see Config. Only NewPlan uses them; later they are in apigen.yaml.
	Base     string
	Overlays []string
}

// sources returns the documents that are named.
func (c Config) sources() []Source {
	out := slices.Clone(c.Specs)
	if len(out) == 0 && (c.Spec != "" || c.Document != nil) {
		out = []Source{{File: c.Spec, Text: c.Document}}
	}
	if len(out) > 0 {
		out[0].Overlays = slices.Concat(c.Overlays, out[0].Overlays)
	}
	return out
}

// settings are the contents of apigen.yaml.
type settings struct {
	name, module    string
	specs           []specSettings
	features        model.Features
	apm             string   // may be empty
	overlays        []string // of the first document
	skipUnsupported bool
	detectSession   bool // sessions are there where the document has a cookie for them; not in apigen.yaml
	detectKeys      bool // idempotency is on where the document has keys; not in apigen.yaml
}

// specSettings are what apigen.yaml says of a document.
type specSettings struct {
	path, name, base string // name and base may be empty
	overlays         []string
}

// label is the name of the document, its own or that of its file.
func (s specSettings) label() string { return cmp.Or(s.name, specName(s.path)) }

// feature is an optional part of a project.
type feature struct {
	name, about string
	of          func(*model.Features) *bool
	asked       bool // only those who ask for it get it
}

var features = []feature{
	{"store", "persistence in SQLite or PostgreSQL", func(f *model.Features) *bool { return &f.Store }, false},
	{"ratelimit", "limits on the requests of a client", func(f *model.Features) *bool { return &f.RateLimit }, false},
	{"cache", "answers that are kept and used again", func(f *model.Features) *bool { return &f.Cache }, false},
	{"redis", "what instances share, kept in Redis: limits, answers, sessions", func(f *model.Features) *bool { return &f.Redis }, false},
	{"docs", "a page that shows the API at /docs, and the document itself", func(f *model.Features) *bool { return &f.Docs }, false},
	{"auth", "checks of credentials, where the document asks for them", func(f *model.Features) *bool { return &f.Auth }, false},
	{"shed", "requests beyond the capacity are refused", func(f *model.Features) *bool { return &f.Shed }, false},
	{"metrics", "what the service measures, at /metrics of an admin port beside profiles", func(f *model.Features) *bool { return &f.Metrics }, false},
	{"otlp", "traces, metrics and logs for a collector, with OTEL_EXPORTER_OTLP_ENDPOINT", func(f *model.Features) *bool { return &f.OTLP }, false},
	{"session", "sessions of users behind a signed cookie, where the document has one", func(f *model.Features) *bool { return &f.Session }, true},
	{"idempotency", "requests with an Idempotency-Key are answered once, in one transaction", func(f *model.Features) *bool { return &f.Idempotency }, true},
	{"docker", "deploy/Dockerfile", func(f *model.Features) *bool { return &f.Docker }, false},
	{"ci", ".github/workflows/ci.yaml", func(f *model.Features) *bool { return &f.CI }, false},
	{"compose", "compose.yaml: the service and what it needs on one machine", func(f *model.Features) *bool { return &f.Compose }, false},
	{"kubernetes", "deploy/kubernetes: manifests for a cluster", func(f *model.Features) *bool { return &f.Kubernetes }, false},
	{"monitoring", "deploy/prometheus and deploy/grafana: alerts and a dashboard", func(f *model.Features) *bool { return &f.Monitoring }, false},
	{"load", "deploy/load: a load test of the operations", func(f *model.Features) *bool { return &f.Load }, false},
	{"client", "a typed Go client of the API, for other modules too", func(f *model.Features) *bool { return &f.Client }, true},
	{"check", "answers can be checked against the document, with CHECK_ANSWERS=true", func(f *model.Features) *bool { return &f.Check }, true},
}

// Features returns the names of the optional parts of a project.
func Features() []string {
	names := make([]string, len(features))
	for i, f := range features {
		names[i] = f.name
	}
	return names
}

// DefaultFeatures returns the names of the parts that a project has when nobody
// says which.
func DefaultFeatures() []string {
	var names []string
	for _, f := range features {
		if !f.asked {
			names = append(names, f.name)
		}
	}
	return names
}

// selectFeatures turns names into the settings of the model.
func selectFeatures(names []string) (model.Features, error) {
	var out model.Features
	if names == nil {
		names = []string{"default"}
	}
	if len(names) == 1 && names[0] == "none" {
		return out, nil
	}
	var errs []error
	for _, name := range names {
		if name == "default" || name == "all" {
			for _, f := range features {
				if name == "all" || !f.asked {
					*f.of(&out) = true
				}
			}
			continue
		}
		i := slices.IndexFunc(features, func(f feature) bool { return f.name == name })
		if i < 0 {
			errs = append(errs, fmt.Errorf("there is no feature %q; choose from %s, default, all, or none", name, strings.Join(Features(), ", ")))
			continue
		}
		*features[i].of(&out) = true
	}
	return out, errors.Join(errs...)
}

// checkFeatures reports parts that are of no use without others.
func checkFeatures(f model.Features) error {
	var errs []error
	if f.Redis && !f.Shares() {
		errs = append(errs, errors.New("redis is of no use without a feature that keeps something in it: ratelimit, cache, session or store"))
	}
	if f.Idempotency && !f.Store {
		errs = append(errs, errors.New("idempotency is of no use without store, which keeps the answers"))
	}
	if f.Compose && !f.Docker {
		errs = append(errs, errors.New("compose is of no use without docker, which has the image that it starts"))
	}
	if f.Monitoring && !f.Metrics {
		errs = append(errs, errors.New("monitoring is of no use without metrics, which it watches"))
	}
	return errors.Join(errs...)
}

var namePattern = regexp.MustCompile(`^[a-z][a-z0-9]*([-_][a-z0-9]+)*$`)

// CheckName reports why a name cannot be that of a service.
func CheckName(name string) error {
	switch {
	case name == "":
		return errors.New("the service needs a name")
	case len(name) > 63 || !namePattern.MatchString(name):
		return fmt.Errorf("%q cannot name a service: use lower case letters and digits, with single - or _ between them, 63 at most", name)
	case slices.Contains([]string{"internal", "vendor", "testdata"}, name):
		return fmt.Errorf("%q cannot name a service: it means something else to Go", name)
	}
	return nil
}

// CheckModule reports why a path cannot be that of a Go module.
func CheckModule(path string) error {
	if path == "" {
		return errors.New("the project needs a module path, for example example.com/bookshop")
	}
	if err := module.CheckImportPath(path); err != nil {
		var invalid *module.InvalidPathError
		if errors.As(err, &invalid) {
			err = invalid.Err
		}
		return fmt.Errorf("%q cannot be a module path: %w; write one such as example.com/bookshop", path, err)
	}
	return nil
}

// DefaultModule returns the module path of a service whose user names none.
func DefaultModule(name string) string { return "example.com/" + name }

// text returns the settings as the text of apigen.yaml.
func (s settings) text() []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "# Settings of apigen. The folder is brought in step with them by \"apigen generate\".\n")
	fmt.Fprintf(&b, "name: %s\nmodule: %s\n", s.name, s.module)
	b.WriteString("\n# The contract: edit it, then run \"apigen generate\".\n")
	s.specsText(&b)
	if len(s.overlays) > 0 {
		what := "it"
		if len(s.specs) > 1 {
			what = "the first document"
		}
		fmt.Fprintf(&b, "\n# OpenAPI Overlays that change %s, one after the other:\noverlays: [%s]\n", what, strings.Join(quoted(s.overlays), ", "))
	}
	if s.skipUnsupported {
		b.WriteString("\n# Operations that cannot be understood are left out, with a warning:\nskip-unsupported: true\n")
	}
	b.WriteString("\n# Optional parts of the project:\n")
	for _, f := range features {
		fmt.Fprintf(&b, "#   %-11s  %s\n", f.name, f.about)
	}
	var on []string
	for _, f := range features {
		if *f.of(&s.features) {
			on = append(on, f.name)
		}
	}
	fmt.Fprintf(&b, "features: [%s]\n", strings.Join(on, ", "))
	if s.apm != "" && s.apm != noAPM { // which the features say
		fmt.Fprintf(&b, "\n# Where telemetry goes: %s.\napm: %s\n", strings.Join(APMs(), ", "), s.apm)
	}
	return []byte(b.String())
}

// specsText writes which documents the project has.
func (s settings) specsText(b *strings.Builder) {
	if len(s.specs) == 1 && reflect.DeepEqual(s.specs[0], specSettings{path: s.specs[0].path}) {
		fmt.Fprintf(b, "spec: %s\n", quoted([]string{s.specs[0].path})[0])
		return
	}
	b.WriteString("specs:\n")
	for _, one := range s.specs {
		parts := []string{"path: " + quoted([]string{one.path})[0]}
		if one.base != "" {
			parts = append(parts, "base: "+quoted([]string{one.base})[0])
		}
		if one.name != "" {
			parts = append(parts, "name: "+quoted([]string{one.name})[0])
		}
		if len(one.overlays) > 0 {
			parts = append(parts, "overlays: ["+strings.Join(quoted(one.overlays), ", ")+"]")
		}
		if len(parts) == 1 {
			fmt.Fprintf(b, "  - %s\n", strings.TrimPrefix(parts[0], "path: "))
		} else {
			fmt.Fprintf(b, "  - {%s}\n", strings.Join(parts, ", "))
		}
	}
}

var plainScalar = regexp.MustCompile(`^[/A-Za-z0-9][-A-Za-z0-9._/]*$`)

// quoted puts quotes around the paths that YAML would read as something else.
func quoted(paths []string) []string {
	out := slices.Clone(paths)
	for i, p := range out {
		if !plainScalar.MatchString(p) {
			out[i] = strconv.Quote(p)
		}
	}
	return out
}

// parseSettings reads apigen.yaml. The error is a [Diagnostics] with every
// mistake in it.
func parseSettings(name string, src []byte) (settings, error) {
	r := settingsReader{file: name}
	var root yaml.Node
	if err := yaml.Unmarshal(src, &root); err != nil {
		r.syntax(err)
		return settings{}, r.list.Err()
	}
	if len(root.Content) == 0 || root.Content[0].Kind != yaml.MappingNode {
		r.list.Errorf(diag.Pos{File: name, Line: 1}, "it looks like this:\nname: bookshop\nmodule: example.com/bookshop\nspec: api/openapi.yaml\nfeatures: [store]",
			"the settings must be a list of \"key: value\"")
		return settings{}, r.list.Err()
	}
	s := r.read(root.Content[0])
	return s, r.list.Err()
}
