package codec

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"testing"
)

func TestMultipartBody(t *testing.T) {
	c := NewCall("POST", "/")
	c.Raw(Raw(`{"title":"T","tags":["a","b"],"point":{"x":1}}`))
	c.MultipartBody("multipart/form-data", NewMultipart(
		&Part{Name: "file", Filename: `a"b.txt`, Media: "text/plain", Reader: strings.NewReader("data")},
		&Part{Name: "empty", Filename: "e"},
	), Encoding{Name: "point", JSON: true})
	base, _ := url.Parse("http://example.com")
	req, err := c.Request(t.Context(), base)
	if err != nil {
		t.Fatal(err)
	}
	var m *Multipart
	NewRequest(req, 400).Parts(&m)
	var got []string
	for p, err := range m.All() {
		if err != nil {
			t.Fatal(err)
		}
		data, _ := io.ReadAll(p)
		got = append(got, fmt.Sprintf("%s %s %s=%s", p.Name, p.Filename, p.Media, data))
	}
	if text := strings.Join(got, "\n"); text != "title  =T\ntags  =a\ntags  =b\npoint  application/json={\"x\":1}\nfile a\"b.txt text/plain=data\nempty e =" {
		t.Errorf("got\n%s", text)
	}
}

// A file that cannot be read breaks the request off.
func TestMultipartBodyFails(t *testing.T) {
	c := NewCall("POST", "/")
	c.MultipartBody("multipart/mixed", NewMultipart(&Part{Reader: failing{}}))
	base, _ := url.Parse("http://example.com")
	req, err := c.Request(t.Context(), base)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(req.Body); !errors.Is(err, errFile) {
		t.Errorf("got %v", err)
	}
}

var errFile = errors.New("the disk is gone")

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errFile }
