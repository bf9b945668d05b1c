//go:build unix

package generator_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/apigen-go/apigen/generator/internal/conformance"
	"github.com/apigen-go/apigen/generator/internal/servertest"
)

// The rigs drive generated services that run as processes of their own, with a
// real Redis. With APIGEN_SOAK=1 ("make soak") they take as long as the promises
// in docs/limits.md ask for, without it as long as a test may.
var soaking = os.Getenv("APIGEN_SOAK") == "1"

// skipShort skips a test under -short whose work is done by other processes, where the
// race detector of "make race" sees nothing, or would have it take minutes more.
func skipShort(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("has other programs do its work, or takes minutes under the race detector")
	}
}

// fleet is two instances of one service behind a proxy that names the client.
type fleet struct {
	instances []*conformance.Service
	client    *http.Client
}

// strangers is how many clients were invented so far.
var strangers atomic.Int64

// TestRigLimiter builds the service of testdata/limits and has each rig start its
// own instances.
func TestRigLimiter(t *testing.T) {
	skipShort(t)
	dir := filepath.Join(t.TempDir(), "notes")
	create(t, dir, filepath.Join(repository, "testdata/limits/openapi.yaml"), "default")
	service, err := conformance.Start(t.Context(), dir, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := service.Stop(); err != nil {
		t.Fatal(err)
	}
	for _, rig := range []struct {
		name string
		run  func(*testing.T, *conformance.Service)
	}{{"unsafe", rigUnsafe}, {"shares", rigShares}, {"window", rigWindow}, {"outages", rigOutages}, {"memory", rigMemory}} {
		t.Run(rig.name, func(t *testing.T) { rig.run(t, service) })
	}
}

// startFleet starts two instances of a service.
func startFleet(t *testing.T, service *conformance.Service, env ...string) *fleet {
	t.Helper()
	f := &fleet{client: &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 1000}}}
	env = append([]string{"RATE_LIMIT=100/15m", "TRUSTED_PROXIES=1", "LOG_LEVEL=warn", "SHED=off"}, env...)
	for range 2 {
		s, err := service.Again(t.Context(), append(env, "DATABASE_URL=file:"+filepath.Join(t.TempDir(), "notes.db"))...)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(s.Kill)
		f.instances = append(f.instances, s)
	}
	return f
}

// reply is what a request got.
type reply struct {
	status int // 0: no answer
	header http.Header
	body   []byte
	took   time.Duration
}

// get sends GET /notes to an instance as the client with an address.
func (f *fleet) get(instance int, addr string) reply {
	return f.send(instance, http.MethodGet, "/notes", addr, "")
}

func (f *fleet) send(instance int, method, path, addr, body string) reply {
	s := f.instances[instance%len(f.instances)]
	req, err := http.NewRequestWithContext(context.Background(), method, s.URL+path, strings.NewReader(body))
	if err != nil {
		panic(err) // the test is wrong
	}
	req.Header.Set("X-Forwarded-For", addr)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	start := time.Now()
	resp, err := f.client.Do(req)
	if err != nil {
		return reply{took: time.Since(start)}
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return reply{took: time.Since(start)}
	}
	return reply{resp.StatusCode, resp.Header, data, time.Since(start)}
}

// stranger returns the address of a client that nobody has seen.
func stranger() string {
	n := strangers.Add(1)
	return fmt.Sprintf("2001:db8:%x:%x00::1", n>>8, n&0xff)
}

// burst sends n concurrent requests of one client, to the instances in turn, and
// returns how many of them each instance let pass.
func (f *fleet) burst(t *testing.T, addr string, n int) []int {
	t.Helper()
	passed := make([]atomic.Int64, len(f.instances))
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() {
			switch r := f.get(i, addr); r.status {
			case http.StatusOK:
				passed[i%len(passed)].Add(1)
			case http.StatusTooManyRequests:
			default:
				t.Errorf("status %d", r.status)
			}
		})
	}
	group.Wait()
	out := make([]int, len(passed))
	for i := range passed {
		out[i] = int(passed[i].Load())
	}
	return out
}

// patience is for rigs that count what several instances let pass: a machine that
// is busy with other tests must not pass for a Redis that does not answer.
var patience = "REDIS_TIMEOUT=2s"

func init() {
	if soaking {
		patience = "REDIS_TIMEOUT=50ms" // the default
	}
}

// rateField and policyField are the fields of draft-8 as structured fields, RFC 9651.
var (
	rateField   = regexp.MustCompile(`^"([^"]*)";r=(\d+);t=(\d+)$`)
	policyField = regexp.MustCompile(`^"([^"]*)";q=(\d+);w=(\d+)$`)
)

// rigShares: one quota over two instances and a Redis, what answers say
// about it, and limits of single operations.
func rigShares(t *testing.T, service *conformance.Service) {
	f := startFleet(t, service, "REDIS_URL="+servertest.Redis(t).URL(), patience)

	passed := f.burst(t, stranger(), 1000)
	total := passed[0] + passed[1]
	t.Logf("1,000 concurrent requests over two instances: %d passed (%d and %d), want 100", total, passed[0], passed[1])
	if total != 100 {
		t.Errorf("%d passed", total)
	}

	addr := stranger()
	for i := range 110 {
		checkQuota(t, i, f.get(i, addr))
	}
	if r := f.get(0, stranger()); r.status != http.StatusOK {
		t.Errorf("another client: status %d", r.status)
	}

	ok := map[int]int{}
	for i := range 30 {
		ok[f.send(i, http.MethodPost, "/notes", addr, `{"text":"x"}`).status]++
	}
	if ok[http.StatusCreated] != 20 || ok[http.StatusTooManyRequests] != 10 {
		t.Errorf("an operation with 20/1m of its own: %v", ok)
	}
	for i := range 150 {
		r := f.send(i, http.MethodGet, "/notes/0198c0de-0000-7000-8000-000000000000", addr, "")
		if r.status != http.StatusNotFound || r.header.Get("RateLimit") != "" {
			t.Fatalf("an operation without a limit: status %d, RateLimit %q", r.status, r.header.Get("RateLimit"))
		}
	}
	if r := f.send(0, http.MethodGet, "/nowhere", addr, ""); r.status != http.StatusTooManyRequests {
		t.Errorf("a path that is for no operation: status %d", r.status)
	}
	if r := f.send(0, http.MethodGet, "/readyz", addr, ""); r.status != http.StatusOK {
		t.Errorf("/readyz: status %d", r.status)
	}
}

// checkQuota holds the answer to the i-th request of a client to what 100/15m asks for.
func checkQuota(t *testing.T, i int, r reply) {
	t.Helper()
	rate, policy := rateField.FindStringSubmatch(r.header.Get("RateLimit")), policyField.FindStringSubmatch(r.header.Get("RateLimit-Policy"))
	if rate == nil || policy == nil || policy[2] != "100" || policy[3] != "900" || rate[1] != policy[1] || rate[2] != strconv.Itoa(max(99-i, 0)) {
		t.Fatalf("request %d: RateLimit %q, RateLimit-Policy %q", i, r.header.Get("RateLimit"), r.header.Get("RateLimit-Policy"))
	}
	if i < 100 {
		if r.status != http.StatusOK || r.header.Get("Retry-After") != "" {
			t.Fatalf("request %d: status %d, Retry-After %q", i, r.status, r.header.Get("Retry-After"))
		}
		return
	}
	var p struct {
		Type     string
		Policies []string `json:"violated-policies"`
	}
	err := json.Unmarshal(r.body, &p)
	wait, waitErr := strconv.Atoi(r.header.Get("Retry-After"))
	reset, _ := strconv.Atoi(rate[3])
	if err != nil || waitErr != nil || r.status != http.StatusTooManyRequests || r.header.Get("Content-Type") != "application/problem+json" ||
		p.Type != "https://iana.org/assignments/http-problem-types#quota-exceeded" || !slices.Equal(p.Policies, []string{"default"}) || wait < reset {
		t.Fatalf("request %d: status %d, %v, body %s", i, r.status, r.header, r.body)
	}
}

// rigWindow floods two instances from one client and looks for the span
// of one window with the most requests that passed.
func rigWindow(t *testing.T, service *conformance.Service) {
	const limit = 100
	window, rounds := 2*time.Second, 3
	if soaking {
		window, rounds = 10*time.Second, 6
	}
	f := startFleet(t, service, "REDIS_URL="+servertest.Redis(t).URL(), patience, fmt.Sprintf("RATE_LIMIT=%d/%s", limit, window))
	var mu sync.Mutex
	var times []time.Time
	addr, end := stranger(), time.Now().Add(time.Duration(rounds)*window)
	var group sync.WaitGroup
	for i := range 4 {
		group.Go(func() {
			for time.Now().Before(end) {
				if f.get(i, addr).status == http.StatusOK {
					mu.Lock()
					times = append(times, time.Now())
					mu.Unlock()
				}
			}
		})
	}
	group.Wait()
	slices.SortFunc(times, time.Time.Compare)
	worst := 0
	for i, j := 0, 0; j < len(times); j++ {
		for times[j].Sub(times[i]) >= window {
			i++
		}
		worst = max(worst, j-i+1)
	}
	t.Logf("%s of flood at %d per %s: %d passed, %d in the worst span, %.2f of the limit; want 1.1 at most; Node.js original: 2.0", time.Duration(rounds)*window, limit, window, len(times), worst, float64(worst)/limit)
	if worst > limit*11/10 {
		t.Errorf("%d requests passed in one window", worst)
	}
	if least := (rounds - 1) * limit; len(times) < least {
		t.Errorf("only %d requests passed, want %d at least", len(times), least)
	}
}

// rigUnsafe: the service does not start, and says why.
func rigUnsafe(t *testing.T, service *conformance.Service) {
	_, err := service.Again(t.Context(), "TRUSTED_PROXIES=0.0.0.0/0", "RATE_LIMIT=lots", "RATE_LIMIT_HEADERS=draft-9",
		"RATE_LIMIT_SKIP=all", "REDIS_URL=redis://u:secret@h:x:y", "REDIS_TIMEOUT=0")
	if err == nil {
		t.Fatal("the service started")
	}
	for _, want := range []string{
		`TRUSTED_PROXIES="0.0.0.0/0": 0.0.0.0/0 trusts strangers`, `RATE_LIMIT="lots": want requests/time such as 100/15m`,
		`RATE_LIMIT_HEADERS="draft-9": want none, or some of`, `RATE_LIMIT_SKIP="all": want none, or some of`,
		`: want redis://host:port`, `REDIS_TIMEOUT="0": want a time span`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in\n%v", want, err)
		}
	}
	if strings.Contains(err.Error(), "secret") {
		t.Errorf("the password is in\n%v", err)
	}
}
