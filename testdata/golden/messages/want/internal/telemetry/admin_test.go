package telemetry

import (
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/trace"

	"example.com/messages/internal/server"
)

// admin starts an admin listener and returns what it logs and how to ask it.
func admin(t *testing.T, page *Page) (get func(path string) (int, string)) {
	t.Helper()
	var out strings.Builder
	a, err := page.Serve(http.NotFoundHandler(), slog.New(slog.NewTextHandler(&out, nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	_, addr, _ := strings.Cut(strings.TrimSpace(out.String()), "admin=")
	return func(path string) (int, string) {
		resp, err := http.Get("http://" + addr + path)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(text)
	}
}

func TestPage(t *testing.T) {
	page := NewPage("127.0.0.1:0")
	tel := newTelemetry(t, Config{Name: "things"}, page)
	s := serve(tel, slog.New(slog.DiscardHandler))
	tel.Server(s)
	ask(s, "GET", "/things/7", "")
	get := admin(t, page)
	status, text := get("/metrics")
	for _, want := range []string{
		`http_server_request_duration_seconds_bucket{http_request_method="GET",http_response_status_code="200",operation="getThing",le="0.005"} 1`,
		`le="7.5"} 1`, "http_server_active_requests 0", "server_panics_total 0", `service_name="things"`, "go_goroutines ", "process_start_time_seconds ",
	} {
		if status != 200 || !strings.Contains(text, want) {
			t.Errorf("status %d, no %s in\n%s", status, want, text)
		}
	}
	if status, text := get("/debug/pprof/"); status != 200 || !strings.Contains(text, "goroutine") {
		t.Errorf("profiles: %d %s", status, text)
	}
	if status, _ := get("/other"); status != 404 {
		t.Errorf("other pages: %d", status)
	}
}

// TestExemplars looks for the trace of a request at what was measured of it, in the form
// that Prometheus asks for. Traces that are not kept are not there, and cost nothing.
func TestExemplars(t *testing.T) {
	page := NewPage("127.0.0.1:0")
	tel := newTelemetry(t, Config{Name: "things"}, page, newMemory())
	s := serve(tel, slog.New(slog.DiscardHandler))
	ask(s, "GET", "/things/7", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	ask(s, "GET", "/things/bad", "00-1bf7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00")
	a, err := page.Serve(http.NotFoundHandler(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	r := httptest.NewRequest("GET", "/metrics", nil)
	r.Header.Set("Accept", "application/openmetrics-text; version=1.0.0")
	w := httptest.NewRecorder()
	a.server.Handler.ServeHTTP(w, r)
	text := w.Body.String()
	if !regexp.MustCompile(`(?m)^http_server_request_duration_seconds_bucket\{.*"getThing".*\} 1 # \{.*trace_id="0af7651916cd43dd8448eb211c80319c".*\}`).MatchString(text) {
		t.Errorf("no trace in\n%s", text)
	}
	if strings.Contains(text, "1bf7651916cd43dd8448eb211c80319c") {
		t.Errorf("a trace that is not kept is in\n%s", text)
	}
	q := newRequests(tel)
	q.tracer = nil
	ctx := trace.ContextWithRemoteSpanContext(t.Context(), trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{1}}))
	answer := server.Answer{Operation: "getThing", Status: 200, Took: time.Millisecond}
	if n := testing.AllocsPerRun(100, func() { q.End(ctx, r, answer) }); n != 0 {
		t.Errorf("%v allocations for a request whose trace is not kept", n)
	}
}

func TestAdminAddressInUse(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := NewPage(l.Addr().String()).Serve(nil, slog.New(slog.DiscardHandler)); err == nil {
		t.Error("an address that was asked for and is in use is no error")
	}
	l, err = net.Listen("tcp", DefaultAdmin)
	if err == nil {
		defer l.Close()
	}
	var out strings.Builder
	a, err := NewPage(DefaultAdmin).Serve(nil, slog.New(slog.NewTextHandler(&out, nil)))
	if err != nil || !strings.Contains(out.String(), "ADMIN_ADDR") {
		t.Fatalf("got %v, %s", err, out.String())
	}
	a.Close()
}

func TestParseAdmin(t *testing.T) {
	for text, want := range map[string]string{"off": "", ":9090": ":9090", DefaultAdmin: DefaultAdmin} {
		if got, err := ParseAdmin(text); got != want || err != nil {
			t.Errorf("%q: got %q, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "9090", "localhost", ":x", ":70000"} {
		if _, err := ParseAdmin(text); err == nil {
			t.Errorf("%q was accepted", text)
		}
	}
}

func TestPageThatNobodyReads(t *testing.T) {
	if tel := newTelemetry(t, Config{Name: "things"}, NewPage("")); tel.Requests() != nil {
		t.Error("something is measured")
	}
}
