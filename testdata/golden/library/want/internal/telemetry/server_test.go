package telemetry

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"example.com/library/internal/server"
)

// memory is a [Sink] that keeps what it gets.
type memory struct {
	reader *sdkmetric.ManualReader
	spans  *tracetest.InMemoryExporter // may be nil
}

func newMemory() *memory {
	return &memory{sdkmetric.NewManualReader(), tracetest.NewInMemoryExporter()}
}

func (m *memory) attach(s *setup) error {
	s.metrics = append(s.metrics, sdkmetric.WithReader(m.reader))
	if m.spans != nil {
		s.spans = append(s.spans, sdktrace.WithSyncer(m.spans))
	}
	return nil
}

// metrics returns what was measured, by name.
func (m *memory) metrics(t *testing.T) map[string]metricdata.Aggregation {
	t.Helper()
	var all metricdata.ResourceMetrics
	if err := m.reader.Collect(t.Context(), &all); err != nil {
		t.Fatal(err)
	}
	out := map[string]metricdata.Aggregation{}
	for _, s := range all.ScopeMetrics {
		for _, one := range s.Metrics {
			out[one.Name] = one.Data
		}
	}
	return out
}

func newTelemetry(t *testing.T, cfg Config, sinks ...Sink) *Telemetry {
	t.Helper()
	tel, err := New(cfg, sinks...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tel.Close)
	return tel
}

// serve has a server with the telemetry answer requests for GET /things/{id}.
func serve(tel *Telemetry, log *slog.Logger) *server.Server {
	api := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/things/") {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		r.Pattern = "/things/{id}"
		if r.URL.Path == "/things/bad" {
			w.WriteHeader(http.StatusInternalServerError)
		}
	})
	cfg := server.Config{
		MaxBody: 1000, RequestTimeout: time.Second, Observer: tel.Requests(),
		Operation: func(method, _ string) string {
			if method != http.MethodGet {
				return ""
			}
			return "getThing"
		},
	}
	return server.New(cfg, log, api)
}

func ask(s *server.Server, method, target, parent string) {
	r := httptest.NewRequest(method, target, nil)
	r.Header.Set("Authorization", "Bearer canary")
	if parent != "" {
		r.Header.Set("Traceparent", parent)
	}
	s.ServeHTTP(httptest.NewRecorder(), r)
}

func TestRequestsAreMeasured(t *testing.T) {
	m := newMemory()
	s := serve(newTelemetry(t, Config{Name: "things"}, m), slog.New(slog.DiscardHandler))
	ask(s, "GET", "/things/7?key=canary", "")
	ask(s, "GET", "/things/8", "")
	ask(s, "GET", "/things/bad", "")
	ask(s, "BREW", "/nothing", "")
	for i := range 1000 {
		ask(s, "GET", fmt.Sprintf("/%d", i), "")
		ask(s, fmt.Sprintf("M%d", i), "/", "")
	}
	got := map[string]uint64{}
	for _, p := range m.metrics(t)["http.server.request.duration"].(metricdata.Histogram[float64]).DataPoints {
		var text []string
		for _, kv := range p.Attributes.ToSlice() {
			text = append(text, kv.Value.String())
		}
		got[strings.Join(text, " ")] = p.Count
	}
	want := map[string]uint64{"GET 200 getThing": 2, "GET 500 getThing": 1, "_OTHER 404 none": 1001, "GET 404 none": 1000}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestSpansSayWhatBecameOfARequest(t *testing.T) {
	m := newMemory()
	s := serve(newTelemetry(t, Config{}, m), slog.New(slog.DiscardHandler))
	ask(s, "GET", "/things/7?key=canary", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	ask(s, "GET", "/things/bad", "00-broken")
	ask(s, "BREW", "/nothing", "")
	spans := m.spans.GetSpans()
	if len(spans) != 3 {
		t.Fatalf("%d spans", len(spans))
	}
	for i, want := range []string{"GET /things/{id}", "GET /things/{id}", "_OTHER"} {
		if spans[i].Name != want || spans[i].SpanKind != trace.SpanKindServer {
			t.Errorf("span %d is %q", i, spans[i].Name)
		}
	}
	if id := spans[0].SpanContext.TraceID().String(); id != "0af7651916cd43dd8448eb211c80319c" {
		t.Errorf("the trace %s is a new one", id)
	}
	if spans[1].Status.Code != codes.Error || spans[0].Status.Code != codes.Unset {
		t.Errorf("statuses: %v, %v", spans[0].Status, spans[1].Status)
	}
	text, err := json.Marshal(spans)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(text, []byte("canary")) {
		t.Errorf("a secret is in %s", text)
	}
}

func TestLinesCarryTheirSpan(t *testing.T) {
	m := newMemory()
	var out bytes.Buffer
	attrs, err := ParseAttributes("deployment.environment.name=test%20bed, service.version=1.2")
	if err != nil {
		t.Fatal(err)
	}
	tel := newTelemetry(t, Config{Name: "things", Service: "stuff", Attributes: attrs}, m)
	log := server.NewLogger(&out, slog.LevelInfo, tel.Handler)
	ask(serve(tel, log), "GET", "/things/7", "")
	var line map[string]any
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatal(err)
	}
	span := m.spans.GetSpans()[0].SpanContext
	for key, want := range map[string]string{
		"service": "stuff", "version": "1.2", "env": "test bed", "operation": "getThing",
		"trace_id": span.TraceID().String(), "span_id": span.SpanID().String(),
	} {
		if line[key] != want {
			t.Errorf("%s is %v, want %s", key, line[key], want)
		}
	}
	out.Reset()
	log.Info("outside of requests")
	if strings.Contains(out.String(), "trace_id") {
		t.Errorf("got %s", out.String())
	}
}

func TestWithoutSinksNothingIsMeasured(t *testing.T) {
	if tel := newTelemetry(t, Config{}); tel.Requests() != nil {
		t.Error("requests are measured for nobody")
	}
}

func TestParseAttributes(t *testing.T) {
	got, err := ParseAttributes(" a=1, b = x%2Cy ,,c=")
	want := Attributes{attribute.String("a", "1"), attribute.String("b", "x,y"), attribute.String("c", "")}
	if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, %v", got, err)
	}
	for _, text := range []string{"a", "=b", "a=%zz"} {
		if _, err := ParseAttributes(text); err == nil || strings.Contains(err.Error(), "zz") {
			t.Errorf("%q: got %v", text, err)
		}
	}
}

// drain is a [Sink] that gets a part of the traces as a collector does, in batches.
type drain float64

func (d drain) attach(s *setup) error {
	s.spans = append(s.spans, sdktrace.WithBatcher(tracetest.NewNoopExporter()), sdktrace.WithSampler(sdktrace.TraceIDRatioBased(float64(d))))
	return nil
}

// BenchmarkRequest is what telemetry adds to a request.
func BenchmarkRequest(b *testing.B) {
	metrics := func() Sink { return &memory{reader: sdkmetric.NewManualReader()} } // for one run each
	for _, c := range []struct {
		name  string
		sinks func() []Sink
	}{
		{"off", func() []Sink { return nil }},
		{"metrics", func() []Sink { return []Sink{metrics()} }},
		{"metrics and 1 of 100 traces", func() []Sink { return []Sink{metrics(), drain(.01)} }},
		{"metrics and all traces", func() []Sink { return []Sink{metrics(), drain(1)} }},
	} {
		b.Run(c.name, func(b *testing.B) {
			tel, err := New(Config{Name: "things"}, c.sinks()...)
			if err != nil {
				b.Fatal(err)
			}
			defer tel.Close()
			q := tel.Requests()
			r := httptest.NewRequest("GET", "/things/7", nil)
			r.Pattern = "/things/{id}"
			a := server.Answer{Operation: "getThing", Status: 200, Bytes: 100, Took: time.Millisecond}
			b.ReportAllocs()
			for b.Loop() {
				if q != nil {
					q.End(q.Begin(context.Background(), r), r, a)
				}
			}
		})
	}
}
