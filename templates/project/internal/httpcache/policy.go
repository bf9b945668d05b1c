package httpcache

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Policy is what a service says about the answers of an operation.
type Policy struct {
	TTL    time.Duration // how long an answer is good for, in whole seconds
	Client time.Duration // the same for the caches of clients; 0: they ask each time
	CDN    time.Duration // the same for a CDN; 0: as TTL

	StaleWhileRevalidate time.Duration // that an old answer may be sent while a new one is made
	StaleIfError         time.Duration // that an old answer may be sent when no new one can be made

	// Public lets answers be kept though the request had credentials: they are the
	// same for everybody who may get them.
	Public bool

	// Vary names the fields of the request that the answer depends on.
	Vary []string

	// Keys returns the surrogate keys of an answer, by the values of the path
	// parameters. They are in the fields Surrogate-Key and Cache-Tag, and what is
	// written under one of them ends the answers that have it. Nil: there are none.
	Keys func(path []string) []string
}

func (p *Policy) public() bool { return p != nil && p.Public }

func (p *Policy) keys(path []string) []string {
	if p == nil || p.Keys == nil {
		return nil
	}
	return p.Keys(path)
}

// apply writes the policy into the fields of an answer. What the handler has set
// stays.
func (p *Policy) apply(r *http.Request, status int, h http.Header, path []string) {
	if p == nil || status != http.StatusOK || r.Method != http.MethodGet && r.Method != http.MethodHead {
		return
	}
	for _, name := range p.Vary {
		if !slices.ContainsFunc(h["Vary"], func(line string) bool { return strings.EqualFold(line, name) }) {
			h["Vary"] = append(h["Vary"], name)
		}
	}
	if keys := p.keys(path); len(keys) > 0 {
		h["Surrogate-Key"] = []string{strings.Join(keys, " ")}
		h["Cache-Tag"] = []string{strings.Join(keys, ",")}
	}
	if len(h["Cache-Control"]) > 0 || p.TTL <= 0 {
		return
	}
	scope := "max-age="
	if p.Public {
		scope = "public, max-age="
	}
	h["Cache-Control"] = []string{scope + seconds10(p.Client) + ", s-maxage=" + seconds10(p.TTL) + p.stale()}
	if p.CDN > 0 {
		h["Cdn-Cache-Control"] = []string{"max-age=" + seconds10(p.CDN) + p.stale()}
	}
}

func seconds10(d time.Duration) string { return strconv.FormatInt(int64(d/time.Second), 10) }

func (p *Policy) stale() string {
	text := ""
	if p.StaleWhileRevalidate > 0 {
		text += ", stale-while-revalidate=" + seconds10(p.StaleWhileRevalidate)
	}
	if p.StaleIfError > 0 {
		text += ", stale-if-error=" + seconds10(p.StaleIfError)
	}
	return text
}

// tag gives an answer that is complete the entity tag that its handler did not.
func (p *Policy) tag(e *entry) {
	if p == nil || e.status != http.StatusOK || len(e.header["Etag"]) > 0 {
		return
	}
	sum := sha256.Sum256(e.body)
	e.header["Etag"] = []string{`"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`}
}
