package httpcache

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// origin answers with the number of its call, after a while if it has to.
type origin struct {
	calls  atomic.Int32
	delay  time.Duration
	answer func(w http.ResponseWriter, r *http.Request, call int)
}

func (o *origin) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n := int(o.calls.Add(1))
	if o.delay > 0 {
		select {
		case <-time.After(o.delay):
		case <-r.Context().Done():
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
	}
	o.answer(w, r, n)
}

// saying answers each call with these fields and its number as body.
func saying(fields ...string) *origin {
	return &origin{answer: func(w http.ResponseWriter, _ *http.Request, call int) {
		for _, f := range fields {
			name, value, _ := strings.Cut(f, ": ")
			w.Header().Add(name, value)
		}
		_, _ = fmt.Fprint(w, call)
	}}
}

// reply is an answer with its body.
type reply struct {
	StatusCode int
	Header     http.Header
	text       string
}

// send sends a request with fields "Name: value".
func send(h http.Handler, method, uri string, fields ...string) reply {
	r := httptest.NewRequest(method, uri, nil)
	for _, f := range fields {
		name, value, _ := strings.Cut(f, ": ")
		r.Header.Add(name, value)
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	return reply{rec.Code, rec.Header(), rec.Body.String()}
}

// TestNothingLeaks is the matrix of answers that are for one client: whatever the
// first request is, the second gets an answer of its own.
func TestNothingLeaks(t *testing.T) {
	const fresh = "Cache-Control: max-age=60"
	for _, tt := range []struct {
		name          string
		answer        []string
		method        string // of the first request
		first, second []string
		secondMethod  string
	}{
		{name: "Authorization", answer: []string{fresh}, first: []string{"Authorization: Bearer a"}, second: []string{"Authorization: Bearer b"}},
		{name: "Authorization, then none", answer: []string{fresh}, first: []string{"Authorization: Bearer a"}},
		{name: "Cookie", answer: []string{fresh}, first: []string{"Cookie: s=a"}, second: []string{"Cookie: s=b"}},
		{name: "Cookie, then none", answer: []string{fresh}, first: []string{"Cookie: s=a"}},
		{name: "Set-Cookie", answer: []string{fresh, "Set-Cookie: s=a"}},
		{name: "Set-Cookie of a public answer", answer: []string{"Cache-Control: public, s-maxage=60", "Set-Cookie: s=a"}},
		{name: "private", answer: []string{"Cache-Control: private, max-age=60"}},
		{name: "no-store", answer: []string{"Cache-Control: no-store, max-age=60"}},
		{name: "private for CDNs", answer: []string{fresh, "CDN-Cache-Control: private"}},
		{name: "Vary", answer: []string{fresh, "Vary: X-User"}, first: []string{"X-User: a"}, second: []string{"X-User: b"}},
		{name: "Vary *", answer: []string{fresh, "Vary: *"}},
		{name: "POST after GET", answer: []string{fresh}, secondMethod: "POST"},
		{name: "PUT after GET", answer: []string{fresh}, secondMethod: "PUT"},
		{name: "GET after POST", answer: []string{fresh}, method: "POST"},
		{name: "GET after HEAD", answer: []string{fresh}, method: "HEAD"},
		{name: "a client that asks not to be stored", answer: []string{fresh}, first: []string{"Cache-Control: no-store"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := saying(tt.answer...)
			h := New(Config{MaxBytes: 64 << 20}, Options{}).Handler(o)
			send(h, orGet(tt.method), "/me", tt.first...)
			got := send(h, orGet(tt.secondMethod), "/me", tt.second...).text
			if got != "2" {
				t.Errorf("the second client got answer %s", got)
			}
		})
	}
}

func orGet(method string) string {
	if method == "" {
		return "GET"
	}
	return method
}

// TestClientsCannotSteerTheCache: fields of other caches mean nothing to it.
func TestClientsCannotSteerTheCache(t *testing.T) {
	h := New(Config{MaxBytes: 64 << 20}, Options{}).Handler(saying("Cache-Control: max-age=60"))
	send(h, "GET", "/a")
	for _, field := range []string{"X-Apicache-Bypass: true", "X-Apicache-Force-Fetch: true", "Surrogate-Control: no-store", "X-Http-Method-Override: DELETE"} {
		if got := send(h, "GET", "/a", field).text; got != "1" {
			t.Errorf("%s: got answer %s", field, got)
		}
	}
}

// TestStampede: of 200 clients that want what is not there, the first goes away. The
// handler is called once and the others get its answer.
func TestStampede(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := saying("Cache-Control: max-age=60")
		o.delay = 200 * time.Millisecond
		h := New(Config{MaxBytes: 64 << 20}, Options{}).Handler(o)
		ctx, cancel := context.WithCancel(t.Context())
		go h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, "GET", "/hot", nil))
		synctest.Wait()
		var ok atomic.Int32
		var group sync.WaitGroup
		for range 199 {
			group.Go(func() {
				if resp := send(h, "GET", "/hot"); resp.StatusCode == 200 && resp.text == "1" {
					ok.Add(1)
				}
			})
		}
		synctest.Wait()
		cancel()
		group.Wait()
		if calls := o.calls.Load(); calls != 1 || ok.Load() != 199 {
			t.Errorf("%d calls, %d of 199 answered", calls, ok.Load())
		}
	})
}

// TestContext has handlers whose answers may be kept run in a context of their own.
func TestContext(t *testing.T) {
	type current struct{}
	c := New(Config{MaxBytes: 1 << 20}, Options{Context: func(ctx context.Context) context.Context {
		return context.WithValue(ctx, current{}, "current")
	}})
	h := c.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "max-age=60")
		_, _ = fmt.Fprint(w, r.Context().Value(current{}))
	}))
	if got := send(h, "GET", "/").text; got != "current" {
		t.Errorf("got %s", got)
	}
}

// TestHandlersAreLeftAloneWithTheirClients: what may not be kept is not waited for,
// and a handler hears that its client went away.
func TestUnkeptAnswersStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := make(chan error, 1)
		h := New(Config{MaxBytes: 64 << 20}, Options{}).Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Cache-Control", "no-store")
			_, _ = io.WriteString(w, "first")
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
			ended <- r.Context().Err()
		}))
		ctx, cancel := context.WithCancel(t.Context())
		rec := httptest.NewRecorder()
		go h.ServeHTTP(rec, httptest.NewRequestWithContext(ctx, "GET", "/stream", nil))
		synctest.Wait()
		if rec.Body.String() != "first" || !rec.Flushed {
			t.Errorf("the client has %q", rec.Body.String())
		}
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("the handler heard %v", err)
		}
	})
}

// TestStale follows an answer through its windows.
func TestStale(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := false
		o := saying("Cache-Control: max-age=10, stale-while-revalidate=10, stale-if-error=60")
		fine := o.answer
		o.answer = func(w http.ResponseWriter, r *http.Request, call int) {
			if broken {
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			fine(w, r, call)
		}
		h := New(Config{MaxBytes: 64 << 20}, Options{Name: "shop"}).Handler(o)
		step := func(wait time.Duration, wantBody, wantStatus string, wantCalls int32) {
			t.Helper()
			time.Sleep(wait)
			resp := send(h, "GET", "/a")
			got := resp.text
			synctest.Wait()
			if status := resp.Header.Get("Cache-Status"); got != wantBody || status != wantStatus || o.calls.Load() != wantCalls {
				t.Errorf("got %q, %q after %d calls; want %q, %q, %d", got, status, o.calls.Load(), wantBody, wantStatus, wantCalls)
			}
		}
		step(0, "1", "shop; fwd=uri-miss; stored", 1)
		step(5*time.Second, "1", "shop; hit; ttl=5", 1)
		step(10*time.Second, "1", "shop; hit; ttl=-5", 2) // and the handler is asked meanwhile
		step(0, "2", "shop; hit; ttl=10", 2)
		broken = true
		step(30*time.Second, "2", "shop; fwd=stale; fwd-status=503", 3)
		step(0, "2", "shop; fwd=stale; fwd-status=503", 4)
		broken = false
		step(0, "5", "shop; fwd=stale; stored", 5)
		broken = true
		step(71*time.Second, "", "shop; fwd=stale; fwd-status=503", 6)
	})
}

// TestPanicsReachTheClient or an old answer does.
func TestPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := saying("Cache-Control: max-age=10, stale-if-error=10")
		fine := o.answer
		o.answer = func(w http.ResponseWriter, r *http.Request, call int) {
			if call != 2 {
				panic("no luck")
			}
			fine(w, r, call)
		}
		h := New(Config{MaxBytes: 64 << 20}, Options{}).Handler(o)
		func() {
			defer func() {
				if cause := fmt.Sprint(recover()); !strings.Contains(cause, "no luck") || !strings.Contains(cause, "cache_test.go") {
					t.Errorf("the panic became %s", cause)
				}
			}()
			send(h, "GET", "/a")
		}()
		send(h, "GET", "/a")
		time.Sleep(15 * time.Second)
		if got := send(h, "GET", "/a").text; got != "2" {
			t.Errorf("got %q", got)
		}
	})
}

// TestWritesEnd what is kept: of the URI, of those that the answer names, and under
// the surrogate keys; also an answer that was asked for before the write.
func TestWrites(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := saying("Cache-Control: max-age=60", "Location: /books/2", "Content-Location: http://example.com/books/3?x=%2f")
		c := New(Config{MaxBytes: 64 << 20}, Options{})
		h := c.Handler(o)
		for _, uri := range []string{"/books", "/books/2", "/books/3?x=%2F", "/books/4"} {
			send(h, "GET", uri)
		}
		send(h, "POST", "/%62ooks")
		for uri, want := range map[string]bool{"/books": false, "/books/2": false, "/books/3?x=%2F": false, "/books/4": true} {
			if got := strings.Contains(send(h, "GET", uri).Header.Get("Cache-Status"), "hit"); got != want {
				t.Errorf("%s: hit is %v", uri, got)
			}
		}
		// A write while the handler works on an older answer.
		o.delay = time.Second
		go send(h, "GET", "/slow")
		synctest.Wait()
		o.delay = 0
		send(h, "PUT", "/slow")
		if send(h, "GET", "/slow"); o.calls.Load() != 11 {
			t.Errorf("%d calls: a request after the write waited for an answer from before it", o.calls.Load())
		}
		time.Sleep(2 * time.Second)
		if got := send(h, "GET", "/slow").text; got != "11" {
			t.Errorf("the older answer came over the newer one: %s", got)
		}
	})
}

func TestPolicy(t *testing.T) {
	c := New(Config{MaxBytes: 64 << 20}, Options{Name: "shop"})
	p := &Policy{
		TTL: time.Minute, Client: 10 * time.Second, CDN: time.Hour, StaleWhileRevalidate: 30 * time.Second, StaleIfError: time.Hour,
		Vary: []string{"Accept"}, Keys: []string{"books", "books/{0}"},
	}
	calls, status := 0, http.StatusOK
	serve := func(method string, path string, fields ...string) reply {
		return send(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			c.Serve(w, r, p, []string{path}, func(w http.ResponseWriter, _ *http.Request, _ []string) {
				calls++
				w.WriteHeader(status)
				_, _ = io.WriteString(w, "book")
			})
		}), method, "/books/"+path, fields...)
	}
	resp := serve("GET", "1")
	for name, want := range map[string]string{
		"Cache-Control":     "max-age=10",
		"Cdn-Cache-Control": "max-age=3600, stale-while-revalidate=30, stale-if-error=3600",
		"Vary":              "Accept", "Surrogate-Key": "books books/1", "Cache-Tag": "books,books/1", "Content-Length": "4",
	} {
		if got := resp.Header.Get(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	tag := resp.Header.Get("Etag")
	if got := serve("GET", "1", "If-None-Match: "+tag); got.StatusCode != http.StatusNotModified || got.text != "" || calls != 1 {
		t.Errorf("got %d after %d calls", got.StatusCode, calls)
	}
	serve("GET", "2")
	serve("DELETE", "1")
	if serve("GET", "2"); calls != 4 {
		t.Errorf("%d calls: what shares a surrogate key is not dead", calls)
	}
	status = http.StatusBadGateway
	serve("PUT", "2")
	if status = http.StatusOK; calls != 5 {
		t.Errorf("%d calls", calls)
	}
	if serve("GET", "2"); calls != 6 {
		t.Errorf("%d calls: a write that failed may have written", calls)
	}
	c.Invalidate(t.Context(), "books/2")
	if serve("GET", "2"); calls != 7 {
		t.Errorf("%d calls after a purge", calls)
	}
}

// TestMemoryIsBounded sends requests for ever new URIs.
func TestMemoryIsBounded(t *testing.T) {
	const most = 1 << 20
	c := New(Config{MaxBytes: most}, Options{})
	h := c.Handler(saying("Cache-Control: max-age=60"))
	for i := range 20_000 {
		send(h, "GET", fmt.Sprint("/", i))
	}
	c.entries.CleanUp()
	if got := c.entries.WeightedSize(); got > most || got < most/2 {
		t.Errorf("%d bytes are kept of %d", got, most)
	}
	large := c.Handler(saying("Cache-Control: max-age=60", "Content-Length: 70000"))
	send(large, "GET", "/large")
	if got := send(large, "GET", "/large").Header.Get("Cache-Status"); strings.Contains(got, "hit") {
		t.Errorf("a large answer is kept: %s", got)
	}
}

func BenchmarkHit(b *testing.B) {
	text := []byte(strings.Repeat("x", 300))
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		h["Content-Type"] = []string{"application/json"}
		h["Cache-Control"] = []string{"max-age=60"}
		_, _ = w.Write(text)
	})
	for name, h := range map[string]http.Handler{"bare": handler, "cached": New(Config{MaxBytes: 64 << 20}, Options{}).Handler(handler)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			r := httptest.NewRequest("GET", "/books/1", nil)
			w := &discard{header: http.Header{}}
			for b.Loop() {
				clear(w.header)
				h.ServeHTTP(w, r)
			}
		})
	}
}

type discard struct{ header http.Header }

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) WriteHeader(int)             {}
func (d *discard) Write(p []byte) (int, error) { return len(p), nil }
