package docs

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

	"example.com/library/internal/codec"
	"example.com/library/internal/problem"
)

// text is an answer that is always the same. It is made when it is first asked for.
type text struct {
	media string
	made  func() (*made, error)
}

// made is a text with its compressed form.
type made struct {
	plain, zipped []byte
	tag           string // of the plain form, without quotes
}

func newText(media string, read func() ([]byte, error)) *text {
	return &text{media: media, made: sync.OnceValues(func() (*made, error) {
		plain, err := read()
		if err != nil {
			return nil, err
		}
		var zipped bytes.Buffer
		z := gzip.NewWriter(&zipped)
		_, _ = z.Write(plain) // a buffer takes everything
		_ = z.Close()
		sum := sha256.Sum256(plain)
		return &made{plain: plain, zipped: zipped.Bytes(), tag: base64.RawURLEncoding.EncodeToString(sum[:12])}, nil
	})}
}

// ServeHTTP implements [http.Handler]. Clients ask each time whether there is
// something new, which the tag makes cheap.
func (t *text) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m, err := t.made()
	if err != nil {
		codec.WriteProblem(w, problem.New(http.StatusInternalServerError, ""))
		return
	}
	h := w.Header()
	h.Set("Content-Type", t.media)
	h.Set("Cache-Control", "no-cache")
	h.Set("Vary", "Accept-Encoding")
	data, tag := m.plain, m.tag
	if acceptsGzip(r.Header.Get("Accept-Encoding")) {
		data, tag = m.zipped, m.tag+"-gzip"
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("ETag", `"`+tag+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
}

// zero is the weight of what a client does not take.
var zero = regexp.MustCompile(`^\s*q\s*=\s*0(\.0*)?\s*$`)

// acceptsGzip reports whether a client takes compressed answers, RFC 9110 section
// 12.5.3.
func acceptsGzip(header string) bool {
	for choice := range strings.SplitSeq(header, ",") {
		name, weight, _ := strings.Cut(choice, ";")
		if strings.EqualFold(strings.TrimSpace(name), "gzip") {
			return !zero.MatchString(weight)
		}
	}
	return false
}
