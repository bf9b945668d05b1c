package codec

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"iter"
	"net/http"
	"strconv"
	"time"

	"example.com/http/internal/problem"
)

// itemTime is how long a client may take to accept one item of a stream. It
// replaces the write deadline of the whole answer, which a stream has none of.
const itemTime = 30 * time.Second

// WriteLines answers with one JSON value in each line, as they come. An error of
// the first item is returned, so that it can still become a proper answer; a
// later one cuts the connection, so that the client cannot take what it has for
// everything.
func WriteLines[T any](w http.ResponseWriter, status int, media string, items iter.Seq2[T, error], encode func(*Encoder, *T)) error {
	return writeItems(w, status, media, items, encode, func(out, item []byte) []byte {
		return append(append(out, item...), '\n')
	})
}

// WriteEvents is WriteLines for server-sent events: each item is the data of one.
func WriteEvents[T any](w http.ResponseWriter, status int, media string, items iter.Seq2[T, error], encode func(*Encoder, *T)) error {
	w.Header().Set("Cache-Control", "no-cache")
	return writeItems(w, status, media, items, encode, func(out, item []byte) []byte {
		for line := range bytes.SplitSeq(item, []byte("\n")) {
			out = append(out, "data: "...)
			out = append(append(out, line...), '\n')
		}
		return append(out, '\n')
	})
}

func writeItems[T any](w http.ResponseWriter, status int, media string, items iter.Seq2[T, error], encode func(*Encoder, *T), frame func(out, item []byte) []byte) error {
	control := http.NewResponseController(w)
	started := false
	start := func() {
		started = true
		w.Header().Set("Content-Type", media)
		w.WriteHeader(status)
	}
	if items == nil {
		start()
		return nil
	}
	var e Encoder
	var out []byte
	for item, err := range items {
		if err == nil {
			e.buf, e.err = e.buf[:0], nil
			encode(&e, &item)
			err = e.err
		}
		if err != nil && started {
			panic(http.ErrAbortHandler)
		}
		if err != nil {
			return err
		}
		if !started {
			start()
		}
		_ = control.SetWriteDeadline(time.Now().Add(itemTime)) // not every writer has one
		out = frame(out[:0], e.buf)
		if _, err := w.Write(out); err != nil {
			return nil // the client has gone
		}
		if err := control.Flush(); err != nil && !errors.Is(err, http.ErrNotSupported) {
			return nil
		}
	}
	if !started {
		start()
	}
	return nil
}

// Lines reads the body as one JSON value in each line. A line that is not valid
// gives the problem with its violations; the reading goes on after it.
func Lines[T any](in *Request, decode func(*Decoder, *T)) iter.Seq2[T, error] {
	body := bufio.NewReader(in.r.Body)
	return func(yield func(T, error) bool) {
		for n := 0; ; n++ {
			line, err := body.ReadBytes('\n')
			line = bytes.TrimSpace(line)
			if len(line) > 0 && (err == nil || errors.Is(err, io.EOF)) {
				item, fault := decodeLine(line, n, in.invalid, decode)
				if !yield(item, fault) {
					return
				}
			}
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				var none T
				yield(none, readFailure(err, "the body cannot be read"))
				return
			}
		}
	}
}

func decodeLine[T any](line []byte, n, invalid int, decode func(*Decoder, *T)) (T, error) {
	var item T
	d := newDecoder(bytes.NewReader(line), "body", "/"+strconv.Itoa(n))
	defer d.free()
	decode(d, &item)
	if d.err == nil {
		d.end()
	}
	switch {
	case d.err != nil:
		return item, readFailure(d.err, "line "+strconv.Itoa(n+1)+" of the body is not valid JSON")
	case len(d.faults) > 0:
		return item, problem.Invalid(invalid, d.faults)
	}
	return item, nil
}
