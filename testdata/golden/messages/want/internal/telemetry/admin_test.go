package telemetry

import (
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
)

// admin starts an admin listener and returns what it logs and how to ask it.
func admin(t *testing.T, page *Page) (get func(path string) (int, string)) {
	t.Helper()
	var out strings.Builder
	a, err := Serve("127.0.0.1:0", page, http.NotFoundHandler(), slog.New(slog.NewTextHandler(&out, nil)))
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
	page := NewPage()
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

func TestAdminAddressInUse(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := Serve(l.Addr().String(), NewPage(), nil, slog.New(slog.DiscardHandler)); err == nil {
		t.Error("an address that was asked for and is in use is no error")
	}
	l, err = net.Listen("tcp", DefaultAdmin)
	if err == nil {
		defer l.Close()
	}
	var out strings.Builder
	a, err := Serve(DefaultAdmin, NewPage(), nil, slog.New(slog.NewTextHandler(&out, nil)))
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
