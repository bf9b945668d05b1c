// Package codec moves values between Go and the wire: strict JSON in both
// directions, parameters, and the rules a value must meet. Decoding never stops
// at the first fault: everything that is wrong is collected, with its JSON
// pointer, and reported at once.
package codec

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"math/bits"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// Decoder reads one JSON document. A value of the wrong kind is a violation and
// is skipped; text that is not JSON (RFC 8259, and no duplicate names or invalid
// UTF-8) ends the reading, and every later call does nothing.
type Decoder struct {
	Checker
	json    jsontext.Decoder
	part    string // of the request: body, or query and so on for a content parameter
	prefix  string // pointer of the value this decoder reads within a larger one
	err     error
	trusted bool // the text is the service's own
	trial   bool // of a variant: what is required tells the variants apart
	checked bool // a schema around the value was checked and holds
	filled  bool // the value is a default
	skipped int  // members that the contract does not name
	patch   bool
	answer  bool // what is read comes from a service: read-only members are there, write-only ones are not
	text    bool // scalars are texts: the value comes from parameters or a form
	alone   int8 // text mode, an item that is no array: 1 to be read, 2 read
	names   [64]string
}

// decoders keeps decoders with their buffers and the names they have seen.
var decoders = sync.Pool{New: func() any {
	d := new(Decoder)
	d.at = d
	return d
}}

func newDecoder(r io.Reader, part, prefix string) *Decoder {
	d := decoders.Get().(*Decoder)
	d.json.Reset(r)
	d.part, d.prefix, d.err, d.trusted, d.trial, d.patch = part, prefix, nil, false, false, false
	d.checked, d.filled, d.skipped, d.answer, d.lenient = false, false, 0, false, false
	d.text, d.alone = false, 0
	return d
}

// free gives the decoder back. Its violations must have been taken before.
func (d *Decoder) free() {
	d.faults = nil
	d.json.Reset(nothing)
	decoders.Put(d)
}

var nothing = strings.NewReader("")

// Unmarshal decodes JSON that the service wrote itself: read-only members are
// taken and nothing is required. It returns the syntax error or the violations.
func Unmarshal[T any](data []byte, v *T, decode func(*Decoder, *T)) error {
	d := newDecoder(bytes.NewReader(data), "body", "")
	defer d.free()
	d.trusted = true
	decode(d, v)
	if d.err == nil {
		d.end()
	}
	if d.err == nil && len(d.faults) > 0 {
		d.err = errors.New(d.faults[0].String()) // no problem of the client's
	}
	return d.err
}

// place returns where the decoder stands, for violations.
func (d *Decoder) place() (in, pointer string) {
	return d.part, d.prefix + string(d.json.StackPointer())
}

// end reports what follows the document.
func (d *Decoder) end() {
	if _, err := d.json.ReadToken(); err == nil {
		d.err = errors.New("there is more after the JSON value")
	} else if !errors.Is(err, io.EOF) {
		d.err = err
	}
}

// Object enters an object. It returns false, having reported and skipped the
// value, when there is none.
func (d *Decoder) Object() bool { return d.enter('{', "must be an object") }

// Array enters an array, like Object.
func (d *Decoder) Array() bool {
	if d.text && d.single() {
		return true
	}
	return d.enter('[', "must be an array")
}

func (d *Decoder) enter(kind jsontext.Kind, fault string) bool {
	if d.err != nil {
		return false
	}
	if got := d.peek(); got != kind {
		d.mismatch(got, fault)
		return false
	}
	_, d.err = d.json.ReadToken()
	return d.err == nil
}

// More reports whether the object or array holds another member or item. At the
// end it leaves the object or array.
func (d *Decoder) More() bool {
	if d.err != nil {
		return false
	}
	if d.alone != 0 {
		return d.moreAlone()
	}
	switch d.json.PeekKind() {
	case '}', ']':
		_, d.err = d.json.ReadToken()
		return false
	case 0:
		_, d.err = d.json.ReadToken()
		return false
	}
	return true
}

// Name reads the name of the next member.
func (d *Decoder) Name() string {
	if d.err != nil {
		return ""
	}
	raw, err := d.json.ReadValue()
	if err != nil {
		d.err = err
		return ""
	}
	return d.intern(raw)
}

// intern turns a quoted name into a string without allocating for names it has
// seen: the members of a type come again and again.
func (d *Decoder) intern(raw []byte) string {
	name := raw[1 : len(raw)-1]
	if len(name) > 32 { // the names outlive the request, so they must be short
		out, _ := jsontext.AppendUnquote(nil, raw)
		return string(out)
	}
	var hash uint32 = 2166136261
	for _, c := range name {
		if c == '\\' {
			out, _ := jsontext.AppendUnquote(nil, raw)
			return string(out)
		}
		hash = (hash ^ uint32(c)) * 16777619
	}
	slot := &d.names[hash%uint32(len(d.names))]
	if *slot != string(name) {
		*slot = string(name)
	}
	return *slot
}

// Skip passes over a value that the contract does not name.
func (d *Decoder) Skip() {
	if d.err == nil {
		d.err = d.json.SkipValue()
		d.skipped++
	}
}

// Unknown reports a member that the contract forbids and skips it.
func (d *Decoder) Unknown() {
	if d.err == nil {
		d.Rule("is not a known member")
		d.err = d.json.SkipValue()
	}
}

// ReadOnly reports whether a read-only member is to be read. In a request it is
// not: the service sets it, so what the client sent is passed over.
func (d *Decoder) ReadOnly() bool {
	if d.trusted || d.answer {
		return true
	}
	if d.err == nil {
		d.err = d.json.SkipValue()
	}
	return false
}

// Defaults reports whether absent members get their default values: in every
// request but a patch, where absent means unchanged.
func (d *Decoder) Defaults() bool { return !d.trusted && !d.patch && !d.answer }

// Default reads a default value, JSON from the contract, in place of an absent member.
func (d *Decoder) Default(text string, read func(*Decoder)) {
	if d.filled {
		return // a type that contains itself would fill in defaults for ever
	}
	s := d.sub(jsontext.Value(text))
	defer s.free()
	s.filled, s.checked, s.text = true, true, false
	read(s)
}

// Null reads a null and returns true, or returns false when something else is next.
func (d *Decoder) Null() bool {
	if d.err != nil || d.peek() != 'n' {
		return false
	}
	_, d.err = d.json.ReadToken()
	return d.err == nil
}

// Seen is a set of member numbers below 256.
type Seen [4]uint64

// Add puts n into the set.
func (s *Seen) Add(n int) { s[n/64] |= 1 << (n % 64) }

// Require reports every name whose number is not in seen.
func (d *Decoder) Require(seen *Seen, names ...string) {
	have := 0
	for _, word := range seen {
		have += bits.OnesCount64(word)
	}
	if d.trusted && !d.trial || d.err != nil || have == len(names) {
		return
	}
	for i, name := range names {
		if seen[i/64]&(1<<(i%64)) == 0 {
			d.ReportMember(name, "is required")
		}
	}
}

// token reads a scalar of one kind.
func (d *Decoder) token(kind jsontext.Kind, fault string) (jsontext.Token, bool) {
	if d.err != nil {
		return jsontext.Token{}, false
	}
	if got := d.peek(); got != kind && (!d.text || got != '"') {
		d.mismatch(got, fault)
		return jsontext.Token{}, false
	}
	tok, err := d.json.ReadToken()
	d.err = err
	return tok, err == nil
}

// peek returns the kind of the next value, 0 when there is none. That ends the reading:
// the reader would go through all the white space before its end again.
func (d *Decoder) peek() jsontext.Kind {
	kind := d.json.PeekKind()
	if kind == 0 {
		_, d.err = d.json.ReadToken()
	}
	return kind
}

// mismatch reports a value of the wrong kind. The value is passed over first,
// because only then does the pointer name it.
func (d *Decoder) mismatch(kind jsontext.Kind, fault string) {
	if d.err != nil {
		return
	}
	if d.err = d.json.SkipValue(); d.err != nil {
		return
	}
	if kind == 'n' {
		fault += ", not null"
	}
	d.Report(fault)
}

// String reads a string.
func (d *Decoder) String(v *string) bool {
	tok, ok := d.token('"', "must be a string")
	if ok {
		*v = tok.String()
	}
	return ok
}

// Bool reads true or false.
func (d *Decoder) Bool(v *bool) bool {
	if d.err != nil {
		return false
	}
	switch kind := d.peek(); {
	case d.text && kind == '"':
		return d.textBool(v)
	case kind != 't' && kind != 'f':
		d.mismatch(kind, "must be true or false")
		return false
	}
	tok, err := d.json.ReadToken()
	if d.err = err; err != nil {
		return false
	}
	*v = tok.Bool()
	return true
}

// Int64 reads an integer; 1.0 and 1e3 are integers too (JSON Schema, section 6.1.1).
func (d *Decoder) Int64(v *int64) bool {
	raw, ok := d.number("must be an integer")
	if !ok {
		return false
	}
	n, fault := parseInt(raw, 64)
	if fault != "" {
		d.Report(fault)
		return false
	}
	*v = n
	return true
}

// Int32 reads an integer of 32 bits.
func (d *Decoder) Int32(v *int32) bool {
	raw, ok := d.number("must be an integer")
	if !ok {
		return false
	}
	n, fault := parseInt(raw, 32)
	if fault != "" {
		d.Report(fault)
		return false
	}
	*v = int32(n)
	return true
}

// Float64 reads a number.
func (d *Decoder) Float64(v *float64) bool {
	raw, ok := d.number("must be a number")
	if !ok {
		return false
	}
	f, err := strconv.ParseFloat(raw, 64)
	if err != nil || !finite(f) {
		d.Report(notFloat(err))
		return false
	}
	*v = f
	return true
}

// Float32 reads a number of single precision.
func (d *Decoder) Float32(v *float32) bool {
	raw, ok := d.number("must be a number")
	if !ok {
		return false
	}
	f, err := strconv.ParseFloat(raw, 32)
	if err != nil || !finite(f) {
		d.Report(notFloat(err))
		return false
	}
	*v = float32(f)
	return true
}

func (d *Decoder) number(fault string) (string, bool) {
	tok, ok := d.token('0', fault)
	if !ok {
		return "", false
	}
	return tok.String(), true
}

// Time reads a date-time of RFC 3339.
func (d *Decoder) Time(v *time.Time) bool {
	var text string
	return d.String(&text) && d.parseTime(text, v)
}

// Date reads a full-date of RFC 3339.
func (d *Decoder) Date(v *Date) bool {
	var text string
	return d.String(&text) && d.parseDate(text, v)
}

// Bytes reads base64 text (RFC 4648, standard or URL alphabet, padding optional).
func (d *Decoder) Bytes(v *[]byte) bool {
	var text string
	return d.String(&text) && d.parseBytes(text, v)
}

// Raw reads any value and keeps its text.
func (d *Decoder) Raw(v *Raw) bool {
	if d.err != nil {
		return false
	}
	raw, err := d.json.ReadValue()
	if d.err = err; err != nil {
		return false
	}
	*v = Raw(raw.Clone())
	return true
}

// parseInt reads decimal text as an integer of the given size. The fault is
// empty when it is one.
func parseInt(text string, size int) (n int64, fault string) {
	n, err := strconv.ParseInt(text, 10, size)
	if err == nil {
		return n, ""
	}
	if errors.Is(err, strconv.ErrRange) {
		return 0, "does not fit into " + strconv.Itoa(size) + " bits"
	}
	f, err := strconv.ParseFloat(text, 64)
	limit := float64(uint64(1) << (size - 1))
	switch {
	case err != nil || f != float64(int64(f)) && f > -limit && f < limit:
		return 0, "must be an integer"
	case f < -limit || f >= limit:
		return 0, "does not fit into " + strconv.Itoa(size) + " bits"
	}
	return int64(f), ""
}

func decodeBase64(text string) ([]byte, error) {
	for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
		if out, err := enc.DecodeString(text); err == nil {
			return out, nil
		}
	}
	return nil, errors.New("must be base64 text")
}
