package docs

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

const described = `{"openapi": "3.1.0", "servers": [{"url": "/"}], "info": {"title": "A\nB\n"}, "tags": [], "paths": {"/": {}}}`

func start(t *testing.T) http.Handler {
	t.Helper()
	api := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "the API") })
	return Handler(api, "/v1", fstest.MapFS{"openapi.json": {Data: []byte(described)}})
}

func ask(h http.Handler, method, target string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestHandler(t *testing.T) {
	h := start(t)
	for _, tt := range []struct {
		method, target string
		status         int
		media, begins  string
	}{
		{"GET", "/books", 200, "text/plain; charset=utf-8", "the API"},
		{"GET", "/docsx", 200, "text/plain; charset=utf-8", "the API"},
		{"GET", "/openapi.json", 200, "application/json", `{"openapi": "3.1.0", "servers": [{"url": "/v1"}], `},
		{"HEAD", "/openapi.json", 200, "application/json", ""},
		{"GET", "/openapi.yaml", 200, "application/yaml", "openapi: \"3.1.0\"\nservers:\n  - url: /v1\ninfo:\n  title: |\n    A\n    B\ntags: []\npaths:\n  /: {}\n"},
		{"GET", "/docs/", 200, "text/html; charset=utf-8", "<!doctype html>"},
		{"GET", "/docs/sources.json", 200, "application/json", `[{"url":"../openapi.json","name":"openapi"}]`},
		{"GET", "/docs/page.js", 200, "text/javascript; charset=utf-8", "//"},
		{"GET", "/docs/swagger-ui.css", 200, "text/css; charset=utf-8", ""},
		{"GET", "/docs/favicon-32x32.png", 200, "image/png", "\x89PNG"},
		{"GET", "/docs/none", 404, "application/problem+json", ""},
		{"POST", "/docs/", 405, "application/problem+json", ""},
		{"DELETE", "/openapi.yaml", 405, "application/problem+json", ""},
	} {
		w := ask(h, tt.method, tt.target)
		if w.Code != tt.status || w.Header().Get("Content-Type") != tt.media || !strings.HasPrefix(w.Body.String(), tt.begins) {
			t.Errorf("%s %s: %d %s %.200q", tt.method, tt.target, w.Code, w.Header(), w.Body)
		}
		inside := strings.HasPrefix(tt.target, "/docs/")
		if got := w.Header().Get("Content-Security-Policy") != ""; got != inside {
			t.Errorf("%s: a policy: %t", tt.target, got)
		}
	}
	if w := ask(h, "GET", "/docs"); w.Code != http.StatusMovedPermanently || w.Header().Get("Location") != "docs/" {
		t.Errorf("/docs: %d %s", w.Code, w.Header())
	}
}

func TestTags(t *testing.T) {
	h := start(t)
	plain := ask(h, "GET", "/openapi.json").Header().Get("ETag")
	zipped := ask(h, "GET", "/openapi.json", "Accept-Encoding", "br, gzip;q=0.5")
	if tag := zipped.Header().Get("ETag"); zipped.Header().Get("Content-Encoding") != "gzip" || tag == plain || tag == "" {
		t.Fatalf("compressed: %s, plain tag %s", zipped.Header(), plain)
	}
	z, err := gzip.NewReader(zipped.Body)
	if err != nil {
		t.Fatal(err)
	}
	if data, err := io.ReadAll(z); err != nil || !strings.Contains(string(data), `"/v1"`) {
		t.Errorf("%s %v", data, err)
	}
	for encoding, tag := range map[string]string{"": plain, "gzip": zipped.Header().Get("ETag"), "gzip;q=0": plain} {
		if w := ask(h, "GET", "/openapi.json", "If-None-Match", tag, "Accept-Encoding", encoding); w.Code != http.StatusNotModified {
			t.Errorf("%q: %d", encoding, w.Code)
		}
	}
}
