package generator_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/apigen-go/apigen/generator/internal/conformance"
)

// shippingFiles are where the parts of a project have their files.
var shippingFiles = map[string][]string{
	"compose":    {"compose.yaml", ".env.example", "deploy/postgres/", "deploy/otel/"},
	"kubernetes": {"deploy/kubernetes/"},
	"monitoring": {"deploy/prometheus/", "deploy/grafana/"},
	"load":       {"deploy/load/"},
}

// TestShippingFiles makes projects with one of these parts each: they have its files and
// none of another, and a project without them has no folder deploy.
func TestShippingFiles(t *testing.T) {
	has := func(files map[string][]byte, prefix string) bool {
		for name := range files {
			if strings.HasPrefix(name, prefix) {
				return true
			}
		}
		return false
	}
	for part := range shippingFiles {
		features := []string{part, "store", "metrics"}
		if part == "compose" {
			features = append(features, "docker", "monitoring", "otlp")
		}
		files := tree(t, shopWith(t, features...))
		for other, prefixes := range shippingFiles {
			for _, prefix := range prefixes {
				if has(files, prefix) != slices.Contains(features, other) {
					t.Errorf("features %v: %s", features, prefix)
				}
			}
		}
	}
	files := tree(t, shopWith(t, "none"))
	for _, prefix := range []string{"deploy/", "compose.yaml", ".env"} {
		if has(files, prefix) {
			t.Errorf("without a feature: %s", prefix)
		}
	}
}

// TestShippingTexts reads what golden projects ship as YAML, every document of it, and
// holds it to what no schema asks for.
func TestShippingTexts(t *testing.T) {
	cases, err := filepath.Glob(filepath.Join(repository, "testdata/golden/*/want/compose.yaml"))
	if err != nil || len(cases) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range cases {
		dir := filepath.Dir(file)
		for name, text := range tree(t, dir) {
			shipped := strings.HasPrefix(name, "deploy/") || name == "compose.yaml"
			if shipped && bytes.Contains(text, []byte(":latest")) {
				t.Errorf("%s/%s: a tag that moves", dir, name)
			}
			if shipped && strings.HasSuffix(name, ".yaml") {
				decodeAll(t, name, text)
			}
		}
		checkCompose(t, dir)
		checkDeployment(t, dir)
		checkExample(t, dir)
	}
}

func decodeAll(t *testing.T, name string, text []byte) {
	t.Helper()
	dec := yaml.NewDecoder(bytes.NewReader(text))
	for {
		var v any
		switch err := dec.Decode(&v); {
		case errors.Is(err, io.EOF):
			return
		case err != nil:
			t.Errorf("%s: %v", name, err)
			return
		}
	}
}

func decodeFile(t *testing.T, file string, into any) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err == nil {
		err = yaml.Unmarshal(text, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// checkCompose: everything says whether it is well, but for what has no means to, and
// no password is in the file.
func checkCompose(t *testing.T, dir string) {
	t.Helper()
	var file struct {
		Services map[string]struct {
			Image       string
			Build       any
			Healthcheck any
			Environment map[string]string
		}
		Volumes map[string]any
	}
	decodeFile(t, filepath.Join(dir, "compose.yaml"), &file)
	for name, s := range file.Services {
		if s.Healthcheck == nil && name != "collector" && name != "api" { // that of api is in its image
			t.Errorf("%s: %s has no health check", dir, name)
		}
		if !regexp.MustCompile(`:[a-z0-9.]+$`).MatchString(s.Image) {
			t.Errorf("%s: %s has the image %s", dir, name, s.Image)
		}
		for key, value := range s.Environment {
			if strings.HasSuffix(key, "PASSWORD") && !strings.HasPrefix(value, "${") {
				t.Errorf("%s: %s has a %s", dir, name, key)
			}
		}
	}
}

func checkDeployment(t *testing.T, dir string) {
	t.Helper()
	var d struct {
		Spec struct {
			Template struct {
				Spec struct {
					Grace      int `yaml:"terminationGracePeriodSeconds"`
					Containers []struct {
						LivenessProbe struct {
							HTTPGet struct{ Path string } `yaml:"httpGet"`
						} `yaml:"livenessProbe"`
						ReadinessProbe struct {
							HTTPGet struct{ Path string } `yaml:"httpGet"`
						} `yaml:"readinessProbe"`
						SecurityContext struct {
							ReadOnly bool `yaml:"readOnlyRootFilesystem"`
						} `yaml:"securityContext"`
					}
				}
			}
		}
	}
	decodeFile(t, filepath.Join(dir, "deploy/kubernetes/deployment.yaml"), &d)
	var k struct {
		Maps []struct{ Literals []string } `yaml:"configMapGenerator"`
	}
	decodeFile(t, filepath.Join(dir, "deploy/kubernetes/kustomization.yaml"), &k)
	pod := d.Spec.Template.Spec
	if !slices.Contains(k.Maps[0].Literals, "SHUTDOWN_DELAY=10s") || !slices.Contains(k.Maps[0].Literals, "SHUTDOWN_TIMEOUT=20s") || pod.Grace <= 30 {
		t.Errorf("%s: %d seconds are less than a stop takes: %v", dir, pod.Grace, k.Maps[0].Literals)
	}
	c := pod.Containers[0]
	if c.LivenessProbe.HTTPGet.Path != "/healthz" || c.ReadinessProbe.HTTPGet.Path != "/readyz" || !c.SecurityContext.ReadOnly {
		t.Errorf("%s: %+v", dir, c)
	}
}

// checkExample: .env.example has every setting of the README that compose.yaml does not make.
func checkExample(t *testing.T, dir string) {
	t.Helper()
	readme, err := os.ReadFile(filepath.Join(dir, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	example, err := os.ReadFile(filepath.Join(dir, ".env.example"))
	if err != nil {
		t.Fatal(err)
	}
	compose, err := os.ReadFile(filepath.Join(dir, "compose.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range settingRow.FindAllStringSubmatch(string(readme), -1) {
		set := regexp.MustCompile(`(?m)^(# )?` + m[1] + `=`).Match(example)
		if made := strings.Contains(string(compose), "\n      "+m[1]+": "); set == made {
			t.Errorf("%s: %s is in .env.example: %t, in compose.yaml: %t", dir, m[1], set, made)
		}
	}
}

// runLoad runs load.js as k6 does, without its clock: what k6 offers is made of fetch.
const runLoad = `
import { readFileSync, writeFileSync } from "node:fs";
import { execFileSync } from "node:child_process";
const [script, copy] = process.argv.slice(2);
const sent = [];
const one = "const [m,u,h,b]=JSON.parse(process.argv[1]);fetch(u,{method:m,headers:h,body:b??undefined}).then(async r=>process.stdout.write(JSON.stringify({status:r.status,body:await r.text()})))";
globalThis.__ENV = process.env;
globalThis.http = {
  expectedStatuses: (...statuses) => statuses,
  request(method, url, body, params) {
    const answer = JSON.parse(execFileSync(process.execPath, ["-e", one, JSON.stringify([method, url, params.headers, body])]));
    sent.push({ operation: params.tags.operation, phase: params.tags.phase, status: answer.status, right: params.responseCallback.includes(answer.status) });
    return { status: answer.status, json: () => JSON.parse(answer.body) };
  },
};
writeFileSync(copy, readFileSync(script, "utf8").replace('import http from "k6/http";', "const http = globalThis.http;"));
const load = await import(copy);
const saved = load.setup();
const rounds = 24;
for (let i = 0; i < rounds; i++) {
  Math.random = () => (i + 0.5) / rounds;
  load.default(saved);
}
load.teardown(saved);
console.log(JSON.stringify({ thresholds: Object.keys(load.options.thresholds).length, sent }));
`

// TestLoadScript holds the load tests of golden projects to the syntax of JavaScript,
// and runs that of the bookshop against a service: every answer is one that it wants,
// and no row is left over, so that it can be run again.
func TestLoadScript(t *testing.T) {
	node := program(t, "node")
	scripts, err := filepath.Glob(filepath.Join(repository, "testdata/golden/*/want/deploy/load/load.js"))
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, file := range scripts {
		checkScript(t, node, file)
	}
	if testing.Short() {
		t.Skip("builds a service")
	}
	dir := filepath.Join(repository, "testdata/golden/bookshop/want")
	service, err := conformance.Start(t.Context(), dir, t.TempDir(), "DATABASE_URL=file:"+filepath.Join(t.TempDir(), "test.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer service.Kill()
	runner := filepath.Join(t.TempDir(), "run.mjs")
	if err := os.WriteFile(runner, []byte(runLoad), 0o644); err != nil {
		t.Fatal(err)
	}
	script, err := filepath.Abs(filepath.Join(dir, "deploy/load/load.js"))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		cmd := exec.CommandContext(t.Context(), node, runner, script, filepath.Join(t.TempDir(), "load.mjs"))
		cmd.Env = append(os.Environ(), "BASE_URL="+service.URL+"/", "WRITES=true")
		var stderr strings.Builder
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil || stderr.Len() > 0 {
			t.Fatalf("%v\n%s", err, stderr.String())
		}
		var got struct {
			Thresholds int
			Sent       []struct {
				Operation, Phase string
				Status           int
				Right            bool
			}
		}
		if err := json.Unmarshal(out, &got); err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for _, s := range got.Sent {
			seen[s.Operation] = true
			if !s.Right {
				t.Errorf("%s in %s: status %d", s.Operation, s.Phase, s.Status)
			}
		}
		if len(seen) != 18 || got.Thresholds != 3 {
			t.Errorf("%d operations, %d thresholds", len(seen), got.Thresholds)
		}
	}
}

// checkScript checks the syntax of a script as that of a module.
func checkScript(t *testing.T, node, file string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	module := filepath.Join(t.TempDir(), "load.mjs")
	if err := os.WriteFile(module, text, 0o644); err != nil {
		t.Fatal(err)
	}
	runIn(t, t.TempDir(), node, "--check", module)
}

// hostileStream is a document whose texts would leave the quotes that they are put in,
// if nobody minded: they reach PromQL, JSON, JavaScript and comments.
const hostileStream = `{"openapi": "3.1.0", "info": {"title": "a\"b'${x}{{ .Name }}\n- c: </script>", "version": "1"}, "paths": {
"/a\"b${c}": {"get": {"operationId": "e\"|.*'}{{ $x }}\nalert: x # \\", "responses": {"200": {"description": "", "content": {"text/event-stream": {"schema": {"type": "string"}}}}}}},
"/d": {"post": {"operationId": "` + "`${process.exit(1)}`" + `", "requestBody": {"content": {"application/json": {"schema": {"type": "object", "required": ["x"], "properties": {"x": {"const": "\"]});` + "`" + `${1}\u2028*/"}}}}}}, "responses": {"204": {"description": ""}}}}}}`

// TestHostileShipping puts hostile texts into all of these files.
func TestHostileShipping(t *testing.T) {
	document := filepath.Join(t.TempDir(), "hostile.json")
	if err := os.WriteFile(document, []byte(hostileStream), 0o644); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "hostile")
	create(t, dir, document, "all")
	for name, text := range tree(t, dir) {
		if strings.HasSuffix(name, ".yaml") && !strings.HasPrefix(name, "api/") {
			decodeAll(t, name, text)
		}
	}
	alerts, _, _ := expressions(t, dir)
	if want := `operation!~"e\"\\|\\.\\*'\\}\\{\\{ \\$x \\}\\}\nalert: x # \\\\",le="0.5"`; !strings.Contains(alerts["slo:errors:ratio_rate5m"], want) {
		t.Errorf("got  %s\nwant %s", alerts["slo:errors:ratio_rate5m"], want)
	}
	checkScript(t, program(t, "node"), filepath.Join(dir, "deploy/load/load.js"))
	runIn(t, filepath.Join(dir, "deploy/prometheus"), program(t, "promtool"), "check", "config", "prometheus.yaml")
}
