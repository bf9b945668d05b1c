package codec

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestTakeItems(t *testing.T) {
	decode := func(d *Decoder, v *int64) { d.Int64(v) }
	for _, tt := range []struct{ media, body, want string }{
		{"application/jsonl", "1\n\n2\r\n3", "1 | 2 | 3"},
		{"application/jsonl", "1\nx\n3", "1 | *: item 1 is not valid JSON"},
		{"application/jsonl", "1\n\"a\"\n", "1 | *; body /1: must be an integer"},
		{"application/jsonl", strings.Repeat(" ", 200), "*the item is too large"},
		{"text/event-stream", "\xef\xbb\xbf: hello\n\ndata: 1\n\nevent: x\nid: 4\ndata:2\r\n\r\ndata: [\ndata: 3]\n\n", "1 | 2 | *; body /2: must be an integer"},
		{"text/event-stream", "data: 1\n\ndata: 2", "1"},
		{"text/html", "", "*: the body is text/html"},
	} {
		body := &closed{Reader: strings.NewReader(tt.body)}
		a := NewAnswer(&http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {tt.media}}, Body: body}, 100, false)
		take := TakeLines[int64]
		media := "application/jsonl"
		if tt.media == "text/event-stream" {
			take, media = TakeEvents[int64], tt.media
		}
		items, err := Whole(a, take(a, media, decode))
		var got []string
		if err != nil {
			got = append(got, err.Error())
		} else {
			for v, err := range items {
				if err != nil {
					got = append(got, err.Error())
					continue
				}
				got = append(got, fmt.Sprint(v))
			}
		}
		if text := strings.Join(got, " | "); !match(text, tt.want) || !body.done {
			t.Errorf("%s %q: got %q, want %q, closed %t", tt.media, tt.body, text, tt.want, body.done)
		}
	}
}

// match compares with a text in which a * stands for anything; so does the end.
func match(text, want string) bool {
	before, after, wild := strings.Cut(want, "*")
	if !wild {
		return text == want
	}
	return strings.HasPrefix(text, before) && strings.Contains(text, after)
}

// Whoever stops in the middle gives the connection back.
func TestTakeItemsStops(t *testing.T) {
	body := &closed{Reader: io.MultiReader(strings.NewReader("1\n"), neverEnds{})}
	a := NewAnswer(&http.Response{StatusCode: 200, Header: http.Header{}, Body: body}, 100, false)
	for _, err := range TakeLines(a, "application/jsonl", func(d *Decoder, v *int64) { d.Int64(v) }) {
		if err != nil {
			t.Error(err)
		}
		break
	}
	if !body.done {
		t.Error("the connection is not given back")
	}
}

type neverEnds struct{}

func (neverEnds) Read(p []byte) (int, error) { return copy(p, "2\n"), nil }
