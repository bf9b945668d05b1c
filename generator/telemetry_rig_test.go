//go:build linux

package generator_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/apigen-go/apigen/generator/internal/conformance"
)

// TestRigTelemetry measures what telemetry costs a request that is answered from the
// cache: processor time of services, what is sent to a collector included, for the same
// requests in turn.
func TestRigTelemetry(t *testing.T) {
	if !soaking {
		t.Skip("APIGEN_SOAK is not 1; go test -bench Request ./templates/project/internal/telemetry times what is added")
	}
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }))
	defer collector.Close()
	sends := []string{"OTEL_EXPORTER_OTLP_ENDPOINT=" + collector.URL, "OTEL_LOGS_EXPORTER=none", "OTEL_METRICS_EXPORTER=none", "OTEL_TRACES_SAMPLER=traceidratio"}
	dir := filepath.Join(t.TempDir(), "bookshop")
	create(t, dir, filepath.Join(repository, "testdata/specs/bookshop.yaml"), "store", "ratelimit", "cache", "redis", "docs", "auth", "shed")
	without := startTimed(t, dir)
	with := startTimed(t, filepath.Join(repository, "testdata/golden/bookshop/want"), "ADMIN_ADDR=off")
	services := []struct {
		name string
		*conformance.Service
	}{
		{"off", with},
		{"metrics", againTimed(t, with, "ADMIN_ADDR="+freeAddr(t))},
		{"metrics, 1 of 100 traces", againTimed(t, with, append(sends, "ADMIN_ADDR="+freeAddr(t), "OTEL_TRACES_SAMPLER_ARG=0.01")...)},
		{"metrics, all traces", againTimed(t, with, append(sends, "ADMIN_ADDR="+freeAddr(t), "OTEL_TRACES_SAMPLER_ARG=1")...)},
		{"not in the project", without},
	}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}}
	const requests, rounds = 40_000, 5
	spent := make([]time.Duration, len(services))
	for range rounds {
		for i, s := range services {
			before := processorTime(t, s.PID())
			hammer(t, client, s.URL+"/authors", requests)
			spent[i] += processorTime(t, s.PID()) - before
		}
	}
	for i, s := range services {
		t.Logf("%-24s %5.1f µs of processor time per request, %.2f of what it is when telemetry is off", s.name, float64(spent[i].Microseconds())/(rounds*requests), float64(spent[i])/float64(spent[0]))
	}
	if ratio := float64(spent[2]) / float64(spent[0]); ratio > 1.15 {
		t.Errorf("metrics and sampled traces: %.2f, want 1.15 at most", ratio)
	}
}

// timedSettings are those of services whose processor time is measured.
func timedSettings(t *testing.T) []string {
	return []string{"DATABASE_URL=file:" + filepath.Join(t.TempDir(), "test.db"), "LOG_LEVEL=warn", "CACHE_TTL=1h", "RATE_LIMIT=1000000000/720h", "RATE_LIMIT_HEADERS=none"}
}

func startTimed(t *testing.T, dir string, env ...string) *conformance.Service {
	t.Helper()
	s, err := conformance.Start(t.Context(), dir, t.TempDir(), append(timedSettings(t), env...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Kill)
	return s
}

func againTimed(t *testing.T, s *conformance.Service, env ...string) *conformance.Service {
	t.Helper()
	other, err := s.Again(t.Context(), append(timedSettings(t), env...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(other.Kill)
	return other
}
