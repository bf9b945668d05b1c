package generator_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/apigen-go/apigen/generator"
)

// vendorProject makes the bookshop for who watches it with a vendor.
func vendorProject(t *testing.T, apm string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "bookshop")
	p, err := generator.NewPlan(t.Context(), generator.Config{
		Dir: dir, Name: "bookshop", Module: "example.com/bookshop", APM: apm,
		Specs: []generator.Source{{File: filepath.Join(repository, "testdata/specs/bookshop.yaml")}},
	})
	if err == nil {
		err = p.Apply()
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestVendorFiles holds what is shipped for each choice to what is held of golden
// projects, and to having no key in it.
func TestVendorFiles(t *testing.T) {
	for _, apm := range generator.APMs() {
		dir := vendorProject(t, apm)
		for name, text := range tree(t, dir) {
			if strings.HasPrefix(name, "deploy/") && strings.HasSuffix(name, ".yaml") || name == "compose.yaml" {
				decodeAll(t, name, text)
			}
		}
		checkCompose(t, dir)
		checkDeployment(t, dir)
		checkExample(t, dir)
	}
}

// presetLine is a setting of the README that a vendor asks for, or of .env.example.
var presetLine = regexp.MustCompile(`(?m)^(?: {4})?(OTEL_[A-Z_]+=\S+)$`)

// TestVendorPresets starts a service with the settings that a project has for a vendor,
// once as its README lists them and once as .env.example does, and looks at what arrives.
func TestVendorPresets(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a service")
	}
	first, _ := startTold(t)
	for _, tt := range []struct{ apm, file, key, compression, environment, histogram string }{
		{"newrelic", "README.md", leaked, "gzip", "production", "exponential "},
		{"newrelic", ".env.example", "", "gzip", "development", "exponential "},
		{"datadog", "README.md", "", "", "production", ""},
		{"datadog", ".env.example", "", "", "development", ""},
	} {
		t.Run(tt.apm+" "+tt.file, func(t *testing.T) {
			c := newCollector(t)
			text, err := os.ReadFile(filepath.Join(vendorProject(t, tt.apm), tt.file))
			if err != nil {
				t.Fatal(err)
			}
			// Beside them is what compose.yaml and the manifests have for others than the service.
			env := []string{"OTEL_METRIC_EXPORT_INTERVAL=200", "NEW_RELIC_LICENSE_KEY=", "DD_API_KEY=", "DD_SITE=", "HOST_IP=10.0.0.1", "TAG_ENV=a", "TAG_VERSION=b"}
			for _, m := range presetLine.FindAllStringSubmatch(string(text), -1) {
				if !strings.HasPrefix(m[1], "OTEL_EXPORTER_OTLP_ENDPOINT=") {
					env = append(env, strings.ReplaceAll(m[1], "=KEY", "="+leaked))
				}
			}
			env = append(env, "OTEL_EXPORTER_OTLP_ENDPOINT="+c.URL, "DATABASE_URL=file:"+filepath.Join(t.TempDir(), "test.db"))
			s, err := first.Again(t.Context(), env...)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Kill()
			fetch(t, "GET", s.URL+"/authors/"+strings.Repeat("a", 5000), "")
			if err := s.Stop(); err != nil {
				t.Fatal(err)
			}
			c.await(t, "telemetry", func() bool { return len(c.spans) > 0 && len(c.metrics) > 0 && len(c.logs) > 0 })
			if c.fault != "" || strings.Contains(s.Log(), "is no setting") {
				t.Errorf("%s\n%s", c.fault, s.Log())
			}
			for _, signal := range []string{"/v1/traces", "/v1/metrics", "/v1/logs"} {
				r, h := c.resources[signal], c.headers[signal]
				if r["service.name"] != "bookshop" || r["service.version"] == "" || r["deployment.environment.name"] != tt.environment {
					t.Errorf("%s: the resource is %v", signal, r)
				}
				if h.Get("Api-Key") != tt.key || h.Get("Content-Encoding") != tt.compression {
					t.Errorf("%s: the header is %v", signal, h)
				}
			}
			if want := "http.server.request.duration " + tt.histogram + "AGGREGATION_TEMPORALITY_DELTA"; !c.metrics[want] {
				t.Errorf("no %s in %v", want, c.metrics)
			}
			if longest := c.longest(); (longest <= 4095) != (tt.apm == "newrelic") {
				t.Errorf("an attribute has %d bytes", longest)
			}
		})
	}
}

// longest is the length of the longest attribute of a span or a line.
func (c *collector) longest() (n int) {
	for _, s := range c.spans {
		for _, v := range s.attributes {
			n = max(n, len(v))
		}
	}
	for _, l := range c.logs {
		for _, v := range l.attributes {
			n = max(n, len(v))
		}
	}
	return n
}
