package telemetry

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// called is a server that notes the traceparent of each request, and a client of it.
func called(t *testing.T) (url string, client *http.Client, parents *[]string) {
	t.Helper()
	parents = new([]string)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*parents = append(*parents, r.Header.Get("Traceparent"))
		if r.URL.Path == "/gone" {
			w.WriteHeader(http.StatusGone)
		}
	}))
	t.Cleanup(s.Close)
	return s.URL, &http.Client{Transport: Transport(s.Client().Transport)}, parents
}

func TestTransport(t *testing.T) {
	m := newMemory()
	newTelemetry(t, Config{Name: "things"}, m)
	address, client, parents := called(t)
	ctx, root := otel.Tracer("owner").Start(t.Context(), "work")
	get := func(url string) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.SetBasicAuth("ada", "canary")
		if resp, err := client.Do(req); err == nil {
			_ = resp.Body.Close()
		}
		if req.Header.Get("Traceparent") != "" {
			t.Error("the request of the caller was changed")
		}
	}
	get(address + "/canary?key=canary")
	get(address + "/gone")
	get("http://127.0.0.1:1/canary?key=canary")
	spans := m.spans.GetSpans()
	if len(spans) != 3 || len(*parents) != 2 {
		t.Fatalf("%d spans, the other side got %q", len(spans), *parents)
	}
	for i, span := range spans {
		attrs := attribute.NewSet(span.Attributes...)
		status, _ := attrs.Value("http.response.status_code")
		host, _ := attrs.Value("server.address")
		if span.Name != "GET" || span.SpanKind != trace.SpanKindClient || span.Parent.SpanID() != root.SpanContext().SpanID() || host.AsString() != "127.0.0.1" {
			t.Errorf("span %d is %+v", i, span)
		}
		if want := []int64{200, 410, 0}[i]; status.AsInt64() != want || (span.Status.Code == codes.Error) != (want != 200) {
			t.Errorf("span %d has the status %v, %v", i, status.AsInt64(), span.Status)
		}
	}
	if want := "00-" + root.SpanContext().TraceID().String() + "-" + spans[0].SpanContext.SpanID().String() + "-01"; (*parents)[0] != want {
		t.Errorf("the other side got %s, want %s", (*parents)[0], want)
	}
	if text, err := json.Marshal(spans); err != nil || bytes.Contains(text, []byte("canary")) {
		t.Errorf("a secret is in %s, %v", text, err)
	}
}

// A trace that is not kept has no spans here, and those who are called learn of it.
func TestTransportOfTraceNotKept(t *testing.T) {
	m := newMemory()
	newTelemetry(t, Config{}, m)
	address, client, parents := called(t)
	provider := sdktrace.NewTracerProvider(sdktrace.WithSampler(sdktrace.NeverSample()))
	ctx, _ := provider.Tracer("").Start(t.Context(), "work")
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if got := (*parents)[0]; !strings.HasSuffix(got, "-00") || len(m.spans.GetSpans()) != 0 {
		t.Errorf("the other side got %q, there are %d spans", got, len(m.spans.GetSpans()))
	}
}
