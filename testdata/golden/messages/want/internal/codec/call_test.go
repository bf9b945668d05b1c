package codec

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// requestOf returns the request of a call as "METHOD target" with its headers in lines.
func requestOf(t *testing.T, c *Call) (*http.Request, string) {
	t.Helper()
	base, err := url.Parse("https://example.com/api%2Fv1/")
	if err != nil {
		t.Fatal(err)
	}
	req, err := c.Request(t.Context(), base)
	if err != nil {
		return nil, err.Error()
	}
	body := ""
	if req.Body != nil {
		data, err := io.ReadAll(req.Body)
		if err != nil {
			t.Fatal(err)
		}
		body = " " + string(data)
	}
	return req, req.Method + " " + strings.TrimPrefix(req.URL.RequestURI(), "/api%2Fv1") + body
}

func TestCall(t *testing.T) {
	put := func(c *Call, text string) { c.Raw(Raw(text)) }
	for _, tt := range []struct {
		template string
		write    func(*Call)
		want     string
	}{
		{"/a b/{id}:run", func(c *Call) {
			put(c, `"x/y:z ü.1"`)
			c.Path("id", "simple", false)
		}, "GET /a%20b/x%2Fy%3Az%20%C3%BC.1:run"},
		{"/{id}", func(c *Call) {
			put(c, `".."`)
			c.Path("id", "simple", false)
		}, "GET /%2E%2E"},
		{"/{id}", func(c *Call) {
			put(c, `""`)
			c.Path("id", "simple", false)
		}, "encode path parameter id: it is empty"},
		{"/{+name}/end", func(c *Call) {
			put(c, `"a/b c"`)
			c.Path("name", "simple", false)
		}, "GET /a/b%20c/end"},
		{"/{list}/{pairs}/{flat}", func(c *Call) {
			put(c, `["a,b",1]`)
			c.Path("list", "simple", false)
			put(c, `{"x":1,"y":"z"}`)
			c.Path("pairs", "simple", true)
			put(c, `{"x":1,"y":"z"}`)
			c.Path("flat", "simple", false)
		}, "GET /a%2Cb,1/x=1,y=z/x,1,y,z"},
		{"/{.a}/{.b}/{;c}/{;d}/{;e}/{;f}", func(c *Call) {
			put(c, `["a.b","c"]`)
			c.Path("a", "label", true)
			put(c, `"a.b"`)
			c.Path("b", "label", false)
			put(c, `[1,2]`)
			c.Path("c", "matrix", true)
			put(c, `[1,2]`)
			c.Path("d", "matrix", false)
			put(c, `{"x":1}`)
			c.Path("e", "matrix", true)
			put(c, `true`)
			c.Path("f", "matrix", false)
		}, "GET /.a%2Eb.c/.a.b/;c=1;c=2/;d=1,2/;x=1/;f=true"},
		{"/q?Action=Send", func(c *Call) {
			put(c, `"a b&c"`)
			c.Query("s", "form", true)
			put(c, `[1,2]`)
			c.Query("many", "form", true)
			put(c, `["a,b",2]`)
			c.Query("one", "form", false)
			put(c, `[1,2]`)
			c.Query("p", "pipeDelimited", false)
			put(c, `[1,2]`)
			c.Query("sp", "spaceDelimited", false)
			put(c, `[]`)
			c.Query("none", "form", false)
			put(c, `""`)
			c.Query("empty", "form", true)
			put(c, `null`)
			c.Query("null", "form", true)
		}, "GET /q?Action=Send&s=a+b%26c&many=1&many=2&one=a%2Cb,2&p=1%7C2&sp=1%202&empty="},
		{"/q", func(c *Call) {
			put(c, `{"x":1,"in":{"y":[2,3]},"l":[{"z":4}]}`)
			c.Query("deep", "deepObject", true)
			put(c, `{"a":1,"b":[2,3]}`)
			c.Query("own", "form", true)
			put(c, `{"a":"1,2","b":2}`)
			c.Query("flat", "form", false)
			put(c, `{"a":1}`)
			c.Query("doc", "json", false)
		}, "GET /q?deep%5Bx%5D=1&deep%5Bin%5D%5By%5D=2&deep%5Bin%5D%5By%5D=3&deep%5Bl%5D%5B0%5D%5Bz%5D=4&a=1&b=2&b=3&flat=a,1%2C2,b,2&doc=%7B%22a%22%3A1%7D"},
		{"/f", func(c *Call) {
			put(c, `{"a":"x y","l":[1,2],"o":{"p":[{"q":1}]},"j":{"k":1},"c":[1,2],"n":null}`)
			c.FormBody("application/x-www-form-urlencoded", Encoding{Name: "j", JSON: true}, Encoding{Name: "c", Sep: ","})
		}, "GET /f a=x+y&l=1&l=2&o%5Bp%5D%5B0%5D%5Bq%5D=1&j=%7B%22k%22%3A1%7D&c=1%2C2"},
	} {
		c := NewCall("GET", tt.template)
		tt.write(c)
		if _, got := requestOf(t, c); got != tt.want {
			t.Errorf("%s\n got %s\nwant %s", tt.template, got, tt.want)
		}
	}
}

func TestCallHeaders(t *testing.T) {
	c := NewCall("POST", "/")
	c.Raw(Raw(`[1,"b"]`))
	c.Header("X-List", "simple", false)
	c.Raw(Raw(`{"a":1}`))
	c.Header("X-Pairs", "simple", true)
	c.Raw(Raw(`[]`))
	c.Header("X-None", "simple", false)
	c.Raw(Raw(`"a;b, c"`))
	c.Cookie("crumb", "form", false)
	c.Raw(Raw(`{"m":"1","n":2}`))
	c.Cookie("object", "form", true)
	c.Raw(Raw(`"{}"`))
	c.JSONBody("application/json")
	req, _ := requestOf(t, c)
	for name, want := range map[string]string{
		"X-List": "1,b", "X-Pairs": "a=1", "X-None": "", "Content-Type": "application/json", "Cookie": "crumb=a%3Bb%2C%20c; m=1; n=2",
	} {
		if got := req.Header.Get(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	if req.GetBody == nil {
		t.Error("a body in memory cannot be sent again")
	}
	c = NewCall("GET", "/")
	c.String("a\r\nEvil: yes")
	c.Header("X-Text", "simple", false)
	if _, got := requestOf(t, c); !strings.Contains(got, "control character") {
		t.Errorf("a line break gets into a header: %s", got)
	}
}

// What a call writes into a request is what Request reads from it.
func TestCallRoundTrip(t *testing.T) {
	for _, text := range []string{"plain", "a b", "ü", "a,b;c=d", "50%", "a+b", `q"'\`, "x/y?z#w&v", "..", "[0]", "{a}", "~|^"} {
		c := NewCall("GET", "/{id}")
		c.String(text)
		c.Path("id", "simple", false)
		c.String(text)
		c.Query("q[a]", "form", true)
		c.String(text)
		c.Header("X-H", "simple", false)
		c.String(text)
		c.Cookie("c", "form", false)
		req, got := requestOf(t, c)
		if req == nil {
			t.Fatalf("%s: %s", text, got)
		}
		in := NewRequest(req, 400)
		for _, found := range []bool{
			in.Path("id", strings.TrimPrefix(req.URL.EscapedPath(), "/api%2Fv1/")), in.Query("q[a]", true), in.Header("X-H", true), in.Cookie("c", true),
		} {
			if !found {
				t.Errorf("%s: it is not there", text)
			}
		}
		var path, query, cookie string
		in.Path("id", strings.TrimPrefix(req.URL.EscapedPath(), "/api%2Fv1/"))
		in.String(&path)
		in.Query("q[a]", true)
		in.String(&query)
		in.Cookie("c", true)
		in.String(&cookie)
		if path != text || query != text || cookie != text || in.Err() != nil {
			t.Errorf("%q became %q, %q, %q: %v", text, path, query, cookie, in.Err())
		}
	}
}

func TestDirections(t *testing.T) {
	var answer Encoder
	request := NewCall("POST", "/")
	if !answer.ReadOnly() || answer.WriteOnly() || request.ReadOnly() || !request.WriteOnly() {
		t.Error("members go the wrong way")
	}
}
