package httpcache

import (
	"math"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"time"
)

// state is what can be done with an answer that is kept.
type state int

const (
	unusable  state = iota // it must be validated
	fresh                  // it is good
	usable                 // it is good while it is made anew: stale-while-revalidate
	tolerated              // the client takes it stale: max-stale
)

func (e *entry) age(now time.Time) time.Duration { return e.begin + max(now.Sub(e.came), 0) }

func (e *entry) isFresh(now time.Time) bool { return !e.noCache && e.age(now) < e.lifetime }

// state is what a request allows to do with the answer: RFC 9111, section 4.
func (e *entry) state(now time.Time, want requestRules) state {
	age := e.age(now)
	left := e.lifetime - age
	if e.noCache || want.noCache || want.maxAge.given && age > want.maxAge.d {
		return unusable
	}
	switch {
	case left > 0 && left >= want.minFresh.d:
		return fresh
	case left > 0 || e.strict:
		return unusable
	case -left < e.swr && !want.minFresh.given:
		return usable
	case want.maxStale.given && -left <= want.maxStale.d:
		return tolerated
	}
	return unusable
}

// forgiven reports whether the answer may be sent though making a new one failed.
func (e *entry) forgiven(now time.Time) bool {
	return !e.noCache && !e.strict && e.status < 500 && e.age(now)-e.lifetime < e.sie
}

// early decides by lot whether to make an answer anew before its end, the more likely
// the closer that is and the longer it takes, so that nobody has to wait for a
// popular one and not all instances make it (the rule called XFetch).
func (e *entry) early(now time.Time) bool {
	left := e.lifetime - e.age(now)
	if e.took == 0 || left > earlyPart*e.took {
		return false
	}
	return left < time.Duration(float64(e.took)*-math.Log(1-rand.Float64()))
}

// understood reports whether the cache knows what a status means.
func understood(status int) bool {
	return http.StatusText(status) != "" && status != http.StatusPartialContent
}

// guessable are the statuses whose answers may be kept though they do not say so:
// RFC 9110, section 15.1.
var guessable = []int{200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501}

// judge returns what is to be kept of an answer, without its body and its marks, or
// nil: RFC 9111, section 3.
func (c *Cache) judge(r *http.Request, status int, h http.Header, asked, now time.Time) *entry {
	a := readAnswer(h)
	names, ok := varyNames(h)
	switch {
	case !ok, status < 200, status == http.StatusPartialContent, status == http.StatusNotModified:
		return nil
	case a.understand && !understood(status), a.noStore && !a.understand, a.private:
		return nil
	case len(h["Set-Cookie"]) > 0 || len(h["Set-Cookie2"]) > 0:
		return nil
	case len(r.Header["Authorization"]) > 0 && !a.public && !a.sMaxAge.given && !a.mustRevalidate:
		return nil
	case len(r.Header["Cookie"]) > 0 && !a.public && !a.sMaxAge.given:
		return nil
	}
	e := &entry{status: status, header: storedFields(h, a.omit), names: names, came: now, took: now.Sub(asked)}
	for _, name := range names {
		e.values = append(e.values, selecting(name, r.Header))
	}
	explicit := c.date(e, a, h, asked, now)
	validator := h.Get("Etag") != "" || h.Get("Last-Modified") != ""
	if !explicit && !a.public && !slices.Contains(guessable, status) {
		return nil
	}
	if e.lifetime <= 0 && !validator && !a.swr.given && !a.sie.given {
		return nil
	}
	return e
}

// date works out how old the answer is and how long it is good for (RFC 9111, section
// 4.2), and reports whether it says that itself.
func (c *Cache) date(e *entry, a answerRules, h http.Header, asked, now time.Time) (explicit bool) {
	date, err := parseDate(h.Get("Date"))
	if err != nil {
		date = now
	}
	e.begin = max(now.Sub(date), ageOf(h)+now.Sub(asked), 0)
	if now.Sub(date) < 2*time.Second { // the clock of Date has no fractions
		e.begin = ageOf(h) + now.Sub(asked)
	}
	modified, modifiedErr := parseDate(h.Get("Last-Modified"))
	switch expires := h["Expires"]; {
	case a.sMaxAge.given:
		e.lifetime, explicit = a.sMaxAge.d, true
	case a.maxAge.given:
		e.lifetime, explicit = a.maxAge.d, true
	case len(expires) > 0 && !a.targeted:
		explicit = true
		if end, err := parseDate(expires[0]); err == nil && len(expires) == 1 {
			e.lifetime = end.Sub(date)
		}
	case c.guess && modifiedErr == nil && (a.public || slices.Contains(guessable, e.status)):
		e.lifetime = min(max(date.Sub(modified), 0)/10, 24*time.Hour)
	}
	e.noCache = a.noCache
	e.strict = a.mustRevalidate || a.proxyRevalidate
	e.swr, e.sie = a.swr.d, a.sie.d
	if !a.sie.given && !a.sMaxAge.given {
		e.sie = c.cfg.StaleIfError
	}
	return explicit
}

// ageOf reads Age. What is no number is not there; of several the first counts.
func ageOf(h http.Header) time.Duration {
	first, _, _ := strings.Cut(h.Get("Age"), ",")
	d, _ := seconds(strings.TrimSpace(first))
	return d
}

// parseDate reads a date in one of the three forms of RFC 9110, section 5.6.7.
func parseDate(text string) (time.Time, error) {
	const zone = " GMT"
	if n := len(text) - len(zone); n > 0 && strings.EqualFold(text[n:], zone) {
		text = text[:n] + zone
		if len(text) == len(http.TimeFormat) {
			return time.Parse(http.TimeFormat, text)
		}
		return time.Parse("Monday, 02-Jan-06 15:04:05 GMT", text)
	}
	return time.Parse(time.ANSIC, text)
}

// perHop are fields that are for the next node alone: RFC 9110, section 7.6.1.
var perHop = []string{
	"Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authentication-Info", "Proxy-Authorization",
	"Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
}

// storedFields are the fields of an answer that are kept: RFC 9111, section 3.1.
func storedFields(h http.Header, omit []string) http.Header {
	out := make(http.Header, len(h)+2)
	listed := omit
	for _, line := range h["Connection"] {
		for name := range strings.SplitSeq(line, ",") {
			listed = append(listed, http.CanonicalHeaderKey(strings.TrimSpace(name)))
		}
	}
	for name, lines := range h {
		if name == "Age" || name == "Content-Length" || slices.Contains(perHop, name) || slices.Contains(listed, name) || strings.HasPrefix(name, http.TrailerPrefix) {
			continue
		}
		out[name] = slices.Clip(slices.Clone(lines))
	}
	return out
}

// freshen returns the answer with the fields of a 304 that validated it: RFC 9111,
// sections 3.2 and 4.3.4.
func (c *Cache) freshen(e *entry, r *http.Request, h http.Header, asked, now time.Time) *entry {
	merged := e.header.Clone()
	for name, lines := range storedFields(h, nil) {
		merged[name] = lines
	}
	if len(h["Date"]) == 0 {
		merged["Date"] = []string{now.UTC().Format(http.TimeFormat)}
	}
	if len(h["Age"]) > 0 {
		merged["Age"] = h["Age"]
	}
	out := c.judge(r, e.status, merged, asked, now)
	if out == nil {
		return nil
	}
	out.body, out.pattern = e.body, e.pattern
	out.header["Content-Length"] = e.header["Content-Length"]
	return out
}

// validates reports whether a 304 is about the answer: a strong tag in it must be
// the answer's.
func (e *entry) validates(h http.Header) bool {
	tag := h.Get("Etag")
	return tag == "" || strings.HasPrefix(tag, "W/") || tag == e.header.Get("Etag")
}
