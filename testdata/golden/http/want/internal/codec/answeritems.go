package codec

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
)

// TakeLines hands over a body of one JSON value in each line. The connection is
// in use until the iteration ends, so it must be started once.
func TakeLines[T any](a *Answer, media string, decode func(*Decoder, *T)) iter.Seq2[T, error] {
	return takeItems(a, media, nextLine, decode)
}

// TakeEvents is TakeLines for server-sent events: each item is the data of one.
func TakeEvents[T any](a *Answer, media string, decode func(*Decoder, *T)) iter.Seq2[T, error] {
	return takeItems(a, media, nextEvent, decode)
}

// takeItems ends with the first item that cannot be read.
func takeItems[T any](a *Answer, media string, next func(*bufio.Reader, int64) ([]byte, error), decode func(*Decoder, *T)) iter.Seq2[T, error] {
	if !a.expect(media) {
		a.Close()
		return nil
	}
	body := bufio.NewReader(a.r.Body)
	return func(yield func(T, error) bool) {
		defer func() { _ = a.r.Body.Close() }()
		for n := 0; ; n++ {
			var item T
			text, err := next(body, a.limit)
			if len(text) > 0 {
				if fault := a.item(text, n, func(d *Decoder) { decode(d, &item) }); fault != nil || !yield(item, nil) {
					if fault != nil {
						yield(item, fault)
					}
					return
				}
			}
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(item, fmt.Errorf("%s %s: read item %d: %w", a.method, a.path, n, err))
				return
			}
		}
	}
}

// item decodes one item of a stream.
func (a *Answer) item(text []byte, n int, decode func(*Decoder)) error {
	d := newDecoder(bytes.NewReader(text), "body", fmt.Sprintf("/%d", n))
	defer d.free()
	d.answer, d.lenient = true, a.lenient
	decode(d)
	if d.err == nil {
		d.end()
	}
	a.head = text[:min(len(text), maxHead)]
	a.faults = d.faults
	if d.err != nil {
		a.err = a.unreadable(d.err, fmt.Sprintf("item %d is not valid JSON", n))
	}
	return a.Err()
}

var errItem = errors.New("the item is too large")

// nextLine returns the next line that is not empty.
func nextLine(r *bufio.Reader, limit int64) ([]byte, error) {
	for {
		line, err := readLine(r, limit)
		if line = bytes.TrimSpace(line); len(line) > 0 || err != nil {
			return line, err
		}
	}
}

// nextEvent returns the data of the next event that has some.
func nextEvent(r *bufio.Reader, limit int64) ([]byte, error) {
	var data []byte
	for {
		line, err := readLine(r, limit-int64(len(data)))
		if err != nil {
			return nil, err // an event that is not complete is none
		}
		line = bytes.TrimPrefix(bytes.TrimRight(line, "\r\n"), []byte("\xef\xbb\xbf"))
		if len(line) == 0 && len(data) > 0 {
			return bytes.TrimSpace(data), nil
		}
		if text, ok := bytes.CutPrefix(line, []byte("data:")); ok {
			data = append(append(data, bytes.TrimPrefix(text, []byte(" "))...), '\n')
		}
	}
}

// readLine reads up to a line feed or the end of the body.
func readLine(r *bufio.Reader, limit int64) ([]byte, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		if line = append(line, part...); int64(len(line)) > limit {
			return nil, errItem
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
	}
}
