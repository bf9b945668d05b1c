package httpcache

import (
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

const (
	variants  = 16               // answers that one URI can have, by Vary
	overhead  = 1 << 10          // bytes that an entry takes beside its text
	passTime  = 10 * time.Second // that requests do not wait for each other where nothing can be kept
	earlyPart = 10               // how many times longer than it took to make an answer may be made anew before its end
)

// key is a URI.
type key struct {
	host, uri string
	tls       bool
}

func keyOf(r *http.Request) key {
	uri := r.RequestURI
	if !strings.HasPrefix(uri, "/") { // a request made by hand, or in absolute form
		uri = r.URL.RequestURI()
	}
	return key{strings.ToLower(r.Host), normalURI(uri), r.TLS != nil}
}

// normalURI writes escapes in one way, so that a write of /%62ooks is one of /books:
// RFC 3986, section 6.2.2.
func normalURI(uri string) string {
	if strings.IndexByte(uri, '%') < 0 {
		return uri
	}
	var b strings.Builder
	for i := 0; i < len(uri); i++ {
		c, ok := byte(0), false
		if uri[i] == '%' && i+2 < len(uri) {
			c, ok = unhex(uri[i+1 : i+3])
		}
		switch {
		case !ok:
			b.WriteByte(uri[i])
			continue
		case c|0x20 >= 'a' && c|0x20 <= 'z' || isDigit(c) || c == '-' || c == '.' || c == '_' || c == '~':
			b.WriteByte(c)
		default:
			b.WriteString(strings.ToUpper(uri[i : i+3]))
		}
		i += 2
	}
	return b.String()
}

func unhex(s string) (c byte, ok bool) {
	for i := range len(s) {
		d := strings.IndexByte("0123456789abcdef", s[i]|0x20)
		if d < 0 {
			return 0, false
		}
		c = c<<4 | byte(d)
	}
	return c, true
}

// slot is the version that writes of the URI change.
func (k key) slot() uint16 { return slotOf("uri", k.host+k.uri) }

// text names the URI in the table of flights and in the shared store.
func (k key) text() string {
	scheme := "http://"
	if k.tls {
		scheme = "https://"
	}
	return scheme + k.host + k.uri
}

// resource is what is kept for a URI, the newest first.
type resource struct {
	entries []*entry
	until   int64 // when requests wait for each other again, in Unix nanoseconds
}

func (r *resource) passes(now time.Time) bool { return now.UnixNano() < r.until }

func (r *resource) weight(k key) uint32 {
	n := overhead + len(k.host) + len(k.uri)
	for _, e := range r.entries {
		n += e.size()
	}
	return uint32(n)
}

// with returns the resource with an answer more. Those that it replaces and those
// that are dead go.
func (r *resource) with(e *entry, v *versions) *resource {
	out := &resource{entries: []*entry{e}}
	if r == nil || len(e.names) == 0 {
		return out
	}
	for _, old := range r.entries {
		same := slices.Equal(old.names, e.names) && slices.Equal(old.values, e.values)
		if !same && v.current(old.marks) && len(out.entries) < variants {
			out.entries = append(out.entries, old)
		}
	}
	return out
}

// entry is an answer. It never changes: the slices of its header are those of the
// answers that are made of it.
type entry struct {
	status        int
	header        http.Header
	body          []byte
	pattern       string   // of the route, for the log
	names, values []string // the fields that Vary names, and those of the request
	marks         []mark
	came          time.Time
	took          time.Duration // to make
	begin         time.Duration // age when it came
	lifetime      time.Duration
	swr, sie      time.Duration
	noCache       bool // only after validation
	strict        bool // never when stale
	text          atomic.Pointer[hitText]
}

func (e *entry) size() int {
	n := overhead + len(e.body)
	for name, lines := range e.header {
		n += len(name) + 64
		for _, line := range lines {
			n += len(line) + 16
		}
	}
	for _, v := range e.values {
		n += len(v)
	}
	return n
}

// selects reports whether the answer is one to a request with these fields.
func (e *entry) selects(h http.Header) bool {
	for i, name := range e.names {
		if selecting(name, h) != e.values[i] {
			return false
		}
	}
	return true
}

// selecting is the value of a field in a form that is the same for requests that
// mean the same: RFC 9111, section 4.1.
func selecting(name string, h http.Header) string {
	lines := h[name]
	if len(lines) == 0 {
		return "\x00" // no field is something else than an empty one
	}
	text := strings.Join(lines, ",")
	if strings.IndexByte(text, '"') >= 0 || len(lines) == 1 && strings.IndexByte(text, ',') < 0 && name != "Accept-Language" {
		return strings.TrimSpace(text)
	}
	parts := strings.Split(text, ",")
	for i, p := range parts {
		parts[i] = strings.TrimSpace(p)
	}
	if name == "Accept-Language" { // case and order mean nothing
		for i, p := range parts {
			parts[i] = strings.ToLower(p)
		}
		slices.Sort(parts)
	}
	return strings.Join(parts, ",")
}

// varyNames reads Vary. It returns false for *, which no request matches.
func varyNames(h http.Header) ([]string, bool) {
	var names []string
	for _, line := range h["Vary"] {
		for name := range strings.SplitSeq(line, ",") {
			name = strings.TrimSpace(name)
			if name == "*" {
				return nil, false
			}
			if name != "" {
				names = append(names, http.CanonicalHeaderKey(name))
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names), true
}
