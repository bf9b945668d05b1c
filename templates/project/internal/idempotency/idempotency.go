// Package idempotency answers a request that carries an Idempotency-Key once,
// however often it comes: draft-ietf-httpapi-idempotency-key-header. The answer is
// kept in one transaction with what the request wrote, so that after a crash there
// are both or neither.
package idempotency

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/apigen-go/apigen/templates/project/internal/problem"
)

// Answer is what a request was answered with.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Request is what tells requests apart.
type Request struct {
	ID      string // of the operation, the client and the key together
	Print   string // of what the request asks for
	Expires time.Time
}

// Store keeps answers.
type Store interface {
	// Once returns the answer that is kept for a request. Where there is none it lets
	// do answer, in a transaction that its context carries. The answer and what do
	// wrote are kept together; of an answer from 400 on the answer alone, and of one
	// from 500 on nothing. The error is [ErrReused], [ErrInFlight], or that of a
	// database that fails: then nothing is kept.
	Once(ctx context.Context, r Request, do func(context.Context) *Answer) (answer *Answer, replayed bool, err error)

	// Sweep removes what has expired and returns how many answers that were.
	Sweep(ctx context.Context) (int64, error)
}

// What is answered to a key that is in use.
var (
	// ErrInFlight (409): the first request with the key is not answered yet.
	ErrInFlight error = inFlight()
	// ErrReused (422): the key came with another request before.
	ErrReused error = problem.New(http.StatusUnprocessableEntity, "the "+Header+" was used for another request; take a new one")
)

func inFlight() *problem.Problem {
	p := problem.New(http.StatusConflict, "a request with the same "+Header+" is being answered")
	p.RetryAfter = 1
	return p
}

// Options are what keys work with.
type Options struct {
	Store Store
	TTL   time.Duration // that an answer is kept
	Log   *slog.Logger

	// Principal names who sends a request, after the credentials were checked. The keys
	// of different principals are apart. When it is nil or returns "", the credentials
	// of the request stand for who sends it.
	Principal func(*http.Request) string
}

// Keys answers requests by their keys. It is safe for concurrent use.
type Keys struct {
	opt     Options
	running sync.Map // ids of requests that this process is answering
	stop    context.CancelFunc
	swept   chan struct{}
}

// New returns keys and begins to remove what has expired. Close ends that.
func New(opt Options) *Keys {
	ctx, stop := context.WithCancel(context.Background())
	k := &Keys{opt: opt, stop: stop, swept: make(chan struct{})}
	go k.sweep(ctx)
	return k
}

// Close ends what New began, before the store is closed.
func (k *Keys) Close() {
	k.stop()
	<-k.swept
}

// sweep removes expired answers now and then: they are not used any more, but they
// take space. All instances do so, and none minds if another was faster.
func (k *Keys) sweep(ctx context.Context) {
	defer close(k.swept)
	every := min(max(k.opt.TTL/4, time.Second), time.Hour)
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(every/2 + rand.N(every)):
		}
		removed, err := k.opt.Store.Sweep(ctx)
		switch {
		case err != nil && ctx.Err() == nil:
			k.opt.Log.WarnContext(ctx, "expired answers are not removed", "error", err)
		case removed > 0:
			k.opt.Log.DebugContext(ctx, "expired answers are removed", "count", removed)
		}
	}
}

// Operation is what the keys of one operation have in common.
type Operation struct {
	Name     string
	Required bool // requests without a key are refused
}

// Absent reports whether a request carries no key.
func Absent(r *http.Request) bool { return len(r.Header[Header]) == 0 }

// Do answers a request: as it was answered before, or by next, whose answer is sent
// when it is kept. credentials are what the request proves who sends it with. The
// error is the problem to answer with in place of that.
func (k *Keys) Do(w http.ResponseWriter, r *http.Request, op Operation, credentials string, next func(http.ResponseWriter, *http.Request)) error {
	name, err := key(r.Header)
	switch {
	case err != nil:
		return err
	case name == "" && op.Required:
		return refusal("is required")
	case name == "":
		next(w, r)
		return nil
	}
	body, err := io.ReadAll(r.Body)
	r = r.Clone(r.Context())
	r.Header[Header] = []string{name} // the document describes the key, not its quotation marks
	if err != nil {                   // which next answers, as for every other request
		r.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), failing{err}))
		next(w, r)
		return nil
	}
	req := Request{
		ID:      digest([]byte(op.Name), []byte(k.principal(r, credentials)), []byte(name)),
		Print:   digest([]byte(r.URL.RequestURI()), []byte(r.Header.Get("Content-Type")), body),
		Expires: time.Now().Add(k.opt.TTL),
	}
	if _, busy := k.running.LoadOrStore(req.ID, nil); busy {
		return ErrInFlight
	}
	defer k.running.Delete(req.ID)
	answer, replayed, err := k.opt.Store.Once(r.Context(), req, func(ctx context.Context) *Answer {
		rec := recorder{answer: Answer{Header: http.Header{}}}
		in := r.WithContext(ctx)
		in.Body = io.NopCloser(bytes.NewReader(body))
		next(&rec, in)
		return rec.finish()
	})
	if err != nil {
		return err
	}
	maps.Copy(w.Header(), answer.Header)
	if replayed {
		w.Header().Set("Idempotent-Replayed", "true")
	}
	w.WriteHeader(answer.Status)
	_, _ = w.Write(answer.Body) // it fails only when the client has gone, and the answer is kept
	return nil
}

func (k *Keys) principal(r *http.Request, credentials string) string {
	if k.opt.Principal != nil {
		if who := k.opt.Principal(r); who != "" {
			return "principal " + who
		}
	}
	return "credentials " + credentials
}

// failing is a body that could not be read.
type failing struct{ err error }

// Read implements [io.Reader].
func (f failing) Read([]byte) (int, error) { return 0, f.err }

// recorder is a [http.ResponseWriter] that keeps the answer.
type recorder struct {
	answer Answer
	sent   http.Header // as it was when the status was set
}

// Header implements [http.ResponseWriter].
func (r *recorder) Header() http.Header { return r.answer.Header }

// WriteHeader implements [http.ResponseWriter]. Answers below 200 come before the
// real one and are not kept.
func (r *recorder) WriteHeader(status int) {
	if r.answer.Status == 0 && status >= http.StatusOK {
		r.answer.Status, r.sent = status, r.answer.Header.Clone()
	}
}

// Write implements [http.ResponseWriter].
func (r *recorder) Write(p []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	r.answer.Body = append(r.answer.Body, p...)
	return len(p), nil
}

func (r *recorder) finish() *Answer {
	r.WriteHeader(http.StatusOK) // what net/http sends for a handler that sent nothing
	return &Answer{Status: r.answer.Status, Header: r.sent, Body: r.answer.Body}
}
