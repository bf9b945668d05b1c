package session

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// nothing is an answer that goes nowhere.
type nothing struct{ header http.Header }

func (n nothing) Header() http.Header         { return n.header }
func (n nothing) WriteHeader(int)             {}
func (n nothing) Write(p []byte) (int, error) { return len(p), nil }

func BenchmarkSignature(b *testing.B) {
	s := newSigner("__Host-session", Secrets{secretA})
	value := s.sign(newID())
	b.ReportAllocs()
	for b.Loop() {
		if s.verify(value) == "" {
			b.Fatal("not signed")
		}
	}
}

// benchmarkRequest is what a request of a user pays.
func benchmarkRequest(b *testing.B, store Store, path string) {
	m, err := New(standard, store, quiet)
	if err != nil {
		b.Fatal(err)
	}
	h := m.Handler(http.HandlerFunc(serve))
	j := &jar{t: b, site: h}
	j.ok("POST", "/login?user=ada", "")
	r := httptest.NewRequest("GET", path, nil)
	r.Header.Set("Cookie", j.cookie)
	w := nothing{http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		clear(w.header)
		h.ServeHTTP(w, r)
	}
}

func BenchmarkUnused(b *testing.B) { benchmarkRequest(b, NewMemory(), "/open") }

func BenchmarkMemory(b *testing.B) { benchmarkRequest(b, NewMemory(), "/user") }
