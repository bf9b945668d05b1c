// Package client sends the requests of the typed client: addresses, retries and
// the life of connections. What a request or an answer means is up to its callers.
package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"example.com/http/internal/codec"
)

// Options are the settings of a client. The zero value is good.
type Options struct {
	// HTTP makes the requests; nil means [http.DefaultClient], which has no
	// timeout: give every call a context that ends.
	HTTP *http.Client

	// Prepare changes each request before it is sent, for example to add an
	// Authorization header. It is called again for every retry; its error ends
	// the call. It must be safe for concurrent use.
	Prepare func(*http.Request) error

	// Retries is how many times a request is sent again when no answer came, or
	// one with status 429, 502, 503 or 504. Only idempotent methods (RFC 9110,
	// section 9.2.2) are, and calls with an Idempotency-Key, with bodies that are in
	// memory; those also after a 409 with Retry-After, which says that the first
	// attempt is still being answered. The wait in between is
	// what Retry-After says, up to 30 s, else it grows from 0.1 s to 5 s, partly
	// at random. 0 means never.
	Retries int

	// MaxAnswer is the largest body of an answer that is decoded, in bytes; of a
	// stream of items, the largest item. 0 means 64 MiB. Bodies that are handed
	// over as readers have no limit.
	MaxAnswer int64

	// Strict refuses answers that break a rule of the document on values, such as
	// a length, a list of values or members that may not be there. Without it only
	// types and required members must be right.
	Strict bool
}

// Transport sends requests to one service. It is safe for concurrent use.
type Transport struct {
	base *url.URL
	opt  Options
	http *http.Client
	bare *http.Client // does not follow redirections

	wait func(context.Context, time.Duration) error
}

// New returns a Transport to the service at base, such as
// https://example.com/v1: the paths of the document begin behind it.
func New(base string, opt Options) (*Transport, error) {
	u, err := url.Parse(base)
	if err != nil {
		return nil, fmt.Errorf("read address of the service: %w", err)
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("read address of the service: %q: want http://HOST or https://HOST", base)
	}
	t := &Transport{base: u, opt: opt, http: cmp.Or(opt.HTTP, http.DefaultClient), wait: pause}
	t.opt.MaxAnswer = cmp.Or(opt.MaxAnswer, 64<<20)
	bare := *t.http
	bare.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	t.bare = &bare
	return t, nil
}

// Do sends a request and returns the answer, whatever its status. The caller
// must take its content or close it.
func (t *Transport) Do(ctx context.Context, call *codec.Call) (*codec.Answer, error) {
	req, err := call.Request(ctx, t.base)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", call.Method, t.base.Redacted(), err)
	}
	client := t.http
	if call.Redirects {
		client = t.bare
	}
	for attempt := 0; ; attempt++ {
		resp, err := t.send(client, req)
		delay, again := t.again(req, resp, err, attempt)
		if again && !t.late(ctx, delay) {
			if resp != nil {
				_, _ = io.CopyN(io.Discard, resp.Body, 64<<10) // so that the connection can be used again
				_ = resp.Body.Close()
			}
			if err := t.wait(ctx, delay); err != nil {
				return nil, fmt.Errorf("%s %s: %w", req.Method, req.URL.Redacted(), err)
			}
			continue
		}
		if err != nil {
			return nil, err
		}
		return codec.NewAnswer(resp, t.opt.MaxAnswer, t.opt.Strict), nil
	}
}

// send makes one attempt.
func (t *Transport) send(client *http.Client, original *http.Request) (*http.Response, error) {
	req := original.Clone(original.Context())
	if original.GetBody != nil {
		body, err := original.GetBody()
		if err != nil {
			return nil, fmt.Errorf("read body again: %w", err)
		}
		req.Body = body
	}
	if t.opt.Prepare != nil {
		if err := t.opt.Prepare(req); err != nil {
			if req.Body != nil {
				_ = req.Body.Close()
			}
			return nil, &prepareError{err}
		}
	}
	return client.Do(req)
}

// prepareError is an error of Options.Prepare, which no retry helps.
type prepareError struct{ error }

// Error implements error.
func (e *prepareError) Error() string { return "prepare request: " + e.error.Error() }

// Unwrap returns the error of Prepare.
func (e *prepareError) Unwrap() error { return e.error }

var idempotent = []string{http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace, http.MethodPut, http.MethodDelete}

// Longest waits: what the service asks for, and what grows by itself.
const (
	maxAsked = 30 * time.Second
	maxDelay = 5 * time.Second
)

// again reports whether a request is to be sent once more, and after which time.
func (t *Transport) again(req *http.Request, resp *http.Response, err error, attempt int) (time.Duration, bool) {
	keyed := req.Header.Get("Idempotency-Key") != ""
	if attempt >= t.opt.Retries || !keyed && !slices.Contains(idempotent, req.Method) || req.Body != nil && req.GetBody == nil {
		return 0, false
	}
	if req.Context().Err() != nil {
		return 0, false
	}
	if _, hopeless := errors.AsType[*prepareError](err); hopeless {
		return 0, false
	}
	delay := min(100*time.Millisecond<<min(attempt, 10), maxDelay)
	delay = delay/2 + rand.N(delay/2+1)
	if err != nil {
		return delay, true
	}
	asked, ok := retryAfter(resp.Header.Get("Retry-After"))
	inFlight := keyed && ok && resp.StatusCode == http.StatusConflict
	if !inFlight && !slices.Contains([]int{http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout}, resp.StatusCode) {
		return 0, false
	}
	if ok {
		return asked, asked <= maxAsked
	}
	return delay, true
}

// retryAfter reads the header of that name: seconds or a date (RFC 9110, section 10.2.3).
func retryAfter(text string) (time.Duration, bool) {
	if n, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(n) * time.Second, true
	}
	at, err := http.ParseTime(text)
	return max(time.Until(at), 0), err == nil
}

// late reports whether the context ends before a delay does: the answer there
// is says more than that.
func (t *Transport) late(ctx context.Context, delay time.Duration) bool {
	end, ok := ctx.Deadline()
	return ok && time.Until(end) < delay
}

// pause waits for a time or the end of the context.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
