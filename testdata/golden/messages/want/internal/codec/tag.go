package codec

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
)

// Tag is the strong entity tag of a body (RFC 9110, section 8.8.3): all instances
// give the same body the same one.
func Tag(body []byte) string {
	sum := sha256.Sum256(body)
	var text [18]byte
	text[0], text[17] = '"', '"'
	base64.RawURLEncoding.Encode(text[1:17], sum[:12])
	return string(text[:])
}

// TagOf is the entity tag of what encode writes.
func TagOf(encode func(*Encoder)) (string, error) {
	body, err := Encode(encode)
	return Tag(body), err
}

// WriteTagged answers with what encode writes and its entity tag, or with a 304 when
// the client has it already.
func WriteTagged(w http.ResponseWriter, r *http.Request, media string, encode func(*Encoder)) error {
	e := takeEncoder()
	defer e.giveBack()
	encode(e)
	if e.err != nil {
		return e.err
	}
	h, tag := w.Header(), Tag(e.buf)
	h["Etag"] = []string{tag}
	if lines := r.Header["If-None-Match"]; len(lines) > 0 && MatchTag(lines, tag, true) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	h["Content-Type"] = []string{media}
	h["Content-Length"] = []string{strconv.Itoa(len(e.buf))}
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(e.buf) // it fails only when the client has gone
	return nil
}

// MatchTag looks for a tag in the lines of If-Match or If-None-Match; * matches any.
// The weak comparison takes W/ for nothing, the strong one finds no weak tag.
func MatchTag(lines []string, tag string, weak bool) bool {
	for _, line := range lines {
		if strings.TrimSpace(line) == "*" {
			return true
		}
		for line != "" && tag != "" {
			line = strings.TrimLeft(line, " \t,")
			n := tagLength(line)
			got, want := line[:n], tag
			if weak {
				got, want = strings.TrimPrefix(got, "W/"), strings.TrimPrefix(want, "W/")
			}
			if n > 0 && got == want && (weak || !strings.HasPrefix(got, "W/")) {
				return true
			}
			line = line[n:]
		}
	}
	return false
}

// tagLength is the length of the tag that s begins with. A tag without quotation marks,
// which some send, ends at the next comma.
func tagLength(s string) int {
	start := 0
	if strings.HasPrefix(s, "W/") {
		start = 2
	}
	if start < len(s) && s[start] == '"' {
		if end := strings.IndexByte(s[start+1:], '"'); end >= 0 {
			return start + 1 + end + 1
		}
	}
	if end := strings.IndexByte(s, ','); end >= 0 {
		return end
	}
	return len(s)
}
