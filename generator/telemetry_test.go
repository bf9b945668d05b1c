package generator_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apigen-go/apigen/generator/internal/conformance"
	"github.com/apigen-go/apigen/generator/internal/render"
	"github.com/apigen-go/apigen/generator/internal/servertest"
)

// leaked is a secret. It must not come out of a service anywhere.
const leaked = "canary-8d1f"

// startTold starts the bookshop with its telemetry on. The other result is its admin
// address.
func startTold(t *testing.T, env ...string) (*conformance.Service, string) {
	t.Helper()
	admin := freeAddr(t)
	dir := filepath.Join(repository, "testdata/golden/bookshop/want")
	env = append([]string{"DATABASE_URL=file:" + filepath.Join(t.TempDir(), "test.db"), "ADMIN_ADDR=" + admin, "RATE_LIMIT=1000000/1h"}, env...)
	s, err := conformance.Start(t.Context(), dir, t.TempDir(), env...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Kill)
	return s, "http://" + admin
}

// fetch sends a request with secrets wherever they travel, and returns the body of the
// answer.
func fetch(t *testing.T, method, url, body string, fields ...string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+leaked)
	req.Header.Set("Cookie", "sid="+leaked)
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(fields); i += 2 {
		req.Header.Set(fields[i], fields[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestTelemetryIsSent follows one request through a service into a collector: the three
// signals arrive, what the request waited for is in its trace, and no secret is anywhere.
func TestTelemetryIsSent(t *testing.T) {
	c := newCollector(t)
	env := []string{
		"OTEL_EXPORTER_OTLP_ENDPOINT=" + c.URL, "OTEL_EXPORTER_OTLP_HEADERS=api-key=" + leaked, "OTEL_METRIC_EXPORT_INTERVAL=200",
		"OTEL_EXPORTER_OTLP_COMPRESSION=gzip", // which the SDK reads itself
		"OTEL_RESOURCE_ATTRIBUTES=deployment.environment.name=test", "OTEL_SERVICE_NAME=shop",
		"OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE=delta",
	}
	if _, err := exec.LookPath("redis-server"); err == nil {
		env = append(env, "REDIS_URL="+servertest.Redis(t).URL())
	}
	s, admin := startTold(t, env...)
	const trace = "0af7651916cd43dd8448eb211c80319c"
	answers := fetch(t, "GET", s.URL+"/authors?limit=1&key="+leaked, "", "Traceparent", "00-"+trace+"-b7ad6b7169203331-01")
	answers += fetch(t, "POST", s.URL+"/authors", `{"name":`)
	metrics := fetch(t, "GET", admin+"/metrics", "")
	if err := s.Stop(); err != nil { // which sends the rest
		t.Fatal(err)
	}
	c.await(t, "telemetry", func() bool { return len(c.spans) > 0 && len(c.metrics) > 0 && len(c.logs) > 0 })
	if c.fault != "" {
		t.Error(c.fault)
	}
	for _, signal := range []string{"/v1/traces", "/v1/metrics", "/v1/logs"} {
		if c.headers[signal].Get("Content-Encoding") != "gzip" {
			t.Errorf("%s: not compressed", signal)
		}
		r := c.resources[signal]
		if r["service.name"] != "shop" || r["deployment.environment"] != "test" || r["service.version"] == "" || r["service.instance.id"] == "" {
			t.Errorf("%s: the resource is %v", signal, r)
		}
		if got := c.headers[signal].Get("Api-Key"); got != leaked {
			t.Errorf("%s: the header is %q", signal, got)
		}
	}
	c.checkTrace(t, trace, slices.ContainsFunc(env, func(v string) bool { return strings.HasPrefix(v, "REDIS_URL=") }))
	for _, name := range []string{"http.server.request.duration AGGREGATION_TEMPORALITY_DELTA", "db.client.connection.max AGGREGATION_TEMPORALITY_UNSPECIFIED", "go.goroutine.count AGGREGATION_TEMPORALITY_UNSPECIFIED"} {
		if !c.metrics[name] {
			t.Errorf("no %s among %v", name, c.metrics)
		}
	}
	if !strings.Contains(metrics, "\ngo_goroutines ") || strings.Contains(metrics, "\ngo_goroutine_count") {
		t.Errorf("the runtime of Go is not on the page, or twice:\n%s", metrics)
	}
	settings, err := s.Output(t.Context(), "config")
	if err != nil {
		t.Fatal(err)
	}
	for what, text := range map[string]string{"answers": answers, "metrics": metrics, "log": s.Log(), "telemetry": c.raw.String(), "settings": settings} {
		if text == "" || strings.Contains(text, leaked) {
			t.Errorf("a secret is in the %s, or they are empty:\n%s", what, text)
		}
	}
	if strings.Contains(strings.Join(env, " "), "REDIS_URL=") && !(strings.Contains(metrics, "\nredis_up 1") && strings.Contains(metrics, "\nredis_operation_duration_seconds_count")) {
		t.Errorf("Redis is not on the page:\n%s", metrics)
	}
	if !strings.Contains(s.Log(), `"trace_id":"`+trace) {
		t.Errorf("no line of the log is of the trace:\n%s", s.Log())
	}
}

// checkTrace looks at the trace of the list of authors.
func (c *collector) checkTrace(t *testing.T, trace string, redis bool) {
	t.Helper()
	root := slices.IndexFunc(c.spans, func(s sentSpan) bool { return s.name == "GET /authors" && s.trace == trace })
	if root < 0 {
		t.Fatalf("no span of the request among %v", c.spans)
	}
	children := map[string]bool{}
	for _, s := range c.spans {
		if s.parent == c.spans[root].id {
			children[s.name] = true
		}
	}
	if !children["SELECT authors"] || redis && !children["EVALSHA"] {
		t.Errorf("the request waited for %v", children)
	}
	if !slices.ContainsFunc(c.logs, func(l sentLog) bool {
		return l.body == "request" && l.trace == trace && l.attributes["operation"] == "listAuthors"
	}) {
		t.Errorf("no line of the trace among %d", len(c.logs))
	}
}

// TestTraceOfPostgres follows a request that writes and one that reads to PostgreSQL: the
// statements of each are below its span and in its trace.
func TestTraceOfPostgres(t *testing.T) {
	c := newCollector(t)
	s, _ := startTold(t, "DATABASE_URL="+servertest.Postgres(t), "OTEL_EXPORTER_OTLP_ENDPOINT="+c.URL, "OTEL_EXPORTER_OTLP_COMPRESSION=gzip")
	const write, read = "0af7651916cd43dd8448eb211c80319c", "1bf7651916cd43dd8448eb211c80319c"
	fetch(t, "POST", s.URL+"/authors", `{"name":"`+leaked+`"}`, "Traceparent", "00-"+write+"-b7ad6b7169203331-01")
	fetch(t, "GET", s.URL+"/authors", "", "Traceparent", "00-"+read+"-b7ad6b7169203331-01")
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	c.await(t, "spans", func() bool { return len(c.spans) >= 4 })
	for trace, want := range map[string][2]string{write: {"POST /authors", "INSERT authors"}, read: {"GET /authors", "SELECT authors"}} {
		linked := false
		for _, parent := range c.spans {
			for _, child := range c.spans {
				linked = linked || parent.trace == trace && parent.name == want[0] && child.trace == trace && child.parent == parent.id &&
					child.name == want[1] && child.attributes["db.system.name"] == "postgresql"
			}
		}
		if !linked {
			t.Errorf("no %s below %s among %v", want[1], want[0], c.spans)
		}
	}
	if strings.Contains(c.raw.String(), leaked) {
		t.Error("a value is in what was sent")
	}
}

// TestMetricsAreBounded sends what nobody expects: it must not add to what is measured.
// What alerts and the dashboard are about is there.
func TestMetricsAreBounded(t *testing.T) {
	s, admin := startTold(t)
	series := func() (n int) {
		for line := range strings.Lines(fetch(t, "GET", admin+"/metrics", "")) {
			if strings.HasPrefix(line, "http_") {
				n++
			}
		}
		return n
	}
	strange := func(i int) {
		fetch(t, "GET", fmt.Sprintf("%s/no/%d", s.URL, i), "")
		fetch(t, fmt.Sprintf("BREW%d", i), s.URL+"/", "")
	}
	fetch(t, "GET", s.URL+"/authors", "")
	strange(0)
	before := series()
	for i := range 5000 {
		strange(i + 1)
	}
	if after := series(); after != before || before == 0 {
		t.Errorf("%d series, and %d after 10,000 paths and methods", before, after)
	}
	for _, path := range []string{"/healthz", "/readyz", "/debug/pprof/goroutine?debug=1"} {
		if text := fetch(t, "GET", admin+path, ""); !strings.Contains(text, "ok") && !strings.Contains(text, "goroutine profile") {
			t.Errorf("%s: %s", path, text)
		}
	}
	text := fetch(t, "GET", admin+"/metrics", "")
	for _, m := range render.Metrics {
		switch {
		case m.Name == "up" || m.Name == "db_replica_lag_seconds" || strings.HasPrefix(m.Name, "redis_") || strings.HasPrefix(m.Name, "session_"):
			continue // Prometheus makes it, or it is about what this service does not have
		case m.Kind == "histogram":
			m.Name += "_count"
		}
		line := regexp.MustCompile(`(?m)^` + m.Name + `(\{.*\})? .*$`).FindString(text)
		if line == "" {
			t.Errorf("%s is missing", m.Name)
		}
		for _, label := range m.Labels {
			if !strings.Contains(line, label+`="`) {
				t.Errorf("no %s in %s", label, line)
			}
		}
	}
}

// TestFrozenCollector measures a service whose collector takes connections and never
// answers: its requests must be as fast as those of one that sends nothing.
func TestFrozenCollector(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s, _ := startTold(t, "OTEL_EXPORTER_OTLP_ENDPOINT=http://"+l.Addr().String(), "LOG_SAMPLE=0")
	pid := s.PID()
	load := func(n int) (slowest time.Duration) {
		for range n {
			start := time.Now()
			fetch(t, "GET", s.URL+"/authors", "")
			slowest = max(slowest, time.Since(start))
		}
		return slowest
	}
	load(3000) // fills the queues
	before := servertest.Memory(t, pid)
	slowest := load(6000)
	if grown := servertest.Memory(t, pid) - before; grown > 16<<20 || slowest > 2*time.Second {
		t.Errorf("memory grew by %d bytes, the slowest request took %s", grown, slowest)
	}
	if err := s.Stop(); err != nil {
		t.Error(err)
	}
}

// TestSecretsOfTheDatabase starts a service whose database is not there.
func TestSecretsOfTheDatabase(t *testing.T) {
	s, _ := startTold(t)
	bad := "DATABASE_URL=postgres://user:" + leaked + "@127.0.0.1:1/shop"
	other, err := s.Again(t.Context(), bad, "ADMIN_ADDR=off")
	if err == nil {
		t.Fatal("it starts without a database")
	}
	if text := err.Error() + other.Log(); strings.Contains(text, leaked) {
		t.Errorf("the password is in %s", text)
	}
}
