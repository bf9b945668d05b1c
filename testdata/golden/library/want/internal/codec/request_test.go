package codec

import (
	"net/http/httptest"
	"strings"
	"testing"
)

func TestRequestParameters(t *testing.T) {
	r := httptest.NewRequest("GET", "/?limit=x&tag=a&tag=b&ids=1,2,z&day=2026-01-31&twice=1&twice=2&empty=", nil)
	r.Header.Add("X-List", "a, b")
	r.Header.Add("X-List", "c")
	r.Header.Set("Cookie", "session=s1")
	in := NewRequest(r, 400)

	var limit int32
	if in.Query("limit", false) {
		in.Int32(&limit)
	}
	in.Query("missing", true)
	in.Query("optional", false)
	if in.Query("twice", false) {
		in.Once()
	}
	list := func(sep string) (out []string) {
		in.Items(sep)
		for in.Next() {
			var item string
			in.String(&item)
			out = append(out, item)
		}
		return out
	}
	var tags, names []string
	if in.Query("tag", false) {
		tags = list("")
	}
	if in.Header("X-List", false) {
		names = list(",")
	}
	var ids []int64
	if in.Query("ids", false) {
		in.Items(",")
		for in.Next() {
			var id int64
			in.Int64(&id)
			ids = append(ids, id)
		}
		in.Count(len(ids), 0, 2, "item")
	}
	var session, empty, key string
	if in.Cookie("session", true) {
		in.String(&session)
	}
	if in.Query("empty", true) {
		in.String(&empty)
	}
	if in.Path("key", "a%2Fb%20c") {
		in.String(&key)
	}
	in.Path("broken", "%zz")

	if got := strings.Join(tags, "|") + " " + strings.Join(names, "|") + " " + session + " " + key; got != "a|b a|b|c s1 a/b c" {
		t.Errorf("values: got %q", got)
	}
	want := []string{
		"query /limit: must be an integer",
		"query /missing: is required",
		"query /twice: must be given once",
		"query /ids/2: must be an integer",
		"query /ids: must have at most 2 items",
		"path /broken: is not percent-encoded correctly",
	}
	var got []string
	for _, v := range in.faults {
		got = append(got, v.String())
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("violations:\n got %s\nwant %s", strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
}

func TestFormats(t *testing.T) {
	for format, texts := range map[string][2]string{
		"uuid":      {"0190a6e2-7c1a-7000-8000-0123456789ab", "0190a6e27c1a70008000-0123456789ab-xx"},
		"email":     {"ann@example.com", "Ann <ann@example.com>"},
		"uri":       {"https://example.com/a?b#c", "example.com"},
		"hostname":  {"a-b.example.com", "-a.example.com"},
		"ipv4":      {"192.0.2.1", "192.0.2.256"},
		"ipv6":      {"2001:db8::1", "192.0.2.1"},
		"decimal":   {"-12.50", "1e3"},
		"time":      {"09:30:00Z", "9:30"},
		"duration":  {"P1DT2H", "PT"},
		"iri":       {"https://größe.example/é", "größe"},
		"made-up":   {"anything", ""},
		"date-time": {"not checked here", ""},
	} {
		c := Checker{at: &Request{}}
		c.Format(texts[0], format)
		if len(c.faults) > 0 {
			t.Errorf("%s: %q refused: %v", format, texts[0], c.faults)
		}
		if texts[1] == "" {
			continue
		}
		if c.Format(texts[1], format); len(c.faults) != 1 {
			t.Errorf("%s: %q accepted", format, texts[1])
		}
	}
}

func TestEncoder(t *testing.T) {
	var e Encoder
	e.Object()
	e.Key("a")
	e.Array()
	for _, v := range []float64{1, 0.1, 1e21, 1e-7, -0.5} {
		e.Item()
		e.Float64(v)
	}
	e.EndArray()
	e.Key("b")
	e.String("\"\u2028\x00ä")
	e.Member("c\"d")
	e.Raw(nil)
	e.Key("e")
	e.Date(NewDate(2026, 1, 31))
	e.EndObject()
	const want = `{"a":[1,0.1,1e+21,1e-07,-0.5],"b":"\"` + "\u2028" + `\u0000ä","c\"d":null,"e":"2026-01-31"}`
	if string(e.buf) != want {
		t.Errorf("got  %s\nwant %s", e.buf, want)
	}
}
