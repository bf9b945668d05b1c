// Package httpcache keeps answers to GET requests and reuses them, as a shared cache
// of RFC 9111: what the fields Cache-Control, CDN-Cache-Control (RFC 9213), Expires,
// Vary, ETag and Last-Modified of an answer say decides. Answers are kept in this
// process, bounded by bytes, and in Redis as well where several instances serve
// together. Concurrent requests for the same thing cost one call of the handler.
//
// It is stricter than the RFC in two points: an answer with Set-Cookie is never
// kept, and one to a request with Cookie only if it says public or s-maxage.
package httpcache

import (
	"cmp"
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"
)

// Options are what a cache works with.
type Options struct {
	// Name stands for the cache in Cache-Status (RFC 9211), a token such as bookshop.
	// Empty: apigen.
	Name string

	// Heuristic keeps answers that say nothing about how long they are good for, but
	// when they were last modified, for a tenth of the time since (RFC 9111, section
	// 4.2.2). Without it they are used again only after validation.
	Heuristic bool

	// Shared keeps answers for all instances. Nil: this one serves alone.
	Shared Shared

	// Context prepares the context of a handler whose answer may be kept: to read
	// from a database and not from a copy that is behind, for example. Nil: nothing.
	Context func(context.Context) context.Context
}

// Cache holds answers. It is safe for concurrent use.
type Cache struct {
	cfg      Config
	name     string
	most     int64 // bytes of an answer
	guess    bool
	entries  *otter.Cache[key, *resource]
	versions *versions
	shared   Shared
	prepare  func(context.Context) context.Context

	mu      sync.Mutex
	flights map[string]*flight
	counts  [results]atomic.Int64
}

// New returns an empty cache, or nil when it is off.
func New(cfg Config, opt Options) *Cache {
	if cfg.MaxBytes <= 0 {
		return nil
	}
	c := &Cache{
		cfg: cfg, name: cmp.Or(opt.Name, "apigen"), most: cfg.MaxBytes / 16, guess: opt.Heuristic,
		versions: newVersions(), shared: opt.Shared, prepare: opt.Context, flights: map[string]*flight{},
	}
	c.entries = otter.Must(&otter.Options[key, *resource]{
		MaximumWeight: uint64(cfg.MaxBytes),
		Weigher:       func(k key, r *resource) uint32 { return r.weight(k) },
	})
	if c.shared != nil {
		c.shared.Listen(c.versions.set)
	}
	return c
}

// Handler answers from the cache what it can and has next answer the rest. Unsafe
// methods that succeed end what is kept of their URI, and of those in their Location
// and Content-Location (RFC 9111, section 4.4).
func (c *Cache) Handler(next http.Handler) http.Handler {
	handle := func(w http.ResponseWriter, r *http.Request, _ []string) { next.ServeHTTP(w, r) }
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { c.Serve(w, r, nil, nil, handle) })
}

// Serve is Handler for one request of an operation: path are the values of its path
// parameters. The policy adds to the answers of next what this cache and others after
// it are told; an unsafe method ends what is kept under its surrogate keys.
func (c *Cache) Serve(w http.ResponseWriter, r *http.Request, p *Policy, path []string, next Handle) {
	call := call{p, path, next}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		c.serveOther(w, r, call)
		return
	}
	if r.ContentLength != 0 || len(r.Header["Upgrade"]) > 0 {
		c.counts[bypass].Add(1)
		c.pass(w, r, call, "bypass")
		return
	}
	want := readRequest(r.Header)
	k := keyOf(r)
	res, _ := c.entries.GetIfPresent(k)
	e, why := c.find(res, r)
	now := time.Now()
	if e != nil && !want.noStore {
		switch s := e.state(now, want); {
		case s == usable, s == fresh && e.early(now):
			c.refresh(k, e, r, call)
			fallthrough
		case s != unusable:
			if e.isFresh(now) {
				c.counts[hit].Add(1)
			} else {
				c.counts[stale].Add(1)
			}
			c.answer(w, r, e, now, c.hit(e, now))
			return
		}
		why = "stale"
		if e.isFresh(now) {
			why = "request"
		}
	}
	switch {
	case want.onlyIfCached:
		c.counts[miss].Add(1)
		w.Header().Set("Cache-Status", c.name+"; fwd="+why)
		http.Error(w, "the cache has no answer", http.StatusGatewayTimeout)
	case want.noStore:
		c.counts[bypass].Add(1)
		c.pass(w, r, call, "request")
	case r.Method == http.MethodHead:
		c.counts[bypass].Add(1)
		c.head(w, r, call, k, e, why)
	case len(r.Header["Range"]) > 0 || res != nil && res.passes(now):
		c.counts[bypass].Add(1)
		c.pass(w, r, call, why)
	default:
		c.fetch(w, r, call, k, e, want, why)
	}
}

// serveOther serves methods that are neither GET nor HEAD.
func (c *Cache) serveOther(w http.ResponseWriter, r *http.Request, call call) {
	switch r.Method {
	case http.MethodOptions, http.MethodTrace, "PROPFIND", "REPORT", "SEARCH", "QUERY":
		c.pass(w, r, call, "method")
	default:
		c.change(w, r, call)
	}
}

// find returns what is kept for a request, or why there is nothing.
func (c *Cache) find(res *resource, r *http.Request) (*entry, string) {
	if res == nil || len(res.entries) == 0 {
		return nil, "uri-miss"
	}
	dead := false
	for _, e := range res.entries {
		if !e.selects(r.Header) {
			continue
		}
		if c.versions.current(e.marks) {
			return e, ""
		}
		dead = true
	}
	if dead {
		return nil, "uri-miss"
	}
	return nil, "vary-miss"
}

// keep puts an answer in the place of those that it replaces.
func (c *Cache) keep(k key, e *entry) {
	c.entries.Compute(k, func(old *resource, _ bool) (*resource, otter.ComputeOp) {
		return old.with(e, c.versions), otter.WriteOp
	})
}

// doNotWait notes that the answers of a URI cannot be kept, so that for a while
// requests for it do not wait for each other.
func (c *Cache) doNotWait(k key, now time.Time) {
	c.entries.Compute(k, func(old *resource, found bool) (*resource, otter.ComputeOp) {
		if found && len(old.entries) > 0 {
			return old, otter.CancelOp
		}
		return &resource{until: now.Add(passTime).UnixNano()}, otter.WriteOp
	})
}

// Invalidate ends everything that is kept under some surrogate keys, here and in all
// other instances. The context bounds the time that telling them may take.
func (c *Cache) Invalidate(ctx context.Context, surrogates ...string) {
	slots := make([]uint16, 0, 4)
	for _, s := range surrogates {
		slots = append(slots, slotOf("tag", s))
	}
	c.invalidate(ctx, slots)
}

func (c *Cache) invalidate(ctx context.Context, of []uint16) {
	if c.shared != nil {
		if version, err := c.shared.Invalidate(ctx, of); err == nil {
			for _, slot := range of {
				c.versions.set(slot, version)
			}
			return
		}
	}
	c.versions.bump(of)
}
