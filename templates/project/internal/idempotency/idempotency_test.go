package idempotency_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/apigen-go/apigen/templates/project/internal/idempotency"
	"github.com/apigen-go/apigen/templates/project/internal/problem"
)

// memory keeps answers as a store does, for one request at a time.
type memory struct {
	kept  map[string]*idempotency.Answer
	print map[string]string
	swept chan struct{}
}

func (m *memory) Once(ctx context.Context, r idempotency.Request, do func(context.Context) *idempotency.Answer) (*idempotency.Answer, bool, error) {
	if kept := m.kept[r.ID]; kept != nil {
		if m.print[r.ID] != r.Print {
			return nil, false, idempotency.ErrReused
		}
		return kept, true, nil
	}
	answer := do(ctx)
	m.kept[r.ID], m.print[r.ID] = answer, r.Print
	return answer, false, nil
}

func (m *memory) Sweep(context.Context) (int64, error) {
	select {
	case m.swept <- struct{}{}:
	default:
	}
	return 1, errors.New("the log tells")
}

func newKeys(t *testing.T, opt idempotency.Options) *idempotency.Keys {
	t.Helper()
	opt.Store = &memory{kept: map[string]*idempotency.Answer{}, print: map[string]string{}, swept: make(chan struct{})}
	opt.TTL, opt.Log = time.Hour, slog.New(slog.DiscardHandler)
	k := idempotency.New(opt)
	t.Cleanup(k.Close)
	return k
}

func request(key ...string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/orders", strings.NewReader("{}"))
	r.Header[idempotency.Header] = key
	return r
}

// status is that of the answer, or of the problem in its place.
func status(err error, w *httptest.ResponseRecorder) int {
	if p, ok := errors.AsType[*problem.Problem](err); ok {
		return p.Status
	}
	return w.Code
}

func TestKeysAreRead(t *testing.T) {
	long := strings.Repeat("k", 255)
	for _, tt := range []struct {
		key  string
		seen string // by the handler; "": refused
	}{
		{"abc", "abc"},
		{`"abc"`, "abc"},
		{` "a b" ; v=1`, "a b"},
		{`"say \"\\\""`, `say "\"`},
		{long, long},
		{`"` + long + `"`, long},
		{long + "k", ""},
		{`"` + long + `k"`, ""},
		{"", ""},
		{`""`, ""},
		{`"abc`, ""},
		{`"abc" x`, ""},
		{`"a\bc"`, ""},
		{`"abc\`, ""},
		{"käse", ""},
		{"a\tb", ""},
	} {
		var seen string
		w := httptest.NewRecorder()
		err := newKeys(t, idempotency.Options{}).Do(w, request(tt.key), idempotency.Operation{Name: "op"}, "", func(w http.ResponseWriter, r *http.Request) {
			seen = r.Header.Get(idempotency.Header)
		})
		if want := map[bool]int{true: 400, false: 200}[tt.seen == ""]; seen != tt.seen || status(err, w) != want {
			t.Errorf("%q: the handler saw %q, status %d", tt.key, seen, status(err, w))
		}
	}
}

func TestMissingAndManifoldKeys(t *testing.T) {
	k := newKeys(t, idempotency.Options{})
	calls := 0
	next := func(w http.ResponseWriter, _ *http.Request) { calls++ }
	for range 2 {
		if err := k.Do(httptest.NewRecorder(), request(), idempotency.Operation{Name: "op"}, "", next); err != nil {
			t.Error(err)
		}
	}
	if calls != 2 {
		t.Errorf("requests without a key are answered %d times, want 2", calls)
	}
	for _, r := range []*http.Request{request(), request("a", "b")} {
		err := k.Do(httptest.NewRecorder(), r, idempotency.Operation{Name: "op", Required: true}, "", next)
		if p, ok := errors.AsType[*problem.Problem](err); !ok || p.Status != 400 || p.Errors[0].Pointer != "/Idempotency-Key" || calls != 2 {
			t.Errorf("got %v after %d calls", err, calls)
		}
	}
	if !idempotency.Absent(request()) || idempotency.Absent(request("")) {
		t.Error("absence is not that of the header field")
	}
}

func TestScopes(t *testing.T) {
	k := newKeys(t, idempotency.Options{Principal: func(r *http.Request) string { return r.Header.Get("User") }})
	calls := 0
	send := func(operation, user, credentials string) {
		r := request("same")
		r.Header.Set("User", user)
		err := k.Do(httptest.NewRecorder(), r, idempotency.Operation{Name: operation}, credentials, func(http.ResponseWriter, *http.Request) { calls++ })
		if err != nil {
			t.Error(err)
		}
	}
	for i, scope := range [][3]string{
		{"create", "", ""}, {"create", "", "token 1"}, {"create", "", "token 2"}, {"create", "ada", "token 1"}, {"pay", "ada", "token 1"}, {"create", "token 1", ""},
	} {
		send(scope[0], scope[1], scope[2])
		send(scope[0], scope[1], scope[2])
		if calls != i+1 {
			t.Fatalf("%v: %d answers, want %d", scope, calls, i+1)
		}
	}
	send("create", "ada", "token 3") // a new token of the same user
	if calls != 6 {
		t.Error("the credentials count though the principal is known")
	}
}

func TestAnswersAreRepeated(t *testing.T) {
	k := newKeys(t, idempotency.Options{})
	next := func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.WriteHeader(http.StatusEarlyHints)
		w.Header().Set("Location", "/orders/1")
		w.WriteHeader(http.StatusCreated)
		w.Header().Set("Late", "not sent")
		w.WriteHeader(http.StatusOK)
		_, _ = w.Write(body)
		_, _ = io.WriteString(w, "!")
	}
	for i := range 2 {
		w := httptest.NewRecorder()
		w.Header().Set("X-Request-Id", "own")
		if err := k.Do(w, request("a"), idempotency.Operation{Name: "op"}, "", next); err != nil {
			t.Fatal(err)
		}
		replayed := w.Header().Get("Idempotent-Replayed") == "true"
		if w.Code != 201 || w.Body.String() != "{}!" || w.Header().Get("Location") != "/orders/1" || w.Header().Get("Late") != "" ||
			w.Header().Get("X-Request-Id") != "own" || replayed != (i == 1) {
			t.Errorf("answer %d: %d %v %s", i, w.Code, w.Header(), w.Body)
		}
	}
	r := request("a")
	r.URL.RawQuery = "dry=true"
	if err := k.Do(httptest.NewRecorder(), r, idempotency.Operation{Name: "op"}, "", next); !errors.Is(err, idempotency.ErrReused) {
		t.Errorf("another query: %v", err)
	}
}

func TestRequestsInFlight(t *testing.T) {
	k := newKeys(t, idempotency.Options{})
	op := idempotency.Operation{Name: "op"}
	err := k.Do(httptest.NewRecorder(), request("a"), op, "", func(http.ResponseWriter, *http.Request) {
		err := k.Do(httptest.NewRecorder(), request("a"), op, "", func(http.ResponseWriter, *http.Request) { t.Error("it is answered twice") })
		if p, ok := errors.AsType[*problem.Problem](err); !ok || p.Status != 409 || p.RetryAfter != 1 {
			t.Errorf("got %v", err)
		}
	})
	if err != nil {
		t.Error(err)
	}
	func() {
		defer func() { _ = recover() }()
		_ = k.Do(httptest.NewRecorder(), request("b"), op, "", func(http.ResponseWriter, *http.Request) { panic("no luck") })
	}()
	if err := k.Do(httptest.NewRecorder(), request("b"), op, "", func(http.ResponseWriter, *http.Request) {}); err != nil {
		t.Errorf("after a panic: %v", err)
	}
}

func TestBodyThatCannotBeRead(t *testing.T) {
	r := request("a")
	r.Body = http.MaxBytesReader(nil, io.NopCloser(strings.NewReader("0123456789")), 5)
	var seen error
	err := newKeys(t, idempotency.Options{}).Do(httptest.NewRecorder(), r, idempotency.Operation{Name: "op"}, "", func(_ http.ResponseWriter, r *http.Request) {
		_, seen = io.ReadAll(r.Body)
	})
	if _, ok := errors.AsType[*http.MaxBytesError](seen); !ok || err != nil {
		t.Errorf("the handler reads %v; %v", seen, err)
	}
}

func TestExpiredAnswersAreSwept(t *testing.T) {
	m := &memory{swept: make(chan struct{})}
	k := idempotency.New(idempotency.Options{Store: m, TTL: time.Millisecond, Log: slog.New(slog.DiscardHandler)})
	defer k.Close()
	select {
	case <-m.swept:
	case <-time.After(20 * time.Second):
		t.Error("nothing is swept")
	}
}

// BenchmarkKeys times what a key costs beside the database, and what it costs not to
// have one.
func BenchmarkKeys(b *testing.B) {
	m := &memory{kept: map[string]*idempotency.Answer{}, print: map[string]string{}, swept: make(chan struct{})}
	k := idempotency.New(idempotency.Options{Store: m, TTL: time.Hour, Log: slog.New(slog.DiscardHandler)})
	defer k.Close()
	next := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }
	for name, r := range map[string]*http.Request{"absent": request(), "replayed": request("a")} {
		b.Run(name, func(b *testing.B) {
			w := httptest.NewRecorder()
			b.ReportAllocs()
			for b.Loop() {
				r.Body = http.NoBody
				if idempotency.Absent(r) {
					next(w, r)
					continue
				}
				if err := k.Do(w, r, idempotency.Operation{Name: "op"}, "", next); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
