package model

import (
	"encoding/base64"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// text makes up a string: by pattern, by format, else a name and a number.
func (g *sampler) text(sh *shape, at place) (any, bool) {
	if len(sh.patterns) > 0 {
		if s, ok := g.matching(sh, at); ok {
			return s, true
		}
		return g.example(sh)
	}
	mark := g.mark(at)
	s, fixed := g.formatted(sh, at, mark)
	n := utf8.RuneCountInString(s)
	switch {
	case fixed:
		return s, n >= sh.minLen && (sh.maxLen < 0 || n <= sh.maxLen)
	case n < sh.minLen:
		s += strings.Repeat("-", sh.minLen-n) // no digit of a mark
	case sh.maxLen >= 0 && n > sh.maxLen:
		s = squeeze(mark, g.seed+hash(at.index), sh.maxLen)
	}
	return s, true
}

// mark is what makes a string differ from others of its name.
func (g *sampler) mark(at place) string {
	return strconv.FormatUint(g.seed+1, 36) + at.index
}

// squeeze makes a string of exactly n characters that still depends on the seed.
func squeeze(mark string, seed uint64, n int) string {
	digits := strings.ReplaceAll(mark, "-", "")
	if len(digits) > n {
		digits = strconv.FormatUint(seed*2654435761, 36)
	}
	if len(digits) > n {
		return digits[len(digits)-n:]
	}
	return strings.Repeat("a", n-len(digits)) + digits
}

// word is a property name as part of a value: "publishedAt" stays readable and
// safe in URLs and headers.
func word(name string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(name) {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			b.WriteRune(r)
		}
	}
	if b.Len() == 0 {
		return "value"
	}
	return b.String()
}

// formatted returns a string of the format; fixed means that it may be neither
// padded nor cut.
func (g *sampler) formatted(sh *shape, at place, mark string) (s string, fixed bool) {
	n := g.seed + hash(at.index)%251
	pad := ""
	if short := sh.minLen - len(mark) - 12; short > 0 {
		pad = strings.Repeat("x", short)
	}
	switch sh.format {
	case "uuid", "guid":
		a, b := scramble(g.seed+hash(at.name+at.index)), scramble(g.seed^hash(at.index+at.name+"b"))
		return fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", uint32(a), uint16(a>>32), a>>48&0xfff, b&0xfff, b>>16), true
	case "date":
		return sampleTime(n * 24 * 60).Format(time.DateOnly), true
	case "date-time":
		return sampleTime(n).Format(time.RFC3339), true
	case "time", "partial-time":
		return sampleTime(n).Format("15:04:05Z"), true
	case "duration":
		return fmt.Sprintf("PT%dM", n%1000+1), true
	case "email", "idn-email":
		return fit(sh, word(at.name)+pad+"."+mark+"@example.com", mark+"@a.io"), true
	case "uri", "url", "iri":
		return fit(sh, "https://example.com/"+word(at.name)+pad+"/"+mark, "http://a.io/"+mark), true
	case "uri-reference", "iri-reference":
		return "/" + word(at.name) + "/" + mark, false
	case "hostname", "idn-hostname":
		return fit(sh, word(at.name)+"-"+mark+".example.com", "a"+mark), true
	case "ipv4", "ip":
		return fmt.Sprintf("10.%d.%d.%d", n>>16&0xff, n>>8&0xff, n&0xff), true
	case "ipv6":
		return fmt.Sprintf("2001:db8::%x:%x", n>>16&0xffff, n&0xfff+1), true
	case "byte", "base64":
		return g.bytes(sh, word(at.name)+"-"+mark), true
	case "decimal":
		return fmt.Sprintf("%d.%02d", n%9000+1, n%100), true
	case "int64", "int32", "integer":
		return strconv.FormatUint(n%100000+1, 10), true
	case "json-pointer":
		return "/" + word(at.name) + "/" + mark, false
	case "relative-json-pointer":
		return "1/" + word(at.name) + "/" + mark, false
	}
	return word(at.name) + "-" + mark, false
}

// fit returns the long form unless only the short one keeps to maxLength.
func fit(sh *shape, long, short string) string {
	if sh.maxLen >= 0 && len(long) > sh.maxLen {
		return short
	}
	return long
}

// bytes makes base64 text whose length keeps to the limits.
func (g *sampler) bytes(sh *shape, text string) string {
	for base64.StdEncoding.EncodedLen(len(text)) < sh.minLen {
		text += "x"
	}
	for sh.maxLen >= 0 && len(text) > 0 && base64.StdEncoding.EncodedLen(len(text)) > sh.maxLen {
		text = text[1:]
	}
	return base64.StdEncoding.EncodeToString([]byte(text))
}

// sampleTime counts minutes from a fixed moment and stays within this century.
func sampleTime(minutes uint64) time.Time {
	start := time.Date(2024, time.January, 15, 9, 30, 0, 0, time.UTC)
	return start.Add(time.Duration(minutes%(60*24*365*60)) * time.Minute)
}

// example falls back to a value that the document's author wrote, for patterns
// that only they could meet.
func (g *sampler) example(sh *shape) (any, bool) {
	for i := range sh.examples {
		raw := sh.examples[(i+int(g.seed%uint64(len(sh.examples))))%len(sh.examples)]
		v, err := decodeValue(raw)
		s, isText := v.(string)
		if err == nil && isText && matchesAll(sh.patterns, s) {
			return s, true
		}
	}
	return nil, false
}

func matchesAll(patterns []string, s string) bool {
	for _, p := range patterns {
		re, err := regexp.Compile(goPattern(p))
		if err == nil && !re.MatchString(s) {
			return false
		}
	}
	return true
}

// matching makes up a string for the first pattern that the others, the lengths
// and the format accept too.
func (g *sampler) matching(sh *shape, at place) (string, bool) {
	r := &random{scramble(g.seed + hash(at.name+at.index))}
	for try := range 80 {
		s, ok := patternText(sh.patterns[0], r, try%20*(1+sh.minLen/20))
		if !ok {
			return "", false
		}
		n := utf8.RuneCountInString(s)
		if n >= sh.minLen && (sh.maxLen < 0 || n <= sh.maxLen) &&
			matchesAll(sh.patterns, s) && validFormat(sh.format, s) && (s != "" || try > 40) {
			return s, true
		}
	}
	return "", false
}

// random is splitmix64: small, seedable and the same on every machine.
type random struct{ state uint64 }

func (r *random) below(n int) int {
	r.state += 0x9e3779b97f4a7c15
	return int(scramble(r.state) % uint64(n))
}

func scramble(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
