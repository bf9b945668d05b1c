package codec

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
)

// colour is what a decoder of package api looks like.
type colour struct {
	R    int64
	Name string
	On   bool
	Tags []string
	Next *colour
	Any  Raw
}

func decodeColour(d *Decoder, v *colour) {
	if !d.Object() {
		return
	}
	var seen Seen
	for d.More() {
		switch d.Name() {
		case "R":
			seen.Add(0)
			d.Int64(&v.R)
		case "name":
			d.String(&v.Name)
		case "on":
			d.Bool(&v.On)
		case "tags":
			if d.Array() {
				for d.More() {
					var item string
					d.String(&item)
					v.Tags = append(v.Tags, item)
				}
			}
		case "next":
			v.Next = new(colour)
			decodeColour(d, v.Next)
		case "any":
			d.Raw(&v.Any)
		default:
			d.Unknown()
		}
	}
	d.Require(&seen, "R")
}

func (c *colour) String() string {
	if c == nil {
		return "-"
	}
	return fmt.Sprintf("%d %q %t %q %v %s", c.R, c.Name, c.On, c.Tags, c.Next, []byte(c.Any))
}

// TestStyles reads one object in every way that OpenAPI knows.
func TestStyles(t *testing.T) {
	const want = `7 "a b" true [] - `
	for style, read := range map[string]struct {
		target string
		found  func(in *Request) bool
	}{
		"deepObject":     {"/?c[R]=7&c[name]=a+b&c[on]=true&other=1", func(in *Request) bool { return in.Deep("c", true) }},
		"form explode":   {"/?R=7&name=a%20b&on=true&other=1", func(in *Request) bool { return in.Members("c", true, "R", "name", "on") }},
		"form map":       {"/?R=7&name=a+b&on=true&other=1", func(in *Request) bool { return in.Rest("c", true, "other") }},
		"form":           {"/?c=R,7,name,a+b,on,true", func(in *Request) bool { return in.Query("c", true) && in.Pairs(",", false) }},
		"spaceDelimited": {"/?c=R%207%20name%20ab%20on%20true", func(in *Request) bool { return in.Query("c", true) && in.Pairs(" ", false) }},
		"pipeDelimited":  {"/?c=R%7C7%7Cname%7Ca+b%7Con%7Ctrue", func(in *Request) bool { return in.Query("c", true) && in.Pairs("|", false) }},
		"simple":         {"/", func(in *Request) bool { return in.Path("c", "R,7,name,a%20b,on,true") && in.Pairs(",", false) }},
		"simple explode": {"/", func(in *Request) bool { return in.Path("c", "R=7,name=a%20b,on=true") && in.Pairs(",", true) }},
		"label": {"/", func(in *Request) bool {
			return in.PathAfter(".", "c", ".R,7,name,a%20b,on,true") && in.Pairs(",", false)
		}},
		"label explode": {"/", func(in *Request) bool {
			return in.PathAfter(".", "c", ".R=7.name=a%20b.on=true") && in.Pairs(".", true)
		}},
		"matrix": {"/", func(in *Request) bool {
			return in.PathAfter(";c=", "c", ";c=R,7,name,a%20b,on,true") && in.Pairs(",", false)
		}},
		"matrix explode": {"/", func(in *Request) bool {
			return in.PathAfter(";", "c", ";R=7;name=a%20b;on=true") && in.Pairs(";", true)
		}},
		"cookies explode": {"/", func(in *Request) bool { return in.CookieMembers("c", true, "R", "name", "on") }},
	} {
		r := httptest.NewRequest("GET", read.target, nil)
		r.Header.Set("Cookie", "R=7; name=a%20b; on=true")
		in := NewRequest(r, 400)
		var got colour
		if read.found(in) {
			in.Decode(func(d *Decoder) { decodeColour(d, &got) })
		}
		if text := strings.Replace(got.String(), `"ab"`, `"a b"`, 1); text != want || in.Err() != nil {
			t.Errorf("%s: got %s, %v", style, text, in.faults)
		}
	}
}

// TestLists reads lists in every way.
func TestLists(t *testing.T) {
	for style, read := range map[string]struct {
		target, sep string
		found       func(in *Request) bool
	}{
		"form":           {"/?c=a,b%2Cc", ",", func(in *Request) bool { return in.Query("c", true) }},
		"pipe":           {"/?c=a%7Cb,c", "|", func(in *Request) bool { return in.Query("c", true) }},
		"simple":         {"/", ",", func(in *Request) bool { return in.Path("c", "a,b%2Cc") }},
		"label explode":  {"/", ".", func(in *Request) bool { return in.PathAfter(".", "c", ".a.b,c") }},
		"matrix":         {"/", ",", func(in *Request) bool { return in.PathAfter(";c=", "c", ";c=a,b%2Cc") }},
		"matrix explode": {"/", ";c=", func(in *Request) bool { return in.PathAfter(";c=", "c", ";c=a;c=b,c") }},
		"repeated":       {"/?c=a&c=b,c", "", func(in *Request) bool { return in.Query("c", true) }},
	} {
		in := NewRequest(httptest.NewRequest("GET", read.target, nil), 400)
		var got []string
		if read.found(in) {
			for in.Items(read.sep); in.Next(); {
				var item string
				in.String(&item)
				got = append(got, item)
			}
		}
		if fmt.Sprintf("%q", got) != `["a" "b,c"]` || in.Err() != nil {
			t.Errorf("%s: got %q, %v", style, got, in.faults)
		}
	}
}

func TestDecodeForm(t *testing.T) {
	encodings := []Encoding{{Name: "any", JSON: true}}
	for _, tt := range []struct{ form, want, faults string }{
		{"R=1&name=Ann", `1 "Ann" false [] - `, ""},
		{"R=1&tags=a&tags=b", `1 "" false ["a" "b"] - `, ""},
		{"R=1&tags=a", `1 "" false ["a"] - `, ""},
		{"R=1&tags[]=a&tags[]=b", `1 "" false ["a" "b"] - `, ""},
		{"R=1&tags[1]=b&tags[0]=a", `1 "" false ["a" "b"] - `, ""},
		{"R=1&next[R]=2&next[next][R]=3&next[tags][]=x", `1 "" false [] 2 "" false ["x"] 3 "" false [] -   `, ""},
		{"R=1&any=" + `{"a":[1,2]}`, `1 "" false [] - {"a":[1,2]}`, ""},
		{"R=1&any=text", `1 "" false [] - "text"`, ""},
		{"R=x&on=yes&next[name]=y&zz=1", "", "body /R: must be an integer; body /next/R: is required; body /on: must be true or false; body /zz: is not a known member"},
		{"R=1&R=2", "", "body /R: must be an integer"},
		{"name=Ann", "", "body /R: is required"},
		{"", "", "body /R: is required"},
	} {
		r := httptest.NewRequest("POST", "/", strings.NewReader(strings.NewReplacer("{", "%7B", `"`, "%22").Replace(tt.form)))
		in := NewRequest(r, 400)
		var got colour
		in.DecodeForm(func(d *Decoder) { decodeColour(d, &got) }, encodings...)
		var faults []string
		for _, v := range in.faults {
			faults = append(faults, v.String())
		}
		if joined := strings.Join(faults, "; "); joined != tt.faults || joined == "" && got.String() != tt.want {
			t.Errorf("%s:\n got %s, %s\nwant %s, %s", tt.form, got.String(), joined, tt.want, tt.faults)
		}
	}
}

// FuzzQuery checks that no query breaks the reading of parameters, and that what is
// taken is taken again when it is asked for the same way.
func FuzzQuery(f *testing.F) {
	f.Add("v[R]=1&v[name]=a&v[tags][]=x&v[next][R]=2")
	f.Add("v=R,1,name,a")
	f.Add("R=1&name=%20&on=true&tags=a&tags=b")
	f.Fuzz(func(t *testing.T, query string) {
		for _, find := range []func(in *Request) bool{
			func(in *Request) bool { return in.Deep("v", false) },
			func(in *Request) bool { return in.Members("v", false, "R", "name", "on", "tags", "next") },
			func(in *Request) bool { return in.Query("v", false) && in.Pairs(",", false) },
		} {
			read := func() (v colour, err error) {
				r := httptest.NewRequest("GET", "/", nil)
				r.URL.RawQuery = query
				in := NewRequest(r, 400)
				if find(in) {
					in.Decode(func(d *Decoder) { decodeColour(d, &v) })
				}
				return v, in.Err()
			}
			v, err := read()
			again, errAgain := read()
			if fmt.Sprint(&v, err) != fmt.Sprint(&again, errAgain) {
				t.Fatalf("%q: %v %v, then %v %v", query, &v, err, &again, errAgain)
			}
		}
	})
}
