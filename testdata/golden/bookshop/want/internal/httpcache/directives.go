package httpcache

import (
	"net/http"
	"strings"
	"time"
)

// forever is what RFC 9111, section 1.2.2, makes of larger numbers of seconds.
const forever = (1 << 31) * time.Second

// answerRules are what an answer says about being kept, from CDN-Cache-Control where
// it is good, else from Cache-Control.
type answerRules struct {
	targeted                             bool // read from CDN-Cache-Control
	noStore, private, public, understand bool
	noCache                              bool
	mustRevalidate, proxyRevalidate      bool
	omit                                 []string // fields named in no-cache="…" and private="…"
	maxAge, sMaxAge, swr, sie            span
}

// span is a number of seconds that may be there.
type span struct {
	given bool
	d     time.Duration
}

// add takes a value. Of several the shortest counts; one that is no number is 0.
func (s *span) add(text string) {
	d, _ := seconds(text)
	if !s.given || d < s.d {
		*s = span{true, d}
	}
}

// seconds reads delta-seconds.
func seconds(text string) (time.Duration, bool) {
	if text == "" {
		return 0, false
	}
	n := time.Duration(0)
	for i := range len(text) {
		d := text[i] - '0'
		if d > 9 {
			return 0, false
		}
		n = min(n*10+time.Duration(d), 1<<31)
	}
	return n * time.Second, true
}

// readAnswer reads the rules of an answer.
func readAnswer(h http.Header) answerRules {
	var a answerRules
	if lines := h["Cdn-Cache-Control"]; len(lines) > 0 {
		if a.readTargeted(lines) {
			return a
		}
		a = answerRules{}
	}
	for _, line := range h["Cache-Control"] {
		eachDirective(line, a.add)
	}
	return a
}

func (a *answerRules) add(name, value string) {
	switch name {
	case "no-store":
		a.noStore = true
	case "must-understand":
		a.understand = true
	case "public":
		a.public = true
	case "private":
		a.private = true
	case "no-cache":
		if value == "" {
			a.noCache = true
			return
		}
		for name := range strings.SplitSeq(value, ",") {
			a.omit = append(a.omit, http.CanonicalHeaderKey(strings.TrimSpace(name)))
		}
	case "must-revalidate":
		a.mustRevalidate = true
	case "proxy-revalidate":
		a.proxyRevalidate = true
	case "max-age":
		a.maxAge.add(value)
	case "s-maxage":
		a.sMaxAge.add(value)
	case "stale-while-revalidate":
		a.swr.add(value)
	case "stale-if-error":
		a.sie.add(value)
	}
}

// readTargeted reads CDN-Cache-Control, a dictionary of structured fields. It returns
// false when the field is to be ignored: RFC 9213, section 2.1.
func (a *answerRules) readTargeted(lines []string) bool {
	members, ok := dictionary(strings.Join(lines, ","))
	if !ok || len(members) == 0 {
		return false
	}
	for _, m := range members {
		switch m.key {
		case "max-age", "s-maxage", "stale-while-revalidate", "stale-if-error":
			if m.kind != integerItem {
				return false
			}
		case "no-cache", "private":
			if m.kind != booleanItem && m.kind != stringItem {
				return false
			}
		case "no-store", "must-understand", "public", "must-revalidate", "proxy-revalidate":
			if m.kind != booleanItem {
				return false
			}
		default:
			continue
		}
		if m.kind == booleanItem && m.text == "0" {
			continue
		}
		value := m.text
		if m.kind == booleanItem {
			value = ""
		}
		a.add(m.key, value)
	}
	a.targeted = true
	return true
}

// requestRules are what a request says about answers from the cache.
type requestRules struct {
	noStore, noCache, onlyIfCached bool
	maxAge, minFresh, maxStale     span
}

// readRequest reads the rules of a request: RFC 9111, sections 5.2.1 and 5.4.
func readRequest(h http.Header) requestRules {
	var q requestRules
	lines := h["Cache-Control"]
	if len(lines) == 0 {
		for _, line := range h["Pragma"] {
			eachDirective(line, func(name, _ string) { q.noCache = q.noCache || name == "no-cache" })
		}
		return q
	}
	for _, line := range lines {
		eachDirective(line, q.add)
	}
	return q
}

func (q *requestRules) add(name, value string) {
	switch name {
	case "no-store":
		q.noStore = true
	case "no-cache":
		q.noCache = true
	case "only-if-cached":
		q.onlyIfCached = true
	case "max-age":
		q.maxAge.add(value)
	case "min-fresh":
		q.minFresh.add(value)
	case "max-stale":
		if value == "" {
			q.maxStale = span{true, forever}
			return
		}
		q.maxStale.add(value)
	}
}

// eachDirective calls f with the directives of a line, names in lower case. What has
// no right form is passed by up to the next comma.
func eachDirective(line string, f func(name, value string)) {
	for line != "" {
		line = strings.TrimLeft(line, " \t,")
		n := tokenLength(line)
		name, rest := line[:n], line[n:]
		value := ""
		if strings.HasPrefix(rest, "=") {
			value, rest = argument(rest[1:])
		}
		rest = strings.TrimLeft(rest, " \t")
		if n > 0 && (rest == "" || rest[0] == ',') {
			f(strings.ToLower(name), value)
		}
		line = skipMember(rest)
	}
}

// argument reads a token or a quoted string.
func argument(s string) (value, rest string) {
	if !strings.HasPrefix(s, `"`) {
		n := tokenLength(s)
		return s[:n], s[n:]
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '"':
			return b.String(), s[i+1:]
		case '\\':
			if i++; i == len(s) {
				return "", ""
			}
		}
		b.WriteByte(s[i])
	}
	return "", ""
}

// skipMember returns what stands after the next comma outside of quotation marks.
func skipMember(s string) string {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '"':
			quoted = !quoted
		case s[i] == '\\' && quoted:
			i++
		case s[i] == ',' && !quoted:
			return s[i+1:]
		}
	}
	return ""
}

// tokenLength is how many characters of a token s begins with (RFC 9110, section 5.6.2).
func tokenLength(s string) int {
	for i := range len(s) {
		c := s[i]
		if c <= ' ' || c >= 0x7f || strings.IndexByte(`"(),/:;<=>?@[\]{}`, c) >= 0 {
			return i
		}
	}
	return len(s)
}
