package telemetry

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestTargets(t *testing.T) {
	o := OTLP{Endpoint: "http://c:4318/base/", Headers: Headers{"a": "1"}, Logs: Signal{Endpoint: "https://l/logs", Headers: Headers{"b": "2"}}, Metrics: Signal{Off: true}}
	for _, tt := range []struct {
		signal       Signal
		path         string
		want, header string
	}{
		{o.Traces, "/v1/traces", "http://c:4318/base/v1/traces", "a"}, {o.Logs, "/v1/logs", "https://l/logs", "b"}, {o.Metrics, "/v1/metrics", "", ""},
	} {
		if to, headers := o.target(tt.signal, tt.path); to != tt.want || tt.header != "" && headers[tt.header] == "" {
			t.Errorf("got %s with %v, want %s", to, headers, tt.want)
		}
	}
	o.Disabled = true
	if to, _ := o.target(o.Traces, "/v1/traces"); to != "" {
		t.Errorf("telemetry that is off goes to %s", to)
	}
}

func TestParseOTLP(t *testing.T) {
	bad := func(name string, _ any, err error) {
		if err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: got %v", name, err)
		}
	}
	for _, text := range []string{"canary", "grpc://canary", "http:///canary", "://canary"} {
		v, err := ParseEndpoint(text)
		bad(text, v, err)
	}
	for _, text := range []string{"canary", "=canary", "canary=%"} {
		v, err := ParseHeaders(text)
		bad(text, v, err)
	}
	for _, text := range []string{"-1", "1.1", "NaN", "x"} {
		v, err := ParseRatio(text)
		bad(text, v, err)
	}
	for _, text := range []string{"0", "1s", ""} {
		v, err := ParseInterval(text)
		bad(text, v, err)
	}
	v, err := ParseProtocol("grpc")
	bad("grpc", v, err)
	s, err := ParseSampler("sometimes")
	bad("sometimes", s, err)
	if h, err := ParseHeaders("api-key=x%3Dy,b=2"); err != nil || h["api-key"] != "x=y" || h["b"] != "2" {
		t.Errorf("headers: %v, %v", h, err)
	}
	if p, err := ParseTemporality("Delta"); p != "delta" || err != nil {
		t.Errorf("temporality: %v, %v", p, err)
	}
}

// A collector that takes requests and never answers must not hold up anything, and the
// stop waits for it a short time.
func TestFrozenCollector(t *testing.T) {
	free := make(chan struct{})
	var once sync.Once
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-free
	}))
	defer collector.Close()
	defer once.Do(func() { close(free) })
	tel, err := New(Config{Name: "things"}, OTLP{Endpoint: collector.URL, Interval: time.Hour, Temporality: "cumulative", Sampler: "always_on", SamplerArg: 1})
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(tel.Handler(slog.NewJSONHandler(io.Discard, nil)))
	s := serve(tel, log)
	start := time.Now()
	const requests = 20_000 // ten times what the queues hold
	for range requests {
		ask(s, "GET", "/things/7", "")
	}
	if took := time.Since(start); took > requests*time.Millisecond {
		t.Errorf("%d requests took %s", requests, took)
	}
	start = time.Now()
	tel.Close()
	if took := time.Since(start); took > closeTime+2*time.Second {
		t.Errorf("the stop took %s", took)
	}
}
