package ratelimit

import (
	"net/http"
	"strconv"
	"time"
)

// headerText writes the header fields of one policy. What does not change is made
// once; these lists are shared by all answers and never written to.
type headerText struct {
	Policy
	forms  Headers
	number []string // the limit
	policy []string // RateLimit-Policy
	lead   string   // what a RateLimit field of the 8th draft begins with
}

func newHeaderText(p Policy, forms Headers) headerText {
	t := headerText{Policy: p, forms: forms, number: []string{strconv.Itoa(p.Limit)}, lead: `"` + p.Name + `";r=`}
	t.policy = []string{t.describe(t.number[0])}
	return t
}

// describe returns the policy with a limit as the RateLimit-Policy field has it.
func (t *headerText) describe(limit string) string {
	window := ";w=" + strconv.FormatInt(int64(t.Window/time.Second), 10)
	if t.forms.Draft8 {
		return `"` + t.Name + `";q=` + limit + window
	}
	return limit + window
}

// write sets the fields. It writes to the map, whose keys are in their canonical
// form here, because that takes half of the time.
func (t *headerText) write(h http.Header, limit int, v verdict) {
	number, policy := t.number, t.policy
	if limit != t.Limit {
		number = []string{strconv.Itoa(limit)}
		policy = []string{t.describe(number[0])}
	}
	remaining, reset := int64(v.remaining), seconds(v.reset)
	if t.forms.Draft8 || t.forms.Draft7 || t.forms.Draft6 {
		h["Ratelimit-Policy"] = policy
	}
	var buf [96]byte
	switch {
	case t.forms.Draft8:
		b := strconv.AppendInt(append(buf[:0], t.lead...), remaining, 10)
		b = strconv.AppendInt(append(b, ";t="...), reset, 10)
		h["Ratelimit"] = []string{string(b)}
	case t.forms.Draft7:
		b := append(append(buf[:0], "limit="...), number[0]...)
		b = strconv.AppendInt(append(b, ", remaining="...), remaining, 10)
		b = strconv.AppendInt(append(b, ", reset="...), reset, 10)
		h["Ratelimit"] = []string{string(b)}
	}
	if t.forms.Draft6 {
		h["Ratelimit-Limit"] = number
		h["Ratelimit-Remaining"] = []string{strconv.FormatInt(remaining, 10)}
		h["Ratelimit-Reset"] = []string{strconv.FormatInt(reset, 10)}
	}
	if t.forms.Legacy {
		h["X-Ratelimit-Limit"] = number
		h["X-Ratelimit-Remaining"] = []string{strconv.FormatInt(remaining, 10)}
		h["X-Ratelimit-Reset"] = []string{strconv.FormatInt(time.Now().Add(time.Second-1).Unix()+reset, 10)}
	}
}

// seconds rounds up: a client that waits so long finds room.
func seconds(milliseconds int64) int64 { return (milliseconds + 999) / 1000 }
