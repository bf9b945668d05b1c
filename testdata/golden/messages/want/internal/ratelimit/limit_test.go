package ratelimit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/messages/internal/clientip"
	"example.com/messages/internal/problem"
)

// quiet is a logger for tests.
var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

func newLimiter(t testing.TB, cfg Config, opt Options) *Limiter {
	t.Helper()
	if opt.Log == nil {
		opt.Log = quiet
	}
	l := New(cfg, opt)
	if l == nil {
		t.Fatal("there is no limit")
	}
	return l
}

// answer is what one request got.
type answer struct {
	status int
	header http.Header
	err    error
}

// send passes one request through a guard, to a handler that answers with status.
func send(g *Guard, r *http.Request, status int) answer {
	w := httptest.NewRecorder()
	err := g.Do(w, r, func(w http.ResponseWriter) { w.WriteHeader(status) })
	if p, ok := errors.AsType[*problem.Problem](err); ok {
		return answer{p.Status, w.Header(), err}
	}
	return answer{w.Code, w.Header(), err}
}

func from(addr string, header ...string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/books", nil)
	r.RemoteAddr = addr
	if !strings.Contains(addr, "]:") && strings.Count(addr, ":") != 1 {
		r.RemoteAddr = "[" + addr + "]:1"
		if !strings.Contains(addr, ":") {
			r.RemoteAddr = addr + ":1"
		}
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return r
}

// statuses sends n requests and returns how many passed.
func passed(g *Guard, r *http.Request, n int) int {
	ok := 0
	for range n {
		if send(g, r, 200).status == 200 {
			ok++
		}
	}
	return ok
}

func TestQuotaRunsOutAndComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, Config{Rate: Rate{100, 15 * time.Minute}, Headers: Headers{Draft8: true}}, Options{})
		g, r := l.Guard(nil), from("192.0.2.1")
		for round := range 3 {
			for i := range 100 {
				a := send(g, r, 200)
				want := `"default";r=` + strconv.Itoa(99-i) + ";t=900"
				if a.status != 200 || a.header.Get("RateLimit") != want || a.header.Get("RateLimit-Policy") != `"default";q=100;w=900` {
					t.Fatalf("round %d, request %d: %d %v", round, i, a.status, a.header)
				}
			}
			time.Sleep(time.Minute)
			if n := passed(g, from("192.0.2.2"), 1); n != 1 {
				t.Error("another client was refused")
			}
			a := send(g, r, 200)
			p, _ := errors.AsType[*problem.Problem](a.err)
			if p == nil || p.Status != 429 || p.RetryAfter != 840 || p.Type != quotaExceeded || len(p.Policies) != 1 || p.Policies[0] != "default" {
				t.Fatalf("got %d, %+v", a.status, p)
			}
			if got := a.header.Get("RateLimit"); got != `"default";r=0;t=840` {
				t.Errorf("RateLimit: %s", got)
			}
			time.Sleep(14*time.Minute - time.Millisecond)
			if n := passed(g, r, 1); n != 0 {
				t.Error("the quota came back too early")
			}
			time.Sleep(time.Millisecond)
		}
	})
}

// TestNoSpanSeesMoreThanTheLimit sends requests in the patterns that fixed windows,
// token buckets and weighted counters let through twice the limit for.
func TestNoSpanSeesMoreThanTheLimit(t *testing.T) {
	const limit, size = 100, 10 * time.Second
	patterns := map[string]func(i int) time.Duration{ // pause before the i-th request
		"at the edge": func(i int) time.Duration {
			if i%200 == 100 {
				return 2 * time.Second
			}
			if i%200 == 0 {
				return 9 * time.Second
			}
			return 0
		},
		"steady":       func(int) time.Duration { return 20 * time.Millisecond },
		"just allowed": func(int) time.Duration { return 100 * time.Millisecond },
		"bursts": func(i int) time.Duration {
			if i%7 == 0 {
				return time.Duration(i%13) * 171 * time.Millisecond
			}
			return time.Millisecond
		},
	}
	for name, pause := range patterns {
		synctest.Test(t, func(t *testing.T) {
			l := newLimiter(t, Config{Rate: Rate{limit, size}}, Options{})
			var times []time.Time
			for i := range 5000 {
				time.Sleep(pause(i))
				if send(l.Guard(nil), from("192.0.2.1"), 200).status == 200 {
					times = append(times, time.Now())
				}
			}
			worst := 0
			for i, j := 0, 0; j < len(times); j++ {
				for times[j].Sub(times[i]) >= size {
					i++
				}
				worst = max(worst, j-i+1)
			}
			t.Logf("%s: %d requests passed, %d of them in the worst span of %s", name, len(times), worst, size)
			if worst > limit {
				t.Errorf("%s: %d requests in %s", name, worst, size)
			}
			// What is used up comes back a step late at most.
			if span := times[len(times)-1].Sub(times[0]); float64(len(times)) < 0.85*min(5000, float64(limit)*span.Seconds()/size.Seconds()) {
				t.Errorf("%s: only %d requests passed in %s", name, len(times), span)
			}
		})
	}
}

func TestClientsShareAndDoNotShare(t *testing.T) {
	proxies, err := clientip.ParseProxies("10.0.0.0/8")
	if err != nil {
		t.Fatal(err)
	}
	l := newLimiter(t, Config{Rate: Rate{10, time.Minute}}, Options{Proxies: proxies})
	for name, tt := range map[string]struct {
		requests func(i int) *http.Request
		want     int // of 300 that pass
	}{
		"one /56":        {func(i int) *http.Request { return from(fmt.Sprintf("2001:db8:0:1%02x::%x", i%256, i)) }, 10},
		"its neighbours": {func(i int) *http.Request { return from(fmt.Sprintf("2001:db8:1:%x00::1", i%16)) }, 160},
		"one address": {func(i int) *http.Request {
			return from([]string{"1.2.3.4", "::ffff:1.2.3.4", "::ffff:102:304"}[i%3])
		}, 10},
		"forged": {func(i int) *http.Request {
			return from("198.51.100.9", "X-Forwarded-For", fmt.Sprint("203.0.113.", i%256), "Forwarded", fmt.Sprint("for=203.0.113.", i%256))
		}, 10},
		"behind a proxy": {func(i int) *http.Request { return from("10.1.1.1", "X-Forwarded-For", fmt.Sprint("203.0.113.", i%30)) }, 300},
		"forged, behind a proxy": {func(i int) *http.Request {
			return from("10.1.1.2", "X-Forwarded-For", fmt.Sprint("9.9.9.", i%256, ", 203.0.113.99"))
		}, 10},
	} {
		ok := 0
		for i := range 300 {
			ok += passed(l.Guard(nil), tt.requests(i), 1)
		}
		if ok != tt.want {
			t.Errorf("%s: %d of 300 passed, want %d", name, ok, tt.want)
		}
	}
}

func TestPoliciesAreApart(t *testing.T) {
	l := newLimiter(t, Config{Rate: Rate{3, time.Minute}, Headers: Headers{Draft8: true}}, Options{})
	r, login := from("192.0.2.1"), l.Guard(&Policy{Name: "login", Rate: Rate{2, time.Hour}})
	if n := passed(login, r, 5); n != 2 {
		t.Errorf("login: %d passed", n)
	}
	if n := passed(l.Guard(nil), r, 5); n != 3 {
		t.Errorf("default: %d passed", n)
	}
	if got := send(login, r, 200).header.Get("RateLimit-Policy"); got != `"login";q=2;w=3600` {
		t.Errorf("RateLimit-Policy: %s", got)
	}
}

func TestPrincipalsHaveTheirOwnQuota(t *testing.T) {
	l := newLimiter(t, Config{Rate: Rate{3, time.Minute}, Headers: Headers{Draft8: true}}, Options{
		Principal: func(r *http.Request) (string, int) {
			user := r.Header.Get("User")
			if user == "premium" {
				return user, 7
			}
			return user, 0
		},
	})
	g := l.Guard(nil)
	for user, want := range map[string]int{"": 3, "a": 3, "b": 3, "premium": 7} {
		if n := passed(g, from("192.0.2.1", "User", user), 10); n != want {
			t.Errorf("user %q: %d passed, want %d", user, n, want)
		}
		if n := passed(g, from("192.0.2.9", "User", user), 1); user != "" && n != 0 {
			t.Errorf("user %q passed from elsewhere", user)
		}
	}
	if got := send(g, from("192.0.2.1", "User", "premium"), 200).header.Get("RateLimit-Policy"); got != `"default";q=7;w=60` {
		t.Errorf("RateLimit-Policy: %s", got)
	}
	if a, b := g.name(g.client(from("192.0.2.1", "User", "secret"))), g.name(g.client(from("2001:db8::1"))); strings.Contains(a, "secret") || !strings.HasPrefix(a, "{default:key:") || b != "{default:addr:2001:db8::}" {
		t.Errorf("keys: %s %s", a, b)
	}
}

func TestSkippedRequestsAreGivenBack(t *testing.T) {
	for _, tt := range []struct {
		skip           Skip
		status, passed int
	}{
		{Skip{}, 200, 5}, {Skip{}, 404, 5},
		{Skip{Successful: true}, 200, 20}, {Skip{Successful: true}, 404, 5}, {Skip{Successful: true}, 302, 20},
		{Skip{Failed: true}, 200, 5}, {Skip{Failed: true}, 404, 20}, {Skip{Failed: true}, 500, 20},
		{Skip{true, true}, 200, 20}, {Skip{true, true}, 500, 20},
	} {
		l := newLimiter(t, Config{Rate: Rate{5, time.Minute}, Skip: tt.skip}, Options{})
		ok := 0
		for range 20 {
			if send(l.Guard(nil), from("192.0.2.1"), tt.status).status == tt.status {
				ok++
			}
		}
		if ok != tt.passed {
			t.Errorf("%+v, status %d: %d passed, want %d", tt.skip, tt.status, ok, tt.passed)
		}
	}
}

// TestSkippedRequestsCountUntilTheyEnd: a parallel burst stays within the limit.
func TestSkippedRequestsCountUntilTheyEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, Config{Rate: Rate{2, 10 * time.Second}, Skip: Skip{Successful: true}}, Options{})
		g, r := l.Guard(nil), from("192.0.2.1")
		slow := func(d time.Duration) error {
			return g.Do(httptest.NewRecorder(), r, func(http.ResponseWriter) { time.Sleep(d) })
		}
		go func() { _ = slow(8 * time.Second) }()
		go func() { _ = slow(5 * time.Second) }()
		synctest.Wait()
		if slow(0) == nil {
			t.Error("a third request passed while two were under way")
		}
		time.Sleep(6 * time.Second)
		if slow(0) != nil {
			t.Error("what ended was not given back")
		}
		time.Sleep(3 * time.Second)
	})
}

// TestForgottenRequestsAreNotGivenBack: a request that ends after its window takes
// nothing from those that came since.
func TestForgottenRequestsAreNotGivenBack(t *testing.T) {
	var w window
	first := w.take(0, 1000, 5)
	w.take(2000, 1000, 5)
	w.giveBack(2500, 1000, first.at)
	if used := w.used(); used != 1 {
		t.Errorf("%d requests count, want 1", used)
	}
	second := w.take(2600, 1000, 5)
	w.giveBack(2700, 1000, second.at)
	w.giveBack(2700, 1000, 2000)
	w.giveBack(2700, 1000, 2000)
	if used := w.used(); used != 0 {
		t.Errorf("%d requests count, want 0", used)
	}
}

func TestAbortedRequestsFail(t *testing.T) {
	l := newLimiter(t, Config{Rate: Rate{1, time.Minute}, Skip: Skip{Failed: true}}, Options{})
	g, r := l.Guard(nil), from("192.0.2.1")
	func() {
		defer func() { _ = recover() }()
		_ = g.Do(httptest.NewRecorder(), r, func(http.ResponseWriter) { panic(http.ErrAbortHandler) })
	}()
	if n := passed(g, r, 2); n != 1 {
		t.Errorf("%d passed, want 1", n)
	}
}

func TestOffIsNoLimiter(t *testing.T) {
	rate, err := ParseRate("off")
	if err != nil {
		t.Fatal(err)
	}
	if New(Config{Rate: rate}, Options{}) != nil {
		t.Error("there is a limiter")
	}
}

func TestProxiesAreHintedAtOnce(t *testing.T) {
	var text strings.Builder
	l := newLimiter(t, Config{Rate: Rate{5, time.Minute}}, Options{Log: slog.New(slog.NewTextHandler(&text, nil))})
	for range 3 {
		send(l.Guard(nil), from("10.0.0.1", "X-Forwarded-For", "1.1.1.1"), 200)
	}
	if n := strings.Count(text.String(), "TRUSTED_PROXIES"); n != 1 {
		t.Errorf("%d lines: %s", n, text.String())
	}
}

func TestParse(t *testing.T) {
	for text, want := range map[string]Rate{"100/15m": {100, 15 * time.Minute}, "20/1s": {20, time.Second}, "1/720h": {1, 720 * time.Hour}, "off": {}} {
		if got, err := ParseRate(text); err != nil || got != want {
			t.Errorf("%s: %v %v", text, got, err)
		}
	}
	for _, text := range []string{"", "100", "0/1m", "-1/1m", "x/1m", "10/0s", "10/1ms", "10/1500ms", "10/721h", "10/m", "1e3/1m", "2000000000/1m"} {
		if got, err := ParseRate(text); err == nil {
			t.Errorf("%q was read as %v", text, got)
		}
	}
	for text, want := range map[string]Headers{"draft-8": {Draft8: true}, "draft-7, legacy": {Draft7: true, Legacy: true}, "draft-6,draft-8": {Draft6: true, Draft8: true}, "none": {}} {
		if got, err := ParseHeaders(text); err != nil || got != want {
			t.Errorf("%s: %v %v", text, got, err)
		}
	}
	for text, want := range map[string]string{
		"draft-9":         "want none, or some of draft-6, draft-7, draft-8, legacy with commas between them",
		"draft-7,draft-8": "draft-7 and draft-8 write the same field in two ways: choose one of them",
	} {
		if _, err := ParseHeaders(text); err == nil || err.Error() != want {
			t.Errorf("%s: %v", text, err)
		}
	}
	if s, err := ParseSkip("failed,successful"); err != nil || s != (Skip{true, true}) {
		t.Errorf("%v %v", s, err)
	}
	if _, err := ParseSkip("all"); err == nil {
		t.Error("all was read")
	}
}

func TestStatsCountWhatWasDecided(t *testing.T) {
	l := newLimiter(t, Config{Rate: Rate{Limit: 2, Window: time.Minute}}, Options{})
	passed(l.Guard(nil), from("192.0.2.1:1"), 5)
	if got := l.Stats(); got != (Stats{Allowed: 2, Refused: 3}) {
		t.Errorf("got %+v", got)
	}
}

// flaky is a [Shared] store that is down from time to time.
type flaky struct{ down bool }

func (f *flaky) Take(context.Context, string, int, time.Duration) (Result, error) {
	if f.down {
		return Result{}, errors.New("down")
	}
	return Result{OK: true}, nil
}

func (f *flaky) GiveBack(context.Context, string, int64, time.Duration) {}

func TestStatsTellWhetherInstancesCountAlone(t *testing.T) {
	store := &flaky{}
	l := newLimiter(t, Config{Rate: Rate{Limit: 100, Window: time.Minute}}, Options{Shared: store})
	for _, down := range []bool{false, true, true, false} {
		store.down = down
		passed(l.Guard(nil), from("192.0.2.1:1"), 1)
		if got := l.Stats().Degraded; got != down {
			t.Errorf("the store is down: %t, degraded: %t", down, got)
		}
	}
}
