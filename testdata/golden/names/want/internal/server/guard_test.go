package server_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"example.com/names/internal/clientip"
	"example.com/names/internal/server"
)

// hardened is what the npm package helmet sets, or stricter.
var hardened = map[string]string{
	"Content-Security-Policy":           "default-src 'none'; frame-ancestors 'none'",
	"Cross-Origin-Opener-Policy":        "same-origin",
	"Cross-Origin-Resource-Policy":      "same-origin",
	"Origin-Agent-Cluster":              "?1",
	"Referrer-Policy":                   "no-referrer",
	"X-Content-Type-Options":            "nosniff",
	"X-DNS-Prefetch-Control":            "off",
	"X-Download-Options":                "noopen",
	"X-Frame-Options":                   "DENY",
	"X-Permitted-Cross-Domain-Policies": "none",
	"X-XSS-Protection":                  "0",
}

func TestEveryAnswerIsHardened(t *testing.T) {
	proxies, err := clientip.ParseProxies("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, server.Config{Proxies: proxies}, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/panic":
			panic("no luck")
		case "/missing":
			notFound(w, r)
		case "/cached":
			w.Header().Set("Cache-Control", "max-age=60")
			notFound(w, r)
		}
	})
	for path, want := range map[string]struct {
		status int
		cache  string
	}{
		"/": {200, ""}, "/missing": {404, "no-store"}, "/cached": {404, "max-age=60"}, "/panic": {500, "no-store"}, "/healthz": {200, "no-store"},
		"/?" + strings.Repeat("x", 8<<10): {414, "no-store"},
	} {
		req, _ := http.NewRequest(http.MethodGet, s.url+path, nil)
		req.Header.Set("X-Forwarded-Proto", "https")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		h := resp.Header
		if resp.StatusCode != want.status || h.Get("Cache-Control") != want.cache || h.Get("Server") != "" || h.Get("Strict-Transport-Security") != "max-age=31536000; includeSubDomains" {
			t.Errorf("%.20s: got %d %v", path, resp.StatusCode, h)
		}
		for name, value := range hardened {
			if got := h.Values(name); len(got) != 1 || got[0] != value {
				t.Errorf("%.20s: %s is %q", path, name, got)
			}
		}
	}
	if _, h, _ := get(t, s.url); h.Get("Strict-Transport-Security") != "" {
		t.Error("a client without TLS is told to use it")
	}
}

// TestLargeBodyIsNotRead: the length tells, so that nothing need be sent.
func TestLargeBodyIsNotRead(t *testing.T) {
	s := start(t, server.Config{MaxBody: 10}, func(w http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(io.Discard, r.Body)
		if _, ok := errors.AsType[*http.MaxBytesError](err); !ok || n != 0 {
			t.Errorf("read %d bytes, %v", n, err)
		}
		w.WriteHeader(http.StatusRequestEntityTooLarge)
	})
	answer := raw(t, s, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1048576\r\nExpect: 100-continue\r\n\r\n")
	if !strings.HasPrefix(answer, "HTTP/1.1 413 ") || !strings.Contains(answer, "Connection: close") {
		t.Errorf("got %s", answer)
	}
}

func TestChunksEndTheConnection(t *testing.T) {
	s := start(t, server.Config{}, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(w, r.Body)
	})
	answer := raw(t, s, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /hidden HTTP/1.1\r\nHost: a\r\n\r\n")
	if strings.Count(answer, "HTTP/1.1") != 1 || !strings.Contains(answer, "Connection: close") {
		t.Errorf("got %s", answer)
	}
}

// raw sends text and returns everything that comes back until the connection ends.
func raw(t *testing.T, s *service, text string) string {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(conn)
	if err != nil {
		t.Fatalf("%v after %s", err, answer)
	}
	return string(answer)
}

func TestConnectionsAreCapped(t *testing.T) {
	s := start(t, server.Config{MaxConns: 2}, func(http.ResponseWriter, *http.Request) {})
	open := func() net.Conn {
		conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		return conn
	}
	answered := func(conn net.Conn, patience time.Duration) bool {
		if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
			t.Fatal(err)
		}
		_, err := conn.Read(make([]byte, 1))
		if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatal(err)
		}
		return err == nil
	}
	first, second, third := open(), open(), open()
	defer func() { _ = errors.Join(second.Close(), third.Close()) }()
	if !answered(first, 5*time.Second) || !answered(second, 5*time.Second) || answered(third, 50*time.Millisecond) {
		t.Error("want two connections to be served, and the third to wait")
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if !answered(third, 5*time.Second) {
		t.Error("the third connection is not served after the first has ended")
	}
	s.stop()
	if err := s.wait(t); err != nil {
		t.Error(err)
	}
}

// BenchmarkServe is what a request costs from the middleware to a handler that does nothing.
func BenchmarkServe(b *testing.B) {
	cfg := server.Config{RequestTimeout: time.Minute, MaxBody: 1 << 20}
	s := server.New(cfg, server.NewLogger(io.Discard, 8), http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	r := httptest.NewRequest(http.MethodGet, "/books", nil)
	b.ReportAllocs()
	for b.Loop() {
		s.ServeHTTP(&discard{h: http.Header{}}, r)
	}
}

type discard struct{ h http.Header }

func (d *discard) Header() http.Header         { return d.h }
func (d *discard) Write(p []byte) (int, error) { return len(p), nil }
func (d *discard) WriteHeader(int)             {}
