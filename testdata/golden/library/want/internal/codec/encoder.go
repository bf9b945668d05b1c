package codec

import (
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// Encoder writes one JSON document into a buffer. It knows no state but the
// buffer: whether a comma is due is told by the byte written last.
//
// What generated code calls for every member is not inlined there: that would save
// some 4 ns a member, make the code that encodes five times as long and compiling a
// large API take 1.7 times as much.
type Encoder struct {
	buf     []byte
	err     error
	storage bool // for the service's own use
	request bool // for a request that is sent
}

// Marshal encodes v for the service's own use, write-only members included.
func Marshal[T any](v *T, encode func(*Encoder, *T)) ([]byte, error) {
	e := Encoder{storage: true}
	encode(&e, v)
	return e.buf, e.err
}

// Object opens an object.
func (e *Encoder) Object() { e.buf = append(e.buf, '{') }

// EndObject closes an object.
func (e *Encoder) EndObject() { e.buf = append(e.buf, '}') }

// Array opens an array.
func (e *Encoder) Array() { e.buf = append(e.buf, '[') }

// EndArray closes an array.
func (e *Encoder) EndArray() { e.buf = append(e.buf, ']') }

// Key writes the name of a member; name is already JSON-escaped.
//
//go:noinline
func (e *Encoder) Key(name string) {
	if e.buf[len(e.buf)-1] != '{' {
		e.buf = append(e.buf, ',')
	}
	e.buf = append(e.buf, '"')
	e.buf = append(e.buf, name...)
	e.buf = append(e.buf, '"', ':')
}

// Member writes the name of a member that is known at run time only.
func (e *Encoder) Member(name string) {
	if e.buf[len(e.buf)-1] != '{' {
		e.buf = append(e.buf, ',')
	}
	e.String(name)
	e.buf = append(e.buf, ':')
}

// Item starts the next item of an array.
func (e *Encoder) Item() {
	if e.buf[len(e.buf)-1] != '[' {
		e.buf = append(e.buf, ',')
	}
}

// WriteOnly reports whether write-only members are to be written. They never
// are in an answer.
func (e *Encoder) WriteOnly() bool { return e.storage || e.request }

// Null writes null.
//
//go:noinline
func (e *Encoder) Null() { e.buf = append(e.buf, "null"...) }

// String writes a string; invalid UTF-8 is replaced by U+FFFD.
//
//go:noinline
func (e *Encoder) String(v string) { e.buf, _ = jsontext.AppendQuote(e.buf, v) }

// Bool writes true or false.
//
//go:noinline
func (e *Encoder) Bool(v bool) { e.buf = strconv.AppendBool(e.buf, v) }

// Int32 writes an integer.
func (e *Encoder) Int32(v int32) { e.buf = strconv.AppendInt(e.buf, int64(v), 10) }

// Int64 writes an integer.
func (e *Encoder) Int64(v int64) { e.buf = strconv.AppendInt(e.buf, v, 10) }

// Float32 writes a number.
func (e *Encoder) Float32(v float32) { e.float(float64(v), 32) }

// Float64 writes a number.
func (e *Encoder) Float64(v float64) { e.float(v, 64) }

func (e *Encoder) float(v float64, size int) {
	if !finite(v) {
		e.err = errors.New("encode number: not finite")
		e.Null()
		return
	}
	format := byte('f')
	if abs := max(v, -v); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		format = 'e'
	}
	e.buf = strconv.AppendFloat(e.buf, v, format, -1, size)
}

// Time writes a date-time of RFC 3339.
//
//go:noinline
func (e *Encoder) Time(v time.Time) {
	e.buf = append(e.buf, '"')
	e.buf = v.AppendFormat(e.buf, time.RFC3339Nano)
	e.buf = append(e.buf, '"')
}

// Date writes a full-date of RFC 3339.
func (e *Encoder) Date(v Date) {
	e.buf = append(e.buf, '"')
	e.buf = v.t.AppendFormat(e.buf, time.DateOnly)
	e.buf = append(e.buf, '"')
}

// Bytes writes base64 text.
func (e *Encoder) Bytes(v []byte) {
	e.buf = append(e.buf, '"')
	e.buf = base64.StdEncoding.AppendEncode(e.buf, v)
	e.buf = append(e.buf, '"')
}

// Raw writes a value as it is; nil is null.
func (e *Encoder) Raw(v Raw) {
	if len(v) == 0 {
		e.Null()
		return
	}
	e.buf = append(e.buf, v...)
}

// Value writes any value by reflection: the slow way, for what has no encoder.
func (e *Encoder) Value(v any) {
	text, err := marshal(v)
	if err != nil {
		e.err = err
		text = []byte("null")
	}
	e.buf = append(e.buf, text...)
}

var encoders = sync.Pool{New: func() any { return &Encoder{buf: make([]byte, 0, 1024)} }}

func takeEncoder() *Encoder {
	e := encoders.Get().(*Encoder)
	e.buf, e.err = e.buf[:0], nil
	return e
}

func (e *Encoder) giveBack() {
	if cap(e.buf) <= 64<<10 { // do not let one huge answer stay in the pool
		encoders.Put(e)
	}
}

// WriteJSON answers with what encode writes. Nothing is sent before the document
// is whole, so the encoding error it returns can still become a proper answer.
func WriteJSON(w http.ResponseWriter, status int, media string, encode func(*Encoder)) error {
	e := takeEncoder()
	defer e.giveBack()
	encode(e)
	if e.err != nil {
		return e.err
	}
	h := w.Header()
	h["Content-Type"] = []string{media}
	h["Content-Length"] = []string{strconv.Itoa(len(e.buf))}
	w.WriteHeader(status)
	_, _ = w.Write(e.buf) // it fails only when the client has gone
	return nil
}
