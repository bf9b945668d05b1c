package model

import (
	"encoding/json"
	"math/big"
	"regexp"
	"strconv"
	"strings"

	"github.com/apigen-go/apigen/generator/internal/spec"
)

func noRules() Rules { return Rules{MaxLength: -1, MaxItems: -1} }

// rules reads the constraints of one schema.
func rules(s *spec.Schema) Rules {
	r := noRules()
	number := func(n *spec.Number) string {
		if n == nil {
			return ""
		}
		return string(*n)
	}
	r.Min, r.Max = number(s.Minimum), number(s.Maximum)
	r.ExclMin, r.ExclMax = number(s.ExclusiveMinimum), number(s.ExclusiveMaximum)
	r.MultipleOf = number(s.MultipleOf)
	set := func(to *int, from *int) {
		if from != nil {
			*to = *from
		}
	}
	set(&r.MinLength, s.MinLength)
	set(&r.MaxLength, s.MaxLength)
	set(&r.MinItems, s.MinItems)
	set(&r.MaxItems, s.MaxItems)
	set(&r.MinItems, s.MinProperties)
	set(&r.MaxItems, s.MaxProperties)
	r.Unique = s.UniqueItems
	if s.Pattern != nil {
		r.Pattern = goRegexp(*s.Pattern)
	}
	switch s.Format {
	case "uuid", "email", "idn-email", "uri", "url", "uri-reference", "uri-template", "iri", "iri-reference", "hostname", "idn-hostname",
		"ipv4", "ipv6", "decimal", "time", "duration", "json-pointer", "relative-json-pointer":
		if !s.Strict {
			r.Format = s.Format
		}
	}
	return r.constant(s)
}

func (r Rules) constant(s *spec.Schema) Rules {
	switch {
	case s.Const != nil:
		r.Const = s.Const.JSON
	case len(s.Enum) == 1 && (s.Enum[0].JSON == "true" || s.Enum[0].JSON == "false"):
		r.Const = s.Enum[0].JSON
	}
	return r
}

// goRegexp returns the pattern as Go writes it, or "" when Go cannot run it.
func goRegexp(pattern string) string {
	for _, text := range []string{pattern, goPattern(pattern)} {
		if _, err := regexp.Compile(text); err == nil {
			return text
		}
	}
	return ""
}

// narrow returns rules that hold when both r and more do.
func (r Rules) narrow(more Rules) Rules {
	out := r
	out.Min = pickNumber(r.Min, more.Min, 1)
	out.ExclMin = pickNumber(r.ExclMin, more.ExclMin, 1)
	out.Max = pickNumber(r.Max, more.Max, -1)
	out.ExclMax = pickNumber(r.ExclMax, more.ExclMax, -1)
	out.MinLength = max(r.MinLength, more.MinLength)
	out.MinItems = max(r.MinItems, more.MinItems)
	out.MaxLength = least(r.MaxLength, more.MaxLength)
	out.MaxItems = least(r.MaxItems, more.MaxItems)
	out.Unique = r.Unique || more.Unique
	for _, text := range []struct{ to, from *string }{
		{&out.MultipleOf, &more.MultipleOf}, {&out.Pattern, &more.Pattern},
		{&out.Format, &more.Format}, {&out.Const, &more.Const},
	} {
		if *text.from != "" {
			*text.to = *text.from
		}
	}
	if more.Check != nil {
		out.Check = more.Check
	}
	return out
}

// Allows reports whether the limits hold for a number.
func (r Rules) Allows(number string) bool {
	n, ok := new(big.Rat).SetString(number)
	within := func(limit string, sign int) bool {
		l, is := new(big.Rat).SetString(limit)
		return !is || n.Cmp(l)*sign >= 0
	}
	return ok && within(r.Min, 1) && within(r.Max, -1)
}

// pickNumber returns the greater (sign 1) or lesser (sign -1) of two numbers;
// an empty one is absent.
func pickNumber(a, b string, sign int) string {
	x, okA := new(big.Rat).SetString(a)
	y, okB := new(big.Rat).SetString(b)
	switch {
	case !okA:
		return b
	case !okB:
		return a
	case x.Cmp(y)*sign >= 0:
		return a
	}
	return b
}

// least returns the smaller of two limits; a negative one is absent.
func least(a, b int) int {
	if a < 0 || b >= 0 && b < a {
		return b
	}
	return a
}

// defaultOf returns the JSON text of the default, or "".
func defaultOf(s *spec.Schema) string {
	if s.Default == nil {
		return ""
	}
	return s.Default.JSON
}

// unquote returns the text of a JSON string, and other JSON as it is.
func unquote(text string) string {
	var s string
	if err := json.Unmarshal([]byte(text), &s); err == nil && strings.HasPrefix(text, `"`) {
		return s
	}
	return text
}

// literal returns the Go literal of a JSON scalar.
func literal(base Kind, text string) string {
	if base == String {
		return strconv.Quote(unquote(text))
	}
	return text
}

func stringList(v spec.Value) []string {
	var out []string
	if v.JSON == "" || json.Unmarshal([]byte(v.JSON), &out) != nil {
		return nil
	}
	return out
}
