//go:build unix

package generator_test

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/apigen-go/apigen/generator/internal/conformance"
	"github.com/apigen-go/apigen/generator/internal/servertest"
)

// What a Redis that fails may cost, issue 4.
const (
	leastAvailable = 0.999
	mostAdded      = 100 * time.Millisecond // at the 99th percentile
	mostRecovery   = 5 * time.Second
)

// outage is a way for Redis to fail.
type outage struct {
	name     string
	original string // what the Node.js original did to requests
	begin    func(*servertest.RedisServer, *servertest.Proxy) error
	end      func(*servertest.RedisServer, *servertest.Proxy) error
	direct   bool // without the proxy between
}

func network(f servertest.Fault) func(*servertest.RedisServer, *servertest.Proxy) error {
	return func(_ *servertest.RedisServer, p *servertest.Proxy) error {
		p.Fail(f)
		return nil
	}
}

var outages = []outage{
	{"killed", "500 after 5.04 s", func(r *servertest.RedisServer, _ *servertest.Proxy) error { return r.Kill() },
		func(r *servertest.RedisServer, _ *servertest.Proxy) error { return r.Start() }, true},
	{"frozen", "no answer in 8 s", func(r *servertest.RedisServer, _ *servertest.Proxy) error { return r.Freeze() },
		func(r *servertest.RedisServer, _ *servertest.Proxy) error { return r.Thaw() }, true},
	{"slow by 300 ms", "not measured", network(servertest.Fault{Delay: 150 * time.Millisecond}), network(servertest.Fault{}), false},
	{"black hole", "not measured", network(servertest.Fault{Silent: true}), network(servertest.Fault{}), false},
	{"reset", "not measured", network(servertest.Fault{Reset: true}), network(servertest.Fault{}), false},
}

// rigOutages: under load Redis fails in each way and comes back.
func rigOutages(t *testing.T, service *conformance.Service) {
	lasts, part := 1500*time.Millisecond, 0.9 // of so few requests the slowest are those of a busy machine
	if soaking {
		lasts, part = 30*time.Second, 0.99
	}
	redis := servertest.Redis(t)
	proxy := servertest.NewProxy(t, redis.Addr)
	fleets := map[bool]*fleet{
		true:  startFleet(t, service, "REDIS_URL="+redis.URL()),
		false: startFleet(t, service, "REDIS_URL=redis://"+proxy.Addr),
	}
	for _, o := range outages {
		t.Run(o.name, func(t *testing.T) {
			f := fleets[o.direct]
			f.recovered(t) // from the one before
			lines := f.outagesLogged()
			var local []int
			m := f.load(lasts, part, func() {
				if err := o.begin(redis, proxy); err != nil {
					t.Error(err)
				}
				time.Sleep(lasts / 2)
				local = f.burst(t, stranger(), 400)
			})
			if err := o.end(redis, proxy); err != nil {
				t.Fatal(err)
			}
			recovery := f.recovered(t)
			t.Logf("%-14s %s at 200/s: %.3f %% answered 200; slowest %.0f %%: %s, without the limiter %s, added %s; worst %s, without %s; %v of 2 x 200 passed locally, limit 100 each; back in %s; Node.js original: %s",
				o.name, lasts, 100*m.available, 100-100*part, ms(m.slow), ms(m.control), ms(m.slow-m.control), ms(m.worst), ms(m.worstControl), local, ms(recovery), o.original)
			if m.available < leastAvailable || m.slow-m.control > mostAdded || recovery > mostRecovery {
				t.Errorf("want %.1f %%, %s, %s", 100*leastAvailable, mostAdded, mostRecovery)
			}
			if !slices.Equal(local, []int{100, 100}) {
				t.Errorf("%v passed while Redis was away, want 100 at each instance", local)
			}
			for i, n := range f.outagesLogged() {
				if n == lines[i] {
					t.Errorf("instance %d: the log does not tell that Redis is away:\n%s", i, f.instances[i].Log())
				}
			}
		})
	}
}

func ms(d time.Duration) time.Duration { return d.Round(time.Millisecond) }

// outagesLogged returns how often each instance has said that Redis is away.
func (f *fleet) outagesLogged() []int {
	out := make([]int, len(f.instances))
	for i, s := range f.instances {
		out[i] = strings.Count(s.Log(), "redis does not answer")
	}
	return out
}

// measure is what a load got.
type measure struct {
	available           float64       // part that was answered as it should be
	slow, control       time.Duration // quantile of limited requests and of those without a limit
	worst, worstControl time.Duration
}

// load sends 200 requests a second with a limit and as many without, each from a
// client of its own, for a time and as long as meanwhile takes. It does not wait for
// answers before it sends the next. Those without a limit tell what the machine
// alone costs.
func (f *fleet) load(lasts time.Duration, part float64, meanwhile func()) measure {
	done := make(chan struct{})
	time.AfterFunc(lasts/10, func() {
		meanwhile()
		close(done)
	})
	var mu sync.Mutex
	var took [2][]time.Duration
	ok := 0
	var group sync.WaitGroup
	tick := time.NewTicker(2500 * time.Microsecond)
	defer tick.Stop()
	start, running := time.Now(), true
	for i := 0; running || time.Since(start) < lasts; {
		select {
		case <-done:
			running, done = false, nil
			continue
		case <-tick.C:
			i++
		}
		group.Go(func() {
			path, want := "/notes", http.StatusOK
			if i%2 == 1 {
				path, want = "/notes/0198c0de-0000-7000-8000-000000000000", http.StatusNotFound
			}
			r := f.send(i/2, http.MethodGet, path, stranger(), "")
			mu.Lock()
			defer mu.Unlock()
			took[i%2] = append(took[i%2], r.took)
			if i%2 == 0 && r.status == want {
				ok++
			}
		})
	}
	group.Wait()
	for _, one := range took {
		slices.Sort(one)
	}
	at := func(i int, part float64) time.Duration { return took[i][int(part*float64(len(took[i])-1))] }
	return measure{float64(ok) / float64(len(took[0])), at(0, part), at(1, part), at(0, 1), at(1, 1)}
}

// recovered waits until the instances count together and returns how long that took.
func (f *fleet) recovered(t *testing.T) time.Duration {
	t.Helper()
	start := time.Now()
	for time.Since(start) < 3*mostRecovery {
		addr := stranger()
		f.get(0, addr)
		if rate := rateField.FindStringSubmatch(f.get(1, addr).header.Get("RateLimit")); rate != nil && rate[2] == "98" {
			return time.Since(start).Round(time.Millisecond)
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatal("the instances do not count together again")
	return 0
}

// rigMemory sends requests from 1,000,000 networks to an instance without Redis and
// one with it.
func rigMemory(t *testing.T, service *conformance.Service) {
	if !soaking {
		t.Skip("APIGEN_SOAK is not 1; package ratelimit holds 1,000,000 keys to a bound")
	}
	const clients, part = 1_000_000, 100_000
	redis := servertest.Redis(t)
	empty := servertest.Memory(t, redis.PID())
	f := startFleet(t, service)
	shared, err := service.Again(t.Context(), "TRUSTED_PROXIES=1", "RATE_LIMIT=100/15m", "LOG_LEVEL=warn", "REDIS_URL="+redis.URL())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(shared.Kill)
	f.instances[1] = shared
	for i, name := range []string{"alone", "with Redis"} {
		f.volley(t, i, 1000) // warm
		before := servertest.Memory(t, f.instances[i].PID())
		var first, last time.Duration
		for n := 0; n < clients; n += part {
			last = f.volley(t, i, part)
			if n == 0 {
				first = last
			}
		}
		grown := servertest.Memory(t, f.instances[i].PID()) - before
		t.Logf("1,000,000 clients, %s: %d MB grown, p99 %s of the first 100,000 requests and %s of the last; Node.js original: no bound", name, grown>>20, ms(first), ms(last))
		if grown > 96<<20 {
			t.Errorf("memory grew by %d MB", grown>>20)
		}
	}
	t.Logf("Redis: %d MB for 1,000,000 clients, until their windows have passed", (servertest.Memory(t, redis.PID())-empty)>>20)
}

// volley sends a request of each of n new clients and returns the 99th percentile
// of the times they took.
func (f *fleet) volley(t *testing.T, instance, n int) time.Duration {
	t.Helper()
	took := make([]time.Duration, n)
	var next atomic.Int64
	var group sync.WaitGroup
	for range 16 {
		group.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				r := f.get(instance, stranger())
				if took[i] = r.took; r.status != http.StatusOK {
					t.Errorf("status %d", r.status)
				}
			}
		})
	}
	group.Wait()
	slices.Sort(took)
	return took[n*99/100]
}
