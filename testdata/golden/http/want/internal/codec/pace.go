package codec

import (
	"context"
	"io"
	"net/http"
	"slices"
	"time"
)

// itemTime is how long a client may take to accept one item of a stream, or one piece of other
// long answers. It replaces the write deadline of the whole answer.
const itemTime = 30 * time.Second

// piece is as many bytes as a client must accept within itemTime.
const piece = 256 << 10

// Unhurried returns the request without the deadline that the server has set: its answer is a
// stream, and takes as long as there is something to say and the client takes it. The context
// still ends when the client goes.
func Unhurried(w http.ResponseWriter, r *http.Request) *http.Request {
	t, ok := find[interface {
		Unhurried(context.Context) context.Context
	}](w)
	if !ok {
		return r
	}
	return r.WithContext(t.Unhurried(r.Context()))
}

// find looks for a writer with the methods T among those that w wraps, as
// [http.ResponseController] does.
func find[T any](w http.ResponseWriter) (T, bool) {
	for {
		if t, ok := w.(T); ok {
			return t, true
		}
		u, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			var none T
			return none, false
		}
		w = u.Unwrap()
	}
}

// WriteStream answers with everything r gives and closes it when it can be closed.
// An error of r cuts the connection.
func WriteStream(w http.ResponseWriter, status int, media string, r io.Reader) {
	if c, ok := r.(io.Closer); ok {
		defer c.Close()
	}
	w.Header().Set("Content-Type", media)
	w.WriteHeader(status)
	if r == nil {
		return
	}
	if _, err := io.Copy(paced{w, http.NewResponseController(w)}, r); err != nil {
		panic(http.ErrAbortHandler) // or the client takes what it has for everything
	}
}

// paced gives a client time for each piece of a long answer, and not for the whole.
type paced struct {
	io.Writer
	control *http.ResponseController
}

func (p paced) Write(b []byte) (int, error) {
	n := 0
	for part := range slices.Chunk(b, piece) {
		_ = p.control.SetWriteDeadline(time.Now().Add(itemTime)) // not every writer has one
		m, err := p.Writer.Write(part)
		n += m
		if err != nil {
			return n, err
		}
	}
	return n, nil
}
