package server_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"example.com/tiny/internal/server"
)

func cors(t *testing.T, origins string, credentials bool) server.CORS {
	t.Helper()
	o, err := server.ParseOrigins(origins)
	if err != nil {
		t.Fatal(err)
	}
	return server.CORS{Origins: o, Credentials: credentials, MaxAge: 10 * time.Minute}
}

func TestCORS(t *testing.T) {
	const page = "https://app.example.com"
	for _, tt := range []struct {
		name, origins string
		credentials   bool
		origin        string
		want          map[string]string // "": absent
	}{
		{"off", "", false, page, map[string]string{"Access-Control-Allow-Origin": "", "Vary": ""}},
		{"no page", page, false, "", map[string]string{"Access-Control-Allow-Origin": "", "Vary": "Origin"}},
		{"a page", page, false, page, map[string]string{"Access-Control-Allow-Origin": page, "Access-Control-Allow-Credentials": "", "Access-Control-Expose-Headers": "*", "Vary": "Origin"}},
		{"one of two", "https://b.example," + page, true, page, map[string]string{"Access-Control-Allow-Origin": page, "Access-Control-Allow-Credentials": "true"}},
		{"another page", page, true, "https://evil.example", map[string]string{"Access-Control-Allow-Origin": "", "Access-Control-Allow-Credentials": "", "Vary": "Origin"}},
		{"no origin", page, true, "null", map[string]string{"Access-Control-Allow-Origin": ""}},
		{"one that contains it", page, false, page + ".evil.example", map[string]string{"Access-Control-Allow-Origin": ""}},
		{"all", "*", false, page, map[string]string{"Access-Control-Allow-Origin": "*", "Vary": ""}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := start(t, server.Config{CORS: cors(t, tt.origins, tt.credentials)}, func(w http.ResponseWriter, r *http.Request) {
				switch r.URL.Path {
				case "/panic":
					panic("no luck")
				case "/missing":
					notFound(w, r)
				}
			})
			for _, path := range []string{"/", "/missing", "/panic"} {
				_, h := ask(t, http.MethodGet, s.url+path, tt.origin, nil)
				for name, want := range tt.want {
					if got := strings.Join(h.Values(name), ", "); got != want {
						t.Errorf("%s: %s is %q, want %q", path, name, got, want)
					}
				}
			}
		})
	}
}

func TestPreflight(t *testing.T) {
	s := start(t, server.Config{CORS: cors(t, "https://app.example.com", true)}, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusTeapot)
	})
	question := http.Header{"Access-Control-Request-Method": {"PUT"}, "Access-Control-Request-Headers": {"content-type,idempotency-key"}}
	status, header := ask(t, http.MethodOptions, s.url, "https://app.example.com", question)
	want := map[string]string{
		"Access-Control-Allow-Origin": "https://app.example.com", "Access-Control-Allow-Methods": "PUT",
		"Access-Control-Allow-Headers": "content-type,idempotency-key", "Access-Control-Allow-Credentials": "true",
		"Access-Control-Max-Age": "600", "Vary": "Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
	}
	for name, value := range want {
		if got := strings.Join(header.Values(name), ", "); got != value {
			t.Errorf("%s is %q, want %q", name, got, value)
		}
	}
	if status != http.StatusNoContent {
		t.Errorf("status %d", status)
	}
	if status, header = ask(t, http.MethodOptions, s.url, "https://evil.example", question); status != http.StatusTeapot || header.Get("Access-Control-Allow-Methods") != "" {
		t.Errorf("another page: %d %v", status, header)
	}
	if status, _ = ask(t, http.MethodOptions, s.url, "https://app.example.com", nil); status != http.StatusTeapot {
		t.Errorf("OPTIONS that is no question: %d", status)
	}
}

func ask(t *testing.T, method, url, origin string, h http.Header) (status int, header http.Header) {
	t.Helper()
	req, err := http.NewRequest(method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range h {
		req.Header[name] = values
	}
	if origin != "" {
		req.Header.Set("Origin", origin)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	return resp.StatusCode, resp.Header
}

func TestUnsafeCORS(t *testing.T) {
	for _, text := range []string{"app.example.com", "https://app.example.com/", "https://*.example.com", "null", "https://App.example.com", "https://u@a.example", "//a"} {
		if _, err := server.ParseOrigins(text); err == nil {
			t.Errorf("%s is an origin", text)
		}
	}
	for origins, safe := range map[string]bool{"*": false, "http://app.example.com": false, "https://app.example.com": true, "http://localhost:3000": true} {
		if err := cors(t, origins, true).Check(); (err == nil) != safe {
			t.Errorf("%s with credentials: %v", origins, err)
		}
		if err := cors(t, origins, false).Check(); err != nil {
			t.Errorf("%s: %v", origins, err)
		}
	}
}
