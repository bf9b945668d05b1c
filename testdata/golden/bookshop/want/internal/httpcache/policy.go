package httpcache

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.com/bookshop/internal/codec"
)

// Policy is what a service says about the answers of an operation. Times are whole
// seconds.
type Policy struct {
	TTL    time.Duration // how long an answer is good for; 0: it is not kept
	Client time.Duration // the same for the caches of clients; 0: they ask each time
	CDN    time.Duration // the same for a CDN; 0: as TTL

	StaleWhileRevalidate time.Duration // that an old answer may be sent while a new one is made
	StaleIfError         time.Duration // that an old answer may be sent when no new one can be made

	// Public lets answers be kept though the request had credentials: they are the
	// same for everybody who may get them.
	Public bool

	// Vary names the fields of the request that the answer depends on.
	Vary []string

	// Keys are the surrogate keys of an answer: "books", and "books/{0}" with the value
	// of the first path parameter. They are in the fields Surrogate-Key and Cache-Tag,
	// and what is written under one of them ends the answers that have it.
	Keys []string
}

func (p *Policy) public() bool { return p != nil && p.Public }

// keys are the surrogate keys for some path parameters. Values that mean the same
// become the same, and it does no harm when others do.
func (p *Policy) keys(path []string) []string {
	if p == nil {
		return nil
	}
	out := make([]string, len(p.Keys))
	for i, k := range p.Keys {
		out[i] = k
		name, hole, ok := strings.Cut(k, "{")
		if n, err := strconv.Atoi(strings.TrimSuffix(hole, "}")); ok && err == nil && n < len(path) {
			out[i] = name + canonical(path[n])
		}
	}
	return out
}

// canonical writes ids such as 7, 007 and %37 in one way.
func canonical(value string) string {
	if plain, err := url.PathUnescape(value); err == nil {
		value = plain
	}
	return url.PathEscape(strings.ToLower(strings.TrimLeft(value, "+0")))
}

// apply writes the policy into the fields of an answer, and reports whether it did.
// What the handler has set stays.
func (p *Policy) apply(r *http.Request, status int, h http.Header, path []string) bool {
	if p == nil || status != http.StatusOK || r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	for _, name := range p.Vary {
		if !slices.ContainsFunc(h["Vary"], func(line string) bool { return strings.EqualFold(line, name) }) {
			h["Vary"] = append(h["Vary"], name)
		}
	}
	if p.TTL <= 0 {
		return false
	}
	if keys := p.keys(path); len(keys) > 0 {
		h["Surrogate-Key"] = []string{strings.Join(keys, " ")}
		h["Cache-Tag"] = []string{strings.Join(keys, ",")}
	}
	if len(h["Cache-Control"]) > 0 {
		return false
	}
	cdn := "max-age=" + seconds10(max(p.CDN, 0)) + p.stale()
	if p.CDN == 0 {
		cdn = "max-age=" + seconds10(p.TTL) + p.stale()
	}
	client := "max-age=" + seconds10(max(p.Client, 0))
	if p.Public {
		client = "public, " + client + ", s-maxage=" + seconds10(p.TTL)
		cdn = "public, " + cdn
	}
	h["Cache-Control"] = []string{client}
	h["Cdn-Cache-Control"] = []string{cdn}
	return true
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

// judgeOwn is judge for an answer that may have its fields from the policy. Those are
// for other caches, and this one goes by the policy itself.
func (c *Cache) judgeOwn(f *flight, status int, h http.Header, own bool, now time.Time) *entry {
	if !own {
		return c.judge(f.r, status, h, f.asked, now)
	}
	told := h["Cdn-Cache-Control"]
	text := "max-age=" + seconds10(f.policy.TTL) + f.policy.stale()
	if f.policy.Public {
		text = "public, " + text
	}
	h["Cdn-Cache-Control"] = []string{text}
	e := c.judge(f.r, status, h, f.asked, now)
	h["Cdn-Cache-Control"] = told
	if e != nil {
		e.header["Cdn-Cache-Control"] = told
	}
	return e
}

// tag gives an answer that is complete the entity tag that its handler did not.
func (p *Policy) tag(e *entry) {
	if p == nil || e.status != http.StatusOK || len(e.header["Etag"]) > 0 {
		return
	}
	e.header["Etag"] = []string{codec.Tag(e.body)}
}
