package codec

import (
	"errors"
	"math/big"
	"strconv"
	"strings"
)

// Integer is an integer of any size. The zero Integer is 0; equal ones are ==.
type Integer struct {
	digits string // decimal, without zeros in front; "" is 0
}

// NewInteger returns an integer; nil is 0.
func NewInteger(n *big.Int) Integer {
	if n == nil || n.Sign() == 0 {
		return Integer{}
	}
	return Integer{n.String()}
}

// ParseInteger reads a decimal integer; 1.0 and 1e3 are integers too.
func ParseInteger(text string) (Integer, error) {
	n, fault := parseInteger(text)
	if fault != "" {
		return n, errors.New(fault)
	}
	return n, nil
}

// Big returns the integer for calculations.
func (n Integer) Big() *big.Int {
	out, _ := new(big.Int).SetString(n.String(), 10)
	return out
}

// String returns the decimal digits.
func (n Integer) String() string {
	if n.digits == "" {
		return "0"
	}
	return n.digits
}

// MarshalJSON implements [json.Marshaler].
func (n Integer) MarshalJSON() ([]byte, error) { return []byte(n.String()), nil }

// UnmarshalJSON implements [json.Unmarshaler].
func (n *Integer) UnmarshalJSON(text []byte) (err error) {
	*n, err = ParseInteger(string(text))
	return err
}

// maxIntegerDigits bounds integers, so that no short text stands for a huge one.
const maxIntegerDigits = 10_000

func parseInteger(text string) (n Integer, fault string) {
	digits := strings.TrimPrefix(text, "-")
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		_, exponent, _ := strings.Cut(strings.ToLower(digits), "e")
		if size, _ := strconv.Atoi(exponent); size > maxIntegerDigits || size < -maxIntegerDigits || len(exponent) > len("-10000") {
			return n, "is too large"
		}
		r, ok := new(big.Rat).SetString(text)
		if !ok || !r.IsInt() || strings.ContainsAny(text, "/_xXbBoOpP") {
			return n, "must be an integer"
		}
		return NewInteger(r.Num()), ""
	}
	digits = strings.TrimLeft(digits, "0")
	switch {
	case len(digits) > maxIntegerDigits:
		return n, "is too large"
	case digits != "" && text[0] == '-':
		digits = "-" + digits
	}
	return Integer{digits}, ""
}

// parseUint reads decimal text as an unsigned integer of 64 bits.
func parseUint(text string) (n uint64, fault string) {
	n, err := strconv.ParseUint(text, 10, 64)
	if err == nil {
		return n, ""
	}
	big, fault := parseInteger(text)
	if fault != "" {
		return 0, fault
	}
	if n, err = strconv.ParseUint(big.String(), 10, 64); err == nil {
		return n, ""
	}
	if big.String()[0] == '-' {
		return 0, "must be at least 0"
	}
	return 0, "does not fit into 64 bits"
}

// Integer reads an integer of any size.
func (d *Decoder) Integer(v *Integer) bool { return readInteger(d, v, parseInteger) }

// Uint64 reads an unsigned integer of 64 bits.
func (d *Decoder) Uint64(v *uint64) bool { return readInteger(d, v, parseUint) }

func readInteger[T any](d *Decoder, v *T, parse func(string) (T, string)) bool {
	raw, ok := d.number("must be an integer")
	if !ok {
		return false
	}
	n, fault := parse(raw)
	if fault != "" {
		d.Report(fault)
		return false
	}
	*v = n
	return true
}

// Integer reads an integer of any size.
func (in *Request) Integer(v *Integer) (ok bool) {
	var fault string
	if *v, fault = parseInteger(in.text); fault != "" {
		in.Report(fault)
	}
	return fault == ""
}

// Uint64 reads an unsigned integer of 64 bits.
func (in *Request) Uint64(v *uint64) (ok bool) {
	var fault string
	if *v, fault = parseUint(in.text); fault != "" {
		in.Report(fault)
	}
	return fault == ""
}

// Integer writes an integer.
func (e *Encoder) Integer(v Integer) { e.buf = append(e.buf, v.String()...) }

// Uint64 writes an integer.
func (e *Encoder) Uint64(v uint64) { e.buf = strconv.AppendUint(e.buf, v, 10) }
