package httpcache

import (
	"bytes"
	"net/http"
	"time"
)

// sendRange sends parts of an answer. Its fields are set already, and what If-Range
// asks has been found true.
func (e *entry) sendRange(w http.ResponseWriter, r *http.Request) {
	part := new(http.Request)
	*part = *r
	part.Header = http.Header{"Range": r.Header["Range"]}
	delete(w.Header(), "Content-Length")
	http.ServeContent(w, part, "", time.Time{}, bytes.NewReader(e.body))
}
