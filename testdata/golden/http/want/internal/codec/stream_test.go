package codec

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestStreams(t *testing.T) {
	items := func(values ...string) func(func(string, error) bool) {
		return func(yield func(string, error) bool) {
			for _, v := range values {
				var err error
				if v == "fail" {
					err = http.ErrBodyNotAllowed
				}
				if !yield(v, err) {
					return
				}
			}
		}
	}
	encode := func(e *Encoder, v *string) { e.String(*v) }
	w := httptest.NewRecorder()
	if err := WriteLines(w, 200, "application/jsonl", items("a", "b"), encode); err != nil || w.Body.String() != "\"a\"\n\"b\"\n" || !w.Flushed {
		t.Errorf("lines: got %q, %v", w.Body, err)
	}
	w = httptest.NewRecorder()
	if err := WriteEvents(w, 200, "text/event-stream", items("a"), encode); err != nil || w.Body.String() != "data: \"a\"\n\n" {
		t.Errorf("events: got %q, %v", w.Body, err)
	}
	w = httptest.NewRecorder()
	if err := WriteLines(w, 200, "application/jsonl", items("fail"), encode); err == nil || w.Body.Len() > 0 {
		t.Errorf("first item fails: got %q, %v", w.Body, err)
	}
	func() {
		defer func() {
			if cut, ok := recover().(error); !ok || !errors.Is(cut, http.ErrAbortHandler) {
				t.Error("a later failure does not cut the connection")
			}
		}()
		_ = WriteLines(httptest.NewRecorder(), 200, "application/jsonl", items("a", "fail"), encode)
	}()
}

func TestLines(t *testing.T) {
	r := httptest.NewRequest("POST", "/", strings.NewReader("{\"R\":1}\n\n{\"R\":\"x\"}\n{\"R\":2}"))
	var got []string
	for item, err := range Lines(NewRequest(r, 400), decodeColour) {
		got = append(got, fmt.Sprint(item.R, err != nil))
	}
	if text := strings.Join(got, ", "); text != "1 false, 0 true, 2 false" {
		t.Errorf("got %s", text)
	}
}
