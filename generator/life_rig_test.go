//go:build unix

package generator_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/apigen-go/apigen/generator/internal/conformance"
	"github.com/apigen-go/apigen/generator/internal/servertest"
)

// TestRigLife builds the service of testdata/lifecycle and has it stopped, killed and
// loaded, on SQLite and on PostgreSQL. See docs/lifecycle.md and docs/idempotency.md.
func TestRigLife(t *testing.T) {
	skipShort(t)
	service := orders(t)
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			if !soaking {
				t.Parallel() // nothing is measured
			}
			for _, rig := range []struct {
				name string
				run  func(*testing.T, *conformance.Service, func(*testing.T) string)
			}{{"stop", rigStop}, {"restarts", rigRestarts}, {"keys", rigKeys}, {"kills", rigKills}, {"mix", rigMix}} {
				if engine == "postgres" && !soaking && (rig.name == "stop" || rig.name == "mix") {
					continue // nothing in them is about the engine but how long it lasts
				}
				t.Run(rig.name, func(t *testing.T) {
					rig.run(t, service, func(t *testing.T) string {
						if engine == "postgres" {
							return "DATABASE_URL=" + servertest.Postgres(t)
						}
						return "DATABASE_URL=file:" + filepath.Join(t.TempDir(), "orders.db")
					})
				})
			}
		})
	}
}

// orders builds the service of testdata/lifecycle with its handlers.
func orders(t *testing.T) *conformance.Service {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "orders")
	folder := filepath.Join(repository, "testdata/lifecycle")
	create(t, dir, filepath.Join(folder, "openapi.yaml"), "store", "ratelimit", "cache", "idempotency")
	for name, place := range map[string]string{"status.go": "internal/handler", "payments.go": "internal/handler", "debug.go": "cmd/orders"} {
		text, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, place, name), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	service, err := conformance.Start(t.Context(), dir, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := service.Stop(); err != nil {
		t.Fatal(err)
	}
	return service
}

// replica is one instance of a service behind a balancer.
type replica struct {
	service *conformance.Service
	url     atomic.Pointer[string]
	ready   atomic.Bool // as the balancer saw it last
}

// balancer sends requests to the instances that were ready when it asked last. It
// never sends a request twice, and neither does its client: bodies cannot be had again.
type balancer struct {
	replicas []*replica
	env      []string
	client   *http.Client
	next     atomic.Int64
}

// pollEvery is how often the balancer asks whether an instance is ready.
const pollEvery = 20 * time.Millisecond

func startBalancer(t *testing.T, service *conformance.Service, env ...string) *balancer {
	t.Helper()
	b := &balancer{
		env:    append([]string{"LOG_LEVEL=warn"}, env...),
		client: &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 100}},
	}
	for range 2 {
		r := &replica{service: service}
		b.start(t, r)
		b.replicas = append(b.replicas, r)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var group sync.WaitGroup
	group.Go(func() { b.poll(ctx) })
	t.Cleanup(func() {
		cancel()
		group.Wait()
		b.client.CloseIdleConnections()
		for _, r := range b.replicas {
			r.service.Kill()
		}
	})
	return b
}

// start starts a new process in the place of the one before.
func (b *balancer) start(t *testing.T, r *replica) {
	t.Helper()
	s, err := r.service.Again(context.Background(), b.env...)
	if err != nil {
		t.Fatal(err)
	}
	r.service = s
	r.url.Store(&s.URL)
}

func (b *balancer) poll(ctx context.Context) {
	client := &http.Client{Timeout: time.Second}
	for ctx.Err() == nil {
		for _, r := range b.replicas {
			url := *r.url.Load()
			resp, err := client.Get(url + "/readyz")
			if err == nil {
				_ = resp.Body.Close()
			}
			r.ready.Store(err == nil && resp.StatusCode == http.StatusOK && url == *r.url.Load())
		}
		time.Sleep(pollEvery)
	}
}

// pick returns the address of an instance that is ready.
func (b *balancer) pick() string {
	for {
		for range b.replicas {
			r := b.replicas[int(b.next.Add(1))%len(b.replicas)]
			if r.ready.Load() {
				return *r.url.Load()
			}
		}
		time.Sleep(time.Millisecond)
	}
}

// post sends a POST once. A key that is "" is left out.
func (b *balancer) post(url, path, key, body string, header ...string) (reply, error) {
	return b.postWithin(time.Minute, url, path, key, body, header...)
}

// postWithin is post for a client that waits for the answer no longer than that.
func (b *balancer) postWithin(limit time.Duration, url, path, key, body string, header ...string) (reply, error) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url+path, io.NopCloser(strings.NewReader(body)))
	if err != nil {
		return reply{}, err
	}
	req.ContentLength = int64(len(body))
	req.Header.Set("Content-Type", "application/json")
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	return b.do(req)
}

func (b *balancer) do(req *http.Request) (reply, error) {
	start := time.Now()
	resp, err := b.client.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	return reply{resp.StatusCode, resp.Header, data, time.Since(start)}, err
}

// get reads a JSON answer.
func (b *balancer) get(t *testing.T, path string, into any) {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, b.pick()+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r, err := b.do(req)
	if err = errors.Join(err, json.Unmarshal(r.body, into)); err != nil || r.status != http.StatusOK {
		t.Fatalf("GET %s: %d %s %v", path, r.status, r.body, err)
	}
}

// rigRestarts restarts the two instances in turn under load.
func rigRestarts(t *testing.T, service *conformance.Service, database func(*testing.T) string) {
	restarts, delay := 2, time.Second
	if soaking {
		restarts = 20
	}
	b := startBalancer(t, service, database(t), "SHUTDOWN_DELAY="+delay.String(), "DATABASE_ACQUIRE_TIMEOUT=10s")
	stop := make(chan struct{})
	var sent, longest atomic.Int64
	var group sync.WaitGroup
	for worker := range 8 {
		group.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				n := sent.Add(1)
				path, body := "/orders", fmt.Sprintf(`{"reference":"%d","amount":1}`, n)
				key := ""
				if i%4 == worker%4 { // slow ones, to be in flight
					path, body, key = "/payments", fmt.Sprintf(`{"reference":"%d","amount":%d}`, n, 1000*(1+i%20)), uuid(n)
				}
				url := b.pick()
				r, err := b.post(url, path, key, body)
				if err != nil || r.status != http.StatusCreated {
					t.Errorf("request %d to %s: %d %s %v", n, url, r.status, r.body, err)
				}
				longest.Store(max(longest.Load(), int64(r.took)))
			}
		})
	}
	var slowest time.Duration
	for i := range restarts {
		r := b.replicas[i%2]
		time.Sleep(300 * time.Millisecond)
		begin := time.Now()
		if err := r.service.Stop(); err != nil {
			t.Errorf("restart %d: %v", i, err)
		}
		slowest = max(slowest, time.Since(begin))
		b.start(t, r)
		for !r.ready.Load() {
			time.Sleep(pollEvery)
		}
	}
	close(stop)
	group.Wait()
	var orders, payments struct{ Total int64 }
	b.get(t, "/orders?limit=1", &orders)
	b.get(t, "/payments?limit=1", &payments)
	t.Logf("%d rolling restarts of 2 instances, %d POSTs, no retries: 0 to fail, %d rows for them; slowest stop %s (delay %s, longest request %s); Node.js original: 20 of 20 requests in flight dropped at each",
		restarts, sent.Load(), orders.Total+payments.Total, ms(slowest), delay, ms(time.Duration(longest.Load())))
	if orders.Total+payments.Total != sent.Load() {
		t.Errorf("%d rows for %d requests", orders.Total+payments.Total, sent.Load())
	}
	if most := delay + time.Duration(longest.Load()) + 2*time.Second; slowest > most {
		t.Errorf("a stop took %s, want %s at most", slowest, most)
	}
}

// uuid is a UUID made of a number.
func uuid(n int64) string { return fmt.Sprintf("0198c0de-0000-7000-8000-%012x", n) }

// rigStop stops an instance with a request in flight, and one that is told twice.
func rigStop(t *testing.T, service *conformance.Service, database func(*testing.T) string) {
	b := startBalancer(t, service, database(t))
	done := make(chan reply, 1)
	go func() {
		r, err := b.post(b.replicas[0].service.URL, "/payments", uuid(1), `{"reference":"x","amount":1000000}`) // for 1 s
		if err != nil {
			t.Error(err)
		}
		done <- r
	}()
	time.Sleep(300 * time.Millisecond)
	begin := time.Now()
	if err := b.replicas[0].service.Stop(); err != nil {
		t.Error(err)
	}
	took := time.Since(begin)
	r := <-done
	t.Logf("stopped in %s with exit code 0; the request in flight got %d after %s", ms(took), r.status, ms(r.took))
	if r.status != http.StatusCreated {
		t.Errorf("status %d %s", r.status, r.body)
	}

	patient, err := service.Again(t.Context(), append(slices.Clone(b.env), "SHUTDOWN_DELAY=1m")...)
	if err != nil {
		t.Fatal(err)
	}
	defer patient.Kill()
	if err := syscall.Kill(patient.PID(), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for {
		resp, err := http.Get(patient.URL + "/readyz")
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode == http.StatusServiceUnavailable {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	begin = time.Now()
	if err := patient.Stop(); err == nil || !strings.Contains(err.Error(), "signal: terminated") {
		t.Errorf("the second SIGTERM: %v", err)
	}
	t.Logf("the second SIGTERM ends a stop with a delay of 1m after %s", ms(time.Since(begin)))
}
