package server

import (
	"context"
	crand "crypto/rand"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"runtime/debug"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"example.com/bookshop/internal/codec"
	"example.com/bookshop/internal/problem"
)

// chain wraps h; the first middleware is the outermost.
func chain(h http.Handler, middleware ...func(http.Handler) http.Handler) http.Handler {
	for _, wrap := range slices.Backward(middleware) {
		h = wrap(h)
	}
	return h
}

// requestIDHeader carries the id of a request from the client and back to it.
const requestIDHeader = "X-Request-Id"

type identityKey struct{}

// identity is what is known of a request beside what it says.
type identity struct {
	id      string
	subject string // of who sends it
	request *http.Request
	server  *Server
}

// identityOf returns the identity of the request that ctx belongs to, or nil.
func identityOf(ctx context.Context) *identity {
	known, _ := ctx.Value(identityKey{}).(*identity)
	return known
}

// RequestID returns the id of the request that ctx belongs to, or "".
func RequestID(ctx context.Context) string {
	if known := identityOf(ctx); known != nil {
		return known.id
	}
	return ""
}

// SetSubject tells the log who sends the request that ctx belongs to.
func SetSubject(ctx context.Context, subject string) {
	if known := identityOf(ctx); known != nil {
		known.subject = subject
	}
}

// Client returns the address that the request comes from which ctx belongs to. It is
// not valid outside of requests.
func Client(ctx context.Context) netip.Addr {
	if known := identityOf(ctx); known != nil {
		return known.server.cfg.Proxies.Client(known.request)
	}
	return netip.Addr{}
}

// identify gives every request an id: the one it came with, or a new one.
func (s *Server) identify(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.Header.Get(requestIDHeader)
		if !validID(id) {
			id = crand.Text()
		}
		w.Header().Set(requestIDHeader, id)
		known := &identity{id: id, request: r, server: s}
		ctx := context.WithValue(r.Context(), identityKey{}, known)
		if s.cfg.Observer != nil {
			ctx = s.cfg.Observer.Begin(ctx, r)
		}
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// validID keeps what a client sends from breaking the log.
func validID(id string) bool {
	return id != "" && len(id) <= 128 && strings.TrimLeft(id, idChars) == ""
}

const idChars = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."

// logRequests writes one line per request.
func (s *Server) logRequests(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		rec := &recorder{ResponseWriter: w, streams: &s.streams}
		defer rec.finish()
		defer func() { s.answered(r, rec, time.Since(start)) }() // also when the handler aborts
		next.ServeHTTP(rec, r)
		if rec.status == 0 {
			rec.status = http.StatusOK // what net/http sends for a handler that sent nothing
		}
	})
}

// answered tells the observer and the log.
func (s *Server) answered(r *http.Request, rec *recorder, took time.Duration) {
	a := Answer{Status: rec.status, Bytes: rec.bytes, Took: took}
	if s.cfg.Operation != nil && r.Pattern != "" {
		a.Operation = s.cfg.Operation(r.Method, r.Pattern)
	}
	if !s.skipped(rec) {
		s.logRequest(r, rec, a)
	}
	if s.cfg.Observer != nil {
		s.cfg.Observer.End(r.Context(), r, a)
	}
}

// skipped reports whether a request has no line in the log because only a part of them has.
func (s *Server) skipped(rec *recorder) bool {
	return rec.status < http.StatusBadRequest && rand.Float64() < s.cfg.LogSkip
}

func (s *Server) logRequest(r *http.Request, rec *recorder, a Answer) {
	level := slog.LevelInfo
	switch {
	case rec.quiet:
		level = slog.LevelDebug
	case rec.status >= http.StatusInternalServerError:
		level = slog.LevelError
	}
	if !s.log.Enabled(r.Context(), level) {
		return
	}
	attrs := append(make([]slog.Attr, 0, 10),
		slog.String("method", r.Method),
		slog.String("path", r.URL.Path),
		slog.String("route", r.Pattern), // set by the router of the API
		slog.Int("status", rec.status),
		slog.Int64("bytes", rec.bytes),
		slog.Float64("duration_ms", float64(a.Took.Microseconds())/1000),
		slog.String("client", s.cfg.Proxies.Client(r).String()),
	)
	if a.Operation != "" {
		attrs = append(attrs, slog.String("operation", a.Operation))
	}
	if known := identityOf(r.Context()); known != nil && known.subject != "" {
		attrs = append(attrs, slog.String("subject", known.subject))
	}
	s.log.LogAttrs(r.Context(), level, "request", attrs...)
}

// recorder notes what is sent.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
	quiet  bool

	streams *streams
	stream  bool            // it is one of them
	client  context.Context // done when the client goes
	cancel  func()          // ends the context of the handler
	left    atomic.Bool     // the stop does not wait for it
}

// Endless says that the answer has no end of its own: the stop does not wait for it.
func (r *recorder) Endless() {
	r.stream = true
	r.streams.add(r)
}

// Unhurried returns the context of a handler whose answer may take as long as it likes: it
// ends when the client goes, or at the stop if the answer is Endless.
func (r *recorder) Unhurried(ctx context.Context) context.Context {
	ctx, r.cancel = context.WithCancel(context.WithoutCancel(ctx))
	context.AfterFunc(r.client, r.cancel)
	return ctx
}

func (r *recorder) finish() {
	if r.stream {
		r.streams.remove(r)
	}
}

// Quiet has the request logged at the level debug only.
func (r *recorder) Quiet() { r.quiet = true }

// WriteHeader implements [http.ResponseWriter].
func (r *recorder) WriteHeader(status int) {
	// 1xx answers but 101 come before the real one.
	if r.status == 0 && (status >= 200 || status == http.StatusSwitchingProtocols) {
		r.status = status
		if h := r.Header(); status >= http.StatusBadRequest && h["Cache-Control"] == nil {
			h["Cache-Control"] = noStore
		}
	}
	r.ResponseWriter.WriteHeader(status)
}

// Write implements [http.ResponseWriter].
func (r *recorder) Write(p []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	if r.stream && r.left.Load() {
		return 0, errStopping
	}
	n, err := r.ResponseWriter.Write(p)
	r.bytes += int64(n)
	return n, err
}

// Unwrap is for [http.ResponseController].
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// recoverPanics answers a panic of a handler with a 500. When the answer has begun
// already the connection is cut, so that the client cannot take it for complete.
func (s *Server) recoverPanics(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			cause := recover()
			if cause == nil {
				return
			}
			if err, ok := cause.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(cause)
			}
			s.panics.Add(1)
			s.log.ErrorContext(r.Context(), "panic", "cause", cause, "stack", string(debug.Stack()))
			if rec, ok := w.(*recorder); ok && rec.status != 0 {
				panic(http.ErrAbortHandler)
			}
			h := w.Header() // may describe an answer that will not come
			clear(h)
			h.Set(requestIDHeader, RequestID(r.Context()))
			s.harden(h, r)
			codec.WriteProblem(w, problem.New(http.StatusInternalServerError, ""))
		}()
		next.ServeHTTP(w, r)
	})
}

// limit bounds the size of the body and the time of the handler.
func (s *Server) limit(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), s.cfg.RequestTimeout)
		defer cancel()
		if rec, ok := w.(*recorder); ok {
			rec.client, rec.cancel = r.Context(), cancel
		}
		limited := r.WithContext(ctx)
		switch {
		case r.ContentLength > s.cfg.MaxBody:
			limited.Body = oversized{s.cfg.MaxBody}
			w.Header()["Connection"] = closing // what follows is the rest of the body
		case r.Body != nil && r.Body != http.NoBody:
			limited.Body = http.MaxBytesReader(w, r.Body, s.cfg.MaxBody)
		}
		defer func() { r.Pattern = limited.Pattern }() // for the log
		next.ServeHTTP(w, limited)
	})
}

// stripBase takes the configured prefix off the path; what lies outside of it is
// not found.
func (s *Server) stripBase(next http.Handler) http.Handler {
	if s.cfg.BasePath == "" {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		url := *r.URL
		var ok bool
		if url.Path, ok = cutBase(url.Path, s.cfg.BasePath); ok && url.RawPath != "" {
			url.RawPath, ok = cutBase(url.RawPath, s.cfg.BasePath)
		}
		if !ok {
			codec.WriteProblem(w, problem.New(http.StatusNotFound, "the API is served under "+s.cfg.BasePath))
			return
		}
		r.URL = &url // r is the copy that limit made
		next.ServeHTTP(w, r)
	})
}

func cutBase(path, base string) (string, bool) {
	rest, ok := strings.CutPrefix(path, base)
	if rest == "" {
		return "/", ok
	}
	return rest, ok && rest[0] == '/'
}
