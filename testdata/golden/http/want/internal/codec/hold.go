package codec

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"

	"example.com/http/internal/problem"
)

// Held is a [http.ResponseWriter] that looks at an answer before the first byte of
// it goes out. It keeps JSON and XML until they are whole; everything else passes once its
// status and headers are found right.
type Held struct {
	w       http.ResponseWriter
	r       *http.Request
	read    func(*Answer)
	report  func(*AnswerError)
	header  http.Header
	status  int
	body    bytes.Buffer
	passing bool
	refused bool
}

// Hold checks the answer to r that is written to w: read reads it as a client
// would, strictly. What is wrong is reported and becomes the answer, with status
// 500. Release must be called when the answer has been written.
func Hold(w http.ResponseWriter, r *http.Request, read func(*Answer), report func(*AnswerError)) *Held {
	return &Held{w: w, r: r, read: read, report: report, header: w.Header().Clone()}
}

// Unwrap serves [http.ResponseController].
func (h *Held) Unwrap() http.ResponseWriter { return h.w }

// Header implements [http.ResponseWriter].
func (h *Held) Header() http.Header { return h.header }

// WriteHeader implements [http.ResponseWriter].
func (h *Held) WriteHeader(status int) {
	if h.status != 0 {
		return
	}
	h.status = status
	if media := baseOf(h.header.Get("Content-Type")); !isJSON(media) && !strings.HasSuffix(media, "xml") {
		h.pass()
	}
}

// Write implements [http.ResponseWriter].
func (h *Held) Write(p []byte) (int, error) {
	if h.status == 0 {
		h.WriteHeader(http.StatusOK)
	}
	switch {
	case h.refused:
		return len(p), nil
	case h.passing:
		return h.w.Write(p)
	}
	return h.body.Write(p)
}

// Release sends what was held back.
func (h *Held) Release() {
	if h.status == 0 || h.passing || h.refused {
		return
	}
	if h.pass(); h.passing {
		_, _ = h.w.Write(h.body.Bytes()) // it fails only when the client has gone
	}
}

// pass checks the answer and sends its header, or the problem in its place.
func (h *Held) pass() {
	a := NewAnswer(&http.Response{
		StatusCode: h.status, Header: h.header, Request: h.r, Body: io.NopCloser(bytes.NewReader(h.body.Bytes())),
	}, int64(h.body.Len())+1, true)
	if h.status != http.StatusNotModified { // that is HTTP's, and says nothing of its own
		h.read(a)
	}
	if fault, ok := errors.AsType[*AnswerError](a.Err()); ok {
		h.refused = true
		h.report(fault)
		p := problem.New(http.StatusInternalServerError, "the answer does not match the API description: "+fault.Detail)
		p.Errors = fault.Violations
		WriteProblem(h.w, p)
		return
	}
	h.passing = true
	clear(h.w.Header())
	for name, values := range h.header {
		h.w.Header()[name] = values
	}
	h.w.WriteHeader(h.status)
}
