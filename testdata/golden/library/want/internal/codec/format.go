package codec

import (
	"errors"
	"net/mail"
	"net/netip"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"
)

var (
	uuidPattern     = regexp.MustCompile(`^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$`)
	hostnamePattern = regexp.MustCompile(`^(?i:[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)(?i:\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$`)
	decimalPattern  = regexp.MustCompile(`^[+-]?\d+(\.\d+)?$`)
)

// Format checks one of the string formats of OpenAPI and JSON Schema. A format
// it does not know holds for every string.
func (c *Checker) Format(s, format string) {
	ok, want := true, ""
	switch format {
	case "uuid":
		ok, want = len(s) == 36 && uuidPattern.MatchString(s), "a UUID"
	case "email":
		ok, want = validEmail(s) && ascii(s), "an email address"
	case "idn-email":
		ok, want = validEmail(s), "an email address"
	case "uri", "url":
		ok, want = validURI(s, true, false), "an absolute URI"
	case "uri-reference":
		ok, want = validURI(s, false, false), "a URI reference"
	case "iri":
		ok, want = validURI(s, true, true), "an absolute IRI"
	case "iri-reference":
		ok, want = validURI(s, false, true), "an IRI reference"
	case "uri-template":
		ok, want = templatePattern.MatchString(s), "a URI template such as /books/{id}"
	case "json-pointer":
		ok, want = pointerPattern.MatchString(s), "a JSON pointer such as /a/0"
	case "relative-json-pointer":
		ok, want = relativePattern.MatchString(s), "a relative JSON pointer such as 1/a"
	case "hostname":
		ok, want = len(s) <= 253 && hostnamePattern.MatchString(s), "a host name"
	case "idn-hostname":
		ok, want = validHost(s), "a host name"
	case "ipv4":
		addr, err := netip.ParseAddr(s)
		ok, want = err == nil && addr.Is4(), "an IPv4 address"
	case "ipv6":
		addr, err := netip.ParseAddr(s)
		ok, want = err == nil && addr.Is6() && addr.Zone() == "", "an IPv6 address"
	case "decimal":
		ok, want = decimalPattern.MatchString(s), "a decimal number such as 12.50"
	case "time":
		ok, want = validTime(s), "a time such as 09:30:00Z"
	case "duration":
		ok, want = durationPattern.MatchString(s), "an ISO 8601 duration such as P1DT2H"
	}
	if !ok {
		c.Rule("must be " + want)
	}
}

// durationPattern is the grammar of RFC 3339, appendix A: no unit may be left out
// between two others.
var durationPattern = regexp.MustCompile(`^P(\d+W|` + dateUnits + `(T` + timeUnits + `)?|T` + timeUnits + `)$`)

const (
	dateUnits = `(\d+Y(\d+M(\d+D)?)?|\d+M(\d+D)?|\d+D)`
	timeUnits = `(\d+H(\d+M(\d+S)?)?|\d+M(\d+S)?|\d+S)`
)

// validTime checks a full-time of RFC 3339 as part of some day.
func validTime(s string) bool {
	_, err := parseTimestamp("1972-12-31T" + s)
	return err == nil
}

// parseTimestamp reads a date-time of RFC 3339. Go has no leap seconds: one is
// read as the second after it.
func parseTimestamp(s string) (time.Time, error) {
	s = strings.ToUpper(s)
	t, err := time.Parse(time.RFC3339, s)
	if err == nil || len(s) < len("2006-01-02T15:04:60") || s[16:19] != ":60" {
		return t, err
	}
	if t, err = time.Parse(time.RFC3339, s[:17]+"59"+s[19:]); err != nil {
		return t, err
	}
	if utc := t.UTC(); utc.Hour() != 23 || utc.Minute() != 59 {
		return t, errors.New("a second 60 ends no day")
	}
	return t.Add(time.Second), nil
}

// validEmail checks an address without the name of its owner and without the
// comments and blanks that RFC 5322 allows around its parts.
func validEmail(s string) bool {
	if !strings.HasPrefix(s, `"`) && strings.ContainsAny(s, " \t()<>") {
		return false
	}
	_, err := mail.ParseAddress("<" + s + ">")
	return err == nil
}

func ascii(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf })
}

// Date is a calendar day without a time zone (RFC 3339 full-date).
// The zero Date prints as 0001-01-01.
type Date struct{ t time.Time }

// NewDate returns the given day; out-of-range values are normalised as
// [time.Date] does.
func NewDate(year int, month time.Month, day int) Date {
	return Date{time.Date(year, month, day, 0, 0, 0, 0, time.UTC)}
}

// ParseDate reads a day such as 2026-01-31.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	return Date{t}, err
}

// Time returns midnight UTC of the day.
func (d Date) Time() time.Time { return d.t }

// String returns the day as 2026-01-31.
func (d Date) String() string { return d.t.Format(time.DateOnly) }

// MarshalText implements [encoding.TextMarshaler].
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (d *Date) UnmarshalText(text []byte) (err error) {
	*d, err = ParseDate(string(text))
	return err
}
