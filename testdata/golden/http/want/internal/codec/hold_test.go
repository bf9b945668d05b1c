package codec

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestHold(t *testing.T) {
	for _, tt := range []struct {
		status      int
		media, body string
		want        string
	}{
		{200, "application/json", `{"id":"7","role":"admin"}`, `200 {"id":"7","role":"admin"}`},
		{200, "application/json", `{"id":"7","role":"guest"}`, `500 {"title":"Internal Server Error","status":500,"detail":"the answer does not match the API description: it does not match the document","errors":[{"in":"body","pointer":"/role","detail":"must be one of \"admin\""}]}`},
		{202, "application/json", `{}`, `500 {"title":"Internal Server Error","status":500,"detail":"the answer does not match the API description: the document does not declare this status"}`},
		{200, "text/csv", "a,b", `500 {"title":"Internal Server Error","status":500,"detail":"the answer does not match the API description: the body is text/csv, not application/json"}`},
		{500, "application/problem+json", `{"title":"x"}`, `500 {"title":"x"}`},
		{409, "application/json", `{"id":"7","role":"admin"}`, `409 {"id":"7","role":"admin"}`},
	} {
		w := httptest.NewRecorder()
		w.Header().Set("X-Request-Id", "1")
		var faults []*AnswerError
		held := Hold(w, httptest.NewRequest("GET", "/users/7", nil), func(a *Answer) {
			_, _ = TakePointer(a, http.StatusOK, declared, "application/json", decodeUser)
		}, func(e *AnswerError) { faults = append(faults, e) })
		held.Header().Set("Content-Type", tt.media)
		held.Header().Set("X-Own", "of the answer")
		held.WriteHeader(tt.status)
		for _, part := range []string{tt.body[:2], tt.body[2:]} {
			if _, err := held.Write([]byte(part)); err != nil {
				t.Fatal(err)
			}
		}
		held.Release()
		if got := strings.TrimSpace(w.Result().Status[:3] + " " + w.Body.String()); got != tt.want {
			t.Errorf("%d %s\n got %s\nwant %s", tt.status, tt.body, got, tt.want)
		}
		refused := strings.Contains(tt.want, "does not match the API")
		if len(faults) > 0 != refused || refused == (w.Header().Get("X-Own") != "") || w.Header().Get("X-Request-Id") != "1" {
			t.Errorf("%d %s: reported %v, header %v", tt.status, tt.body, faults, w.Header())
		}
	}
}

// A 304 is no answer that a document declares.
func TestHoldPassesNotModified(t *testing.T) {
	w := httptest.NewRecorder()
	held := Hold(w, httptest.NewRequest("GET", "/", nil), func(a *Answer) { _ = a.TakeNothing(200, nil) }, func(e *AnswerError) { t.Error(e) })
	held.Header().Set("ETag", `"a"`)
	held.WriteHeader(http.StatusNotModified)
	held.Release()
	if w.Code != http.StatusNotModified || w.Header().Get("ETag") != `"a"` {
		t.Errorf("got %d %v", w.Code, w.Header())
	}
}

// A stream goes out piece by piece.
func TestHoldPassesStreams(t *testing.T) {
	w := httptest.NewRecorder()
	held := Hold(w, httptest.NewRequest("GET", "/", nil), func(a *Answer) {
		if a.Has(200) {
			a.TakeStream("application/octet-stream")
		}
	}, func(e *AnswerError) { t.Error(e) })
	held.Header().Set("Content-Type", "application/octet-stream")
	held.WriteHeader(200)
	_, _ = held.Write([]byte("piece"))
	if err := http.NewResponseController(held).Flush(); err != nil || w.Body.String() != "piece" || !w.Flushed {
		t.Errorf("got %q, %v", w.Body, err)
	}
	held.Release()
	if w.Body.String() != "piece" {
		t.Errorf("got %q at the end", w.Body)
	}
}
