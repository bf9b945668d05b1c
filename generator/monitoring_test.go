package generator_test

import (
	"context"
	"encoding/json"
	"math"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/apigen-go/apigen/generator/internal/conformance"
	"github.com/apigen-go/apigen/generator/internal/render"
	"github.com/apigen-go/apigen/generator/internal/servertest"
)

// program returns the file of a program that a test needs, which is skipped without it,
// or fails when APIGEN_REQUIRE_SERVICES is 1.
func program(t *testing.T, name string) string {
	t.Helper()
	file, err := exec.LookPath(name)
	switch {
	case err != nil && os.Getenv("APIGEN_REQUIRE_SERVICES") == "1":
		t.Fatalf("%s is not installed, and APIGEN_REQUIRE_SERVICES=1 asks for it", name)
	case err != nil:
		t.Skip(name + " is not installed")
	}
	return file
}

// runIn runs a program in a folder.
func runIn(t *testing.T, dir, program string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%s %s: %v\n%s", filepath.Base(program), strings.Join(args, " "), err, out)
	}
}

// shopWith makes a bookshop with some features and returns its folder.
func shopWith(t *testing.T, features ...string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "bookshop")
	create(t, dir, filepath.Join(repository, "testdata/specs/bookshop.yaml"), features...)
	return dir
}

// TestAlerts has promtool check the alerts of golden projects, and run the tests that
// come with them for a project with every part, one with none and one with streams.
func TestAlerts(t *testing.T) {
	promtool := program(t, "promtool")
	cases, err := filepath.Glob(filepath.Join(repository, "testdata/golden/*/want/deploy/prometheus"))
	if err != nil || len(cases) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, dir := range cases {
		runIn(t, dir, promtool, "check", "config", "prometheus.yaml")
	}
	for name, dir := range map[string]string{
		"every part": filepath.Join(repository, "testdata/golden/bookshop/want"),
		"no part":    shopWith(t, "metrics", "monitoring"),
		"streams":    filepath.Join(repository, "testdata/golden/messages/want"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			runIn(t, filepath.Join(dir, "deploy/prometheus"), promtool, "test", "rules", "alerts_test.yaml")
		})
	}
}

// ruleFile is what the tests read of alerts.yaml.
type ruleFile struct {
	Groups []struct {
		Rules []struct{ Record, Alert, Expr string }
	}
}

// expressions are those of the alerts and of the dashboard of a project, by name, and
// the names that its recording rules make.
func expressions(t *testing.T, dir string) (alerts, panels map[string]string, recorded []string) {
	t.Helper()
	alerts, panels = map[string]string{}, map[string]string{}
	var rules ruleFile
	text, err := os.ReadFile(filepath.Join(dir, "deploy/prometheus/alerts.yaml"))
	if err == nil {
		err = yaml.Unmarshal(text, &rules)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range rules.Groups {
		for _, r := range g.Rules {
			recorded = append(recorded, r.Record)
			alerts[r.Alert+r.Record] = r.Expr
		}
	}
	var board struct {
		Panels []struct {
			Title   string
			Targets []struct{ RefID, Expr string }
		}
	}
	text, err = os.ReadFile(filepath.Join(dir, "deploy/grafana/dashboard.json"))
	if err == nil {
		err = json.Unmarshal(text, &board)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range board.Panels {
		for _, target := range p.Targets {
			panels[p.Title+" "+target.RefID] = strings.ReplaceAll(target.Expr, "$__rate_interval", "3s")
		}
	}
	return alerts, panels, recorded
}

// notMetrics is what stands in PromQL beside the names of metrics and functions.
var notMetrics = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|\{[^}]*\}|\[[^\]]*\]|\b(?:by|without|on|ignoring) *\([^)]*\)|\b(?:and|or|unless)\b|\b[0-9.]+\b`)

var metricName = regexp.MustCompile(`[a-zA-Z_:][a-zA-Z0-9_:]*\b *\(?`)

func metricsIn(expr string) []string {
	var out []string
	for _, name := range metricName.FindAllString(notMetrics.ReplaceAllString(expr, " "), -1) {
		if !strings.HasSuffix(name, "(") {
			out = append(out, strings.TrimSpace(name))
		}
	}
	return out
}

// TestMonitoringNamesMetrics holds every metric in alerts and dashboards to the list
// of those that services expose.
func TestMonitoringNamesMetrics(t *testing.T) {
	known := map[string]bool{}
	for _, m := range render.Metrics {
		known[m.Name] = m.Kind != "histogram"
		for _, suffix := range []string{"_bucket", "_count", "_sum"} {
			known[m.Name+suffix] = known[m.Name+suffix] || m.Kind == "histogram"
		}
	}
	all := shopWith(t, "all")
	alerts, panels, recorded := expressions(t, all)
	used := map[string]bool{}
	for _, exprs := range []map[string]string{alerts, panels} {
		for where, expr := range exprs {
			names := metricsIn(expr)
			if len(names) == 0 {
				t.Errorf("%s: no metric in %s", where, expr)
			}
			for _, name := range names {
				used[name] = true
				if !known[name] && !slices.Contains(recorded, name) {
					t.Errorf("%s: %s is no metric of the service", where, name)
				}
			}
		}
	}
	for _, m := range render.Metrics {
		if !used[m.Name] && !used[m.Name+"_bucket"] {
			t.Errorf("nothing shows %s", m.Name)
		}
	}

	// Without the other parts nothing is said of them.
	alerts, panels, _ = expressions(t, shopWith(t, "metrics", "monitoring"))
	for _, exprs := range []map[string]string{alerts, panels} {
		for where, expr := range exprs {
			if regexp.MustCompile(`\b(db|redis|cache|ratelimit|shed|session)_`).MatchString(expr) {
				t.Errorf("%s: %s", where, expr)
			}
		}
	}
}

// TestPrometheus has a Prometheus watch a service at work, with a replica and Redis,
// whose database hangs for a moment: every expression of alerts and dashboard gives
// something.
func TestPrometheus(t *testing.T) {
	server := program(t, "prometheus")
	dir := shopWith(t, "all")
	primary := servertest.PostgresPrimary(t)
	admin := freeAddr(t)
	service, err := conformance.Start(t.Context(), dir, t.TempDir(), "ADMIN_ADDR="+admin, "LOG_LEVEL=error",
		"DATABASE_URL="+primary.URL(), "DATABASE_REPLICA_URLS="+primary.Replica(t).URL(), "REDIS_URL="+servertest.Redis(t).URL(),
		"CACHE_TTL=1s", "RATE_LIMIT=1000000/1h", "REQUEST_TIMEOUT=500ms")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(service.Kill)
	stop := work(t, service.URL)
	defer stop()
	alerts, panels, _ := expressions(t, dir)
	ask := startPrometheus(t, server, dir, admin)
	await := func(where, expr string) {
		for start := time.Now(); !ask(expr); time.Sleep(200 * time.Millisecond) {
			if time.Since(start) > time.Minute {
				t.Fatalf("%s: nothing in %s", where, expr)
			}
		}
	}
	await("the service", `http_server_request_duration_seconds_count{operation="createAuthor"}`)
	if err := primary.Freeze(); err != nil {
		t.Fatal(err)
	}
	await("the frozen database", `http_server_request_duration_seconds_count{http_response_status_code="503"}`)
	if err := primary.Thaw(); err != nil {
		t.Fatal(err)
	}
	for where, expr := range panels {
		await(where, expr)
	}
	if ask("no_such_metric") {
		t.Error("an expression without an answer counts as one with")
	}
	// Ratios of a minute stand for those of days; what is compared is there at all.
	window, comparison := regexp.MustCompile(`\[[0-9]+[mhd]\]`), regexp.MustCompile(` (==|>) [0-9.]+( \* [0-9.]+)?`)
	for where, expr := range alerts {
		await(where, comparison.ReplaceAllString(window.ReplaceAllString(expr, "[1m]"), ""))
	}
}

// work sends requests to a bookshop until stop is called: reads, writes, and some for
// nothing.
func work(t *testing.T, base string) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	send := func(method, path, body string) {
		req, err := http.NewRequestWithContext(ctx, method, base+path, strings.NewReader(body))
		if err != nil {
			panic(err) // the test is wrong
		}
		req.Header.Set("Content-Type", "application/json")
		if res, err := http.DefaultClient.Do(req); err == nil {
			_ = res.Body.Close()
		}
	}
	group.Go(func() {
		for ctx.Err() == nil {
			send(http.MethodPost, "/authors", `{"name":"Ada"}`)
			send(http.MethodGet, "/authors", "")
			send(http.MethodGet, "/authors", "")
			send(http.MethodGet, "/nothing", "")
			time.Sleep(20 * time.Millisecond)
		}
	})
	return func() {
		cancel()
		group.Wait()
	}
}

// freeAddr is an address on which nobody listens.
func freeAddr(t *testing.T) string {
	t.Helper()
	addr, err := servertest.FreeAddr()
	if err != nil {
		t.Fatal(err)
	}
	return addr
}

// startPrometheus runs a server with the alerts of a project that scrapes target often.
// ask reports whether an expression gives numbers.
func startPrometheus(t *testing.T, program, dir, target string) (ask func(string) bool) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "deploy/prometheus/prometheus.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	config := strings.NewReplacer("15s", "250ms", "api:9090", target).Replace(string(text))
	file := filepath.Join(dir, "deploy/prometheus/test.yaml")
	if err := os.WriteFile(file, []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	addr := freeAddr(t)
	ctx, cancel := context.WithCancel(t.Context())
	cmd := exec.CommandContext(ctx, program, "--config.file="+file, "--storage.tsdb.path="+t.TempDir(), "--web.listen-address="+addr)
	var log strings.Builder
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait()
		if t.Failed() {
			t.Log(log.String())
		}
	})
	return func(expr string) bool {
		res, err := http.Get("http://" + addr + "/api/v1/query?query=" + url.QueryEscape(expr))
		if err != nil {
			return false
		}
		defer res.Body.Close()
		var answer struct {
			Error string
			Data  struct{ Result []struct{ Value [2]any } }
		}
		if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
			return false
		}
		if answer.Error != "" {
			t.Fatalf("%s: %s", expr, answer.Error)
		}
		for _, r := range answer.Data.Result {
			text, _ := r.Value[1].(string)
			if v, err := strconv.ParseFloat(text, 64); err == nil && !math.IsNaN(v) {
				return true
			}
		}
		return false
	}
}
