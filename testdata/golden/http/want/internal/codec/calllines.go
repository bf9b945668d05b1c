package codec

import (
	"fmt"
	"io"
	"iter"
)

// LinesBody sends one JSON value in each line, as they come. An error among them
// ends the request; it cannot be sent again.
func LinesBody[T any](c *Call, media string, items iter.Seq2[T, error], encode func(*Encoder, *T)) {
	if items == nil {
		return
	}
	reader, writer := io.Pipe()
	c.StreamBody(media, &lazy{PipeReader: reader, write: func() {
		_ = writer.CloseWithError(writeItemLines(writer, items, encode)) // never fails
	}})
}

func writeItemLines[T any](w io.Writer, items iter.Seq2[T, error], encode func(*Encoder, *T)) error {
	e := Encoder{request: true}
	for item, err := range items {
		if err != nil {
			return fmt.Errorf("read item: %w", err)
		}
		e.buf = e.buf[:0]
		encode(&e, &item)
		if e.err != nil {
			return e.err
		}
		if _, err := w.Write(append(e.buf, '\n')); err != nil {
			return err
		}
	}
	return nil
}
