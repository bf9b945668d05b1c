package session

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/apigen-go/apigen/templates/project/internal/codec"
	"github.com/apigen-go/apigen/templates/project/internal/problem"
)

const (
	secretA = "qO3vB1xYc8Zk2RtWm5NsLp7DfHg9JaUe"
	secretB = "Zk2RtWm5NsLp7DfHg9JaUeqO3vB1xYc8"
)

var quiet = slog.New(slog.DiscardHandler)

// site is a small service behind a manager.
type site struct {
	*Manager
	http.Handler
	store *counted
}

// counted counts the calls of a store, and fails them when it is told to.
type counted struct {
	Store
	mu    sync.Mutex
	calls map[string]int
	fail  error
}

func (c *counted) call(name string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls[name]++
	return c.fail
}

func (c *counted) count(name string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.calls[name]
}

func (c *counted) breakWith(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fail = err
}

func (c *counted) Load(ctx context.Context, id string) (Record, error) {
	if err := c.call("load"); err != nil {
		return Record{}, err
	}
	return c.Store.Load(ctx, id)
}

func (c *counted) Create(ctx context.Context, id string, r Record) error {
	return errors.Join(c.call("create"), c.Store.Create(ctx, id, r))
}

func (c *counted) Replace(ctx context.Context, id string, r Record) (bool, error) {
	if err := c.call("replace"); err != nil {
		return false, err
	}
	return c.Store.Replace(ctx, id, r)
}

func (c *counted) Touch(ctx context.Context, id, user string, expires time.Time) error {
	return errors.Join(c.call("touch"), c.Store.Touch(ctx, id, user, expires))
}

func (c *counted) Delete(ctx context.Context, id, user string) error {
	if err := c.call("delete"); err != nil {
		return err
	}
	return c.Store.Delete(ctx, id, user)
}

var standard = Config{Cookie: "__Host-session", Secrets: Secrets{secretA}, IdleTimeout: 30 * time.Minute, Lifetime: 12 * time.Hour}

func newSite(t testing.TB, cfg Config, store Store) *site {
	t.Helper()
	c := &counted{Store: store, calls: map[string]int{}}
	m, err := New(cfg, c, quiet)
	if err != nil {
		t.Fatal(err)
	}
	return &site{m, m.Handler(http.HandlerFunc(serve)), c}
}

// serve answers GET /user, and POST /login?user=, /logout, /set?k=v, /count, /revoke?user=.
func serve(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/open" {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	text, err := do(r)
	if p, ok := errors.AsType[*problem.Problem](err); ok {
		codec.WriteProblem(w, p)
		return
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("ETag", `"x"`)
	_, _ = io.WriteString(w, text)
}

func do(r *http.Request) (string, error) {
	ctx := r.Context()
	s, err := From(ctx)
	if err != nil {
		return "", err
	}
	q := r.URL.Query()
	switch r.URL.Path {
	case "/login":
		return "", s.Login(ctx, q.Get("user"), q["role"]...)
	case "/logout":
		return "", s.Logout(ctx)
	case "/revoke":
		return "", s.RevokeUser(ctx, q.Get("user"))
	case "/set":
		for k := range q {
			if err := s.Set(k, q.Get(k)); err != nil {
				return "", err
			}
		}
	case "/delete":
		return "", s.Delete(q.Get("k"))
	case "/count":
		n, err := Update(ctx, s, "n", func(n int) (int, error) { return n + 1, nil })
		return fmt.Sprint(n), err
	case "/get":
		v, ok := Get[string](s, q.Get("k"))
		return fmt.Sprint(v, ok), nil
	case "/admin":
		_, err := Require(ctx, "admin")
		return "", err
	}
	return s.User(), nil
}

// jar is a client: it keeps the cookie.
type jar struct {
	t      testing.TB
	site   http.Handler
	cookie string // NAME=VALUE
}

type reply struct {
	status int
	body   string
	header http.Header
}

func (j *jar) send(method, target string, header ...string) reply {
	j.t.Helper()
	r := httptest.NewRequest(method, target, nil)
	if j.cookie != "" {
		r.Header.Set("Cookie", j.cookie)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	j.site.ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		j.cookie = c.Name + "=" + c.Value
		if c.MaxAge < 0 {
			j.cookie = ""
		}
	}
	return reply{w.Code, strings.TrimSpace(w.Body.String()), w.Result().Header}
}

func (j *jar) ok(method, target, body string) {
	j.t.Helper()
	if r := j.send(method, target); r.status != http.StatusOK || r.body != body {
		j.t.Fatalf("%s %s: %d %q, want %q", method, target, r.status, r.body, body)
	}
}

func (j *jar) id() string {
	_, value, _ := strings.Cut(j.cookie, "=")
	id, _, _ := strings.Cut(value, ".")
	return id
}

func TestCookie(t *testing.T) {
	s := newSite(t, standard, NewMemory())
	j := &jar{t: t, site: s}
	if r := j.send("GET", "/user"); r.header.Get("Set-Cookie") != "" || r.header.Get("Cache-Control") != "private" || r.header.Get("Vary") != "Cookie" {
		t.Errorf("a request for nothing: %v", r.header)
	}
	r := j.send("POST", "/set?a=1")
	got := r.header.Get("Set-Cookie")
	want := "__Host-session=" + s.signer.sign(j.id()) + "; Path=/; Max-Age=43200; HttpOnly; Secure; SameSite=Lax"
	if got != want || len(j.id()) != 43 || r.header.Get("Cache-Control") != "no-store" {
		t.Errorf("got %q, want %q; Cache-Control %q", got, want, r.header.Get("Cache-Control"))
	}
	if r := j.send("POST", "/set?b=1"); r.header.Get("Set-Cookie") != "" {
		t.Errorf("the cookie is sent again: %v", r.header)
	}
	j.ok("GET", "/get?k=a", "1true")
	j.ok("POST", "/delete?k=a", "")
	j.ok("GET", "/get?k=a", "false")
	j.ok("GET", "/get?k=b", "1true")
	if r := j.send("POST", "/logout"); r.header.Get("Set-Cookie") != "__Host-session=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax" {
		t.Errorf("logout: %v", r.header)
	}
	dev := standard
	dev.Dev, dev.Secrets = true, nil
	j = &jar{t: t, site: newSite(t, dev, NewMemory())}
	if c := j.send("POST", "/set?a=1").header.Get("Set-Cookie"); !strings.HasPrefix(c, "session=") || strings.Contains(c, "Secure") {
		t.Errorf("for development: %s", c)
	}
	j.ok("GET", "/get?k=a", "1true")
}

// TestStoreIsLeftAlone: what costs a call of the store, and what does not.
func TestStoreIsLeftAlone(t *testing.T) {
	s := newSite(t, standard, NewMemory())
	j := &jar{t: t, site: s}
	j.ok("POST", "/delete?k=a", "")
	j.ok("POST", "/logout", "")
	j.send("GET", "/open")
	if len(s.store.calls) != 0 {
		t.Errorf("calls without a session: %v", s.store.calls)
	}
	j.ok("POST", "/set?a=1", "")
	j.ok("POST", "/set?a=1", "") // nothing changes
	j.send("GET", "/open")
	j.ok("GET", "/user", "")
	if got := fmt.Sprint(s.store.calls); got != "map[create:1 load:2]" {
		t.Errorf("calls: %s", got)
	}
}

func TestTamperedCookies(t *testing.T) {
	s := newSite(t, standard, NewMemory())
	j := &jar{t: t, site: s}
	j.ok("POST", "/login?user=ada", "")
	name, value, _ := strings.Cut(j.cookie, "=")
	other := newSite(t, Config{Cookie: "other", Secrets: Secrets{secretA}, IdleTimeout: time.Hour, Lifetime: time.Hour}, NewMemory())
	foreign := newSite(t, Config{Cookie: standard.Cookie, Secrets: Secrets{secretB}, IdleTimeout: time.Hour, Lifetime: time.Hour}, NewMemory())
	bad := []string{"", ".", "x", value + "x", value[:len(value)-1], strings.ToUpper(value), j.id(), j.id() + ".", "." + value,
		newID() + value[43:], value[:44] + newID(), value + "." + value, "s:" + value,
		other.signer.sign(j.id()), foreign.signer.sign(j.id())}
	for i := range len(value) { // any character changed
		c := byte('A')
		if value[i] == c {
			c = 'B'
		}
		bad = append(bad, value[:i]+string(c)+value[i+1:])
	}
	loads := s.store.count("load")
	for _, v := range bad {
		thief := &jar{t: t, site: s, cookie: name + "=" + v}
		thief.ok("GET", "/user", "")
	}
	if n := s.store.count("load") - loads; n != 0 {
		t.Errorf("%d of %d tampered cookies reached the store", n, len(bad))
	}
	j.cookie = name + "=x; " + name + "=" + value // one of another path comes first
	j.ok("GET", "/user", "ada")
}

// TestFixation: an id from before the login is good for nothing after it, and one that
// the store does not know is never used.
func TestFixation(t *testing.T) {
	s := newSite(t, standard, NewMemory())
	victim := &jar{t: t, site: s}
	victim.ok("POST", "/set?cart=book", "")
	before := victim.cookie
	victim.ok("POST", "/login?user=ada", "")
	if victim.cookie == before {
		t.Fatal("the id stays at the login")
	}
	victim.ok("GET", "/get?k=cart", "booktrue")
	thief := &jar{t: t, site: s, cookie: before}
	thief.ok("GET", "/user", "")
	thief.ok("POST", "/set?a=1", "")
	if thief.cookie == before {
		t.Error("a session comes back under an id that was given up")
	}

	first := victim.cookie
	victim.ok("POST", "/login?user=ada", "") // again
	if victim.cookie == first {
		t.Error("the id stays at the second login")
	}
	victim.ok("POST", "/login?user=eve", "")
	victim.ok("GET", "/get?k=cart", "false") // was ada's

	unknown := newID()
	chosen := &jar{t: t, site: s, cookie: "__Host-session=" + s.signer.sign(unknown)}
	chosen.ok("POST", "/set?a=1", "")
	if chosen.id() == unknown {
		t.Error("an unknown id was adopted")
	}
	gone(t, s.store.Store, unknown)
}

func TestLogoutAndRevocation(t *testing.T) {
	s := newSite(t, standard, NewMemory())
	var adas [3]*jar
	for i := range adas {
		adas[i] = &jar{t: t, site: s}
		adas[i].ok("POST", "/login?user=ada", "")
	}
	eve := &jar{t: t, site: s}
	eve.ok("POST", "/login?user=eve&role=admin", "")
	old := adas[0].cookie
	adas[0].ok("POST", "/logout", "")
	adas[0].cookie = old
	adas[0].ok("GET", "/user", "")
	adas[1].ok("GET", "/user", "ada")
	adas[1].ok("POST", "/revoke?user=ada", "")
	if adas[1].cookie != "" {
		t.Error("the cookie of a session that was revoked stays")
	}
	adas[2].ok("GET", "/user", "")
	eve.ok("GET", "/user", "eve")
	eve.ok("GET", "/admin", "")
	adas[2].ok("POST", "/login?user=ada", "")
	if r := adas[2].send("GET", "/admin"); r.status != http.StatusForbidden {
		t.Errorf("without the role: %d", r.status)
	}
	adas[2].ok("POST", "/logout", "")
	if r := adas[2].send("GET", "/admin"); r.status != http.StatusUnauthorized {
		t.Errorf("without a user: %d", r.status)
	}
}

func TestSecretsRotate(t *testing.T) {
	store := NewMemory()
	with := func(secrets ...string) *site {
		cfg := standard
		cfg.Secrets = secrets
		return newSite(t, cfg, store)
	}
	j := &jar{t: t, site: with(secretA)}
	j.ok("POST", "/login?user=ada", "")
	old := j.cookie
	j.site = with(secretB, secretA)
	j.ok("GET", "/user", "ada")
	j.ok("POST", "/login?user=ada", "")
	j.site = with(secretB)
	j.ok("GET", "/user", "ada") // signed by the new one
	j.cookie = old
	j.ok("GET", "/user", "")
}

func TestSessionsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, standard, NewMemory())
		idle := &jar{t: t, site: s}
		idle.ok("POST", "/login?user=ada", "")
		time.Sleep(standard.IdleTimeout - time.Second)
		idle.ok("GET", "/user", "ada")
		time.Sleep(standard.IdleTimeout - time.Second) // prolonged by the request before
		idle.ok("GET", "/user", "ada")
		time.Sleep(standard.IdleTimeout)
		idle.ok("GET", "/user", "")

		busy := &jar{t: t, site: s}
		busy.ok("POST", "/login?user=eve", "")
		start, touched, requests := time.Now(), s.store.count("touch"), 0
		for time.Since(start) < standard.Lifetime {
			busy.ok("GET", "/user", "eve")
			requests++
			time.Sleep(10 * time.Second)
		}
		busy.ok("GET", "/user", "")
		most := int(standard.Lifetime / s.step)
		if n := s.store.count("touch") - touched; n < most*9/10 || n > most {
			t.Errorf("%d requests noted use %d times, want about %d", requests, n, most)
		}
	})
}

// TestParallelWrites: of 50 requests that write to one session at the same time none
// loses what another one has written.
func TestParallelWrites(t *testing.T) {
	each(t, func(t *testing.T, store Store) {
		s := newSite(t, standard, store)
		j := &jar{t: t, site: s}
		j.ok("POST", "/login?user=ada", "")
		var group sync.WaitGroup
		for i := range 50 {
			group.Go(func() {
				mine := &jar{t: t, site: s, cookie: j.cookie}
				if r := mine.send("POST", fmt.Sprintf("/set?k%d=v%d", i, i)); r.status != http.StatusOK {
					t.Errorf("set: %d %s", r.status, r.body)
				}
				if r := mine.send("POST", "/count"); r.status != http.StatusOK {
					t.Errorf("count: %d %s", r.status, r.body)
				}
			})
		}
		group.Wait()
		for i := range 50 {
			j.ok("GET", fmt.Sprintf("/get?k=k%d", i), fmt.Sprintf("v%dtrue", i))
		}
		j.ok("POST", "/count", "51")
		j.ok("GET", "/user", "ada")
	})
}

// stores run a test with those that need a server, or another feature of the service.
var stores = map[string]func(*testing.T, func(*testing.T, Store)){}

// each runs the test with every store there is.
func each(t *testing.T, test func(*testing.T, Store)) {
	t.Run("memory", func(t *testing.T) { test(t, NewMemory()) })
	for _, name := range slices.Sorted(maps.Keys(stores)) {
		t.Run(name, func(t *testing.T) { stores[name](t, test) })
	}
}

// TestLateWriteDoesNotBringBack: a request that is answered after the logout cannot
// save, and says so without touching the cookie, which may be another one by now.
func TestLateWriteDoesNotBringBack(t *testing.T) {
	m := NewMemory()
	var s *site
	begun, ended := make(chan bool), make(chan bool)
	mgr, err := New(standard, m, quiet)
	if err != nil {
		t.Fatal(err)
	}
	s = &site{Manager: mgr}
	s.Handler = mgr.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			one, err := From(r.Context())
			if err != nil || one.Set("a", 1) != nil {
				t.Error(err)
			}
			begun <- true
			<-ended
			w.Header().Set("Content-Length", "4")
			_, _ = io.WriteString(w, "done")
			return
		}
		serve(w, r)
	}))
	j := &jar{t: t, site: s}
	j.ok("POST", "/login?user=ada", "")
	slow := &jar{t: t, site: s, cookie: j.cookie}
	var late reply
	var group sync.WaitGroup
	group.Go(func() { late = slow.send("POST", "/slow") })
	<-begun
	j.ok("POST", "/logout", "")
	ended <- true
	group.Wait()
	if late.status != http.StatusUnauthorized || late.header.Get("Set-Cookie") != "" || late.header.Get("Content-Length") == "4" || !strings.Contains(late.body, "has ended") {
		t.Errorf("got %d %v %s", late.status, late.header, late.body)
	}
	slow.ok("GET", "/user", "")
	if len(m.all) != 0 {
		t.Errorf("%d sessions are left", len(m.all))
	}
}

func TestStoreIsDown(t *testing.T) {
	s := newSite(t, standard, NewMemory())
	j := &jar{t: t, site: s}
	j.ok("POST", "/login?user=ada", "")
	cookie := j.cookie
	check := func(target string, status int) {
		t.Helper()
		j.cookie = cookie
		r := j.send("POST", target)
		if r.status != status || r.header.Get("Set-Cookie") != "" || status == 503 && r.header.Get("Retry-After") != "1" {
			t.Errorf("%s: %d %v", target, r.status, r.header)
		}
	}
	s.store.breakWith(errors.New("no store"))
	for _, target := range []string{"/user", "/login?user=eve", "/logout", "/set?a=1", "/count", "/revoke?user=ada"} {
		check(target, http.StatusServiceUnavailable)
	}
	check("/open", http.StatusNoContent) // does not ask
	stranger := &jar{t: t, site: s}
	stranger.ok("GET", "/user", "") // there is nothing to load
	if r := stranger.send("POST", "/set?a=1"); r.status != http.StatusServiceUnavailable || r.header.Get("Set-Cookie") != "" || r.header.Get("ETag") != "" {
		t.Errorf("a session that could not be saved: %d %v", r.status, r.header)
	}
	s.store.breakWith(nil)
	check("/user", http.StatusOK)
}

// TestPagesOfOtherOrigins: which requests that change something a browser may send.
func TestPagesOfOtherOrigins(t *testing.T) {
	cfg := standard
	cfg.Trusted = Origins{"https://app.example.com"}
	s := newSite(t, cfg, NewMemory())
	for _, tt := range []struct {
		method, site, origin string
		status               int
	}{
		{"POST", "", "", 200}, // no browser
		{"POST", "same-origin", "http://example.com", 200},
		{"POST", "none", "", 200},
		{"POST", "cross-site", "https://evil.example", 403},
		{"POST", "same-site", "https://sub.example.com", 403},
		{"PUT", "cross-site", "https://evil.example", 403},
		{"DELETE", "cross-site", "null", 403},
		{"PATCH", "", "https://evil.example", 403}, // an old browser
		{"POST", "", "null", 403},
		{"POST", "", "https://example.com", 200},
		{"POST", "cross-site", "https://app.example.com", 200},
		{"POST", "", "https://app.example.com", 200},
		{"POST", "", "https://app.example.com.evil.example", 403},
		{"GET", "cross-site", "https://evil.example", 200},
		{"HEAD", "cross-site", "https://evil.example", 200},
		{"OPTIONS", "cross-site", "https://evil.example", 200},
	} {
		for _, target := range []string{"/user", "/login?user=eve", "/open"} {
			j := &jar{t: t, site: s}
			j.ok("POST", "/login?user=ada", "")
			var header []string
			if tt.site != "" {
				header = append(header, "Sec-Fetch-Site", tt.site)
			}
			if tt.origin != "" {
				header = append(header, "Origin", tt.origin)
			}
			want := tt.status
			if target == "/open" {
				want = http.StatusNoContent // whoever does not use the session is not subject
			}
			if r := j.send(tt.method, target, header...); r.status != want {
				t.Errorf("%s %s from %q (%q): %d, want %d", tt.method, target, tt.origin, tt.site, r.status, want)
			}
		}
	}
}

// TestTimesOfTheAnswer: what handlers may do with the session after the answer has begun.
func TestTimesOfTheAnswer(t *testing.T) {
	m, err := New(standard, NewMemory(), quiet)
	if err != nil {
		t.Fatal(err)
	}
	h := m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := From(r.Context())
		if err != nil {
			t.Error(err)
			return
		}
		if r.URL.Path == "/login" {
			if err := s.Login(r.Context(), "ada"); err != nil {
				t.Error(err)
			}
			return // without a byte
		}
		if r.URL.Path == "/hints" {
			w.WriteHeader(http.StatusEarlyHints)
		}
		if err := s.Set("early", true); err != nil {
			t.Error(err)
		}
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Error(err)
		}
		fresh := s.id == ""
		if err := s.Set("late", true); (err != nil) != fresh {
			t.Errorf("set: %v", err)
		}
		if err := s.Login(r.Context(), "eve"); err == nil {
			t.Error("login after the answer has begun")
		}
		_, _ = io.WriteString(w, s.User())
	}))
	server := httptest.NewServer(h)
	defer server.Close()
	resp, err := http.Get(server.URL + "/hints")
	if err != nil || resp.StatusCode != http.StatusOK || resp.Header.Get("Set-Cookie") == "" {
		t.Error(resp, err)
	}
	_ = resp.Body.Close()
	for _, want := range []string{"", "ada"} {
		j := &jar{t: t, site: h}
		if want != "" {
			j.send("POST", "/login")
		}
		j.ok("GET", "/stream", want)
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Cookie", j.cookie)
		one, err := From(context.WithValue(r.Context(), contextKey{}, &Session{manager: m, request: r}))
		if err != nil {
			t.Fatal(err)
		}
		if early, _ := Get[bool](one, "early"); !early {
			t.Error("what was set before the answer is not there")
		}
		if late, _ := Get[bool](one, "late"); !late {
			t.Error("what was set after the first byte is not there")
		}
	}
}

func TestValues(t *testing.T) {
	ctx := As(t.Context(), "ada", "admin", "editor")
	s, err := From(ctx)
	if err != nil || s.User() != "ada" || !slices.Equal(s.Roles(), []string{"admin", "editor"}) {
		t.Fatal(s, err)
	}
	if _, err := Require(ctx, "editor"); err != nil {
		t.Error(err)
	}
	type cart struct{ Items []int }
	if err := s.Set("cart", cart{[]int{1, 2}}); err != nil {
		t.Fatal(err)
	}
	if c, ok := Get[cart](s, "cart"); !ok || len(c.Items) != 2 {
		t.Error(c, ok)
	}
	if _, ok := Get[int](s, "cart"); ok {
		t.Error("a cart is a number")
	}
	if s.Set("", 1) == nil || s.Set("x", func() {}) == nil || s.Login(ctx, "") == nil {
		t.Error("what makes no sense is taken")
	}
	if err := s.Delete(rolesKey); err != nil || len(s.Roles()) != 2 {
		t.Error(err, s.Roles())
	}
	if _, err := Update(ctx, s, "big", func(string) (string, error) { return strings.Repeat("x", maxData), nil }); err == nil {
		t.Error("a session may grow without end")
	}
	if _, err := From(t.Context()); err == nil {
		t.Error("a session without a manager")
	}
}

func TestConfig(t *testing.T) {
	for text, want := range map[string]string{
		"":                                "",
		secretA + ", " + secretB:          "",
		"short":                           "secret 1 has 5 characters",
		secretA + ",short":                "secret 2 has 5 characters",
		strings.Repeat("ab", 32):          "secret 1 is easy to guess",
		secretA + "," + secretA:           "secret 2 is there twice",
		strings.Repeat("changeme", 8):     "secret 1 is easy to guess",
		strings.Repeat("0123456789ab", 4): "",
	} {
		_, err := ParseSecrets(text)
		if got := fmt.Sprint(err); (want == "") != (err == nil) || !strings.Contains(got, want) && want != "" {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
		if err != nil && text != "short" && strings.Contains(err.Error(), text) {
			t.Errorf("the error shows the secret: %v", err)
		}
	}
	for text, good := range map[string]bool{
		"": true, "https://a.example": true, "https://a.example,http://localhost:3000": true,
		"a.example": false, "https://a.example/": false, "https://a.example/x": false, "*": false,
	} {
		if _, err := ParseOrigins(text); (err == nil) != good {
			t.Errorf("%q: %v", text, err)
		}
	}
	if dev, err := ParseDev("insecure"); !bool(dev) || err != nil {
		t.Error(dev, err)
	}
	if _, err := ParseDev("true"); err == nil {
		t.Error("true is enough")
	}
	for _, cfg := range []Config{
		{Cookie: "a"}, {Cookie: "a b", Secrets: Secrets{secretA}}, {Cookie: "a", Secrets: Secrets{secretA}, Trusted: Origins{"x"}},
	} {
		if _, err := New(cfg, NewMemory(), quiet); err == nil {
			t.Errorf("%+v is good", cfg)
		}
	}
	if (Config{IdleTimeout: 2, Lifetime: 1}).Check() == nil || (Config{IdleTimeout: 1, Lifetime: 1}).Check() != nil {
		t.Error("times are not compared")
	}
}
