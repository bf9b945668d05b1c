package codec

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"example.com/messages/internal/problem"
)

// user is what the answers of these tests hold.
type user struct {
	ID, Role, Password string
}

func decodeUser(d *Decoder, v *user) {
	if !d.Object() {
		return
	}
	var seen, read, written Seen
	for d.More() {
		switch d.Name() {
		case "id":
			read.Add(0)
			if d.ReadOnly() {
				d.String(&v.ID)
			}
		case "role":
			seen.Add(0)
			if d.String(&v.Role) {
				d.Enum(v.Role == "admin", `"admin"`)
			}
		case "password":
			written.Add(0)
			d.String(&v.Password)
		default:
			d.Unknown()
		}
	}
	d.Require(&seen, "role")
	d.RequireRead(&read, "id")
	d.RequireWrite(&written, "password")
	if d.Defaults() && v.Password == "" {
		v.Password = "default"
	}
}

// conflict is a declared error answer.
type conflict struct{ user }

func (*conflict) Error() string { return "conflict" }

var declared = Failures{409: func(a *Answer) error {
	res := new(conflict)
	a.TakeJSON("application/json", func(d *Decoder) { decodeUser(d, &res.user) })
	return res
}}

func answerOf(status int, media, body string, strict bool) *Answer {
	return NewAnswer(&http.Response{
		StatusCode: status, Header: http.Header{"Content-Type": {media}, "Retry-After": {"3"}}, Body: io.NopCloser(strings.NewReader(body)),
	}, 1000, strict)
}

func TestAnswer(t *testing.T) {
	const fine = `{"id":"7","role":"admin"}`
	for _, tt := range []struct {
		status        int
		media, body   string
		want, lenient string // error, "" for none; what differs when values are let pass
	}{
		{200, "application/json", fine, "", ""},
		{200, "application/json; charset=utf-8", fine, "", ""},
		{200, "", fine, "", ""},
		{200, "application/vnd.x+json", fine, "the body is application/vnd.x+json, not application/json", "-"},
		{200, "text/html", "<p>", "the body is text/html, not application/json", ""},
		{200, "application/json", `{"id":"7","role":"guest","new":1}`,
			`it does not match the document; body /role: must be one of "admin"; body /new: is not a known member`, "-"},
		{200, "application/json", `{"role":"admin"}`, "it does not match the document; body /id: is required", ""},
		{200, "application/json", `{"id":7,"role":"admin"}`, "it does not match the document; body /id: must be a string", ""},
		{200, "application/json", "", "the body is not valid JSON: it is empty", ""},
		{200, "application/json", fine + strings.Repeat(" ", 1000), "the body is larger than 1000 bytes", ""},
		{202, "application/json", fine, "the document does not declare this status", ""},
		{409, "application/json", fine, "conflict", ""},
		{409, "application/json", `{"id":"7"}`, "it does not match the document; body /role: is required", ""},
		{409, problem.Media, `{"title":"Conflict","detail":"twice","errors":{"other":1}}`, "Conflict: twice", ""},
		{404, problem.Media, `{"title":"Not Found"}`, "Not Found", ""},
		{404, "text/plain", "gone", "the document does not declare this status", ""},
		{500, problem.Media, "no JSON", "the document does not declare this status", ""},
	} {
		for _, strict := range []bool{true, false} {
			want := tt.want
			if !strict && tt.lenient == "-" {
				want = ""
			}
			a := answerOf(tt.status, tt.media, tt.body, strict)
			v, err := TakePointer(a, http.StatusOK, declared, "application/json", decodeUser)
			got := ""
			if err != nil {
				got = err.Error()
			} else if v.ID != "7" || v.Password != "" {
				t.Errorf("%d %s %s: read %+v", tt.status, tt.media, tt.body, v)
			}
			if got != want && !strings.Contains(got, ": "+want) || want == "" && got != "" {
				t.Errorf("%d %s %s, strict %t: got %q, want %q", tt.status, tt.media, tt.body, strict, got, want)
			}
		}
	}
}

func TestAnswerProblem(t *testing.T) {
	_, err := TakePointer(answerOf(503, problem.Media, `{"title":"Busy","status":1,"errors":[{"in":"body","pointer":"/a","detail":"d"}]}`, false), 200, nil, "application/json", decodeUser)
	p, ok := errors.AsType[*problem.Problem](err)
	if !ok || p.Status != 503 || p.RetryAfter != 3 || len(p.Errors) != 1 || p.Errors[0].Pointer != "/a" {
		t.Errorf("got %+v", err)
	}
}

// A problem whose status the document does not declare is wrong, unless services
// answer it by themselves.
func TestStrictAnswerProblem(t *testing.T) {
	for status, want := range map[int]bool{400: true, 404: false, 409: true, 413: true, 500: true, 503: true} {
		a := answerOf(status, problem.Media, `{"title":"x"}`, true)
		_ = a.Failure(declared)
		if got := a.Err() == nil; got != want {
			t.Errorf("%d: right is %t, want %t", status, got, want)
		}
	}
}

func TestAnswerErrorQuotesTheBody(t *testing.T) {
	_, err := TakePointer(answerOf(418, "text/plain", strings.Repeat("x", 5000), false), 200, nil, "application/json", decodeUser)
	e, ok := errors.AsType[*AnswerError](err)
	if !ok || e.Status != 418 || e.Body != strings.Repeat("x", 1000) {
		t.Errorf("got %v", err)
	}
}

func TestLenientUnion(t *testing.T) {
	type union struct {
		user *user
		text *string
	}
	decode := func(d *Decoder, v *union) {
		var asUser user
		var asText string
		d.OneOf(func(n int) {
			if v.user = &asUser; n == 1 {
				v.user, v.text = nil, &asText
			}
		}, func(d *Decoder) { decodeUser(d, &asUser) }, func(d *Decoder) { d.String(&asText) })
	}
	v, err := TakePointer(answerOf(200, "application/json", `{"id":"7","role":"guest"}`, false), 200, nil, "application/json", decode)
	if err != nil || v.user == nil || v.user.Role != "guest" {
		t.Errorf("a new value hides the variant: %+v, %v", v, err)
	}
	if _, err := TakePointer(answerOf(200, "application/json", `[]`, false), 200, nil, "application/json", decode); err == nil {
		t.Error("no variant fits, and nobody says so")
	}
	tagged := func(d *Decoder, v *union) {
		d.Tagged("kind", func(tag string) Variant {
			if tag != "user" {
				return nil
			}
			v.user = new(user)
			return func(d *Decoder) { decodeUser(d, v.user) }
		}, `"user"`)
	}
	v, err = TakePointer(answerOf(200, "application/json", `{"kind":"robot"}`, false), 200, nil, "application/json", tagged)
	if err != nil || v.user != nil {
		t.Errorf("a new variant: got %+v, %v", v, err)
	}
	if _, err = TakePointer(answerOf(200, "application/json", `{"kind":"robot"}`, true), 200, nil, "application/json", tagged); err == nil {
		t.Error("a strict reader lets a new variant pass")
	}
}

// closed tells whether a body was closed.
type closed struct {
	io.Reader
	done bool
}

func (c *closed) Close() error {
	c.done = true
	return nil
}

func TestTakeStreamReleases(t *testing.T) {
	for name, use := range map[string]func(io.Reader){
		"read":   func(r io.Reader) { _, _ = io.ReadAll(r) },
		"closed": func(r io.Reader) { _ = r.(io.Closer).Close() },
	} {
		body := &closed{Reader: strings.NewReader("data")}
		a := NewAnswer(&http.Response{StatusCode: 200, Header: http.Header{}, Body: body}, 1, false)
		r, err := Whole(a, a.TakeStream("application/octet-stream"))
		if err != nil || body.done {
			t.Fatalf("%s: closed at once, or %v", name, err)
		}
		if use(r); !body.done {
			t.Errorf("%s: the connection is not given back", name)
		}
	}
}
