package codec

import (
	"errors"
	"io"
	"net/url"
	"testing"
)

func TestLinesBody(t *testing.T) {
	broken := errors.New("no more")
	for _, fail := range []bool{false, true} {
		c := NewCall("POST", "/")
		LinesBody(c, "application/jsonl", func(yield func(string, error) bool) {
			if yield("a", nil) && fail {
				yield("", broken)
			}
		}, func(e *Encoder, v *string) { e.String(*v) })
		base, _ := url.Parse("http://example.com")
		req, err := c.Request(t.Context(), base)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(req.Body)
		if string(body) != "\"a\"\n" || fail != errors.Is(err, broken) {
			t.Errorf("fail %t: got %q, %v", fail, body, err)
		}
	}
}
