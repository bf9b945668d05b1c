package client

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"example.com/http/internal/codec"
)

// start serves h and returns a Transport to it that notes its waits instead of waiting.
func start(t *testing.T, h http.HandlerFunc, opt Options) (*Transport, *[]time.Duration) {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	tr, err := New(server.URL+"/base/", opt)
	if err != nil {
		t.Fatal(err)
	}
	var waits []time.Duration
	tr.wait = func(ctx context.Context, d time.Duration) error {
		waits = append(waits, d)
		return ctx.Err()
	}
	return tr, &waits
}

func TestNewRefuses(t *testing.T) {
	for _, base := range []string{"", "example.com", "ftp://example.com", "http://", "http://a b"} {
		if _, err := New(base, Options{}); err == nil {
			t.Errorf("%q is taken", base)
		}
	}
}

func TestRetries(t *testing.T) {
	const never, seconds = 0, time.Second
	for _, tt := range []struct {
		name       string
		method     string
		retries    int
		status     int // of all answers but the last
		after      string
		body       io.Reader
		attempts   int
		wait       time.Duration // of the first retry; 0: anything up to 0.1 s
		wantStatus int
	}{
		{"off", "GET", 0, 503, "", nil, 1, never, 503},
		{"until it works", "GET", 5, 503, "", nil, 3, never, 200},
		{"as often as allowed", "GET", 1, 502, "", nil, 2, never, 502},
		{"not idempotent", "POST", 5, 503, "", nil, 1, never, 503},
		{"not worth it", "GET", 5, 500, "", nil, 1, never, 500},
		{"asked to wait", "GET", 5, 429, "7", nil, 3, 7 * seconds, 200},
		{"asked to wait for long", "GET", 5, 429, "3600", nil, 1, never, 429},
		{"body in memory", "PUT", 5, 503, "", bytes.NewReader([]byte("data")), 3, never, 200},
		{"body from elsewhere", "PUT", 5, 503, "", io.MultiReader(strings.NewReader("data")), 1, never, 503},
	} {
		t.Run(tt.name, func(t *testing.T) {
			attempts := 0
			tr, waits := start(t, func(w http.ResponseWriter, r *http.Request) {
				attempts++
				if body, _ := io.ReadAll(r.Body); tt.body != nil && string(body) != "data" || r.URL.Path != "/base/x" {
					t.Errorf("attempt %d: %s %q", attempts, r.URL, body)
				}
				if attempts <= 2 && tt.status != 0 {
					w.Header().Set("Retry-After", tt.after)
					w.WriteHeader(tt.status)
				}
			}, Options{Retries: tt.retries})
			call := codec.NewCall(tt.method, "/x")
			call.StreamBody("text/plain", tt.body)
			a, err := tr.Do(t.Context(), call)
			if err != nil {
				t.Fatal(err)
			}
			defer a.Close()
			if a.Status != tt.wantStatus || attempts != tt.attempts || len(*waits) != attempts-1 {
				t.Fatalf("status %d after %d attempts, waits %v", a.Status, attempts, *waits)
			}
			if len(*waits) > 0 {
				if w := (*waits)[0]; tt.wait > 0 && w != tt.wait || tt.wait == 0 && (w < 50*time.Millisecond || w > 100*time.Millisecond) {
					t.Errorf("waits %v", *waits)
				}
			}
		})
	}
}

// A request with a key may be sent again whatever its method.
func TestRetriesOfKeys(t *testing.T) {
	for _, tt := range []struct {
		status   int
		after    string
		attempts int
	}{{503, "", 3}, {409, "1", 3}, {409, "", 1}, {422, "1", 1}} {
		attempts := 0
		tr, _ := start(t, func(w http.ResponseWriter, r *http.Request) {
			if attempts++; attempts < 3 {
				w.Header().Set("Retry-After", tt.after)
				w.WriteHeader(tt.status)
			}
		}, Options{Retries: 5})
		call := codec.NewCall("POST", "/x")
		call.Raw(codec.Raw(`"k"`))
		call.Header("Idempotency-Key", "simple", false)
		a, err := tr.Do(t.Context(), call)
		if err != nil {
			t.Fatal(err)
		}
		a.Close()
		if attempts != tt.attempts {
			t.Errorf("%d with Retry-After %q: %d attempts, want %d", tt.status, tt.after, attempts, tt.attempts)
		}
	}
}

func TestRetryWithoutAnswer(t *testing.T) {
	var attempts atomic.Int32 // nothing orders requests that are cut off
	tr, waits := start(t, func(http.ResponseWriter, *http.Request) {
		if attempts.Add(1) < 3 {
			panic(http.ErrAbortHandler)
		}
	}, Options{Retries: 9, HTTP: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}})
	a, err := tr.Do(t.Context(), codec.NewCall("DELETE", "/x"))
	if err != nil || len(*waits) != 2 {
		t.Fatalf("%v after %v", err, *waits)
	}
	a.Close()
}

// A retry that would come too late for the context is not waited for.
func TestRetryKnowsTheDeadline(t *testing.T) {
	tr, waits := start(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "20")
		w.WriteHeader(http.StatusServiceUnavailable)
	}, Options{Retries: 1})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	a, err := tr.Do(ctx, codec.NewCall("GET", "/x"))
	if err != nil || a.Status != http.StatusServiceUnavailable || len(*waits) > 0 {
		t.Fatalf("got %v, waits %v", err, *waits)
	}
	a.Close()
}

func TestRetryAfter(t *testing.T) {
	date := time.Now().Add(time.Minute).UTC().Format(http.TimeFormat)
	if d, ok := retryAfter(date); !ok || d < 55*time.Second || d > time.Minute {
		t.Errorf("%s: %s %t", date, d, ok)
	}
	for _, text := range []string{"", "soon", "-1", "1.5"} {
		if _, ok := retryAfter(text); ok {
			t.Errorf("%q is understood", text)
		}
	}
}

func TestCancel(t *testing.T) {
	entered := make(chan struct{})
	tr, waits := start(t, func(_ http.ResponseWriter, r *http.Request) {
		close(entered)
		<-r.Context().Done()
	}, Options{Retries: 3})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-entered
		cancel()
	}()
	if _, err := tr.Do(ctx, codec.NewCall("GET", "/x")); !errors.Is(err, context.Canceled) || len(*waits) > 0 {
		t.Errorf("got %v, waits %v", err, *waits)
	}
	if err := pause(ctx, time.Hour); !errors.Is(err, context.Canceled) {
		t.Errorf("a wait goes on: %v", err)
	}
}

// The end of the context ends a stream too.
func TestCancelStream(t *testing.T) {
	tr, _ := start(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "begin")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}, Options{})
	ctx, cancel := context.WithCancel(t.Context())
	a, err := tr.Do(ctx, codec.NewCall("GET", "/x"))
	if err != nil {
		t.Fatal(err)
	}
	body := a.TakeStream("text/plain")
	if _, err := io.ReadFull(body, make([]byte, 5)); err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := io.ReadAll(body); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// A connection is used again when its answer has been taken, whatever that was.
func TestConnectionsAreUsedAgain(t *testing.T) {
	tr, _ := start(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/base/fail" {
			w.WriteHeader(http.StatusTeapot)
		}
		_, _ = io.WriteString(w, strings.Repeat("x", 5000))
	}, Options{HTTP: &http.Client{Transport: &http.Transport{}}})
	var made atomic.Int32
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) {
		if !info.Reused {
			made.Add(1)
		}
	}})
	for _, path := range []string{"/read", "/none", "/fail", "/closed", "/last"} {
		a, err := tr.Do(ctx, codec.NewCall("GET", path))
		if err != nil {
			t.Fatal(err)
		}
		switch path {
		case "/read":
			_, _ = io.ReadAll(a.TakeStream("text/plain"))
		case "/none":
			_ = a.TakeNothing(http.StatusOK, nil)
		case "/fail":
			if err := a.Failure(nil); err == nil || !strings.Contains(err.Error(), "GET /base/fail: answer with status 418") {
				t.Errorf("got %v", err)
			}
		default:
			a.Close()
		}
	}
	if made.Load() != 1 {
		t.Errorf("%d connections were made", made.Load())
	}
}

func TestPrepare(t *testing.T) {
	attempts := 0
	broken := errors.New("no token")
	opt := Options{Retries: 2, Prepare: func(r *http.Request) error {
		if attempts++; attempts > 2 {
			return broken
		}
		r.Header.Set("Authorization", "Bearer x")
		return nil
	}}
	tr, _ := start(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer x" {
			t.Error("the request is not prepared")
		}
		w.WriteHeader(http.StatusServiceUnavailable)
	}, opt)
	if _, err := tr.Do(t.Context(), codec.NewCall("GET", "/x")); !errors.Is(err, broken) || attempts != 3 {
		t.Errorf("got %v after %d attempts", err, attempts)
	}
}

func TestRedirects(t *testing.T) {
	tr, _ := start(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/base/from" {
			http.Redirect(w, r, "/base/to", http.StatusFound)
		}
	}, Options{})
	for bare, want := range map[bool]int{true: http.StatusFound, false: http.StatusOK} {
		call := codec.NewCall("GET", "/from")
		call.Redirects = bare
		a, err := tr.Do(t.Context(), call)
		if err != nil || a.Status != want {
			t.Fatalf("bare %t: got %v, %v", bare, a, err)
		}
		a.Close()
	}
}

func TestMaxAnswer(t *testing.T) {
	tr, _ := start(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, strings.Repeat(" ", 100))
	}, Options{MaxAnswer: 50})
	a, err := tr.Do(t.Context(), codec.NewCall("GET", "/x"))
	if err != nil {
		t.Fatal(err)
	}
	if a.TakeText("text/plain"); a.Err() == nil || !strings.Contains(a.Err().Error(), "larger than 50 bytes") {
		t.Errorf("got %v", a.Err())
	}
}

func TestUnreachable(t *testing.T) {
	tr, _ := start(t, nil, Options{})
	tr.base = &url.URL{Scheme: "http", Host: "127.0.0.1:1"}
	if _, err := tr.Do(t.Context(), codec.NewCall("GET", "/x")); err == nil || !strings.Contains(err.Error(), "/x") {
		t.Errorf("got %v", err)
	}
}
