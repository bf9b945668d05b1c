package codec

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"example.com/library/internal/problem"
)

// Request reads the parts of an HTTP request: the methods Path, Query, Header
// and Cookie move to a parameter, and String, Int64 and so on read it. All
// violations are collected; Err returns them when everything has been read.
type Request struct {
	Checker
	r       *http.Request
	invalid int  // status for violations
	answer  bool // what is read is an answer, see Answer
	err     error
	media   string // of the body, without parameters

	query url.Values

	in, name string
	text     string   // of the parameter or item the reader stands on
	raw      string   // of a path parameter, as it was sent
	tree     *tree    // of a parameter with structure
	items    []string // what Next has still to give
	index    int
	inItems  bool
}

// NewRequest returns a reader for r. invalid is the status of the problem that
// lists the violations: 400 or 422.
func NewRequest(r *http.Request, invalid int) *Request {
	in := &Request{r: r, invalid: invalid}
	in.at = in
	return in
}

func (in *Request) place() (string, string) {
	pointer := "" // of the body
	if in.name != "" {
		pointer = "/" + escapePointer(in.name)
	}
	if in.inItems {
		pointer += "/" + strconv.Itoa(in.index)
	}
	return in.in, pointer
}

// Err returns what stops the request: a problem, or nil.
func (in *Request) Err() error {
	if in.err != nil {
		return in.err
	}
	if len(in.faults) == 0 {
		return nil
	}
	return problem.Invalid(in.invalid, in.faults)
}

// Path moves to a path parameter, given as it stands in the escaped path.
func (in *Request) Path(name, escaped string) bool {
	in.move("path", name)
	text, err := url.PathUnescape(escaped)
	if err != nil {
		in.Report("is not percent-encoded correctly")
		return false
	}
	in.text, in.raw = text, escaped
	return true
}

// Query moves to a query parameter and reports whether it is there.
func (in *Request) Query(name string, required bool) bool {
	if in.query == nil {
		in.query = in.r.URL.Query()
	}
	return in.values("query", name, in.query[name], required)
}

// Header moves to a header and reports whether it is there.
func (in *Request) Header(name string, required bool) bool {
	values := in.r.Header.Values(name)
	if len(values) > 1 { // RFC 9110, section 5.3: a list may come in several lines
		values = []string{strings.Join(values, ", ")}
	}
	return in.values("header", name, values, required)
}

// Cookie moves to a cookie and reports whether it is there.
func (in *Request) Cookie(name string, required bool) bool {
	var values []string
	if c, err := in.r.Cookie(name); err == nil {
		values = []string{cookieText(c.Value)}
	}
	return in.values("cookie", name, values, required)
}

// PlainCookie is Cookie for values that are not percent-encoded, and may come in
// several cookies of the name.
func (in *Request) PlainCookie(name string, required bool) bool {
	var values []string
	for _, c := range in.r.CookiesNamed(name) {
		values = append(values, c.Value)
	}
	return in.values("cookie", name, values, required)
}

func (in *Request) move(part, name string) {
	in.in, in.name, in.inItems = part, name, false
	in.raw, in.items, in.tree = "", nil, nil
}

func (in *Request) values(part, name string, values []string, required bool) bool {
	in.move(part, name)
	if len(values) == 0 {
		if required {
			in.Report("is required")
		}
		return false
	}
	in.text, in.items = values[0], values
	return true
}

// Once checks that a parameter that holds a single value was given once.
func (in *Request) Once() bool {
	if len(in.items) > 1 {
		in.Report("must be given once")
		return false
	}
	return true
}

// Filled reports whether the parameter has a text.
func (in *Request) Filled() bool { return in.text != "" }

// Items prepares the values of a list for Next: one for each time the parameter
// was given, or the parts of its text between sep when sep is not empty.
func (in *Request) Items(sep string) {
	if sep != "" {
		parts, unescape := in.parts(sep)
		for i, part := range parts {
			parts[i] = unescape(part)
			if sep == "," {
				parts[i] = strings.Trim(parts[i], " \t")
			}
		}
		in.items = parts
	}
	in.index = -1
}

// Next moves to the next item of a list.
func (in *Request) Next() bool {
	if len(in.items) == 0 {
		in.inItems = false
		return false
	}
	in.inItems = true
	in.index++
	in.text, in.items = in.items[0], in.items[1:]
	return true
}

// String reads the text.
func (in *Request) String(v *string) bool {
	*v = in.text
	return true
}

// Bool reads true or false.
func (in *Request) Bool(v *bool) bool {
	if in.text != "true" && in.text != "false" {
		in.Report("must be true or false")
		return false
	}
	*v = in.text == "true"
	return true
}

// Int64 reads an integer.
func (in *Request) Int64(v *int64) bool {
	n, fault := parseInt(in.text, 64)
	if fault != "" {
		in.Report(fault)
		return false
	}
	*v = n
	return true
}

// Int32 reads an integer of 32 bits.
func (in *Request) Int32(v *int32) bool {
	n, fault := parseInt(in.text, 32)
	if fault != "" {
		in.Report(fault)
		return false
	}
	*v = int32(n)
	return true
}

// Float64 reads a number.
func (in *Request) Float64(v *float64) bool {
	f, err := strconv.ParseFloat(in.text, 64)
	if err != nil || !finite(f) {
		in.Report("must be a number")
		return false
	}
	*v = f
	return true
}

// Float32 reads a number of single precision.
func (in *Request) Float32(v *float32) bool {
	f, err := strconv.ParseFloat(in.text, 32)
	if err != nil || !finite(f) {
		in.Report("must be a number")
		return false
	}
	*v = float32(f)
	return true
}

// Time reads a date-time of RFC 3339.
func (in *Request) Time(v *time.Time) bool { return in.parseTime(in.text, v) }

// Date reads a full-date of RFC 3339.
func (in *Request) Date(v *Date) bool { return in.parseDate(in.text, v) }

// Bytes reads base64 text.
func (in *Request) Bytes(v *[]byte) bool { return in.parseBytes(in.text, v) }

// Raw keeps the text as a JSON string.
func (in *Request) Raw(v *Raw) bool {
	var e Encoder
	e.String(in.text)
	*v = e.buf
	return true
}

// JSON decodes the parameter as a JSON document.
func (in *Request) JSON(decode func(*Decoder)) {
	in.document(strings.NewReader(in.text), in.in, "/"+escapePointer(in.name), decode)
}

// Body checks that a body is there and of a media type that the operation takes.
// Without a Content-Type header the first one is assumed.
func (in *Request) Body(required bool, media ...string) bool {
	if in.err != nil {
		return false
	}
	in.move("body", "")
	if in.r.Body == nil || in.r.Body == http.NoBody {
		if required {
			in.faults = append(in.faults, problem.Violation{In: "body", Detail: "is required"})
		}
		return false
	}
	if coding := in.r.Header.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		in.err = problem.New(http.StatusUnsupportedMediaType, "the body must not be encoded, not even as "+strconv.Quote(coding))
		return false
	}
	got := in.r.Header.Get("Content-Type")
	if got == "" {
		in.media = baseOf(media[0])
		return true
	}
	kind, _, err := mime.ParseMediaType(got)
	in.media = kind
	for _, want := range media {
		if err == nil && mediaMatches(kind, want) {
			return true
		}
	}
	in.err = problem.New(http.StatusUnsupportedMediaType,
		"the body must be "+strings.Join(media, " or ")+", not "+strconv.Quote(got))
	return false
}

// mediaMatches compares a media type with one of the contract, which may be a
// range such as image/*.
func mediaMatches(got, want string) bool {
	want, _, _ = strings.Cut(want, ";")
	if prefix, ok := strings.CutSuffix(want, "*"); ok {
		return prefix == "*/" || strings.HasPrefix(got, prefix)
	}
	return got == want || want == "application/json" && got == "text/json" ||
		want == "application/xml" && got == "text/xml" || want == "text/xml" && got == "application/xml" // RFC 7303, section 9.2
}

// baseOf is a media type without its parameters.
func baseOf(media string) string {
	base, _, _ := strings.Cut(media, ";")
	return strings.ToLower(strings.TrimSpace(base))
}

// DecodeBody decodes the body as a JSON document.
func (in *Request) DecodeBody(decode func(*Decoder)) {
	body := newTurns(in.r.Body)
	defer body.end()
	in.document(body, "body", "", decode)
}

func (in *Request) document(r io.Reader, part, prefix string, decode func(*Decoder)) {
	d := newDecoder(r, part, prefix)
	defer d.free()
	d.faults, d.patch = in.faults, in.r.Method == http.MethodPatch
	d.answer, d.lenient = in.answer, in.lenient
	decode(d)
	if d.err == nil {
		d.end()
	}
	in.faults = d.faults
	if d.err != nil {
		in.err = readFailure(d.err, "the "+part+" is not valid JSON")
	}
}

// Text reads the body as text.
func (in *Request) Text(v *string) bool {
	text, err := io.ReadAll(in.r.Body)
	if err != nil {
		in.err = readFailure(err, "the body cannot be read")
		return false
	}
	*v = string(text)
	return true
}

// Stream hands over the body unread.
func (in *Request) Stream(v *io.Reader) { *v = in.r.Body }

// readFailure turns an error of reading a body into the problem it stands for.
func readFailure(err error, what string) error {
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return problem.New(http.StatusRequestEntityTooLarge,
			"the body is larger than "+strconv.FormatInt(tooLarge.Limit, 10)+" bytes")
	}
	switch {
	case errors.Is(err, io.EOF):
		return problem.New(http.StatusBadRequest, what+": it is empty")
	case errors.Is(err, os.ErrDeadlineExceeded):
		return problem.New(http.StatusRequestTimeout, "the body did not arrive in time")
	}
	return problem.New(http.StatusBadRequest, what+": "+strings.TrimPrefix(err.Error(), "jsontext: "))
}
