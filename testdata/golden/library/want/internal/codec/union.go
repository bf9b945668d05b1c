package codec

import (
	"bytes"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Variant decodes one alternative of a union from its own decoder.
type Variant func(*Decoder)

// Value reads the next value whole, for a union that has to look at it first.
func (d *Decoder) Value() (jsontext.Value, bool) {
	if d.err != nil {
		return nil, false
	}
	raw, err := d.json.ReadValue()
	if d.err = err; err != nil {
		return nil, false
	}
	return raw.Clone(), true
}

// sub returns a decoder for a value that d has already passed.
func (d *Decoder) sub(raw jsontext.Value) *Decoder {
	_, pointer := d.place()
	s := newDecoder(bytes.NewReader(raw), d.part, pointer)
	s.trusted, s.trial, s.checked, s.filled = d.trusted, d.trial, d.checked, d.filled
	s.patch, s.text, s.answer, s.lenient = d.patch, d.text, d.answer, d.lenient
	return s
}

// Tagged decodes a union by its discriminator: choose returns the decoder of the
// variant that a value of the member stands for, or nil. values lists them for
// the violation; without any, choose has a decoder for everything, "" included,
// which stands for no value.
func (d *Decoder) Tagged(member string, choose func(string) Variant, values ...string) {
	raw, ok := d.Value()
	if !ok {
		return
	}
	tag, found := textMember(raw, member)
	if !found {
		if raw.Kind() != '{' {
			d.Report("must be an object")
			return
		}
		if len(values) > 0 {
			d.ReportMember(member, "is required: one of "+strings.Join(values, ", "))
			return
		}
	}
	decode := choose(tag)
	if decode == nil && d.lenient {
		return // a variant that is newer than the reader
	}
	if decode == nil {
		d.ReportMember(member, "must be one of "+strings.Join(values, ", "))
		return
	}
	s := d.sub(raw)
	defer s.free()
	decode(s)
	d.adopt(s)
}

// OneOf decodes a union by trying its variants: exactly one must fit. choose is
// called with the number of the one that did. When none fits, the violations of
// the closest one are reported.
func (d *Decoder) OneOf(choose func(int), variants ...Variant) { d.byShape(choose, true, variants) }

// AnyOf is OneOf, but several may fit: the one with a place for most of the members
// is taken, the first of equals.
func (d *Decoder) AnyOf(choose func(int), variants ...Variant) { d.byShape(choose, false, variants) }

func (d *Decoder) byShape(choose func(int), exclusive bool, variants []Variant) {
	raw, ok := d.Value()
	if !ok {
		return
	}
	match, matches, lost, nearest := -1, 0, 0, 0
	var closest *Decoder
	try := func(i int, lenient bool) *Decoder {
		s := d.sub(raw)
		s.trial, s.lenient = true, lenient
		variants[i](s)
		return s
	}
	for i := range variants {
		s := try(i, false) // rules tell variants apart, even for those who are lenient
		switch {
		case len(s.faults) == 0 && s.err == nil:
			if matches++; match < 0 || s.skipped < lost {
				match, lost = i, s.skipped
			}
		case closest == nil || len(s.faults) < len(closest.faults):
			closest, nearest = s, i
		}
		if match >= 0 && lost == 0 && (!exclusive || d.trusted || d.text || d.lenient) {
			break
		}
	}
	exclusive = exclusive && !d.trusted && !d.text && !d.lenient // there the first of equals is taken
	d.skipped += lost
	for i := 0; matches == 0 && d.lenient && i < len(variants); i++ {
		if s := try(i, true); len(s.faults) == 0 && s.err == nil {
			match, matches = i, 1
		}
	}
	switch {
	case matches == 0 && d.trusted && !d.trial: // written under an older document
		choose(nearest)
	case matches == 0:
		d.Report("matches none of the alternatives")
		d.adopt(closest)
	case matches > 1 && exclusive:
		d.Report("matches more than one of the alternatives")
	default:
		choose(match)
	}
}

// Tag writes an object and puts a member first that tells its variant.
func (e *Encoder) Tag(name, value string, encode func()) {
	start := len(e.buf)
	encode()
	if len(e.buf) == start || e.buf[start] != '{' {
		return
	}
	rest := bytes.Clone(e.buf[start+1:])
	e.buf = e.buf[:start+1]
	e.Member(name)
	e.String(value)
	if rest[0] != '}' {
		e.buf = append(e.buf, ',')
	}
	e.buf = append(e.buf, rest...)
}

func (d *Decoder) adopt(s *Decoder) {
	if s.err != nil {
		d.err = s.err
	}
	if room := maxViolations - len(d.faults); len(s.faults) > room {
		s.faults = s.faults[:room]
	}
	d.faults = append(d.faults, s.faults...)
	d.skipped += s.skipped
}

// textMember returns the text of a string member of an object.
func textMember(raw jsontext.Value, name string) (string, bool) {
	if raw.Kind() != '{' {
		return "", false
	}
	dec := jsontext.NewDecoder(bytes.NewReader(raw))
	if _, err := dec.ReadToken(); err != nil {
		return "", false
	}
	for dec.PeekKind() == '"' {
		key, err := dec.ReadToken()
		if err != nil {
			return "", false
		}
		if key.String() == name {
			if dec.PeekKind() != '"' {
				return "", false
			}
			value, err := dec.ReadToken()
			return value.String(), err == nil
		}
		if dec.SkipValue() != nil {
			return "", false
		}
	}
	return "", false
}
