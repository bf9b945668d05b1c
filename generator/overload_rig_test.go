//go:build unix

package generator_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/apigen-go/apigen/generator/internal/conformance"
	"github.com/apigen-go/apigen/generator/internal/servertest"
)

// traffic is what came of a number of requests.
type traffic struct {
	ends     time.Time
	lasts    time.Duration
	inTime   int             // accepted and answered before the end
	accepted []time.Duration // sorted
	rejected []time.Duration // sorted
	failed   int             // answered in another way, or not at all
	hasty    int             // rejected without a word about when to try again
}

func (tr *traffic) goodput() float64 { return float64(tr.inTime) / tr.lasts.Seconds() }

func quantile(sorted []time.Duration, part float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[int(part*float64(len(sorted)-1))]
}

// note counts one answer. The caller holds the lock.
func (tr *traffic) note(r reply) {
	switch r.status {
	case http.StatusNoContent, http.StatusOK:
		tr.accepted = append(tr.accepted, r.took)
		if time.Now().Before(tr.ends) {
			tr.inTime++
		}
	case http.StatusServiceUnavailable:
		tr.rejected = append(tr.rejected, r.took)
		if n, err := strconv.Atoi(r.header.Get("Retry-After")); err != nil || n < 1 {
			tr.hasty++
		}
	default:
		tr.failed++
	}
}

// sender sends requests.
type sender struct{ client *http.Client }

func newSender() *sender {
	return &sender{&http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 4096, MaxIdleConns: 4096}}}
}

func (g *sender) get(url string) reply {
	start := time.Now()
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, url, http.NoBody)
	if err != nil {
		panic(err) // the test is wrong
	}
	resp, err := g.client.Do(req)
	if err != nil {
		return reply{took: time.Since(start)}
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
	return reply{resp.StatusCode, resp.Header, nil, time.Since(start)}
}

// closed keeps a number of requests under way at all times, each sent when
// another was answered.
func (g *sender) closed(url string, workers int, lasts time.Duration) *traffic {
	var mu sync.Mutex
	end := time.Now().Add(lasts)
	tr := &traffic{ends: end, lasts: lasts}
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for time.Now().Before(end) {
				r := g.get(url)
				mu.Lock()
				tr.note(r)
				mu.Unlock()
			}
		})
	}
	group.Wait()
	slices.Sort(tr.accepted)
	slices.Sort(tr.rejected)
	return tr
}

// open sends requests at a rate, whatever becomes of them. The i-th goes to
// urls(i), and the traffic of each URL is apart.
func (g *sender) open(rate float64, lasts time.Duration, urls func(i int) string) map[string]*traffic {
	var mu sync.Mutex
	out := map[string]*traffic{}
	var group sync.WaitGroup
	start := time.Now()
	for i := 0; ; i++ {
		due := time.Duration(float64(i) / rate * float64(time.Second))
		if due >= lasts {
			break
		}
		time.Sleep(due - time.Since(start)) // late ones go at once
		url := urls(i)
		group.Go(func() {
			r := g.get(url)
			mu.Lock()
			defer mu.Unlock()
			if out[url] == nil {
				out[url] = &traffic{ends: start.Add(lasts), lasts: lasts}
			}
			out[url].note(r)
		})
	}
	group.Wait()
	for _, tr := range out {
		slices.Sort(tr.accepted)
		slices.Sort(tr.rejected)
	}
	return out
}

func only(url string) func(int) string { return func(int) string { return url } }

// bottlenecks are what the rigs overload: a processor, and 20 slots.
var bottlenecks = []string{"/compute", "/wait"}

// overload has the times of the rigs: those that promises ask for, or shorter ones.
func overload() (calm, storm time.Duration) {
	if soaking {
		return 15 * time.Second, 30 * time.Second
	}
	return time.Second / 2, time.Second
}

// startLoaded starts an instance with one processor and warms it.
func startLoaded(t *testing.T, service *conformance.Service, g *sender, path, mode string) *conformance.Service {
	t.Helper()
	s := again(t, service, "LOG_LEVEL=warn", "GOMAXPROCS=1", "SHED="+mode)
	g.closed(s.URL+path, 8, time.Second/4)
	return s
}

// capacity returns how many requests a second a service answers that refuses none,
// and how much processor time one of them takes.
func capacity(t *testing.T, service *conformance.Service, g *sender, path string) (perSecond float64, each time.Duration) {
	t.Helper()
	s := startLoaded(t, service, g, path, "off")
	defer s.Kill()
	lasts, _ := overload()
	used := servertest.ProcessorTime(t, s.PID())
	tr := g.closed(s.URL+path, 64, lasts)
	if len(tr.accepted) == 0 || len(tr.rejected) > 0 || tr.failed > 0 {
		t.Fatalf("%d accepted, %d rejected, %d failed", len(tr.accepted), len(tr.rejected), tr.failed)
	}
	return tr.goodput(), (servertest.ProcessorTime(t, s.PID()) - used) / time.Duration(len(tr.accepted))
}

// probes asks for the health of a service, 20 times a second until stop is called,
// which returns the times it took.
func probes(t *testing.T, g *sender, s *conformance.Service) (stop func() []time.Duration) {
	done := make(chan struct{})
	var took []time.Duration
	var group sync.WaitGroup
	group.Go(func() {
		for {
			select {
			case <-done:
				return
			case <-time.After(50 * time.Millisecond):
			}
			r := g.get(s.URL + "/healthz")
			if r.status != http.StatusOK {
				t.Errorf("/healthz: status %d", r.status)
			}
			took = append(took, r.took)
		}
	})
	return func() []time.Duration {
		close(done)
		group.Wait()
		slices.Sort(took)
		return took
	}
}

// rigOverload sends three times of what a service can answer. A shared machine does not
// give the same time in every minute, so what it can answer is measured before and after,
// and what counts is the median of three rounds.
func rigOverload(t *testing.T, service *conformance.Service) {
	rounds := 1
	if soaking {
		rounds = 3
	}
	for _, path := range bottlenecks {
		t.Run(path[1:], func(t *testing.T) {
			var goodput []float64
			for range rounds {
				goodput = append(goodput, overloaded(t, service, path))
			}
			slices.Sort(goodput)
			t.Logf("goodput %.2f C, median of %.2f, want 0.9", goodput[rounds/2], goodput)
			if soaking && goodput[rounds/2] < 0.9 {
				t.Error("the promise is broken, or this machine has other work")
			}
		})
	}
}

// overloaded returns the goodput of a service that gets three times of what it can
// answer, as a part of that.
func overloaded(t *testing.T, service *conformance.Service, path string) float64 {
	t.Helper()
	calmTime, stormTime := overload()
	g := newSender()
	before, each := capacity(t, service, g, path)
	s := startLoaded(t, service, g, path, "on")
	defer s.Kill()
	url := s.URL + path
	calm := g.open(0.8*before, calmTime, only(url))[url]
	stop := probes(t, g, s)
	used := servertest.ProcessorTime(t, s.PID())
	storm := g.open(3*before, stormTime, only(url))[url]
	used = servertest.ProcessorTime(t, s.PID()) - used
	health := stop()
	back := backToNormal(g, url)
	after, eachAfter := capacity(t, service, g, path)
	c := (before + after) / 2
	t.Logf("C is %.0f/s, %s of processor time each; afterwards %.0f/s, %s", before, each.Round(time.Microsecond), after, eachAfter.Round(time.Microsecond))
	t.Logf("at 0.8 C: %s", calm)
	t.Logf("at 3 C:   %s", storm)
	ratio := float64(quantile(storm.accepted, 0.99)) / float64(quantile(calm.accepted, 0.99))
	t.Logf("goodput %.2f C; p99 %.1f x; rejected in p50 %s, want 10 ms; /healthz p99 %s, want 100 ms, worst %s; back to normal in %s, want 5 s; processor %.0f %% busy, %s for each that was accepted",
		storm.goodput()/c, ratio, ms(quantile(storm.rejected, 0.5)), ms(quantile(health, 0.99)), ms(quantile(health, 1)), ms(back), 100*used.Seconds()/stormTime.Seconds(), (used / time.Duration(max(1, len(storm.accepted)))).Round(time.Microsecond))
	if storm.hasty > 0 || storm.failed > 0 || len(storm.rejected) == 0 || len(storm.accepted) == 0 {
		t.Errorf("%d rejected without Retry-After, %d failed, %d rejected", storm.hasty, storm.failed, len(storm.rejected))
	}
	if soaking && (quantile(storm.rejected, 0.5) > 10*time.Millisecond || quantile(health, 0.99) > 100*time.Millisecond || back > 5*time.Second) {
		t.Error("the promise is broken, or this machine has other work")
	}
	return storm.goodput() / c
}

// backToNormal returns after how long 20 requests one after the other are accepted.
func backToNormal(g *sender, url string) time.Duration {
	start := time.Now()
	first := start
	for ok := 0; ok < 20 && time.Since(start) < 20*time.Second; ok++ {
		if g.get(url).status != http.StatusNoContent {
			ok, first = 0, time.Now()
		}
	}
	return first.Sub(start)
}

// String tells what came of the requests.
func (tr *traffic) String() string {
	n := len(tr.accepted) + len(tr.rejected) + tr.failed
	return fmt.Sprintf("%d requests, accepted %d in p50 %s, p99 %s, rejected %d in p50 %s, p99 %s, failed %d",
		n, len(tr.accepted), ms(quantile(tr.accepted, 0.5)), ms(quantile(tr.accepted, 0.99)),
		len(tr.rejected), ms(quantile(tr.rejected, 0.5)), ms(quantile(tr.rejected, 0.99)), tr.failed)
}

// rigPriorities sends three times of what a service can answer, a tenth of it critical
// and a tenth of low priority.
func rigPriorities(t *testing.T, service *conformance.Service) {
	if !soaking {
		t.Skip("APIGEN_SOAK is not 1; package shed holds priorities to their promise in simulated time")
	}
	for _, path := range bottlenecks {
		t.Run(path[1:], func(t *testing.T) {
			calmTime, stormTime := overload()
			g := newSender()
			c, _ := capacity(t, service, g, path)
			s := startLoaded(t, service, g, path, "on")
			normal, critical, low := s.URL+path, s.URL+path+"/critical", s.URL+path+"/low"
			mix := func(i int) string {
				switch i % 10 {
				case 0:
					return critical
				case 5:
					return low
				}
				return normal
			}
			g.open(0.8*c, calmTime, mix)
			storm := g.open(3*c, stormTime, mix)
			part := func(url string) float64 {
				tr := storm[url]
				return 100 * float64(len(tr.accepted)) / float64(len(tr.accepted)+len(tr.rejected)+tr.failed)
			}
			t.Logf("of %.0f/s, three times C, answered: critical %.2f %%, want 99 %%; normal %.1f %%; low %.1f %%", 3*c, part(critical), part(normal), part(low))
			if part(critical) < 99 || part(low) > part(normal) {
				t.Errorf("critical: %s\nnormal: %s", storm[critical], storm[normal])
			}
		})
	}
}
