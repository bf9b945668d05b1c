package codec

import (
	"net/http/httptest"
	"testing"
)

func TestAccept(t *testing.T) {
	offers := []string{"application/json", "text/csv; charset=utf-8"}
	for accept, want := range map[string]string{
		"": offers[0], "*/*": offers[0], "text/*": offers[1], "text/csv": offers[1],
		"application/json;q=0.5, text/csv": offers[1], "text/csv;q=0, */*": offers[0],
		"application/json;q=0.1, */*;q=0.5": offers[1], "image/png": "406", "TEXT/CSV": offers[1],
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Accept", accept)
		in := NewRequest(r, 400)
		var got string
		in.Accept(&got, offers...)
		if in.Err() != nil {
			got = "406"
		}
		if got != want {
			t.Errorf("%q: got %s, want %s", accept, got, want)
		}
	}
}
