package shed

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"example.com/library/internal/problem"
)

// quietWriter notes that it was asked to be quiet.
type quietWriter struct {
	http.ResponseWriter
	quiet bool
}

func (w *quietWriter) Quiet() { w.quiet = true }

// wrapped hides what it wraps, as middleware does.
type wrapped struct{ http.ResponseWriter }

func (w wrapped) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func newTest(mode Mode) (*Shedder, *bytes.Buffer) {
	var log bytes.Buffer
	return New(mode, slog.New(slog.NewTextHandler(&log, nil))), &log
}

func TestRequestsBeyondTheLimitAreRefused(t *testing.T) {
	s, log := newTest(On)
	o := s.Operation(Normal)
	o.load.limit.Store(2)
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	enter := func() (*Place, *quietWriter, error) {
		w := &quietWriter{ResponseWriter: httptest.NewRecorder()}
		p, err := o.Enter(wrapped{w}, r)
		return p, w, err
	}
	first, _, err1 := enter()
	_, _, err2 := enter()
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	_, w, err := enter()
	p, ok := errors.AsType[*problem.Problem](err)
	if !ok || p.Status != http.StatusServiceUnavailable || p.RetryAfter < 1 || p.RetryAfter > 3 || p.Type != reducedCapacity || !w.quiet {
		t.Errorf("got %+v, quiet %t", err, w.quiet)
	}
	if _, normal, _ := s.Counts(); normal != 1 || strings.Count(log.String(), "more requests") != 1 {
		t.Errorf("%d counted, log %s", normal, log)
	}
	first.Leave()
	if _, _, err := enter(); err != nil {
		t.Errorf("after one has left: %v", err)
	}
	if _, err := s.Operation(Normal).Enter(httptest.NewRecorder(), r); err != nil {
		t.Errorf("another operation: %v", err)
	}
}

func TestProcessorsKnowPriorities(t *testing.T) {
	s, _ := newTest(On)
	s.cpu.limit.Store(4)
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	var places []*Place
	for _, tt := range []struct {
		priority Priority
		want     int // beside those before
	}{{Low, 2}, {Normal, 2}, {Critical, 8}} {
		o := s.Operation(tt.priority)
		got := 0
		for ; ; got++ {
			p, err := o.Enter(httptest.NewRecorder(), r)
			if err != nil {
				break
			}
			places = append(places, p)
		}
		if got != tt.want {
			t.Errorf("%s: %d more at the same time, want %d", names[tt.priority], got, tt.want)
		}
	}
	for _, p := range places {
		p.Leave()
	}
	if n := s.cpu.inside.Load(); n != 0 {
		t.Errorf("%d are left inside", n)
	}
}

func TestDryRunRefusesNothing(t *testing.T) {
	s, log := newTest(DryRun)
	o := s.Operation(Low)
	o.load.limit.Store(0)
	for range 3 {
		w := &quietWriter{ResponseWriter: httptest.NewRecorder()}
		p, err := o.Enter(w, httptest.NewRequest(http.MethodGet, "/", nil))
		if err != nil || w.quiet {
			t.Fatalf("%v, quiet %t", err, w.quiet)
		}
		p.Leave()
	}
	if _, _, low := s.Counts(); low != 3 || !strings.Contains(log.String(), "refused=false") {
		t.Errorf("%d counted, log %s", low, log)
	}
	if s, _ := newTest(Off); s != nil {
		t.Error("there is a shedder though it is off")
	}
}

// TestOnlyWorkCounts: a request counts as work from the end of its body to the begin
// of its answer.
func TestOnlyWorkCounts(t *testing.T) {
	s, _ := newTest(On)
	o := s.Operation(Normal)
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader("body"))
	rec := httptest.NewRecorder()
	p, err := o.Enter(rec, r)
	if err != nil {
		t.Fatal(err)
	}
	check := func(when string, want int64) {
		t.Helper()
		if got := o.load.inside.Load(); got != want {
			t.Errorf("%s: %d", when, got)
		}
		if got := s.cpu.inside.Load(); got != want {
			t.Errorf("%s: %d in the service", when, got)
		}
	}
	check("before the body", 0)
	if body, err := io.ReadAll(r.Body); err != nil || string(body) != "body" {
		t.Fatalf("read %q, %v", body, err)
	}
	check("at work", 1)
	p.WriteHeader(http.StatusCreated)
	check("answering", 0)
	if _, err := p.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	p.Leave()
	check("at the end", 0)
	if rec.Code != http.StatusCreated || rec.Body.String() != "x" || http.NewResponseController(p).Flush() != nil {
		t.Errorf("got %d %s", rec.Code, rec.Body)
	}
}

func TestParseMode(t *testing.T) {
	for text, want := range map[string]Mode{"on": On, "dry-run": DryRun, "off": Off} {
		if got, err := ParseMode(text); err != nil || got != want {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	if _, err := ParseMode("yes"); err == nil {
		t.Error("yes is a mode")
	}
}
