package server

import (
	"net/http"
	"strconv"

	"example.com/bookshop/internal/codec"
	"example.com/bookshop/internal/problem"
)

// What is read of a request before anybody looks at it. Browsers and proxies stay
// below both; net/http answers longer headers with 431.
const (
	maxHeader = 32 << 10
	maxURL    = 8 << 10
)

// headerSlack is what net/http adds to the limit it is given.
const headerSlack = 4 << 10

// guard refuses requests that no middleware should see and keeps browsers from
// doing anything with answers but to hand them to the script that asked.
func (s *Server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		allowed := s.harden(w.Header(), r)
		if len(r.RequestURI) > maxURL {
			w.Header().Set("Cache-Control", "no-store")
			codec.WriteProblem(w, problem.New(http.StatusRequestURITooLong, "the URL is longer than "+strconv.Itoa(maxURL)+" bytes"))
			return
		}
		if s.cfg.CORS.preflight(w, r, allowed) {
			return
		}
		next.ServeHTTP(w, r)
	})
}

// hardened are the header fields of every answer. Their values are shared: fields
// are replaced, never changed.
var hardened = []struct {
	name  string
	value []string
}{
	{"Content-Security-Policy", []string{"default-src 'none'; frame-ancestors 'none'"}},
	{"Cross-Origin-Opener-Policy", []string{"same-origin"}},
	{"Cross-Origin-Resource-Policy", []string{"same-origin"}},
	{"Origin-Agent-Cluster", []string{"?1"}},
	{"Referrer-Policy", []string{"no-referrer"}},
	{"X-Content-Type-Options", []string{"nosniff"}},
	{"X-Dns-Prefetch-Control", []string{"off"}},
	{"X-Download-Options", []string{"noopen"}},
	{"X-Frame-Options", []string{"DENY"}},
	{"X-Permitted-Cross-Domain-Policies", []string{"none"}},
	{"X-Xss-Protection", []string{"0"}},
}

var (
	strictTransport = []string{"max-age=31536000; includeSubDomains"}
	noStore         = []string{"no-store"}
	closing         = []string{"close"}
)

// harden sets the header fields that do not depend on the answer. It reports whether
// the request is from a page of another origin that may read it.
func (s *Server) harden(h http.Header, r *http.Request) (allowed bool) {
	for i := range hardened {
		h[hardened[i].name] = hardened[i].value
	}
	if s.cfg.Proxies.Secure(r) {
		h["Strict-Transport-Security"] = strictTransport
	}
	// A request with both a length and chunks may hide another one behind it, which
	// net/http would serve next (golang/go#80942). RFC 9112, section 6.1, has the
	// connection end there; the length is gone by now, so all chunks end it. Chunks in
	// HTTP/1.0 are gone without a trace.
	if r.ProtoMajor == 1 && (r.ProtoMinor == 0 || len(r.TransferEncoding) > 0) {
		h["Connection"] = closing
	}
	return s.cfg.CORS.allow(h, r)
}

// oversized stands for a body that is too large to read any of it.
type oversized struct{ limit int64 }

// Read implements [io.Reader].
func (o oversized) Read([]byte) (int, error) { return 0, &http.MaxBytesError{Limit: o.limit} }

// Close implements [io.Closer].
func (oversized) Close() error { return nil }
