//go:build unix

package generator_test

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/apigen-go/apigen/generator/internal/conformance"
	"github.com/apigen-go/apigen/generator/internal/servertest"
)

// resources are what a process holds.
type resources struct{ files, goroutines int }

// mixConns is the size of the pool. SQLite keeps the descriptor of a connection that was
// closed as long as another has a lock, for the next one to use: so many may be left
// when the load before the first look opened fewer.
const mixConns = 8

// mix is a load of three kinds of requests on one instance.
type mix struct {
	b      *balancer
	debug  string // address that tells how many goroutines there are
	plain  string // path of a GET that is cached, or else one that asks no database
	ids    []string
	mu     sync.Mutex // of ids
	orders atomic.Int64
	failed atomic.Int64
}

// rigMix sends 70 % GETs that are cached, or ask no database, 20 % GETs that ask it and
// 10 % POSTs, and looks for what grows.
func rigMix(t *testing.T, service *conformance.Service, database func(*testing.T) string) {
	requests := 5000
	if soaking {
		requests = 1_000_000
	}
	m := startMix(t, service, database(t))
	pid := m.b.replicas[0].service.PID()
	m.load(t, max(requests/100, 1000)) // with all connections of the pool
	before := m.idle(t, resources{})

	const parts = 20
	var took []time.Duration
	memory := make([]float64, 0, parts)
	begin := time.Now()
	for range parts {
		took = append(took, m.load(t, requests/parts)...)
		memory = append(memory, float64(servertest.Memory(t, pid))/(1<<20))
	}
	lasted := time.Since(begin)
	after := m.idle(t, before)
	slices.Sort(took)
	at := func(part float64) time.Duration {
		return took[int(part*float64(len(took)-1))].Round(10 * time.Microsecond)
	}
	warm := memory[parts/4:]
	grows := slope(warm) * 100_000 / float64(requests/parts)
	t.Logf("%d requests, 70 %% GET %s, 20 %% GET of the database, 10 %% POST: %s, %.0f a second, %d not answered as they should be; p50 %s, p99 %s, p99.9 %s; RSS %.0f MB after a quarter, %.0f MB at the end, %+.2f MB for each 100,000 requests between; open files %d, then %d; goroutines %d, then %d; Node.js original: not measured this long",
		requests, m.plain, lasted.Round(time.Second), float64(requests)/lasted.Seconds(), m.failed.Load(), at(0.5), at(0.99), at(0.999),
		warm[0], warm[len(warm)-1], grows, before.files, after.files, before.goroutines, after.goroutines)
	if n := m.failed.Load(); n > 0 {
		t.Errorf("%d requests failed:\n%s", n, m.b.replicas[0].service.Log())
	}
	if soaking && grows > 1 {
		t.Errorf("memory grows by %.2f MB for each 100,000 requests: %.0f", grows, memory)
	}
	if after.files > before.files+mixConns || after.goroutines > before.goroutines {
		t.Errorf("%+v at rest, %+v before", after, before)
	}
}

func startMix(t *testing.T, service *conformance.Service, database string) *mix {
	t.Helper()
	m := &mix{debug: freeAddr(t), plain: cachedPath(t)}
	s, err := service.Again(t.Context(), database, "LOG_LEVEL=error", "DATABASE_IDLE_TIMEOUT=1s", fmt.Sprintf("DATABASE_MAX_CONNS=%d", mixConns), "DEBUG_ADDR="+m.debug)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Kill)
	r := &replica{service: s}
	r.url.Store(&s.URL)
	m.b = &balancer{replicas: []*replica{r}, client: &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 100}}}
	for range 50 {
		m.create(t)
	}
	return m
}

// cachedPath is the path of the first operation of the document that is cached. Without
// one it is that of an operation whose handler asks no database.
func cachedPath(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository, "testdata/lifecycle/openapi.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Paths map[string]struct {
			Get struct {
				Apigen map[string]any `yaml:"x-apigen"`
			}
		}
	}
	if err := yaml.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	var paths []string
	for path, item := range doc.Paths {
		if item.Get.Apigen["cache"] != nil {
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	return append(paths, "/status")[0]
}

// load sends n requests, 32 at a time, and returns how long each took.
func (m *mix) load(t *testing.T, n int) []time.Duration {
	t.Helper()
	took := make([]time.Duration, n)
	var next atomic.Int64
	var group sync.WaitGroup
	for range 32 {
		group.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				begin := time.Now()
				switch k := rand.IntN(10); {
				case k < 7:
					m.read(t, m.plain)
				case k < 8:
					m.read(t, "/orders?reference="+strconv.FormatInt(1+rand.Int64N(m.orders.Load()), 10))
				case k < 9:
					m.read(t, "/orders/{id}")
				default:
					m.create(t)
				}
				took[i] = time.Since(begin)
			}
		})
	}
	group.Wait()
	return took
}

func (m *mix) read(t *testing.T, path string) {
	m.mu.Lock()
	path = strings.NewReplacer("{id}", m.ids[rand.IntN(len(m.ids))], "{orderId}", m.ids[0]).Replace(path)
	m.mu.Unlock()
	req, err := http.NewRequest(http.MethodGet, *m.b.replicas[0].url.Load()+path, nil)
	if err != nil {
		t.Error(err)
		return
	}
	if r, err := m.b.do(req); err != nil || r.status != http.StatusOK {
		m.fail(t, path, r, err)
	}
}

// create sends a POST, every second one with a key.
func (m *mix) create(t *testing.T) {
	n, key := m.orders.Add(1), ""
	if n%2 == 0 {
		key = uuid(n)
	}
	r, err := m.b.post(*m.b.replicas[0].url.Load(), "/orders", key, fmt.Sprintf(`{"reference":"%d","amount":%d}`, n, n))
	var order struct{ ID string }
	if err != nil || r.status != http.StatusCreated || json.Unmarshal(r.body, &order) != nil {
		m.fail(t, "/orders", r, err)
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.ids) < 1000 {
		m.ids = append(m.ids, order.ID)
	} else {
		m.ids[rand.IntN(len(m.ids))] = order.ID
	}
}

func (m *mix) fail(t *testing.T, path string, r reply, err error) {
	if m.failed.Add(1) <= 5 {
		t.Errorf("%s: %d %s %v", path, r.status, r.body, err)
	}
}

// idle closes the connections of the client and waits until the service holds no more
// than want, or, when that is zero, no less than a moment ago.
func (m *mix) idle(t *testing.T, want resources) resources {
	t.Helper()
	m.b.client.CloseIdleConnections()
	pid := m.b.replicas[0].service.PID()
	var now resources
	for end, calm := time.Now().Add(30*time.Second), 0; time.Now().Before(end) && calm < 5; {
		time.Sleep(300 * time.Millisecond)
		before := now
		now = resources{files: openFiles(t, pid), goroutines: m.goroutines(t)}
		switch {
		case want != resources{} && now.files <= want.files+mixConns && now.goroutines <= want.goroutines:
			return now
		case want == resources{} && now == before:
			calm++
		default:
			calm = 0
		}
	}
	return now
}

func (m *mix) goroutines(t *testing.T) int {
	t.Helper()
	resp, err := http.Get("http://" + m.debug)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	n, convErr := strconv.Atoi(string(text))
	if err != nil || convErr != nil {
		t.Fatal(err, convErr)
	}
	return n
}

// openFiles counts the descriptors of a process. Where the system does not tell the
// test is skipped.
func openFiles(t *testing.T, pid int) int {
	t.Helper()
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil {
		t.Skip(err)
	}
	return len(entries)
}

// slope is that of the line closest to the values at 0, 1, 2, …
func slope(values []float64) float64 {
	n := float64(len(values))
	var x, y, xx, xy float64
	for i, v := range values {
		x, y, xx, xy = x+float64(i), y+v, xx+float64(i)*float64(i), xy+float64(i)*v
	}
	return (n*xy - x*y) / (n*xx - x*x)
}
