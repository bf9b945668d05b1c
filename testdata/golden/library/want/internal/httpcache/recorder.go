package httpcache

import (
	"net/http"
	"slices"
	"strconv"
	"time"
)

// mode is what becomes of the answer that a handler writes.
type mode int

const (
	undecided mode = iota
	keeping        // it is collected, to be kept and sent
	passing        // it goes to the first client as it comes
	dropping       // an old answer is sent in its place
)

// recorder is the [http.ResponseWriter] of a flight.
type recorder struct {
	f          *flight
	header     http.Header
	mode       mode
	status     int
	status9211 string // for Cache-Status, when the answer passes
	entry      *entry // of the answer that is kept
	body       []byte
}

// Header implements [http.ResponseWriter].
func (rec *recorder) Header() http.Header { return rec.header }

// WriteHeader implements [http.ResponseWriter].
func (rec *recorder) WriteHeader(status int) {
	if status < 200 && status != http.StatusSwitchingProtocols {
		rec.interim(status)
		return
	}
	if rec.mode != undecided {
		return
	}
	rec.status = status
	f := rec.f
	own := f.policy.apply(f.r, status, rec.header, f.path)
	now := time.Now()
	switch {
	case status == http.StatusNotModified && f.old != nil:
		rec.mode = dropping
	case failure(status) && f.old != nil && f.old.forgiven(now):
		rec.mode = dropping
	default:
		rec.entry = f.c.judgeOwn(f, status, rec.header, own, now)
		if n, err := strconv.ParseInt(rec.header.Get("Content-Length"), 10, 64); rec.entry == nil || err == nil && n > f.c.most {
			rec.pass()
			return
		}
		rec.mode = keeping
	}
}

// failure reports whether a status is one that stale-if-error is for: RFC 5861, section 4.
func failure(status int) bool {
	return status == 500 || status == 502 || status == 503 || status == 504
}

// interim passes a 1xx answer on with its fields, which the final one may not have.
func (rec *recorder) interim(status int) {
	f := rec.f
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.w == nil {
		return
	}
	h := f.w.Header()
	kept := h.Clone()
	for name, lines := range rec.header {
		h[name] = lines
	}
	f.w.WriteHeader(status)
	clear(h)
	for name, lines := range kept {
		h[name] = lines
	}
}

// pass sends what has been collected so far and from now on what comes.
func (rec *recorder) pass() {
	f := rec.f
	f.mu.Lock()
	defer f.mu.Unlock()
	rec.mode, f.passing = passing, true
	if f.w == nil {
		f.cancel()
		return
	}
	h := f.w.Header()
	copyFields(h, rec.header)
	addField(h, "Cache-Status", []string{f.c.name + rec.status9211 + "; fwd-status=" + strconv.Itoa(rec.status)})
	f.w.WriteHeader(rec.status)
	if len(rec.body) > 0 {
		_, _ = f.w.Write(rec.body)
		rec.body = nil
	}
}

// Write implements [http.ResponseWriter].
func (rec *recorder) Write(p []byte) (int, error) {
	if rec.mode == undecided {
		rec.WriteHeader(http.StatusOK)
	}
	switch rec.mode {
	case keeping:
		if int64(len(rec.body)+len(p)) <= rec.f.c.most {
			rec.body = append(rec.body, p...)
			return len(p), nil
		}
		rec.pass()
	case dropping:
		return len(p), nil
	}
	f := rec.f
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.w == nil {
		return 0, http.ErrHandlerTimeout
	}
	return f.w.Write(p)
}

// FlushError is for [http.ResponseController]. What is collected is not flushed.
func (rec *recorder) FlushError() error {
	if rec.mode == undecided {
		rec.WriteHeader(http.StatusOK)
	}
	f := rec.f
	f.mu.Lock()
	defer f.mu.Unlock()
	if rec.mode != passing || f.w == nil {
		return nil
	}
	return http.NewResponseController(f.w).Flush()
}

// end is called when the handler is done.
func (rec *recorder) end() {
	if rec.mode == undecided {
		rec.WriteHeader(http.StatusOK)
	}
	rec.body = slices.Clip(rec.body)
	if rec.mode != passing {
		return
	}
	f := rec.f
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.w != nil {
		for name, lines := range rec.header { // trailers come after the body
			if len(name) > len(http.TrailerPrefix) && name[:len(http.TrailerPrefix)] == http.TrailerPrefix {
				f.w.Header()[name] = lines
			}
		}
	}
}
