package httpcache

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"example.com/messages/internal/codec"
)

// hitText are the fields of an answer that change with time. They are made once a
// second.
type hitText struct {
	second      int64
	age, status []string
}

// hit returns the fields that tell of an answer from the cache.
func (c *Cache) hit(e *entry, now time.Time) *hitText {
	age := int64(e.age(now) / time.Second)
	if t := e.text.Load(); t != nil && t.second == age {
		return t
	}
	ttl := int64(e.lifetime/time.Second) - age
	t := &hitText{age, []string{strconv.FormatInt(age, 10)}, []string{c.name + "; hit; ttl=" + strconv.FormatInt(ttl, 10)}}
	e.text.Store(t)
	return t
}

// told returns the fields of an answer that was got by asking the handler.
func (c *Cache) told(e *entry, now time.Time, text string) *hitText {
	t := &hitText{status: []string{c.name + text}}
	if age := e.age(now); age >= time.Second {
		t.age = []string{strconv.FormatInt(int64(age/time.Second), 10)}
	}
	return t
}

// answer sends an answer that is kept, or the part of it that the client asks for.
func (c *Cache) answer(w http.ResponseWriter, r *http.Request, e *entry, now time.Time, t *hitText) {
	if e.pattern != "" {
		r.Pattern = e.pattern // for the log, as the router does
	}
	h := w.Header()
	unchanged := e.status == http.StatusOK && notModified(r.Header, e)
	copyFields(h, e.header)
	if t.age != nil {
		h["Age"] = t.age
	}
	addField(h, "Cache-Status", t.status)
	switch {
	case unchanged:
		for _, name := range []string{"Content-Length", "Content-Type", "Content-Encoding", "Content-Language", "Content-Range"} {
			delete(h, name)
		}
		w.WriteHeader(http.StatusNotModified)
	case len(r.Header["Range"]) > 0 && e.status == http.StatusOK && r.Method == http.MethodGet && inRange(r.Header, e):
		e.sendRange(w, r)
	default:
		w.WriteHeader(e.status)
		if r.Method != http.MethodHead {
			_, _ = w.Write(e.body)
		}
	}
}

// copyFields adds the fields of an answer to those that are set around the cache.
func copyFields(to, from http.Header) {
	for name, lines := range from {
		if name == "Vary" || name == "Cache-Status" {
			addField(to, name, lines)
			continue
		}
		to[name] = lines
	}
}

// addField adds lines without writing to a slice that others hold.
func addField(h http.Header, name string, lines []string) {
	if old := h[name]; len(old) > 0 {
		lines = append(old[:len(old):len(old)], lines...)
	}
	h[name] = lines
}

// notModified reports whether the client has the answer already: RFC 9110, section 13.
func notModified(h http.Header, e *entry) bool {
	if tags := h["If-None-Match"]; len(tags) > 0 {
		return codec.MatchTag(tags, e.header.Get("Etag"), true)
	}
	since, ok := h["If-Modified-Since"]
	if !ok {
		return false
	}
	limit, err := parseDate(since[0])
	if err != nil {
		return false
	}
	modified, err := parseDate(e.header.Get("Last-Modified"))
	if err != nil { // RFC 9111, section 4.3.2: the date of the answer stands for it
		modified, err = parseDate(e.header.Get("Date"))
	}
	return err == nil && !modified.After(limit)
}

// inRange reports whether the range that is asked for is one of this answer: RFC
// 9110, section 13.1.5.
func inRange(h http.Header, e *entry) bool {
	lines := h["If-Range"]
	if len(lines) == 0 {
		return true
	}
	if strings.Contains(lines[0], `"`) {
		return codec.MatchTag(lines[:1], e.header.Get("Etag"), false)
	}
	return lines[0] == e.header.Get("Last-Modified")
}
