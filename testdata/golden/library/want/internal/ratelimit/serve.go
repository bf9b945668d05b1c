package ratelimit

import (
	"fmt"
	"net/http"

	"example.com/library/internal/problem"
)

// quotaExceeded is the type of the problem, draft-ietf-httpapi-ratelimit-headers
// section "Problem Types".
const quotaExceeded = "https://iana.org/assignments/http-problem-types#quota-exceeded"

// Do counts a request and lets next answer it, or returns the problem to answer
// with: a 429. It sets the header fields about the quota either way.
func (g *Guard) Do(w http.ResponseWriter, r *http.Request, next func(http.ResponseWriter)) error {
	v, t := g.take(r.Context(), g.client(r))
	g.text.write(w.Header(), t.client.limit, v)
	if !v.ok {
		g.l.refused.Add(1)
		return g.refusal(t.client.limit, v)
	}
	g.l.allowed.Add(1)
	if g.l.cfg.Skip == (Skip{}) {
		next(w)
		return nil
	}
	g.doAndSkip(w, r, t, next)
	return nil
}

func (g *Guard) refusal(limit int, v verdict) *problem.Problem {
	wait := int(seconds(v.reset))
	p := problem.New(http.StatusTooManyRequests, fmt.Sprintf("%d requests in %s are allowed; try again in %d s", limit, g.Window, wait))
	p.Type = quotaExceeded
	p.Policies = []string{g.Name}
	p.RetryAfter = wait
	return p
}

// doAndSkip lets next answer and gives back what the request took if it is one of
// those that do not count.
func (g *Guard) doAndSkip(w http.ResponseWriter, r *http.Request, t ticket, next func(http.ResponseWriter)) {
	rec := &statusWriter{ResponseWriter: w}
	finished := false
	defer func() { // also when next panics
		ok := finished && rec.status < http.StatusBadRequest && r.Context().Err() == nil
		if ok && g.l.cfg.Skip.Successful || !ok && g.l.cfg.Skip.Failed {
			g.giveBack(r.Context(), t)
		}
	}()
	next(rec)
	finished = true
}

// statusWriter notes the status of an answer; 0 stands for the 200 of an answer
// without one.
type statusWriter struct {
	http.ResponseWriter
	status int
}

// WriteHeader implements [http.ResponseWriter].
func (w *statusWriter) WriteHeader(status int) {
	if w.status == 0 && status >= 200 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements [http.ResponseWriter].
func (w *statusWriter) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(p)
}

// Unwrap is for [http.ResponseController].
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
