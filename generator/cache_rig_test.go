//go:build unix

package generator_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/apigen-go/apigen/generator/internal/conformance"
	"github.com/apigen-go/apigen/generator/internal/servertest"
)

// echoHandler is what a user would write for the operations that the store cannot
// have: every answer has the number of its call.
const echoHandler = `package handler

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"example.com/notes/internal/api"
)

var calls atomic.Int64

func (h *Handler) Echo(ctx context.Context, req api.EchoRequest) (api.EchoResponse, error) {
	n := calls.Add(1)
	select {
	case <-time.After(time.Duration(req.Wait) * time.Millisecond):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	out := &api.Echo200{Body: api.EchoResult{Text: fmt.Sprint(n)}}
	if strings.HasPrefix(req.Text, "cookie") {
		out.SetCookie = new("s=1")
	}
	return out, nil
}

func (h *Handler) Me(context.Context, api.MeRequest) (*api.EchoResult, error) {
	return &api.EchoResult{Text: fmt.Sprint(calls.Add(1))}, nil
}

func (h *Handler) Shelf(context.Context, api.ShelfRequest) (*api.EchoResult, error) {
	return &api.EchoResult{Text: fmt.Sprint(calls.Add(1))}, nil
}

func (h *Handler) Now(context.Context, api.NowRequest) (*api.EchoResult, error) {
	return &api.EchoResult{Text: fmt.Sprint(calls.Add(1))}, nil
}
`

// TestRigCache builds the service of testdata/cache and has each rig start its own
// instances.
func TestRigCache(t *testing.T) {
	skipShort(t)
	dir := filepath.Join(t.TempDir(), "notes")
	create(t, dir, filepath.Join(repository, "testdata/cache/openapi.yaml"), "default")
	if err := os.WriteFile(filepath.Join(dir, "internal/handler/echo.go"), []byte(echoHandler), 0o644); err != nil {
		t.Fatal(err)
	}
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
	}{
		{"leaks", rigLeaks}, {"stampede", rigStampede}, {"writes", rigWrites}, {"database down", rigDatabaseDown},
		{"conditions", rigConditions}, {"redis down", rigCacheOutages}, {"memory", rigCacheMemory}, {"processor time", rigCacheCPU},
	} {
		t.Run(rig.name, func(t *testing.T) { rig.run(t, service) })
	}
}

// startCached starts instances of a service, each with a database of its own unless
// env names one.
func startCached(t *testing.T, service *conformance.Service, n int, env ...string) *fleet {
	t.Helper()
	f := &fleet{client: &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 1000}}}
	for range n {
		own := append([]string{"LOG_LEVEL=warn", "DATABASE_URL=file:" + filepath.Join(t.TempDir(), "notes.db")}, env...)
		s, err := service.Again(t.Context(), own...)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(s.Kill)
		f.instances = append(f.instances, s)
	}
	return f
}

// ask sends a request with fields "Name: value".
func (f *fleet) ask(ctx context.Context, instance int, method, path, body string, fields ...string) reply {
	req, err := http.NewRequestWithContext(ctx, method, f.instances[instance].URL+path, strings.NewReader(body))
	if err != nil {
		panic(err) // the test is wrong
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for _, field := range fields {
		name, value, _ := strings.Cut(field, ": ")
		req.Header.Add(name, value)
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

// rigLeaks: what one client was sent is sent to no other unless it is for all. The
// number of the call in each answer tells.
func rigLeaks(t *testing.T, service *conformance.Service) {
	f := startCached(t, service, 1)
	leaks := 0
	cases := []struct {
		name, path    string
		method        string
		first, second []string
	}{
		{name: "Authorization", path: "/echo/a", first: []string{"Authorization: Bearer a"}, second: []string{"Authorization: Bearer b"}},
		{name: "Authorization, then none", path: "/echo/b", first: []string{"Authorization: Bearer a"}},
		{name: "Cookie", path: "/echo/c", first: []string{"Cookie: s=a"}, second: []string{"Cookie: s=b"}},
		{name: "Cookie, then none", path: "/echo/d", first: []string{"Cookie: s=a"}},
		{name: "Set-Cookie", path: "/echo/cookie"},
		{name: "credentials of the document", path: "/me", first: []string{"X-Key: a"}, second: []string{"X-Key: b"}},
		{name: "the same client's", path: "/me", first: []string{"X-Key: a"}, second: []string{"X-Key: a"}},
		{name: "cache: none", path: "/now"},
		{name: "no-store of the client", path: "/echo/e", first: []string{"Cache-Control: no-store"}},
		{name: "no-cache of the client", path: "/echo/f", second: []string{"Cache-Control: no-cache"}},
		{name: "another query", path: "/echo/g?wait=1", second: []string{"path: /echo/g?wait=2"}},
		{name: "another Host", path: "/echo/h", second: []string{"Host: other.example.com"}},
		{name: "after HEAD", path: "/echo/i", method: http.MethodHead},
	}
	for _, c := range cases {
		first := f.ask(t.Context(), 0, cmpGet(c.method), c.path, "", c.first...)
		path := c.path
		if len(c.second) == 1 && strings.HasPrefix(c.second[0], "path: ") {
			path, c.second = strings.TrimPrefix(c.second[0], "path: "), nil
		}
		second := f.askHost(t.Context(), path, c.second...)
		if first.status != http.StatusOK || second.status != http.StatusOK {
			t.Fatalf("%s: status %d and %d\n%s", c.name, first.status, second.status, f.instances[0].Log())
		}
		if bytes.Equal(first.body, second.body) || strings.Contains(second.header.Get("Cache-Status"), "hit") {
			leaks++
			t.Errorf("%s: the second client got %s of the first, %q", c.name, second.body, second.header.Get("Cache-Status"))
		}
	}
	// What a client writes, and what depends on a field that it sends.
	f.ask(t.Context(), 0, http.MethodGet, "/notes", "", "X-Reader: a")
	for _, second := range []struct {
		name, method, body, field string
	}{{"Vary", http.MethodGet, "", "X-Reader: b"}, {"POST after GET", http.MethodPost, `{"text":"x"}`, "X-Reader: a"}, {"GET after POST", http.MethodGet, "", "X-Reader: a"}} {
		r := f.ask(t.Context(), 0, second.method, "/notes", second.body, second.field)
		if strings.Contains(r.header.Get("Cache-Status"), "hit") {
			leaks++
			t.Errorf("%s: %q", second.name, r.header.Get("Cache-Status"))
		}
	}
	if r := f.ask(t.Context(), 0, http.MethodGet, "/notes", "", "X-Reader: a", "X-Apicache-Bypass: true"); !strings.Contains(r.header.Get("Cache-Status"), "hit") {
		t.Errorf("a client went past the cache: %q", r.header.Get("Cache-Status"))
	}
	f.ask(t.Context(), 0, http.MethodGet, "/shelf", "", "X-Key: a", "Authorization: Bearer a")
	if r := f.ask(t.Context(), 0, http.MethodGet, "/shelf", "", "X-Key: b"); !strings.Contains(r.header.Get("Cache-Status"), "hit") {
		t.Errorf("what the document calls public is not shared: %q", r.header.Get("Cache-Status"))
	}
	t.Logf("%d of %d shared what is for one client; Node.js original: the first two tried", leaks, len(cases)+3)
}

func cmpGet(method string) string {
	if method == "" {
		return http.MethodGet
	}
	return method
}

// askHost is ask for GET, with a field Host too.
func (f *fleet) askHost(ctx context.Context, path string, fields ...string) reply {
	for _, field := range fields {
		host, ok := strings.CutPrefix(field, "Host: ")
		if !ok {
			continue
		}
		target, err := url.Parse(f.instances[0].URL)
		if err != nil {
			panic(err) // the test is wrong
		}
		req, _ := http.NewRequestWithContext(ctx, http.MethodGet, target.String()+path, nil)
		req.Host = host
		resp, err := f.client.Do(req)
		if err != nil {
			return reply{}
		}
		defer resp.Body.Close()
		data, _ := io.ReadAll(resp.Body)
		return reply{status: resp.StatusCode, header: resp.Header, body: data}
	}
	return f.ask(ctx, 0, http.MethodGet, path, "", fields...)
}

// rigStampede: 200 clients want what is not there, and the first goes away.
func rigStampede(t *testing.T, service *conformance.Service) {
	f := startCached(t, service, 1)
	gone, leave := context.WithCancel(t.Context())
	go f.ask(gone, 0, http.MethodGet, "/echo/hot?wait=200", "")
	time.Sleep(50 * time.Millisecond)
	time.AfterFunc(50*time.Millisecond, leave)
	var ok atomic.Int32
	var group sync.WaitGroup
	for range 199 {
		group.Go(func() {
			if r := f.ask(t.Context(), 0, http.MethodGet, "/echo/hot?wait=200", ""); r.status == http.StatusOK && string(r.body) == `{"text":"1"}` {
				ok.Add(1)
			}
		})
	}
	group.Wait()
	next := f.ask(t.Context(), 0, http.MethodGet, "/echo/cold", "")
	t.Logf("200 concurrent misses, the first client gone: %d of 199 answered, next call is %s", ok.Load(), next.body)
	if ok.Load() != 199 || string(next.body) != `{"text":"2"}` {
		t.Errorf("want 199 answers of one call")
	}
}

var createdID = regexp.MustCompile(`"id":"([^"]+)"`)

// rigWrites: what one instance writes is not hidden by answers that another keeps.
func rigWrites(t *testing.T, service *conformance.Service) {
	f := startCached(t, service, 2, "REDIS_URL="+servertest.Redis(t).URL(), patience, "DATABASE_URL="+servertest.Postgres(t))
	id := ""
	if m := createdID.FindSubmatch(f.ask(t.Context(), 0, http.MethodPost, "/notes", `{"text":"0"}`).body); m != nil {
		id = string(m[1])
	}
	time.Sleep(300 * time.Millisecond) // the instances listen
	var worst time.Duration
	rounds := 20
	if soaking {
		rounds = 500
	}
	for i := 1; i <= rounds; i++ {
		f.ask(t.Context(), i%2, http.MethodGet, "/notes", "")
		f.ask(t.Context(), (i+1)%2, http.MethodGet, "/notes", "")
		text := fmt.Sprintf(`{"text":"%d"}`, i)
		if r := f.ask(t.Context(), i%2, http.MethodPut, "/notes/"+id, text); r.status != http.StatusOK {
			t.Fatalf("PUT: status %d %s", r.status, r.body)
		}
		start := time.Now()
		want := fmt.Sprintf(`"text":"%d"`, i)
		if r := f.ask(t.Context(), i%2, http.MethodGet, "/notes", ""); !strings.Contains(string(r.body), want) {
			t.Fatalf("the instance that wrote answers %s, %q", r.body, r.header.Get("Cache-Status"))
		}
		for !strings.Contains(string(f.ask(t.Context(), (i+1)%2, http.MethodGet, "/notes", "").body), want) {
			if time.Since(start) > 2*time.Second {
				t.Fatal("the other instance does not hear of the write")
			}
		}
		worst = max(worst, time.Since(start))
	}
	t.Logf("%d writes: the instance that wrote never sent an older answer, the other one for %s at most", rounds, ms(worst))
}

// rigDatabaseDown: PostgreSQL cannot be reached, and answers that are kept are sent.
func rigDatabaseDown(t *testing.T, service *conformance.Service) {
	base, err := url.Parse(servertest.Postgres(t))
	if err != nil {
		t.Fatal(err)
	}
	if base.Port() == "" {
		t.Skip("PostgreSQL listens on a socket")
	}
	proxy := servertest.NewProxy(t, base.Host)
	base.Host = proxy.Addr
	f := startCached(t, service, 1, "DATABASE_URL="+base.String())
	m := createdID.FindSubmatch(f.ask(t.Context(), 0, http.MethodPost, "/notes", `{"text":"kept"}`).body)
	if m == nil {
		t.Fatal("nothing was created")
	}
	path := "/notes/" + string(m[1])
	f.ask(t.Context(), 0, http.MethodGet, path, "")
	time.Sleep(1100 * time.Millisecond) // its end
	proxy.Fail(servertest.Fault{Reset: true})
	good := 0
	const tries = 20
	for range tries {
		r := f.ask(t.Context(), 0, http.MethodGet, path, "")
		if status := r.header.Get("Cache-Status"); r.status == http.StatusOK && strings.Contains(string(r.body), "kept") && strings.Contains(status, "fwd=stale") {
			good++
		} else {
			t.Errorf("status %d, %q", r.status, status)
		}
	}
	if r := f.ask(t.Context(), 0, http.MethodPut, path, `{"text":"new"}`); r.status < 500 {
		t.Errorf("a write without a database: status %d", r.status)
	}
	proxy.Fail(servertest.Fault{})
	recovery := time.Now()
	for {
		r := f.ask(t.Context(), 0, http.MethodGet, path, "")
		if strings.Contains(r.header.Get("Cache-Status"), "stored") {
			break
		}
		if time.Since(recovery) > 10*time.Second {
			t.Fatalf("never made anew: %q", r.header.Get("Cache-Status"))
		}
		time.Sleep(50 * time.Millisecond)
	}
	if r := f.ask(t.Context(), 0, http.MethodGet, path, ""); !strings.Contains(r.header.Get("Cache-Status"), "hit; ttl=") {
		t.Errorf("after the one that was made anew: %q", r.header.Get("Cache-Status"))
	}
	t.Logf("PostgreSQL away: %d of %d answered with what was kept, fwd=stale; made anew once, %s after it came back", good, tries, ms(time.Since(recovery)))
}

// rigCacheOutages: under load Redis fails in each way, and answers come all the same.
func rigCacheOutages(t *testing.T, service *conformance.Service) {
	lasts, part := 1500*time.Millisecond, 0.9
	if soaking {
		lasts, part = 30*time.Second, 0.99
	}
	redis := servertest.Redis(t)
	proxy := servertest.NewProxy(t, redis.Addr)
	fleets := map[bool]*fleet{
		true:  startCached(t, service, 1, "REDIS_URL="+redis.URL()),
		false: startCached(t, service, 1, "REDIS_URL=redis://"+proxy.Addr),
	}
	for _, o := range outages {
		t.Run(o.name, func(t *testing.T) {
			f := fleets[o.direct]
			time.Sleep(500 * time.Millisecond) // it is back from the one before
			var took [2][]time.Duration        // misses, and answers that the cache has nothing to do with
			var mu sync.Mutex
			var bad atomic.Int32
			var group sync.WaitGroup
			tick := time.NewTicker(5 * time.Millisecond)
			defer tick.Stop()
			begin := time.Now()
			failing := false
			for i := 0; time.Since(begin) < lasts; i++ {
				<-tick.C
				if !failing && time.Since(begin) > lasts/5 {
					failing = true
					if err := o.begin(redis, proxy); err != nil {
						t.Fatal(err)
					}
				}
				group.Go(func() {
					path := fmt.Sprintf("/echo/%s-%d", url.PathEscape(o.name), i)
					if i%2 == 1 {
						path = "/now"
					}
					r := f.ask(t.Context(), 0, http.MethodGet, path, "")
					if r.status != http.StatusOK {
						bad.Add(1)
					}
					mu.Lock()
					defer mu.Unlock()
					took[i%2] = append(took[i%2], r.took)
				})
			}
			group.Wait()
			first := f.ask(t.Context(), 0, http.MethodGet, "/echo/local", "")
			again := f.ask(t.Context(), 0, http.MethodGet, "/echo/local", "")
			if err := o.end(redis, proxy); err != nil {
				t.Fatal(err)
			}
			for i := range took {
				slices.Sort(took[i])
			}
			at := func(i int, part float64) time.Duration { return took[i][int(part*float64(len(took[i])-1))] }
			t.Logf("%-14s %s at 100 misses/s: %d of %d failed; slowest %.0f %%: %s, without the cache %s; worst %s, without %s",
				o.name, lasts, bad.Load(), len(took[0])+len(took[1]), 100-100*part, ms(at(0, part)), ms(at(1, part)), ms(at(0, 1)), ms(at(1, 1)))
			if bad.Load() > 0 || at(0, part)-at(1, part) > mostAdded {
				t.Errorf("want no failure and %s more at most", mostAdded)
			}
			if !bytes.Equal(first.body, again.body) || !strings.Contains(again.header.Get("Cache-Status"), "hit") {
				t.Errorf("the cache in the process is gone too: %q", again.header.Get("Cache-Status"))
			}
		})
	}
}

// rigCacheMemory asks for 1,000,000 different answers.
func rigCacheMemory(t *testing.T, service *conformance.Service) {
	if !soaking {
		t.Skip("APIGEN_SOAK is not 1; package httpcache holds 20,000 answers to a bound")
	}
	const urls, part = 1_000_000, 100_000
	f := startCached(t, service, 1, "CACHE_MAX_BYTES=67108864")
	pid := f.instances[0].PID()
	before := servertest.Memory(t, pid)
	var first, last time.Duration
	for n := 0; n < urls; n += part {
		last = f.flood(t, n, part)
		if n == 0 {
			first = last
		}
	}
	grown := servertest.Memory(t, pid) - before
	t.Logf("1,000,000 URLs with CACHE_MAX_BYTES of 64 MiB: %d MB grown, p99 %s of the first 100,000 and %s of the last; Node.js original: no bound", grown>>20, ms(first), ms(last))
	if grown > 256<<20 {
		t.Errorf("memory grew by %d MB", grown>>20)
	}
}

// flood asks for n answers that nobody has asked for, and returns the 99th percentile
// of the times they took.
func (f *fleet) flood(t *testing.T, from, n int) time.Duration {
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
				r := f.ask(t.Context(), 0, http.MethodGet, fmt.Sprint("/echo/flood-", from+i), "")
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
