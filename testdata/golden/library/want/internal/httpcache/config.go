package httpcache

import (
	"cmp"
	"errors"
	"time"
)

// Config is what can be set from outside.
type Config struct {
	// MaxBytes bounds the answers that are kept in this process; 0 turns the cache off.
	// An answer larger than a sixteenth of it passes through.
	MaxBytes int64

	// What operations say that have no policy of their own, or one that leaves it open.
	TTL                  time.Duration
	StaleWhileRevalidate time.Duration

	// StaleIfError is how long after its end an answer is good for when the handler
	// fails: panics, or answers with 500, 502, 503 or 504. It is for answers that do
	// not say so themselves (RFC 5861) and do not forbid it.
	StaleIfError time.Duration
}

// TTL is how long answers are kept that have no policy of their own.
func (c *Cache) TTL() time.Duration { return c.cfg.TTL }

// Policy completes the policy of an operation: a time of 0 becomes that of the
// configuration, a negative one becomes 0. Nil stands for a policy that leaves all
// open.
func (c *Cache) Policy(p *Policy, keys []string) *Policy {
	var out Policy
	if p != nil {
		out = *p
	}
	out.Keys = keys
	out.TTL = max(cmp.Or(out.TTL, c.cfg.TTL), 0)
	out.StaleWhileRevalidate = max(cmp.Or(out.StaleWhileRevalidate, c.cfg.StaleWhileRevalidate), 0)
	out.StaleIfError = max(cmp.Or(out.StaleIfError, c.cfg.StaleIfError), 0)
	return &out
}

// ParseTTL reads a time such as 60s, or off. It must be 1s to 8760h in whole seconds.
func ParseTTL(text string) (time.Duration, error) {
	if text == "off" {
		return 0, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < time.Second || d > 8760*time.Hour || d%time.Second != 0 {
		return 0, errors.New("want off, or a time such as 60s, 1s to 8760h in whole seconds")
	}
	return d, nil
}
