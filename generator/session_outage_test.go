//go:build unix

package generator_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/apigen-go/apigen/generator/internal/conformance"
	"github.com/apigen-go/apigen/generator/internal/servertest"
)

// mostRefusal is how long a request may take, at the 99th percentile, that needs a
// session while Redis is away.
const mostRefusal = 250 * time.Millisecond

// mostWait is how long a request may take that needs a session while the database does
// not answer: the two seconds that it has, and what a busy machine adds.
const mostWait = 3 * time.Second

// rigSessionOutages: under load Redis fails in each way and comes back. Requests that
// need a session are answered with theirs or with 503, soon; others notice nothing.
func rigSessionOutages(t *testing.T, service *conformance.Service) {
	lasts, users := 1500*time.Millisecond, 100
	if soaking {
		lasts, users = 30*time.Second, 1000
	}
	redis := servertest.Redis(t)
	proxy := servertest.NewProxy(t, redis.Addr)
	for _, o := range outages {
		t.Run(o.name, func(t *testing.T) {
			addr := proxy.Addr
			if o.direct {
				addr = redis.Addr
			}
			s := startSite(t, service, 2, productive, firstSecret, "REDIS_URL=redis://"+addr, "DATABASE_URL=file:"+filepath.Join(t.TempDir(), "notes.db"))
			all := make([]*visitor, users)
			for i := range all {
				all[i] = s.visitor(t)
				all[i].sent = i
				s.login(t, all[i], fmt.Sprint("user", i))
			}
			m := s.load(all, lasts, func() {
				if err := o.begin(redis, proxy); err != nil {
					t.Error(err)
				}
			})
			if err := o.end(redis, proxy); err != nil {
				t.Fatal(err)
			}
			recovery := s.recovered(t)
			t.Logf("%-14s %s at 200/s of %d users: %d answered with their session, %d with 503, %d anonymous, %d otherwise, %d with the session of another user; 503 p99 %s, worst %s; without a session %.3f %% answered, p99 %s; back in %s",
				o.name, lasts, users, m.own, m.unavailable, m.anonymous, m.other, m.foreign, ms(m.refused(0.99)), ms(m.refused(1)), 100*m.open, ms(m.openSlow), ms(recovery))
			if m.foreign+m.other+m.anonymous != 0 || m.unavailable == 0 {
				t.Error("want nothing but their own sessions, or 503")
			}
			if m.refused(0.99) > mostRefusal || m.open < leastAvailable || recovery > mostRecovery {
				t.Errorf("want 503 within %s, %.1f %%, %s", mostRefusal, 100*leastAvailable, mostRecovery)
			}
			for i, one := range s.instances {
				if n := one.Logged("the store of sessions does not answer"); n == 0 || n > 5 {
					t.Errorf("instance %d has said %d times that the store is away", i, n)
				}
			}
		})
	}
}

// rigDatabaseAway: the network to the database of the sessions goes, and comes back.
func rigDatabaseAway(t *testing.T, service *conformance.Service) {
	u, err := url.Parse(servertest.Postgres(t))
	if err != nil {
		t.Fatal(err)
	}
	proxy := servertest.NewProxy(t, u.Host)
	u.Host = proxy.Addr
	s := startSite(t, service, 1, productive, firstSecret, "DATABASE_URL="+u.String())
	b := s.visitor(t)
	b.login("ada")
	for _, fault := range []servertest.Fault{{Silent: true}, {Reset: true}} {
		proxy.Fail(fault)
		away := b.send("GET", "/me", "")
		open := b.send("GET", "/open", "")
		proxy.Fail(servertest.Fault{})
		if away.status != http.StatusServiceUnavailable || away.took > mostWait || open.status != http.StatusNoContent || open.took > mostWait/2 {
			t.Errorf("%+v: with a session %d after %s, without one %d after %s", fault, away.status, ms(away.took), open.status, ms(open.took))
		}
		recovery := s.recovered(t)
		if b.user() != "ada" {
			t.Errorf("%+v: the session is gone", fault)
		}
		t.Logf("%+v: 503 after %s, back in %s", fault, ms(away.took), ms(recovery))
	}
}

// sessionMeasure is what a load of users got.
type sessionMeasure struct {
	own, unavailable, anonymous, other, foreign int
	refusals                                    []time.Duration // sorted
	open                                        float64         // part of the requests without a session that was answered
	openSlow                                    time.Duration
}

// refused is a quantile of the times that a 503 took.
func (m *sessionMeasure) refused(part float64) time.Duration {
	if len(m.refusals) == 0 {
		return 0
	}
	return m.refusals[int(part*float64(len(m.refusals)-1))]
}

// load sends 100 requests a second of users, half of them writes, and as many without
// a session, for a time. meanwhile is called in it.
func (s *site) load(users []*visitor, lasts time.Duration, meanwhile func()) *sessionMeasure {
	m := &sessionMeasure{}
	var mu sync.Mutex
	var openTook []time.Duration
	opened := 0
	var group sync.WaitGroup
	group.Go(func() {
		time.Sleep(lasts / 10)
		meanwhile()
	})
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for start, i := time.Now(), 0; time.Since(start) < lasts; i++ {
		<-tick.C
		group.Go(func() {
			b := users[i/2%len(users)]
			b = &visitor{t: b.t, site: s, cookie: b.cookie, sent: i / 2}
			if i%2 == 1 {
				r := b.send("GET", "/open", "")
				mu.Lock()
				defer mu.Unlock()
				openTook = append(openTook, r.took)
				if r.status == http.StatusNoContent {
					opened++
				}
				return
			}
			method, path := "GET", "/me"
			if i%4 == 0 {
				method, path = "POST", "/count"
			}
			r := b.send(method, path, "")
			var me struct{ User string }
			_ = json.Unmarshal(r.body, &me)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case r.status == http.StatusOK && me.User == fmt.Sprint("user", i/2%len(users)):
				m.own++
			case r.status == http.StatusOK:
				m.foreign++
			case r.status == http.StatusServiceUnavailable:
				m.unavailable++
				m.refusals = append(m.refusals, r.took)
			case r.status == http.StatusUnauthorized:
				m.anonymous++
			default:
				m.other++
			}
		})
	}
	group.Wait()
	slices.Sort(m.refusals)
	slices.Sort(openTook)
	m.open, m.openSlow = float64(opened)/float64(len(openTook)), openTook[len(openTook)*99/100]
	return m
}

// login logs a user in, with the patience that a busy machine asks for.
func (s *site) login(t *testing.T, b *visitor, user string) {
	t.Helper()
	for range 5 {
		if b.send("POST", "/login", fmt.Sprintf(`{"user":%q}`, user)).status == http.StatusNoContent {
			return
		}
		s.recovered(t)
	}
	t.Fatal("a user cannot log in")
}

// recovered waits until users can log in at every instance and returns how long that
// took.
func (s *site) recovered(t *testing.T) time.Duration {
	t.Helper()
	start := time.Now()
	for time.Since(start) < 3*mostRecovery {
		good := 0
		for i := range s.instances {
			b := s.visitor(t)
			b.sent = i
			if r := b.send("POST", "/login", `{"user":"late"}`); r.status == http.StatusNoContent {
				good++
			}
		}
		if good == len(s.instances) {
			return time.Since(start)
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatal("users cannot log in again")
	return 0
}
