package codec

import (
	"net/http"
	"testing"
)

func TestAuthorization(t *testing.T) {
	for _, tt := range []struct {
		header, scheme, want string
		ok                   bool
	}{
		{"Bearer abc", "Bearer", "abc", true},
		{"bearer  abc ", "Bearer", "abc", true},
		{"Bearer", "Bearer", "", false},
		{"Bearer ", "Bearer", "", false},
		{"Basic abc", "Bearer", "abc", false},
		{"Bearerabc", "Bearer", "", false},
		{"", "Bearer", "", false},
	} {
		r := &http.Request{Header: http.Header{"Authorization": {tt.header}}}
		if got, ok := Authorization(r, tt.scheme); got != tt.want || ok != tt.ok {
			t.Errorf("%q: got %q, %t", tt.header, got, ok)
		}
	}
}

func TestCookie(t *testing.T) {
	r := &http.Request{Header: http.Header{"Cookie": {"a=1; b=2"}}}
	if Cookie(r, "b") != "2" || Cookie(r, "c") != "" {
		t.Errorf("got %q and %q", Cookie(r, "b"), Cookie(r, "c"))
	}
}
