package session

import (
	"errors"
	"net/http"
	"strings"

	"github.com/apigen-go/apigen/templates/project/internal/codec"
	"github.com/apigen-go/apigen/templates/project/internal/problem"
)

// writer saves the session before the first byte of the answer. When that fails, the
// failure is the answer.
type writer struct {
	http.ResponseWriter
	session *Session
	begun   bool
	refused bool // the answer is not that of the handler
}

// WriteHeader implements [http.ResponseWriter].
func (w *writer) WriteHeader(status int) {
	if status < 200 && status != http.StatusSwitchingProtocols { // more are to come
		w.ResponseWriter.WriteHeader(status)
		return
	}
	w.begin()
	if !w.refused {
		w.ResponseWriter.WriteHeader(status)
	}
}

// Write implements [http.ResponseWriter].
func (w *writer) Write(p []byte) (int, error) {
	w.begin()
	if w.refused {
		return len(p), nil
	}
	return w.ResponseWriter.Write(p)
}

// FlushError is for [http.ResponseController].
func (w *writer) FlushError() error {
	w.begin()
	return http.NewResponseController(w.ResponseWriter).Flush()
}

// Unwrap is for [http.ResponseController].
func (w *writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// begin saves the session and sets its cookie, once.
func (w *writer) begin() {
	if w.begun {
		return
	}
	w.begun = true
	if err := w.session.begin(w.Header()); err != nil {
		w.refused = true
		refuse(w.ResponseWriter, w.session, err)
	}
}

// begin saves the session and writes what the answer says of it.
func (s *Session) begin(h http.Header) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.begun = true
	if !s.loaded || s.err != nil {
		return nil
	}
	err := s.save(s.request.Context())
	cacheControl := "private" // the answer may depend on the session
	if s.cookie == cookieSet && err == nil || s.cookie == cookieGone {
		c := s.manager.newCookie("")
		if c.MaxAge = -1; s.cookie == cookieSet {
			c = s.manager.newCookie(s.manager.signer.sign(s.id))
		}
		h.Add("Set-Cookie", c.String())
		cacheControl = "no-store"
	}
	h.Add("Vary", "Cookie")
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", cacheControl)
	}
	return err
}

// refuse answers that the session could not be saved, in place of what the handler
// has said so far.
func refuse(w http.ResponseWriter, s *Session, err error) {
	h := w.Header()
	for name := range h {
		if strings.HasPrefix(name, "Content-") {
			h.Del(name)
		}
	}
	for _, name := range []string{"Accept-Ranges", "Etag", "Expires", "Last-Modified", "Link", "Location", "Trailer"} {
		h.Del(name)
	}
	h.Set("Cache-Control", "no-store")
	p, ok := errors.AsType[*problem.Problem](err)
	if !ok {
		s.manager.log.ErrorContext(s.request.Context(), "unexpected error", "method", s.request.Method, "path", s.request.URL.Path, "error", err)
		p = problem.New(http.StatusInternalServerError, "something went wrong on our side")
	}
	codec.WriteProblem(w, p)
}

// finish saves the session of an answer without a byte, and what was changed after the
// first one.
func (s *Session) finish() {
	s.out.begin()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.changes) == 0 || s.out.refused {
		return
	}
	if err := s.save(s.request.Context()); err != nil {
		s.manager.log.ErrorContext(s.request.Context(), "session is not saved: the answer had begun", "error", err)
	}
}
