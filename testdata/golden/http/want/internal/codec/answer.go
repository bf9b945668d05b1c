package codec

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"example.com/http/internal/problem"
)

// Answer reads an HTTP answer the way [Request] reads a request, whose methods
// read its headers. Members that answers alone have must be there, those that
// requests alone have need not; no default is filled in.
//
// It is lenient unless it was made to be strict: types and required members must
// be as the document says, but lengths, limits, patterns, lists of values and
// members that the document does not know are let pass, because services grow
// faster than those who call them. A variant of a union that is newer than the
// document leaves the union empty.
type Answer struct {
	Request
	Status int

	method, path string
	limit        int64
	undeclared   bool // the status is not in the document
	foreign      bool // the media type is not in the document
	head         []byte
}

// Failures read the declared error answers of an operation: by status, by the
// hundreds of a range, or 0 for the default answer.
type Failures map[int]func(*Answer) error

// AnswerError is an answer that the document does not describe.
type AnswerError struct {
	Method, Path string // of the request
	Status       int
	Detail       string              // what is wrong
	Violations   []problem.Violation // every fault, when the content is wrong
	Body         string              // the beginning of the body, 1 KiB at most

	err error
}

// Unwrap returns what stopped the reading of the body, such as the end of the
// context, or nil.
func (e *AnswerError) Unwrap() error { return e.err }

// Error returns the request, the status and what is wrong, on one line.
func (e *AnswerError) Error() string {
	text := fmt.Sprintf("%s %s: answer with status %d: %s", e.Method, e.Path, e.Status, e.Detail)
	for _, v := range e.Violations {
		text += "; " + v.String()
	}
	if e.Body != "" {
		text += ": " + strconv.Quote(e.Body)
	}
	return text
}

// maxHead is how much of a body an AnswerError quotes.
const maxHead = 1 << 10

// NewAnswer returns a reader for an answer. More than limit bytes of a body, or
// of one item of a stream, are not decoded.
func NewAnswer(resp *http.Response, limit int64, strict bool) *Answer {
	a := &Answer{Status: resp.StatusCode, limit: limit}
	if resp.Request != nil {
		a.method, a.path = resp.Request.Method, resp.Request.URL.Path
	}
	a.Request = Request{r: &http.Request{Header: resp.Header, Body: resp.Body}, answer: true, media: baseOf(resp.Header.Get("Content-Type"))}
	a.at, a.lenient = &a.Request, !strict
	return a
}

// Has reports whether the answer has a status, or one of a range when only its
// hundreds are given.
func (a *Answer) Has(status int) bool { return a.Status == status || a.Status/100 == status }

// Close gives the connection back.
func (a *Answer) Close() {
	_, _ = io.CopyN(io.Discard, a.r.Body, 64<<10) // so that it can be used again
	_ = a.r.Body.Close()
}

// Err returns what is wrong with the answer, an [*AnswerError], or nil.
func (a *Answer) Err() error {
	e := &AnswerError{Method: a.method, Path: a.path, Status: a.Status, Violations: a.faults, Body: string(a.head), err: a.err}
	switch {
	case a.undeclared:
		e.Detail = "the document does not declare this status"
	case a.err != nil:
		e.Detail = a.err.Error()
	case len(a.faults) > 0:
		e.Detail = "it does not match the document"
	default:
		return nil
	}
	return e
}

// Whole returns what was read when nothing is wrong with the answer.
func Whole[T any](a *Answer, v T) (T, error) {
	if err := a.Err(); err != nil {
		var none T
		return none, err
	}
	return v, nil
}

// TakePointer reads an answer that has one status and JSON of one type.
func TakePointer[T any](a *Answer, status int, declared Failures, media string, decode func(*Decoder, *T)) (*T, error) {
	if !a.Has(status) {
		return nil, a.Failure(declared)
	}
	v := new(T)
	a.TakeJSON(media, func(d *Decoder) { decode(d, v) })
	return Whole(a, v)
}

// TakeNothing reads an answer that has one status and no content.
func (a *Answer) TakeNothing(status int, declared Failures) error {
	if !a.Has(status) {
		return a.Failure(declared)
	}
	a.Close()
	return a.Err()
}

// TakeJSON decodes the body as JSON.
func (a *Answer) TakeJSON(media string, decode func(*Decoder)) {
	defer a.Close()
	if a.expect(media) {
		a.DecodeAnswer(decode)
	}
}

// DecodeAnswer decodes the body as a JSON document, whatever its media type.
func (a *Answer) DecodeAnswer(decode func(*Decoder)) {
	d := newDecoder(a.bounded(), "body", "")
	defer d.free()
	d.faults, d.answer, d.lenient = a.faults, true, a.lenient
	decode(d)
	if d.err == nil {
		d.end()
	}
	a.faults = d.faults
	if d.err != nil {
		a.err = a.unreadable(d.err, "the body is not valid JSON")
	}
}

// TakeText reads the body as text.
func (a *Answer) TakeText(media string) string {
	defer a.Close()
	if !a.expect(media) {
		return ""
	}
	text, err := io.ReadAll(a.bounded())
	if err != nil {
		a.err = a.unreadable(err, "the body cannot be read")
	}
	return string(text)
}

// TakeStream hands over the body unread. It is an [io.Closer] too: the connection
// is in use until it has been read to its end or closed.
func (a *Answer) TakeStream(media string) io.Reader {
	if !a.expect(media) {
		a.Close()
		return nil
	}
	return &stream{a.r.Body}
}

// stream closes a body when it has been read.
type stream struct{ io.ReadCloser }

// Read implements [io.Reader].
func (s *stream) Read(p []byte) (int, error) {
	n, err := s.ReadCloser.Read(p)
	if err != nil {
		_ = s.Close()
	}
	return n, err
}

// expect checks the media type. An answer that names none is taken at its word.
func (a *Answer) expect(media string) bool {
	if a.err != nil {
		return false
	}
	if a.media == "" || mediaMatches(a.media, media) || a.lenient && isJSON(media) && isJSON(a.media) {
		return true
	}
	a.foreign = true
	a.err = fmt.Errorf("the body is %s, not %s", a.media, baseOf(media))
	_, _ = io.CopyN(io.Discard, a.bounded(), maxHead)
	return false
}

// Failure reads an answer that is no success: as the error that the document
// declares for its status, else as problem details when it is some (RFC 9457).
// It always returns an error.
func (a *Answer) Failure(declared Failures) error {
	if a.Status < 400 {
		a.undeclared = true
		_, _ = io.CopyN(io.Discard, a.bounded(), maxHead)
		a.Close()
		return a.Err()
	}
	body, err := io.ReadAll(a.bounded())
	a.Close()
	if err != nil {
		a.err = a.unreadable(err, "the body cannot be read")
		return a.Err()
	}
	a.r.Body = io.NopCloser(bytes.NewReader(body))
	a.undeclared = true
	for _, status := range []int{a.Status, a.Status / 100, 0} {
		if read := declared[status]; read != nil {
			a.undeclared = false
			if failure := read(a); a.Err() == nil {
				return failure
			}
			break
		}
	}
	if p := a.problem(body); p != nil {
		return p
	}
	return a.Err()
}

// problem returns the problem details in a body, nil when it holds none. An
// answer that is a problem instead of the declared error is right, and so is one
// with a status that no document needs to declare.
func (a *Answer) problem(body []byte) *problem.Problem {
	var p struct {
		Type, Title, Detail, Instance string
		Errors                        jsontext.Value
	}
	if a.media != problem.Media || json.Unmarshal(body, &p, json.MatchCaseInsensitiveNames(true)) != nil {
		return nil
	}
	out := &problem.Problem{Type: p.Type, Title: p.Title, Status: a.Status, Detail: p.Detail, Instance: p.Instance}
	if json.Unmarshal(p.Errors, &out.Errors) != nil {
		out.Errors = nil // another service means something else by it
	}
	if n, err := strconv.Atoi(a.r.Header.Get("Retry-After")); err == nil && n > 0 {
		out.RetryAfter = n
	}
	if a.lenient || a.foreign || a.undeclared && ownStatus(a.Status) {
		a.undeclared, a.foreign, a.err, a.faults = false, false, nil, nil
	}
	return out
}

// ownStatus tells the statuses that services answer by themselves: requests that
// cannot be read, and what breaks.
func ownStatus(status int) bool {
	return status >= 500 || slices.Contains([]int{
		http.StatusBadRequest, http.StatusNotAcceptable, http.StatusRequestEntityTooLarge,
		http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity,
	}, status)
}

// RequireRead is Require for read-only members, which answers alone must have.
func (d *Decoder) RequireRead(seen *Seen, names ...string) {
	if d.answer {
		d.Require(seen, names...)
	}
}

// RequireWrite is Require for write-only members, which requests alone must have.
func (d *Decoder) RequireWrite(seen *Seen, names ...string) {
	if !d.answer {
		d.Require(seen, names...)
	}
}

// bounded is the body up to the limit; its beginning is kept for an error.
func (a *Answer) bounded() io.Reader {
	return &quoted{http.MaxBytesReader(nil, a.r.Body, a.limit), a}
}

type quoted struct {
	io.Reader
	a *Answer
}

// Read implements [io.Reader].
func (q *quoted) Read(p []byte) (int, error) {
	n, err := q.Reader.Read(p)
	if room := maxHead - len(q.a.head); room > 0 {
		q.a.head = append(q.a.head, p[:min(n, room)]...)
	}
	return n, err
}

// unreadable says why a body cannot be read.
func (a *Answer) unreadable(err error, what string) error {
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return fmt.Errorf("the body is larger than %d bytes", tooLarge.Limit)
	}
	if errors.Is(err, io.EOF) {
		return errors.New(what + ": it is empty")
	}
	return fmt.Errorf("%s: %w", what, err)
}
