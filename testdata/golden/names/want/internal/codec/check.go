package codec

import (
	"fmt"
	"math"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"example.com/names/internal/problem"
)

// Checker collects the violations of one request. Its methods report against
// the value that was read last.
type Checker struct {
	at      placer
	faults  []problem.Violation
	lenient bool // rules on values are not checked
}

// placer knows where a reader stands: the part of the request and the JSON
// pointer into it.
type placer interface{ place() (in, pointer string) }

// maxViolations bounds the answer to a request that is wrong everywhere.
const maxViolations = 100

// Report adds a violation at the present place.
func (c *Checker) Report(detail string) {
	if len(c.faults) < maxViolations {
		in, pointer := c.at.place()
		c.faults = append(c.faults, problem.Violation{In: in, Pointer: pointer, Detail: detail})
	}
}

// Rule reports a value that has the right type but breaks a rule. A lenient
// reader lets it pass.
func (c *Checker) Rule(detail string) {
	if !c.lenient {
		c.Report(detail)
	}
}

// ReportMember adds a violation at a member of the present object.
func (c *Checker) ReportMember(name, detail string) {
	if len(c.faults) < maxViolations {
		in, pointer := c.at.place()
		c.faults = append(c.faults, problem.Violation{In: in, Pointer: pointer + "/" + escapePointer(name), Detail: detail})
	}
}

var pointerEscaper = strings.NewReplacer("~", "~0", "/", "~1")

func escapePointer(name string) string { return pointerEscaper.Replace(name) }

// Length checks the number of characters; max < 0 means no limit.
func (c *Checker) Length(s string, min, max int) {
	if len(s) >= min && max < 0 {
		if min <= 1 || len(s) >= min*utf8.UTFMax {
			return
		}
	}
	n := utf8.RuneCountInString(s)
	c.count(n, min, max, "character")
}

// Count checks the number of items or members; max < 0 means no limit.
func (c *Checker) Count(n, min, max int, noun string) { c.count(n, min, max, noun) }

func (c *Checker) count(n, min, max int, noun string) {
	switch {
	case n < min:
		c.Rule("must have at least " + plural(min, noun))
	case max >= 0 && n > max:
		c.Rule("must have at most " + plural(max, noun))
	}
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

// Number is what the numeric rules apply to.
type Number interface {
	~int32 | ~int64 | ~uint64 | ~float32 | ~float64
}

// Min checks v >= limit.
func Min[T Number](c Reporter, v, limit T) {
	if v < limit {
		c.Rule("must be at least " + formatNumber(limit))
	}
}

// Max checks v <= limit.
func Max[T Number](c Reporter, v, limit T) {
	if v > limit {
		c.Rule("must be at most " + formatNumber(limit))
	}
}

// Above checks v > limit.
func Above[T Number](c Reporter, v, limit T) {
	if v <= limit {
		c.Rule("must be greater than " + formatNumber(limit))
	}
}

// Below checks v < limit.
func Below[T Number](c Reporter, v, limit T) {
	if v >= limit {
		c.Rule("must be less than " + formatNumber(limit))
	}
}

// Reporter is what a rule reports to: a Decoder or a Request.
type Reporter interface{ Rule(detail string) }

// Enum checks that ok holds: the value is one of those listed.
func (c *Checker) Enum(ok bool, values string) {
	if !ok {
		c.Rule("must be one of " + values)
	}
}

// formatNumber prints all digits of a number.
func formatNumber[T Number](v T) string {
	text := fmt.Sprint(v)
	if strings.Contains(text, "e") {
		return strconv.FormatFloat(float64(v), 'f', -1, 64)
	}
	return text
}

// MultipleOf checks that v is a whole multiple of step, in exact decimal
// arithmetic: 0.3 is a multiple of 0.1.
func MultipleOf[T Number](c Reporter, v T, step string) {
	value, ok1 := new(big.Rat).SetString(fmt.Sprint(v))
	unit, ok2 := new(big.Rat).SetString(step)
	if ok1 && ok2 && unit.Sign() != 0 && !new(big.Rat).Quo(value, unit).IsInt() {
		c.Rule("must be a multiple of " + step)
	}
}

// Match checks a pattern. It is searched, not anchored (JSON Schema, section 6.3.3).
func (c *Checker) Match(s string, pattern *regexp.Regexp) {
	if !c.lenient && !pattern.MatchString(s) {
		c.Rule("must match " + pattern.String())
	}
}

// Const checks that ok holds: the value is the only one allowed.
func (c *Checker) Const(ok bool, want string) {
	if !ok {
		c.Rule("must be " + want)
	}
}

// Unique checks that no two items are equal.
func Unique[T any](c Reporter, items []T) {
	seen := make(map[string]int, len(items))
	for i, item := range items {
		key := fmt.Sprintf("%#v", item)
		if s, ok := any(item).(fmt.Stringer); ok {
			key = s.String()
		} else if text, err := marshal(item); err == nil {
			key = string(text)
		}
		if first, dup := seen[key]; dup {
			c.Rule(fmt.Sprintf("items %d and %d are equal", first, i))
			return
		}
		seen[key] = i
	}
}

func (c *Checker) parseTime(text string, v *time.Time) bool {
	t, err := parseTimestamp(text)
	if err != nil {
		c.Report("must be a date-time such as 2026-01-31T09:30:00Z")
		return false
	}
	*v = t
	return true
}

func (c *Checker) parseDate(text string, v *Date) bool {
	date, err := ParseDate(text)
	if err != nil {
		c.Report("must be a date such as 2026-01-31")
		return false
	}
	*v = date
	return true
}

func (c *Checker) parseBytes(text string, v *[]byte) bool {
	data, err := decodeBase64(text)
	if err != nil {
		c.Report(err.Error())
		return false
	}
	*v = data
	return true
}

// finite reports whether f can be written as JSON.
func finite(f float64) bool { return !math.IsNaN(f) && !math.IsInf(f, 0) }
