//go:build unix

package generator_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/apigen-go/apigen/generator/internal/conformance"
	"github.com/apigen-go/apigen/generator/internal/servertest"
)

// rigConditions: writes with conditions on SQLite and PostgreSQL, over two instances
// where they can share a database.
func rigConditions(t *testing.T, service *conformance.Service) {
	for _, engine := range []struct {
		name string
		run  func(t *testing.T) *fleet
	}{
		{"SQLite", func(t *testing.T) *fleet { return startCached(t, service, 1) }},
		{"PostgreSQL", func(t *testing.T) *fleet { return startCached(t, service, 2, "DATABASE_URL="+servertest.Postgres(t)) }},
	} {
		t.Run(engine.name, func(t *testing.T) {
			f := engine.run(t)
			id := createdID.FindStringSubmatch(string(f.ask(t.Context(), 0, http.MethodPost, "/notes", `{"text":"0"}`).body))
			if id == nil {
				t.Fatalf("nothing was created\n%s", f.instances[0].Log())
			}
			f.conditions(t, "/notes/"+id[1])
			f.race(t, "/notes/"+id[1])
		})
	}
}

// conditions goes through what RFC 9110, section 13, asks for.
func (f *fleet) conditions(t *testing.T, path string) {
	t.Helper()
	tag := f.ask(t.Context(), 0, http.MethodGet, path, "").header.Get("Etag")
	if !strings.HasPrefix(tag, `"`) {
		t.Fatalf("ETag %q", tag)
	}
	good := 0
	steps := []struct {
		name, method, path, body, field string
		want                            int
	}{
		{"If-None-Match", http.MethodGet, path, "", "If-None-Match: " + tag, 304},
		{"If-None-Match, a list with a weak tag", http.MethodGet, path, "", `If-None-Match: "x", W/` + tag, 304},
		{"If-None-Match: *", http.MethodGet, path, "", "If-None-Match: *", 304},
		{"If-None-Match, another tag", http.MethodGet, path, "", `If-None-Match: "x"`, 200},
		{"If-Match, another tag", http.MethodPut, path, `{"text":"lost"}`, `If-Match: "x"`, 412},
		{"If-Match, a weak tag", http.MethodPut, path, `{"text":"lost"}`, "If-Match: W/" + tag, 412},
		{"If-Match", http.MethodPut, path, `{"text":"1"}`, `If-Match: "x", ` + tag, 200},
		{"If-Match, the tag from before", http.MethodPut, path, `{"text":"lost"}`, "If-Match: " + tag, 412},
		{"If-Match: *", http.MethodPut, path, `{"text":"2"}`, "If-Match: *", 200},
		{"no condition where one is required", http.MethodDelete, path, "", "", 428},
		{"If-Match on nothing", http.MethodPut, "/notes/0198c0de-0000-7000-8000-000000000000", `{"text":"x"}`, `If-Match: "x"`, 404},
		{"If-Match on what could be created", http.MethodPut, "/labels/a" + path[7:], `{"color":"red"}`, `If-Match: *`, 412},
		{"If-None-Match: * creates", http.MethodPut, "/labels/b" + path[7:], `{"color":"red"}`, `If-None-Match: *`, 200},
		{"If-None-Match: * does not replace", http.MethodPut, "/labels/b" + path[7:], `{"color":"blue"}`, `If-None-Match: *`, 412},
	}
	for _, s := range steps {
		r := f.ask(t.Context(), 0, s.method, s.path, s.body, strings.Split(s.field, "\n")[:min(1, len(s.field))]...)
		if r.status != s.want {
			t.Errorf("%s: status %d, want %d\n%s", s.name, r.status, s.want, r.body)
			continue
		}
		good++
	}
	if r := f.ask(t.Context(), 0, http.MethodGet, path, ""); !strings.Contains(string(r.body), `"text":"2"`) {
		t.Errorf("in the end: %s", r.body)
	}
	t.Logf("%d of %d conditions as RFC 9110 says", good, len(steps))
}

// race has 50 clients change the same version at the same time, again and again.
func (f *fleet) race(t *testing.T, path string) {
	t.Helper()
	rounds := 3
	if soaking {
		rounds = 50
	}
	for round := range rounds {
		tag := f.ask(t.Context(), 0, http.MethodGet, path, "", "Cache-Control: no-cache").header.Get("Etag")
		var won, lost, other atomic.Int32
		var winner atomic.Value
		var group sync.WaitGroup
		for i := range 50 {
			group.Go(func() {
				text := fmt.Sprintf(`{"text":"%d-%d"}`, round, i)
				switch r := f.ask(t.Context(), i%len(f.instances), http.MethodPut, path, text, "If-Match: "+tag); r.status {
				case http.StatusOK:
					won.Add(1)
					winner.Store(text[1 : len(text)-1])
				case http.StatusPreconditionFailed:
					lost.Add(1)
				default:
					other.Add(1)
					t.Errorf("status %d %s", r.status, r.body)
				}
			})
		}
		group.Wait()
		r := f.ask(t.Context(), 0, http.MethodGet, path, "", "Cache-Control: no-cache")
		if won.Load() != 1 || lost.Load() != 49 || !strings.Contains(string(r.body), fmt.Sprint(winner.Load())) {
			t.Errorf("round %d: %d won and %d were told, with %v; it is %s", round, won.Load(), lost.Load(), winner.Load(), r.body)
		}
	}
	t.Logf("%d times 50 concurrent PUTs of one version: 1 winner each, 49 answered 412", rounds)
}
