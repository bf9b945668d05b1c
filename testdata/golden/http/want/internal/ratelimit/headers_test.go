package ratelimit

import (
	"net/http"
	"regexp"
	"strconv"
	"testing"
	"testing/synctest"
	"time"
)

// TestHeaderForms reads the fields of the second of five requests back by the
// grammar of their draft.
func TestHeaderForms(t *testing.T) {
	list := regexp.MustCompile(`^"([ !#-\[\]-~]*)"((?:;[a-z*][a-z0-9_.*-]*=\d+)+)$`) // RFC 9651: a string with integer parameters
	dictionary := regexp.MustCompile(`^limit=(\d+), remaining=(\d+), reset=(\d+)$`)
	for _, tt := range []struct {
		forms string
		want  map[string]string
	}{
		{"none", nil},
		{"draft-8", map[string]string{"RateLimit": `"default";r=3;t=60`, "RateLimit-Policy": `"default";q=5;w=60`}},
		{"draft-7", map[string]string{"RateLimit": "limit=5, remaining=3, reset=60", "RateLimit-Policy": "5;w=60"}},
		{"draft-6", map[string]string{"RateLimit-Limit": "5", "RateLimit-Remaining": "3", "RateLimit-Reset": "60", "RateLimit-Policy": "5;w=60"}},
		{"legacy", map[string]string{"X-RateLimit-Limit": "5", "X-RateLimit-Remaining": "3", "X-RateLimit-Reset": "946684860"}},
		{"draft-8,draft-6,legacy", map[string]string{
			"RateLimit": `"default";r=3;t=60`, "RateLimit-Policy": `"default";q=5;w=60`,
			"RateLimit-Limit": "5", "RateLimit-Remaining": "3", "RateLimit-Reset": "60",
			"X-RateLimit-Limit": "5", "X-RateLimit-Remaining": "3", "X-RateLimit-Reset": "946684860",
		}},
	} {
		synctest.Test(t, func(t *testing.T) { // begins at 2000-01-01, 946684800 s
			forms, err := ParseHeaders(tt.forms)
			if err != nil {
				t.Fatal(err)
			}
			l := newLimiter(t, Config{Rate: Rate{5, time.Minute}, Headers: forms}, Options{})
			send(l.Guard(nil), from("192.0.2.1"), 200)
			h := send(l.Guard(nil), from("192.0.2.1"), 200).header
			if len(h) != len(tt.want) {
				t.Errorf("%s: %v", tt.forms, h)
			}
			for name, want := range tt.want {
				if got := h.Values(name); len(got) != 1 || got[0] != want {
					t.Errorf("%s: %s is %q, want %q", tt.forms, name, got, want)
				}
			}
			if v := h.Get("RateLimit"); v != "" && list.MatchString(v) != forms.Draft8 || v != "" && dictionary.MatchString(v) != forms.Draft7 {
				t.Errorf("%s: RateLimit: %s is of another grammar", tt.forms, v)
			}
			if v := h.Get("RateLimit-Policy"); forms.Draft8 && !list.MatchString(v) {
				t.Errorf("%s: RateLimit-Policy: %s", tt.forms, v)
			}
		})
	}
}

// TestHeadersOfOneAnswerLeaveOthersAlone: the lists that do not change are shared.
func TestHeadersOfOneAnswerLeaveOthersAlone(t *testing.T) {
	l := newLimiter(t, Config{Rate: Rate{5, time.Minute}, Headers: Headers{Draft8: true}}, Options{})
	for i := range 3 {
		h := send(l.Guard(nil), from("192.0.2."+strconv.Itoa(i)), 200).header
		if got := h[http.CanonicalHeaderKey("RateLimit-Policy")]; len(got) != 1 {
			t.Errorf("RateLimit-Policy: %q", got)
		}
		h.Add("RateLimit-Policy", `"other";q=1;w=1`)
	}
}
