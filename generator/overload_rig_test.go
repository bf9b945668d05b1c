//go:build unix

package generator_test

import (
	"context"
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

// rigOverload measures the capacity of a service for one kind of work and sends
// three times as much.
func rigOverload(t *testing.T, service *conformance.Service, path string, env ...string) {
	lasts := 4 * time.Second
	if soaking {
		lasts = 30 * time.Second
	}
	g := newSender()
	start := func(env ...string) *conformance.Service {
		s, err := service.Again(t.Context(), append([]string{"LOG_LEVEL=warn", "GOMAXPROCS=1"}, env...)...)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(s.Kill)
		g.closed(s.URL+path, 8, time.Second) // warm
		return s
	}
	plain := start("SHED=off")
	used := servertest.ProcessorTime(t, plain.PID())
	capacity := g.closed(plain.URL+path, 64, max(lasts/2, 3*time.Second))
	cost := (servertest.ProcessorTime(t, plain.PID()) - used) / time.Duration(len(capacity.accepted))
	plain.Kill()
	c := capacity.goodput()
	s := start(env...)
	url := s.URL + path
	calm := g.open(0.8*c, max(lasts/2, 3*time.Second), only(url))[url]
	stop := make(chan struct{})
	var health []time.Duration
	var group sync.WaitGroup
	group.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(50 * time.Millisecond):
				if r := g.get(s.URL + "/healthz"); r.status == http.StatusOK {
					health = append(health, r.took)
				} else {
					t.Errorf("/healthz: status %d", r.status)
				}
			}
		}
	})
	used = servertest.ProcessorTime(t, s.PID())
	storm := g.open(3*c, lasts, only(url))[url]
	used = servertest.ProcessorTime(t, s.PID()) - used
	close(stop)
	group.Wait()
	slices.Sort(health)
	after := time.Now()
	var back time.Duration
	for ok := 0; ok < 20; ok++ {
		if r := g.get(url); r.status != http.StatusNoContent || r.took > 2*quantile(calm.accepted, 0.99) {
			ok = 0
		}
		back = time.Since(after)
	}
	t.Logf("%s: C %.0f/s (%d rejected); at 0.8 C p50 %s p99 %s, %d rejected; at 3 C goodput %.2f C, p50 %s p99 %s (%.1f x), rejected %d: p50 %s p99 %s, without Retry-After %d, failed %d; health worst %s of %d; back in %s; processor time per answer %s, %s; busy %.0f %%\n%s", path, c, len(capacity.rejected),
		quantile(calm.accepted, 0.5), quantile(calm.accepted, 0.99), len(calm.rejected),
		storm.goodput()/c, quantile(storm.accepted, 0.5), quantile(storm.accepted, 0.99), float64(quantile(storm.accepted, 0.99))/float64(quantile(calm.accepted, 0.99)),
		len(storm.rejected), quantile(storm.rejected, 0.5), quantile(storm.rejected, 0.99), storm.hasty, storm.failed, quantile(health, 1), len(health), back, cost, used/time.Duration(len(storm.accepted)), 100*used.Seconds()/lasts.Seconds(), s.Log())
}
