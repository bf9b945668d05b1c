package codec

import (
	"net/mail"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"time"
)

var (
	uuidPattern     = regexp.MustCompile(`^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$`)
	hostnamePattern = regexp.MustCompile(`^(?i:[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)(?i:\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$`)
	decimalPattern  = regexp.MustCompile(`^[+-]?\d+(\.\d+)?$`)
	timePattern     = regexp.MustCompile(`^\d\d:\d\d:\d\d(\.\d+)?([zZ]|[+-]\d\d:\d\d)$`)
)

// Format checks one of the string formats of OpenAPI and JSON Schema. A format
// it does not know holds for every string.
func (c *Checker) Format(s, format string) {
	ok, want := true, ""
	switch format {
	case "uuid":
		ok, want = len(s) == 36 && uuidPattern.MatchString(s), "a UUID"
	case "email":
		addr, err := mail.ParseAddress(s)
		ok, want = err == nil && addr.Address == s, "an email address"
	case "uri", "url":
		u, err := url.Parse(s)
		ok, want = err == nil && u.Scheme != "" && !strings.ContainsAny(s, " <>\"{}|\\^`"), "an absolute URI"
	case "uri-reference":
		_, err := url.Parse(s)
		ok, want = err == nil, "a URI reference"
	case "hostname":
		ok, want = len(s) <= 253 && hostnamePattern.MatchString(s), "a host name"
	case "ipv4":
		addr, err := netip.ParseAddr(s)
		ok, want = err == nil && addr.Is4(), "an IPv4 address"
	case "ipv6":
		addr, err := netip.ParseAddr(s)
		ok, want = err == nil && addr.Is6() && addr.Zone() == "", "an IPv6 address"
	case "decimal":
		ok, want = decimalPattern.MatchString(s), "a decimal number such as 12.50"
	case "time":
		ok, want = timePattern.MatchString(s), "a time such as 09:30:00Z"
	case "duration":
		ok, want = validDuration(s), "an ISO 8601 duration such as P1DT2H"
	case "regex":
		_, err := regexp.Compile(s)
		ok, want = err == nil, "a regular expression"
	}
	if !ok {
		c.Report("must be " + want)
	}
}

var durationPattern = regexp.MustCompile(`^P(\d+W|(\d+Y)?(\d+M)?(\d+D)?(T(\d+H)?(\d+M)?(\d+S)?)?)$`)

func validDuration(s string) bool {
	return durationPattern.MatchString(s) && s != "P" && !strings.HasSuffix(s, "T")
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
