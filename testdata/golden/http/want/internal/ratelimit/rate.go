package ratelimit

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Rate is a number of requests in a span of time.
type Rate struct {
	Limit  int           // 1 or more; 0: no limit
	Window time.Duration // whole seconds
}

// The spans that can be limited.
const (
	leastWindow = time.Second
	mostWindow  = 30 * 24 * time.Hour
)

// ParseRate reads a rate such as 100/15m, or off. It must be 1 to 1000000000
// requests in 1s to 720h, in whole seconds.
func ParseRate(text string) (Rate, error) {
	if text == "off" {
		return Rate{}, nil
	}
	count, span, _ := strings.Cut(text, "/")
	n, err := strconv.Atoi(count)
	d, spanErr := time.ParseDuration(span)
	if err != nil || spanErr != nil {
		return Rate{}, errors.New("want requests/time such as 100/15m, or off")
	}
	if n < 1 || n > 1e9 || d < leastWindow || d > mostWindow || d%time.Second != 0 {
		return Rate{}, errors.New("want 1 to 1000000000 requests in 1s to 720h, in whole seconds")
	}
	return Rate{n, d}, nil
}

// Headers says which header fields tell clients about their quota.
type Headers struct {
	Draft8 bool // RateLimit and RateLimit-Policy, as the IETF draft has them since its 8th version
	Draft7 bool // the same fields as its 7th version had them
	Draft6 bool // RateLimit-Limit, -Remaining and -Reset
	Legacy bool // X-RateLimit-Limit, -Remaining and -Reset
}

// ParseHeaders reads a list of draft-8, draft-7, draft-6 and legacy, or none.
func ParseHeaders(text string) (Headers, error) {
	var h Headers
	forms := map[string]*bool{"draft-8": &h.Draft8, "draft-7": &h.Draft7, "draft-6": &h.Draft6, "legacy": &h.Legacy}
	if err := choose(text, forms); err != nil {
		return Headers{}, err
	}
	if h.Draft7 && h.Draft8 {
		return Headers{}, errors.New("draft-7 and draft-8 write the same field in two ways: choose one of them")
	}
	return h, nil
}

// Skip says which requests give back what they took once they are answered. Until
// then they count, so that a burst of them cannot pass the limit.
type Skip struct {
	Successful bool // answered with a status below 400
	Failed     bool // the others, and those whose client went away
}

// ParseSkip reads a list of successful and failed, or none.
func ParseSkip(text string) (Skip, error) {
	var s Skip
	err := choose(text, map[string]*bool{"successful": &s.Successful, "failed": &s.Failed})
	return s, err
}

// choose sets the flags that a list names.
func choose(text string, flags map[string]*bool) error {
	if text == "none" {
		return nil
	}
	for word := range strings.SplitSeq(text, ",") {
		flag := flags[strings.TrimSpace(word)]
		if flag == nil {
			names := slices.Sorted(maps.Keys(flags))
			return fmt.Errorf("want none, or some of %s with commas between them", strings.Join(names, ", "))
		}
		*flag = true
	}
	return nil
}
