//go:build unix

package generator_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/apigen-go/apigen/generator/internal/conformance"
	"github.com/apigen-go/apigen/generator/internal/servertest"
)

const (
	firstSecret  = "SESSION_SECRETS=qO3vB1xYc8Zk2RtWm5NsLp7DfHg9JaUe"
	secondSecret = "SESSION_SECRETS=Zk2RtWm5NsLp7DfHg9JaUeqO3vB1xYc8"
	productive   = "SESSION_DEV=" // beside conformance.Start, which is for development
)

// TestRigSessions builds the service of testdata/sessions and has each rig start its
// own instances.
func TestRigSessions(t *testing.T) {
	skipShort(t)
	dir := filepath.Join(t.TempDir(), "notes")
	create(t, dir, filepath.Join(repository, "testdata/sessions/openapi.yaml"), "default")
	handler, err := os.ReadFile(filepath.Join(repository, "testdata/sessions/users.go"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "internal/handler/users.go"), handler, 0o644); err != nil {
		t.Fatal(err)
	}
	goTool(t, dir, "vet", "./internal/handler", "./internal/session", "./cmd/notes")
	service, err := conformance.Start(t.Context(), dir, t.TempDir(), "DATABASE_URL=file:"+filepath.Join(t.TempDir(), "notes.db"))
	if err != nil {
		t.Fatal(err)
	}
	if err := service.Stop(); err != nil {
		t.Fatal(err)
	}
	t.Run("secrets", func(t *testing.T) { rigSecrets(t, service) })
	t.Run("origins", func(t *testing.T) { rigOrigins(t, service) })
	sqlite := "DATABASE_URL=file:" + filepath.Join(t.TempDir(), "shared.db")
	for _, kept := range []struct {
		name string
		env  func(*testing.T) []string
	}{
		{"sqlite", func(*testing.T) []string { return []string{sqlite} }},
		{"postgres", func(t *testing.T) []string { return []string{"DATABASE_URL=" + servertest.Postgres(t)} }},
		{"redis", func(t *testing.T) []string {
			return []string{"DATABASE_URL=file:" + filepath.Join(t.TempDir(), "notes.db"), "REDIS_URL=" + servertest.Redis(t).URL(), "REDIS_TIMEOUT=2s"}
		}},
	} {
		t.Run(kept.name, func(t *testing.T) {
			if !soaking {
				t.Parallel()
			}
			env := append(kept.env(t), productive)
			t.Run("identity", func(t *testing.T) { rigIdentity(t, service, env) })
			t.Run("parallel", func(t *testing.T) { rigParallel(t, service, env) })
			t.Run("ends", func(t *testing.T) { rigEnds(t, service, env) })
			t.Run("users", func(t *testing.T) { rigUsers(t, service, env) })
		})
	}
	t.Run("database away", func(t *testing.T) { rigDatabaseAway(t, service) })
	t.Run("outages", func(t *testing.T) { rigSessionOutages(t, service) })
}

// site is instances of a service with sessions.
type site struct {
	instances []*conformance.Service
	client    *http.Client
}

func startSite(t *testing.T, service *conformance.Service, instances int, env ...string) *site {
	t.Helper()
	s := &site{client: &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 1000}}}
	for range instances {
		one, err := service.Again(t.Context(), append([]string{"LOG_LEVEL=warn", "AUTH_DEV="}, env...)...)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(one.Kill)
		s.instances = append(s.instances, one)
	}
	return s
}

// visitor is one client, which keeps its cookie. Its requests go to the instances in
// turn.
type visitor struct {
	t      testing.TB
	site   *site
	cookie string // NAME=VALUE
	sent   int
}

func (s *site) visitor(t testing.TB) *visitor { return &visitor{t: t, site: s} }

func (b *visitor) send(method, path, body string, header ...string) reply {
	one := b.site.instances[b.sent%len(b.site.instances)]
	b.sent++
	req, err := http.NewRequestWithContext(context.Background(), method, one.URL+path, strings.NewReader(body))
	if err != nil {
		panic(err) // the test is wrong
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if b.cookie != "" {
		req.Header.Set("Cookie", b.cookie)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	start := time.Now()
	resp, err := b.site.client.Do(req)
	if err != nil {
		return reply{took: time.Since(start)}
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return reply{took: time.Since(start)}
	}
	for _, c := range resp.Cookies() {
		b.cookie = c.Name + "=" + c.Value
		if c.MaxAge < 0 {
			b.cookie = ""
		}
	}
	return reply{resp.StatusCode, resp.Header, data, time.Since(start)}
}

// want sends a request and fails unless it is answered with a status.
func (b *visitor) want(status int, method, path, body string, header ...string) reply {
	b.t.Helper()
	r := b.send(method, path, body, header...)
	if r.status != status {
		b.t.Fatalf("%s %s: %d %s, want %d", method, path, r.status, r.body, status)
	}
	return r
}

func (b *visitor) login(user string, roles ...string) {
	b.t.Helper()
	body, err := json.Marshal(map[string]any{"user": user, "roles": append([]string{}, roles...)})
	if err != nil {
		b.t.Fatal(err)
	}
	r := b.want(http.StatusNoContent, "POST", "/login", string(body))
	if r.header.Get("Cache-Control") != "no-store" {
		b.t.Errorf("an answer with a cookie may be stored: %v", r.header)
	}
}

// user is who has logged in, "" when nobody has.
func (b *visitor) user() string {
	b.t.Helper()
	r := b.send("GET", "/me", "")
	if r.status == http.StatusUnauthorized {
		return ""
	}
	var me struct{ User string }
	if err := json.Unmarshal(r.body, &me); err != nil || r.status != http.StatusOK {
		b.t.Fatalf("GET /me: %d %s", r.status, r.body)
	}
	return me.User
}

func (b *visitor) values() map[string]string {
	b.t.Helper()
	var out map[string]string
	if err := json.Unmarshal(b.want(http.StatusOK, "GET", "/values", "").body, &out); err != nil {
		b.t.Fatal(err)
	}
	return out
}

// like is another client with a cookie.
func (b *visitor) like(cookie string) *visitor { return &visitor{t: b.t, site: b.site, cookie: cookie} }

// rigIdentity: whose session it is, from the first request to the last, and that
// nobody else gets into it.
func rigIdentity(t *testing.T, service *conformance.Service, env []string) {
	s := startSite(t, service, 2, append(env, firstSecret)...)
	ada := s.visitor(t)
	if ada.user() != "" || ada.cookie != "" {
		t.Error("somebody has logged in")
	}
	ada.want(http.StatusNoContent, "PUT", "/values/v1", `{"text":"book"}`)
	r := ada.want(http.StatusNoContent, "PUT", "/values/v2", `{"text":"pen"}`)
	if r.header.Get("Set-Cookie") != "" {
		t.Error("the cookie is sent twice")
	}
	before := ada.cookie
	ada.login("ada", "admin")
	if ada.cookie == before || ada.user() != "ada" {
		t.Errorf("user %q; the id stays: %v", ada.user(), ada.cookie == before)
	}
	if v := ada.values(); v["v1"] != "book" || v["v2"] != "pen" {
		t.Errorf("values after the login: %v", v)
	}
	ada.want(http.StatusNoContent, "GET", "/admin", "")

	planted := ada.like(before) // whoever knew the id before the login
	if planted.user() != "" || len(planted.values()) != 0 {
		t.Error("fixation: the id of before the login is in the session of the user")
	}
	name, value, _ := strings.Cut(ada.cookie, "=")
	id, _, _ := strings.Cut(value, ".")
	for _, tampered := range []string{id, id + ".", id + "." + id, value[1:], value + "A", "s:" + value, strings.ToLower(value)} {
		if thief := ada.like(name + "=" + tampered); thief.user() != "" {
			t.Errorf("%q is taken", tampered)
		}
	}

	old := ada.cookie
	ada.want(http.StatusNoContent, "POST", "/logout", "")
	if ada.cookie != "" || ada.like(old).user() != "" {
		t.Error("the session is there after the logout")
	}
	devices := []*visitor{s.visitor(t), s.visitor(t), s.visitor(t)}
	for _, d := range devices {
		d.login("ada")
		d.want(http.StatusForbidden, "GET", "/admin", "")
	}
	eve := s.visitor(t)
	eve.login("eve")
	devices[0].want(http.StatusNoContent, "POST", "/revoke", "")
	for i, d := range devices {
		if d.user() != "" {
			t.Errorf("session %d is there after all were ended", i)
		}
	}
	if eve.user() != "eve" {
		t.Error("the session of another user has ended")
	}

	// The secret is another one now, first with the old one beside it, then without.
	rotated := startSite(t, service, 1, append(env, secondSecret+",qO3vB1xYc8Zk2RtWm5NsLp7DfHg9JaUe")...)
	moved := &visitor{t: t, site: rotated, cookie: eve.cookie}
	if moved.user() != "eve" {
		t.Error("the old secret is not good any more")
	}
	moved.login("eve")
	alone := startSite(t, service, 1, append(env, secondSecret)...)
	if (&visitor{t: t, site: alone, cookie: moved.cookie}).user() != "eve" {
		t.Error("the first secret has not signed")
	}
	unknown := &visitor{t: t, site: alone, cookie: eve.cookie}
	if unknown.want(http.StatusNoContent, "PUT", "/values/v1", `{"text":"x"}`); unknown.cookie == eve.cookie {
		t.Error("a cookie that nobody signed was adopted")
	}

	// A restart: what was kept is there.
	url, err := alone.instances[0].Restart(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if again := (&visitor{t: t, site: alone, cookie: moved.cookie}); again.user() != "eve" {
		t.Errorf("the session is gone after the restart, at %s", url)
	}
}

// rigParallel: of 50 requests that write to one session through two instances at the
// same time none is lost.
func rigParallel(t *testing.T, service *conformance.Service, env []string) {
	s := startSite(t, service, 2, append(env, firstSecret)...)
	b := s.visitor(t)
	b.login("ada")
	var group sync.WaitGroup
	for i := range 50 {
		group.Go(func() {
			one := b.like(b.cookie)
			one.sent = i
			if r := one.send("PUT", fmt.Sprintf("/values/v%d", i), fmt.Sprintf(`{"text":"t%d"}`, i)); r.status != http.StatusNoContent {
				t.Errorf("PUT: %d %s", r.status, r.body)
			}
			if r := one.send("POST", "/count", ""); r.status != http.StatusOK {
				t.Errorf("POST: %d %s", r.status, r.body)
			}
		})
	}
	group.Wait()
	kept := b.values()
	for i := range 50 {
		if kept[fmt.Sprint("v", i)] != fmt.Sprint("t", i) {
			t.Errorf("value %d is lost", i)
		}
	}
	r := b.want(http.StatusOK, "GET", "/me", "")
	if want := `{"user":"ada","count":50}`; strings.TrimSpace(string(r.body)) != want {
		t.Errorf("got %s, want %s", r.body, want)
	}
	t.Logf("50 parallel writes of one session over two instances: %d kept, count %s; Node.js original: the last one wins", len(kept), r.body)
}

// rigEnds: sessions end, those that are idle and those that are not.
func rigEnds(t *testing.T, service *conformance.Service, env []string) {
	s := startSite(t, service, 1, append(env, firstSecret, "SESSION_IDLE_TIMEOUT=1s", "SESSION_LIFETIME=3s")...)
	idle, busy := s.visitor(t), s.visitor(t)
	idle.login("ada")
	busy.login("eve")
	start := time.Now()
	for time.Since(start) < 2500*time.Millisecond {
		if busy.user() != "eve" {
			t.Fatalf("a session in use has ended after %s", time.Since(start))
		}
		time.Sleep(100 * time.Millisecond)
	}
	if idle.user() != "" {
		t.Error("a session that nobody used is there after 2.5 idle timeouts")
	}
	time.Sleep(time.Until(start.Add(3100 * time.Millisecond)))
	if busy.user() != "" {
		t.Error("a session in use is there after its lifetime")
	}
}

// rigUsers: 1,000 users at the same time, each of whom sees nothing but what is theirs.
func rigUsers(t *testing.T, service *conformance.Service, env []string) {
	env = append(env, firstSecret, "SHED=off")
	users := 200 // 20 connections each do for them; where the processors are busy, opening 40 takes too long
	if soaking {
		users, env = 1000, append(env, "DATABASE_MAX_CONNS=40")
	}
	s := startSite(t, service, 2, env...)
	var mu sync.Mutex
	statuses := map[int]int{}
	foreign, lost := 0, 0
	var group sync.WaitGroup
	for i := range users {
		group.Go(func() {
			b := s.visitor(t)
			b.sent = i
			me := fmt.Sprint("user", i)
			// note counts an answer; got is what it says of the user, and known whether
			// the service has said before that it keeps that.
			note := func(r reply, got string, known bool) {
				mu.Lock()
				defer mu.Unlock()
				statuses[r.status]++
				if got != "" && got != me {
					foreign++
				}
				if got == "" && known && r.status < http.StatusInternalServerError {
					lost++
				}
			}
			r := b.send("POST", "/login", fmt.Sprintf(`{"user":%q}`, me))
			note(r, me, true)
			in, set := r.status == http.StatusNoContent, false
			for range 3 {
				r = b.send("PUT", "/values/v1", fmt.Sprintf(`{"text":%q}`, me))
				note(r, me, true)
				set = set || r.status == http.StatusNoContent
				var who struct{ User string }
				r = b.send("GET", "/me", "")
				_ = json.Unmarshal(r.body, &who)
				note(r, who.User, in)
				values := map[string]string{}
				r = b.send("GET", "/values", "")
				_ = json.Unmarshal(r.body, &values)
				note(r, values["v1"], set)
			}
		})
	}
	group.Wait()
	t.Logf("%d users at once over two instances: %v by status, %d answers of another user, %d without what was kept", users, statuses, foreign, lost)
	if foreign+lost+statuses[0]+statuses[http.StatusInternalServerError] != 0 {
		t.Error("want 0 answers of another user, nothing lost, and none without a reason")
	}
	if got := slices.Sorted(maps.Keys(statuses)); !slices.Equal(got, []int{http.StatusOK, http.StatusNoContent}) && !soaking {
		t.Errorf("statuses %v", got) // 1,000 at once are more than may wait for a database
	}
}

// rigSecrets: the service does not start without a good secret, and says so.
func rigSecrets(t *testing.T, service *conformance.Service) {
	database := "DATABASE_URL=file:" + filepath.Join(t.TempDir(), "notes.db")
	for _, tt := range []struct {
		env  []string
		want []string
	}{
		{[]string{productive}, []string{"SESSION_SECRETS is not set"}},
		{[]string{productive, "SESSION_SECRETS=changeme", "SESSION_IDLE_TIMEOUT=2h", "SESSION_LIFETIME=1h", "SESSION_TRUSTED_ORIGINS=app.example.com"},
			[]string{"SESSION_SECRETS: secret 1 has 8 characters", "SESSION_IDLE_TIMEOUT=2h0m0s: want no more than SESSION_LIFETIME (1h0m0s)", "SESSION_TRUSTED_ORIGINS"}},
		{[]string{"SESSION_DEV=yes"}, []string{`SESSION_DEV="yes": want nothing, or "insecure"`}},
	} {
		_, err := service.Again(t.Context(), append(tt.env, database)...)
		if err == nil {
			t.Errorf("%v: the service starts", tt.env)
			continue
		}
		for _, want := range tt.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%v: no %q in\n%v", tt.env, want, err)
			}
		}
		if strings.Contains(err.Error(), "changeme") {
			t.Errorf("the secret is in\n%v", err)
		}
	}

	dev := startSite(t, service, 1, database)
	b := dev.visitor(t)
	b.login("ada")
	if !strings.HasPrefix(b.cookie, "notes=") || b.user() != "ada" {
		t.Errorf("for development: %s", b.cookie)
	}
	if log := dev.instances[0].Log(); !strings.Contains(log, "SESSION_DEV is insecure") {
		t.Errorf("the log does not say so:\n%s", log)
	}
	url, err := dev.instances[0].Restart(t.Context())
	if err != nil || b.user() != "" {
		t.Errorf("a secret that was made up is the same after a restart at %s: %v", url, err)
	}
}

// rigOrigins: pages of other origins change nothing by the cookie of a user, and
// requests that need no session are not subject.
func rigOrigins(t *testing.T, service *conformance.Service) {
	s := startSite(t, service, 1, productive, firstSecret, "DATABASE_URL=file:"+filepath.Join(t.TempDir(), "notes.db"), "SESSION_TRUSTED_ORIGINS=https://app.example.com")
	b := s.visitor(t)
	b.login("ada")
	own := s.instances[0].URL
	refused := 0
	for _, tt := range []struct {
		site, origin string
		good         bool
	}{
		{"", "", true}, {"same-origin", own, true}, {"none", "", true}, {"", own, true},
		{"cross-site", "https://app.example.com", true}, {"", "https://app.example.com", true},
		{"cross-site", "https://evil.example", false}, {"same-site", "https://sub.example.com", false},
		{"cross-site", "null", false}, {"", "https://evil.example", false}, {"", "null", false},
	} {
		var header []string
		if tt.site != "" {
			header = append(header, "Sec-Fetch-Site", tt.site)
		}
		if tt.origin != "" {
			header = append(header, "Origin", tt.origin)
		}
		for _, r := range []struct {
			method, path, body string
			good               int
		}{
			{"POST", "/count", "", 200}, {"PUT", "/values/v1", `{"text":"x"}`, 204}, {"POST", "/notes", `{"text":"x"}`, 201}, {"POST", "/login", `{"user":"ada"}`, 204},
		} {
			want := r.good
			if !tt.good {
				want = http.StatusForbidden
				refused++
			}
			b.want(want, r.method, r.path, r.body, header...)
		}
		b.want(http.StatusOK, "GET", "/me", "", header...)
		b.want(http.StatusNoContent, "POST", "/open", "", header...)
	}
	r := b.want(http.StatusOK, "GET", "/me", "")
	if !strings.Contains(string(r.body), `"count":6`) {
		t.Errorf("counted by others: %s", r.body)
	}
	t.Logf("%d requests of pages of other origins: all refused; Node.js original: express-session has no protection", refused)
}
