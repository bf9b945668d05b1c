package httpcache

import (
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestAnswerRules(t *testing.T) {
	sec := func(n int) span { return span{true, time.Duration(n) * time.Second} }
	for _, tt := range []struct {
		cc, cdn string
		want    answerRules
	}{
		{`max-age=60`, ``, answerRules{maxAge: sec(60)}},
		{`MAX-AGE="60" , , s-maxage=5`, ``, answerRules{maxAge: sec(60), sMaxAge: sec(5)}},
		{`max-age=60, max-age=7`, ``, answerRules{maxAge: sec(7)}},
		{`max-age=-1`, ``, answerRules{maxAge: sec(0)}},
		{`max-age =60`, ``, answerRules{}},
		{`x="max-age=60, no-store", public`, ``, answerRules{public: true}},
		{`x="a\"b, no-store`, ``, answerRules{}},
		{`max-age=99999999999999999999`, ``, answerRules{maxAge: span{true, forever}}},
		{`no-cache="set-cookie, a", must-revalidate, proxy-revalidate`, ``, answerRules{omit: []string{"Set-Cookie", "A"}, mustRevalidate: true, proxyRevalidate: true}},
		{`private="a"`, ``, answerRules{private: true}},
		{`no-store`, `max-age=60, stale-while-revalidate=5;x=1`, answerRules{targeted: true, maxAge: sec(60), swr: sec(5)}},
		{`max-age=1`, `private`, answerRules{targeted: true, private: true}},
		{`max-age=1`, `no-store=?0, foo=("a")`, answerRules{maxAge: sec(1)}},
		{`max-age=1`, `max-age="60"`, answerRules{maxAge: sec(1)}},
		{`max-age=1`, `max-age=60,`, answerRules{maxAge: sec(1)}},
		{`max-age=1`, `max-age=60, &`, answerRules{maxAge: sec(1)}},
		{`max-age=1`, ``, answerRules{maxAge: sec(1)}},
	} {
		h := http.Header{"Cache-Control": {tt.cc}}
		if tt.cdn != "" {
			h["Cdn-Cache-Control"] = []string{tt.cdn}
		}
		if got := readAnswer(h); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s | %s:\ngot  %+v\nwant %+v", tt.cc, tt.cdn, got, tt.want)
		}
	}
}

func TestURIsThatMeanTheSame(t *testing.T) {
	for in, want := range map[string]string{
		"/a": "/a", "/%61": "/a", "/%7euser": "/~user", "/a%2fb": "/a%2Fb", "/%": "/%", "/%4": "/%4", "/%zz": "/%zz", "/é%c3%a9": "/é%C3%A9", "/a?b=%41": "/a?b=A",
	} {
		if got := normalURI(in); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
}

func TestSurrogateKeys(t *testing.T) {
	p := &Policy{Keys: []string{"books", "books/{0}", "x/{3}"}}
	for in, want := range map[string]string{"7": "books/7", "007": "books/7", "+7": "books/7", "%37": "books/7", "A%2FB": "books/a%2Fb", "a b": "books/a%20b"} {
		if got := p.keys([]string{in}); !reflect.DeepEqual(got, []string{"books", want, "x/{3}"}) {
			t.Errorf("%s: got %q", in, got)
		}
	}
}

// FuzzFields: whatever comes, fields are read without a panic, and what is good for
// this cache and is no structured field is not taken for one.
func FuzzFields(f *testing.F) {
	for _, s := range []string{`max-age=60, s-maxage="5"`, `no-cache="a, b", private`, `a;b="\"";c=?1, d=-1.5`, `W/"a", "b`, `Thu, 18 Aug 2050 02:01:18 GMT`, `/%61%`} {
		f.Add(s)
	}
	c := New(Config{MaxBytes: 1 << 20}, Options{Heuristic: true})
	f.Fuzz(func(t *testing.T, s string) {
		h := http.Header{"Cache-Control": {s}, "Age": {s}, "Expires": {s}, "Date": {s}, "Vary": {s}, "Connection": {s}}
		r, err := http.NewRequest(http.MethodGet, "http://example.com/", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header = h
		readRequest(h)
		if e := c.judge(r, http.StatusOK, h, time.Now(), time.Now()); e != nil && (e.lifetime > forever && !strings.Contains(s, "GMT") && !strings.Contains(s, ":") || e.begin < 0) {
			t.Errorf("%q: lifetime %s, age %s", s, e.lifetime, e.begin)
		}
		members, ok := dictionary(s)
		for _, m := range members {
			if !ok || m.key == "" || m.key != strings.ToLower(m.key) {
				t.Errorf("%q has the member %q", s, m.key)
			}
		}
		if _, err := url.PathUnescape(s); err != nil {
			return // the server refuses such URIs
		}
		if again := normalURI(normalURI(s)); again != normalURI(s) {
			t.Errorf("%q becomes %q and %q", s, normalURI(s), again)
		}
	})
}
