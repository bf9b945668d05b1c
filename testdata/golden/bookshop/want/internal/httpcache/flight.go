package httpcache

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"time"
)

// flight is one call of the handler, which any number of requests wait for. It goes
// on when they go away, as long as its answer may be kept.
type flight struct {
	c      *Cache
	k      key
	name   string // in the table of flights, "" outside of it
	policy *Policy
	path   []string
	next   Handle
	r      *http.Request // a copy, with the context of the flight
	cancel context.CancelFunc
	old    *entry // that is validated, or nil
	remote bool   // look in the shared store first
	marks  []mark
	asked  time.Time
	done   chan struct{} // closed when what follows is set

	entry  *entry // the answer, nil: it could not be kept
	note   string // for Cache-Status
	stale  bool   // it is the old one, because no new one could be made
	failed error  // what the handler panicked with

	mu      sync.Mutex          // held to use what follows
	w       http.ResponseWriter // of the first request; nil when there is none, or it went away
	passing bool                // the answer goes to w as it comes

	rec recorder
}

// Handle answers a request. path are the values of the path parameters.
type Handle func(w http.ResponseWriter, r *http.Request, path []string)

// fetch has the handler answer, once for all requests that wait for the same.
func (c *Cache) fetch(w http.ResponseWriter, r *http.Request, call call, k key, old *entry, want requestRules, why string) {
	f, first := c.join(w, r, call, k, old, want)
	status := "; fwd=" + why
	if first {
		f.rec.status9211 = status
		go f.run()
	} else {
		status += "; collapsed"
	}
	if !f.wait(r.Context()) {
		if first {
			f.leave()
		}
		return
	}
	if f.stale {
		c.counts[stale].Add(1)
	} else {
		c.counts[miss].Add(1)
	}
	switch e := f.entry; {
	case e != nil && e.selects(r.Header):
		now := time.Now()
		if f.note == noteRemote {
			c.answer(w, r, e, now, c.hit(e, now))
			return
		}
		c.answer(w, r, e, now, c.told(e, now, status+f.note))
	case !first:
		c.pass(w, r, call, why)
	case f.failed != nil:
		panic(f.failed)
	default: // sent already
		r.Pattern = f.r.Pattern
	}
}

// join returns the flight to wait for and whether the caller is to start it.
func (c *Cache) join(w http.ResponseWriter, r *http.Request, call call, k key, old *entry, want requestRules) (f *flight, first bool) {
	f = c.newFlight(r, call, k, old)
	f.w, f.remote = w, c.shared != nil && !want.noCache && !want.maxAge.given && !want.minFresh.given
	if personal(r) && !call.policy.public() {
		f.remote = false
		return f, true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	f.name = k.text()
	if res, _ := c.entries.GetIfPresent(k); res != nil && len(res.entries) > 0 {
		for _, name := range res.entries[0].names {
			f.name += "\n" + selecting(name, r.Header)
		}
	}
	if other := c.flights[f.name]; other != nil && c.versions.current(other.marks) {
		f.cancel()
		return other, false
	}
	c.flights[f.name] = f
	return f, true
}

// personal reports whether the answer may be for whoever sends the request alone.
func personal(r *http.Request) bool {
	return len(r.Header["Authorization"]) > 0 || len(r.Header["Cookie"]) > 0
}

// refresh has the handler answer while the request is answered with what is kept.
func (c *Cache) refresh(k key, e *entry, r *http.Request, call call) {
	f, first := c.join(nil, r, call, k, e, requestRules{})
	if first {
		go f.run()
	}
}

func (c *Cache) newFlight(r *http.Request, call call, k key, old *entry) *flight {
	ctx := context.WithoutCancel(r.Context())
	if c.prepare != nil {
		ctx = c.prepare(ctx)
	}
	f := &flight{c: c, k: k, policy: call.policy, next: call.next, old: old, asked: time.Now(), done: make(chan struct{})}
	if end, ok := r.Context().Deadline(); ok {
		ctx, f.cancel = context.WithDeadline(ctx, end)
	} else {
		ctx, f.cancel = context.WithCancel(ctx)
	}
	f.path = append(f.path, call.path...)
	f.r = r.Clone(ctx)
	f.r.Method = http.MethodGet
	for _, name := range []string{"If-None-Match", "If-Modified-Since", "If-Match", "If-Unmodified-Since", "Range", "If-Range"} {
		delete(f.r.Header, name)
	}
	f.marks = c.versions.now(f.slots())
	f.rec = recorder{f: f, header: http.Header{}}
	return f
}

// slots are the versions that the answer depends on.
func (f *flight) slots() []uint16 {
	out := []uint16{f.k.slot()}
	for _, name := range f.policy.keys(f.path) {
		out = append(out, slotOf("tag", name))
	}
	return out
}

// validate makes the call of the handler one that asks whether the old answer holds.
func (f *flight) validate() {
	if f.old == nil {
		return
	}
	if tag := f.old.header["Etag"]; len(tag) > 0 {
		f.r.Header["If-None-Match"] = tag
	}
	if date := f.old.header["Last-Modified"]; len(date) > 0 {
		f.r.Header["If-Modified-Since"] = date
	}
}

// wait waits for the answer, and returns false when the client went away before. A
// deadline is no reason: the handler has the same and answers when it passes.
func (f *flight) wait(ctx context.Context) bool {
	select {
	case <-f.done:
		return true
	case <-ctx.Done():
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		<-f.done
		return true
	}
	return false
}

// leave tells the flight that its first client went away.
func (f *flight) leave() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.w = nil
	if f.passing {
		f.cancel() // it would be for nobody
	}
}

const noteRemote = "remote"

// run calls the handler and keeps its answer.
func (f *flight) run() {
	defer f.cancel()
	defer f.finish()
	if f.remote {
		if e := f.c.sharedEntry(f.r, f.k, f.old); e != nil {
			f.entry, f.note = e, noteRemote
			f.c.keep(f.k, e)
			return
		}
	}
	f.validate()
	f.call()
	if f.rec.mode == dropping && f.rec.status == http.StatusNotModified && f.failed == nil {
		if e := f.validated(); e != nil {
			f.entry, f.note = e, "; fwd-status=304; stored"
			f.store(e)
			return
		}
		f.old = nil
		f.rec = recorder{f: f, header: http.Header{}, status9211: f.rec.status9211}
		delete(f.r.Header, "If-None-Match")
		delete(f.r.Header, "If-Modified-Since")
		f.call()
	}
	f.conclude()
}

// call runs the handler. What it panics with is for the goroutine of the request.
func (f *flight) call() {
	defer func() {
		switch cause := recover(); cause := cause.(type) {
		case nil:
		case error:
			f.failed = cause
			if !errors.Is(cause, http.ErrAbortHandler) {
				f.failed = fmt.Errorf("%w\n%s", cause, debug.Stack())
			}
		default:
			f.failed = fmt.Errorf("%v\n%s", cause, debug.Stack())
		}
	}()
	f.next(&f.rec, f.r, f.path)
	f.rec.end()
}

// validated is the old answer with the fields of the 304.
func (f *flight) validated() *entry {
	if !f.old.validates(f.rec.header) {
		return nil
	}
	e := f.c.freshen(f.old, f.r, f.rec.header, f.asked, time.Now())
	if e != nil {
		e.marks = f.marks
	}
	return e
}

// conclude decides what becomes of an answer that is no 304.
func (f *flight) conclude() {
	now := time.Now()
	switch {
	case f.failed != nil:
		if f.rec.mode != passing && f.old != nil && f.old.forgiven(now) {
			f.entry, f.note, f.failed = f.old, "; detail=failed", nil
			f.stale = true
		}
	case f.rec.mode == dropping:
		f.stale = true
		f.entry, f.note = f.old, "; fwd-status="+strconv.Itoa(f.rec.status)
	case f.rec.mode == keeping:
		e := f.rec.entry
		e.body, e.pattern, e.marks = f.rec.body, f.r.Pattern, f.marks
		f.policy.tag(e)
		e.header["Content-Length"] = []string{strconv.Itoa(len(e.body))}
		if e.status == http.StatusNoContent {
			delete(e.header, "Content-Length")
		}
		if len(e.header["Date"]) == 0 {
			e.header["Date"] = []string{now.UTC().Format(http.TimeFormat)}
		}
		f.entry, f.note = e, "; stored"
		f.store(e)
	case f.name != "" && f.rec.status < 500:
		f.c.doNotWait(f.k, now)
	}
}

// store keeps an answer here and for the other instances, unless something was
// written since it was asked for.
func (f *flight) store(e *entry) {
	if !f.c.versions.current(e.marks) {
		f.note = strings.TrimSuffix(f.note, "; stored")
		return
	}
	f.c.keep(f.k, e)
}

// finish lets those go on who wait, and then tells the shared store.
func (f *flight) finish() {
	if f.name != "" {
		f.c.mu.Lock()
		if f.c.flights[f.name] == f {
			delete(f.c.flights, f.name)
		}
		f.c.mu.Unlock()
	}
	close(f.done)
	if f.c.shared != nil && strings.HasSuffix(f.note, "; stored") {
		f.c.share(f.r.Context(), f.k, f.entry)
	}
}
