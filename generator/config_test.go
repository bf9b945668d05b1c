package generator

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/apigen-go/apigen/generator/internal/model"
)

func TestSettingsRoundTrip(t *testing.T) {
	for _, want := range []settings{
		{name: "bookshop", module: "example.com/bookshop", specs: []specSettings{{path: "api/openapi.yaml"}}, features: model.Features{Store: true, RateLimit: true, Cache: true, Auth: true, Shed: true, Metrics: true, OTLP: true, Redis: true, Docs: true, Docker: true, CI: true, Compose: true, Kubernetes: true, Monitoring: true, Load: true}},
		{name: "b-2", module: "b", specs: []specSettings{{path: "spec.json"}}, skipUnsupported: true},
		{name: "b", module: "b", specs: []specSettings{{path: "s"}}, features: model.Features{Docker: true}, overlays: []string{"api/overlays/a.yaml", "api/b, #c.yaml"}},
		{name: "b", module: "b", specs: []specSettings{{path: "s", base: "/v1"}}},
		{name: "b", module: "b", specs: []specSettings{{path: "s"}}, features: model.Features{OTLP: true}, apm: "datadog"},
		{name: "b", module: "b", overlays: []string{"o"}, specs: []specSettings{
			{path: "api/a.yaml"}, {path: "api/a, b.yaml", name: "b"}, {path: "c", name: "d-e", base: "/admin/v1", overlays: []string{"x", "y"}},
		}},
	} {
		got, err := parseSettings(SettingsName, want.text())
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, %v, want %+v\n%s", got, err, want, want.text())
		}
	}
}

func TestParseSettingsReportsAll(t *testing.T) {
	for _, tt := range []struct {
		text string
		want []string // how the diagnostics begin, in order
	}{
		{"", []string{"apigen.yaml:1: the settings must be a list"}},
		{"- a\n", []string{"apigen.yaml:1: the settings must be a list"}},
		{"name: [\n", []string{"apigen.yaml:1: "}},
		{"name: Bookshop\nmodul: x\nmodule: 'a b'\nspec: ../x.yaml\nspec: y\nfeatures: [store, wings]\n", []string{
			"apigen.yaml:1:7: \"Bookshop\" cannot name a service",
			"apigen.yaml:2:1: unknown setting \"modul\"",
			"apigen.yaml:3:9: \"a b\" cannot be a module path",
			"apigen.yaml:4:7: \"../x.yaml\" does not name a file inside the project",
			"apigen.yaml:5:1: spec is set in line 4 already",
			"apigen.yaml:6:19: there is no feature \"wings\"",
		}},
		{"name: {a: b}\n", []string{
			"apigen.yaml:1: module is not set",
			"apigen.yaml:1: spec is not set",
			"apigen.yaml:1:7: this must be a single word",
		}},
		{"name: b\nmodule: b\nspecs: [a.yaml]\nspec: s\n", []string{"apigen.yaml:4:1: spec and specs exclude each other"}},
		{"name: b\nmodule: b\nspecs: a.yaml\n", []string{"apigen.yaml:3:8: specs must be a list of documents"}},
		{"name: b\nmodule: b\nspecs: []\n", []string{"apigen.yaml:3:8: specs must be a list of documents"}},
		{`name: b
module: b
specs:
  - ../a.yaml
  - [b.yaml]
  - {base: /a}
  - {path: c.yaml, base: admin, nam: x}
  - {path: d/c.yaml, base: "/{a}", base: /b}
  - {path: c.yaml, name: C D, overlays: x}
  - ä.yaml
`, []string{
			"apigen.yaml:4:5: \"../a.yaml\" does not name a file inside the project",
			"apigen.yaml:5:5: a document must be a file",
			"apigen.yaml:6:5: the document has no path",
			"apigen.yaml:7:26: \"admin\" cannot be put before paths",
			"apigen.yaml:7:33: unknown setting \"nam\"",
			"apigen.yaml:8:5: the document in line 7 has the name c already",
			"apigen.yaml:8:28: \"/{a}\" cannot be put before paths",
			"apigen.yaml:8:36: base is set in line 8 already",
			"apigen.yaml:9:5: c.yaml is in line 7 already",
			"apigen.yaml:9:26: \"C D\" cannot name a document",
			"apigen.yaml:9:41: overlays must be a list of files",
			"apigen.yaml:10:5: \"\" cannot name a document",
		}},
		{"name: b\nmodule: b\nspec: s\nfeatures: none\n", []string{"apigen.yaml:4:11: features must be a list"}},
		{"name: b\nmodule: b\nspec: s\napm: newrelic\nfeatures: [ci]\n", []string{"apigen.yaml:4:6: apm newrelic is of no use without the feature otlp"}},
		{"name: b\nmodule: b\nspec: s\napm: none\nfeatures: [otlp]\n", []string{"apigen.yaml:4:6: apm none and the feature otlp exclude each other"}},
		{"name: b\nmodule: b\nspec: s\napm: [otlp]\n", []string{"apigen.yaml:4:6: this must be a single word"}},
		{"name: b\nmodule: b\nspec: s\napm: wings\n", []string{"apigen.yaml:4:6: there is no apm \"wings\""}},
		{"name: b\nmodule: b\nspec: s\nfeatures: [compose]\n", []string{"apigen.yaml:4:11: compose is of no use without docker"}},
		{"name: b\nmodule: b\nspec: s\nfeatures: [redis, ci]\n", []string{"apigen.yaml:4:11: redis is of no use without a feature that keeps something in it"}},
	} {
		_, err := parseSettings(SettingsName, []byte(tt.text))
		var list Diagnostics
		if !errors.As(err, &list) {
			t.Errorf("%q: got %v", tt.text, err)
			continue
		}
		for i, want := range tt.want {
			if i >= len(list) || !strings.HasPrefix(list[i].String(), want) {
				t.Errorf("%q: got\n%v\nwant\n%s", tt.text, list, want)
			}
		}
		if len(list) != len(tt.want) {
			t.Errorf("%q: got\n%v", tt.text, list)
		}
	}
}

// Without a list of features a project has those that nobody must ask for.
func TestParseSettingsDefaults(t *testing.T) {
	got, err := parseSettings(SettingsName, []byte("name: b\nmodule: b\nspec: s\n"))
	if err != nil || got.features != (model.Features{Store: true, RateLimit: true, Cache: true, Auth: true, Shed: true, Metrics: true, OTLP: true, Redis: true, Docs: true, Docker: true, CI: true, Compose: true, Kubernetes: true, Monitoring: true, Load: true}) {
		t.Errorf("got %+v, %v", got, err)
	}
}

// A choice of none is one of fewer features then.
func TestParseSettingsNone(t *testing.T) {
	got, err := parseSettings(SettingsName, []byte("name: b\nmodule: b\nspec: s\napm: none\n"))
	if err != nil || got.features.OTLP || !got.features.Metrics {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestCheckName(t *testing.T) {
	for _, name := range []string{"a", "bookshop", "book-shop", "shop2", "a_b"} {
		if err := CheckName(name); err != nil {
			t.Error(err)
		}
	}
	for _, name := range []string{"", "Bookshop", "-a", "a-", "a--b", "2a", "a b", "a/b", "..", ".", "internal", "testdata", "ä", strings.Repeat("a", 64)} {
		if CheckName(name) == nil {
			t.Errorf("%q was accepted", name)
		}
	}
}

func TestCheckModule(t *testing.T) {
	for _, path := range []string{"bookshop", "example.com/bookshop", "github.com/a/b/v2"} {
		if err := CheckModule(path); err != nil {
			t.Error(err)
		}
	}
	for _, path := range []string{"", "a b", "/a", "a/", "a//b", "../a", "exämple.com/a", "https://example.com/a", "-a"} {
		if CheckModule(path) == nil {
			t.Errorf("%q was accepted", path)
		}
	}
}

func TestSelectFeatures(t *testing.T) {
	if got, err := selectFeatures([]string{"none"}); err != nil || got != (model.Features{}) {
		t.Errorf("none: got %+v, %v", got, err)
	}
	for _, names := range [][]string{nil, {"default"}, DefaultFeatures()} {
		if got, err := selectFeatures(names); err != nil || got != (model.Features{Store: true, RateLimit: true, Cache: true, Auth: true, Shed: true, Metrics: true, OTLP: true, Redis: true, Docs: true, Docker: true, CI: true, Compose: true, Kubernetes: true, Monitoring: true, Load: true}) {
			t.Errorf("%v: got %+v, %v", names, got, err)
		}
	}
	if got, err := selectFeatures([]string{"default", "client"}); err != nil || got != (model.Features{Store: true, RateLimit: true, Cache: true, Auth: true, Shed: true, Metrics: true, OTLP: true, Redis: true, Docs: true, Docker: true, CI: true, Compose: true, Kubernetes: true, Monitoring: true, Load: true, Client: true}) {
		t.Errorf("default and client: got %+v, %v", got, err)
	}
	all, err := selectFeatures([]string{"all"})
	if got, err2 := selectFeatures(Features()); errors.Join(err, err2) != nil || got != all || !got.Check {
		t.Errorf("all: got %+v, %v", got, err)
	}
	_, err = selectFeatures([]string{"store", "wings", "none"})
	if err == nil || !strings.Contains(err.Error(), `"wings"`) || !strings.Contains(err.Error(), `"none"`) {
		t.Errorf("got %v", err)
	}
}
