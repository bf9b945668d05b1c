package codec

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestMatchTag(t *testing.T) {
	for _, tt := range []struct {
		line, tag    string
		weak, strong bool
	}{
		{`"a"`, `"a"`, true, true},
		{`"b", "a"`, `"a"`, true, true},
		{`"b" ,, "a" , "c"`, `"a"`, true, true},
		{`W/"a"`, `"a"`, true, false},
		{`"a"`, `W/"a"`, true, false},
		{`*`, `"a"`, true, true},
		{`"a, b"`, `"a, b"`, true, true},
		{`"b"`, `"a"`, false, false},
		{`"b", "*"`, `"a"`, false, false},
		{`a`, `"a"`, false, false},
		{`"a`, `"a"`, false, false},
		{``, `"a"`, false, false},
		{`"a"`, ``, false, false},
		{`w/"a"`, `"a"`, false, false},
	} {
		if got := MatchTag([]string{tt.line}, tt.tag, true); got != tt.weak {
			t.Errorf("weak comparison of %s and %s: %v", tt.line, tt.tag, got)
		}
		if got := MatchTag([]string{tt.line}, tt.tag, false); got != tt.strong {
			t.Errorf("strong comparison of %s and %s: %v", tt.line, tt.tag, got)
		}
	}
}

func TestWriteTagged(t *testing.T) {
	encode := func(e *Encoder) { e.String("x") }
	tag, err := TagOf(encode)
	if err != nil || len(tag) != 18 {
		t.Fatalf("tag %s, %v", tag, err)
	}
	for field, want := range map[string]int{"": 200, tag: 304, `"x"`: 200} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		if field != "" {
			r.Header.Set("If-None-Match", field)
		}
		rec := httptest.NewRecorder()
		if err := WriteTagged(rec, r, "application/json", encode); err != nil {
			t.Fatal(err)
		}
		if rec.Code != want || rec.Header().Get("ETag") != tag || (rec.Body.Len() == 0) != (want == 304) {
			t.Errorf("If-None-Match %q: status %d, ETag %q, %q", field, rec.Code, rec.Header().Get("ETag"), rec.Body)
		}
	}
}
