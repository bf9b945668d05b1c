package codec

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"iter"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"example.com/http/internal/problem"
)

// recordStart begins every text of a JSON text sequence (RFC 7464).
const recordStart = 0x1E

// sequential reports whether a media type is a JSON text sequence.
func sequential(media string) bool { return strings.HasSuffix(baseOf(media), "json-seq") }

// WriteLines answers with one JSON value in each line, as they come; in a JSON
// text sequence each has the record separator in front. An error of
// the first item is returned, so that it can still become a proper answer; a
// later one cuts the connection, so that the client cannot take what it has for
// everything.
func WriteLines[T any](w http.ResponseWriter, status int, media string, items iter.Seq2[T, error], encode func(*Encoder, *T)) error {
	return writeItems(w, status, media, items, encode, func(out, item []byte) []byte {
		if sequential(media) {
			out = append(out, recordStart)
		}
		return append(append(out, item...), '\n')
	})
}

// WriteEvents is WriteLines for server-sent events: each item is the data of one.
func WriteEvents[T any](w http.ResponseWriter, status int, media string, items iter.Seq2[T, error], encode func(*Encoder, *T)) error {
	w.Header().Set("Cache-Control", "no-cache")
	return writeItems(w, status, media, until(w, items), encode, func(out, item []byte) []byte {
		for line := range bytes.SplitSeq(item, []byte("\n")) {
			out = append(out, "data: "...)
			out = append(append(out, line...), '\n')
		}
		return append(out, '\n')
	})
}

// until ends events where their context was cancelled: the client has gone, or the
// service stops and the client comes back to another one. Events have no end of their
// own that a client could miss.
func until[T any](w http.ResponseWriter, items iter.Seq2[T, error]) iter.Seq2[T, error] {
	if items == nil {
		return nil
	}
	endless(w)
	return func(yield func(T, error) bool) {
		for item, err := range items {
			if errors.Is(err, context.Canceled) || !yield(item, err) {
				return
			}
		}
	}
}

// endless tells the server that an answer has no end of its own.
func endless(w http.ResponseWriter) {
	if t, ok := find[interface{ Endless() }](w); ok {
		t.Endless()
	}
}

// WriteEventFields is WriteEvents for items that are objects whose members are
// the fields of an event: data, event, id and retry. Those that are no texts are
// written as JSON.
func WriteEventFields[T any](w http.ResponseWriter, status int, media string, items iter.Seq2[T, error], encode func(*Encoder, *T)) error {
	w.Header().Set("Cache-Control", "no-cache")
	return writeItems(w, status, media, until(w, items), encode, func(out, item []byte) []byte {
		d := jsontext.NewDecoder(bytes.NewReader(item))
		for tok, err := d.ReadToken(); err == nil && tok.Kind() != '}'; tok, err = d.ReadToken() {
			if tok.Kind() != '"' {
				continue // the start of the object
			}
			name := tok.String()
			value, err := d.ReadValue()
			if err != nil || value.Kind() == 'n' {
				continue
			}
			text := []byte(value)
			if value.Kind() == '"' {
				text, _ = jsontext.AppendUnquote(nil, value) // it was read as a string
			}
			text = lineEnds.ReplaceAll(text, []byte("\n"))
			for line := range bytes.SplitSeq(text, []byte("\n")) {
				out = append(append(append(append(out, name...), ": "...), line...), '\n')
			}
		}
		return append(out, '\n')
	})
}

// lineEnds are those of server-sent events other than a line feed.
var lineEnds = regexp.MustCompile(`\r\n?`)

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

// Lines reads the body as one JSON value in each line, or as a JSON text sequence
// if that is its media type. A line that is not valid
// gives the problem with its violations; the reading goes on after it.
func Lines[T any](in *Request, decode func(*Decoder, *T)) iter.Seq2[T, error] {
	body := bufio.NewReader(in.r.Body)
	end := byte('\n')
	if sequential(in.media) {
		end = recordStart
	}
	return func(yield func(T, error) bool) {
		for n := 0; ; {
			line, err := body.ReadBytes(end)
			line = bytes.TrimSpace(bytes.TrimSuffix(line, []byte{end}))
			if len(line) > 0 && (err == nil || errors.Is(err, io.EOF)) {
				item, fault := decodeLine(line, n, in.invalid, decode)
				if !yield(item, fault) {
					return
				}
			}
			if len(line) > 0 || end == '\n' { // nothing stands before the first separator
				n++
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
		return item, readFailure(d.err, "item "+strconv.Itoa(n+1)+" of the body is not valid JSON")
	case len(d.faults) > 0:
		return item, problem.Invalid(invalid, d.faults)
	}
	return item, nil
}
