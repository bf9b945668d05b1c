package httpcache

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// call is what answers a request that the cache cannot.
type call struct {
	policy *Policy
	path   []string
	next   Handle
}

// pass has the handler answer this request alone.
func (c *Cache) pass(w http.ResponseWriter, r *http.Request, call call, why string) {
	call.next(&passer{ResponseWriter: w, c: c, r: r, call: call, why: why}, r, call.path)
}

// passer is the [http.ResponseWriter] of an answer that passes the cache by.
type passer struct {
	http.ResponseWriter
	c      *Cache
	r      *http.Request
	call   call
	why    string
	status int
	before func(status int) // is called before the final header is sent; may be nil
}

// WriteHeader implements [http.ResponseWriter].
func (p *passer) WriteHeader(status int) {
	if p.status == 0 && (status >= 200 || status == http.StatusSwitchingProtocols) {
		p.status = status
		h := p.Header()
		if p.before != nil {
			p.before(status)
		}
		p.call.policy.apply(p.r, status, h, p.call.path)
		addField(h, "Cache-Status", []string{p.c.name + "; fwd=" + p.why + "; fwd-status=" + strconv.Itoa(status)})
	}
	p.ResponseWriter.WriteHeader(status)
}

// Write implements [http.ResponseWriter].
func (p *passer) Write(b []byte) (int, error) {
	if p.status == 0 {
		p.WriteHeader(http.StatusOK)
	}
	return p.ResponseWriter.Write(b)
}

// Unwrap is for [http.ResponseController].
func (p *passer) Unwrap() http.ResponseWriter { return p.ResponseWriter }

// head has the handler answer a HEAD request, and takes what it says about the answer
// to GET that is kept: RFC 9111, section 4.3.5.
func (c *Cache) head(w http.ResponseWriter, r *http.Request, call call, k key, e *entry, why string) {
	asked := time.Now()
	p := &passer{ResponseWriter: w, c: c, r: r, call: call, why: why}
	if e != nil {
		p.before = func(status int) {
			h := w.Header()
			if status != http.StatusOK || e.status != http.StatusOK {
				return
			}
			for _, name := range []string{"Etag", "Last-Modified", "Content-Length"} {
				if got := h.Get(name); got != "" && got != e.header.Get(name) {
					c.invalidate(r.Context(), []uint16{k.slot()})
					return
				}
			}
			if f := c.freshen(e, r, h, asked, time.Now()); f != nil {
				f.marks = e.marks
				c.keep(k, f)
			}
		}
	}
	call.next(p, r, call.path)
}

// change has the handler answer an unsafe request. Before the client hears that it
// succeeded, what is kept of its URI is dead. An operation of the service may have
// written something though it failed, so that it ends what is kept then too.
func (c *Cache) change(w http.ResponseWriter, r *http.Request, call call) {
	p := &passer{ResponseWriter: w, c: c, r: r, call: call, why: "method"}
	p.before = func(status int) {
		if status < 200 || status >= 400 && (status < 500 || call.policy == nil) {
			return
		}
		k := keyOf(r)
		of := []uint16{k.slot()}
		for _, name := range []string{"Location", "Content-Location"} {
			if target, ok := k.resolve(w.Header().Get(name)); ok {
				of = append(of, target.slot())
			}
		}
		for _, name := range call.policy.keys(call.path) {
			of = append(of, slotOf("tag", name))
		}
		c.invalidate(context.WithoutCancel(r.Context()), of)
	}
	defer func() {
		if p.status == 0 { // it panicked
			p.before(http.StatusInternalServerError)
		}
	}()
	call.next(p, r, call.path)
	if p.status == 0 { // net/http sends the header
		p.WriteHeader(http.StatusOK)
	}
}

// resolve finds the URI that a field of an answer names. It must be of the same
// origin.
func (k key) resolve(ref string) (key, bool) {
	base, err := url.Parse(k.text())
	if err != nil || ref == "" {
		return key{}, false
	}
	target, err := base.Parse(ref)
	if err != nil || target.Host != base.Host || target.Scheme != base.Scheme {
		return key{}, false
	}
	k.uri = normalURI(target.RequestURI())
	return k, true
}
