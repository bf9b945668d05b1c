package httpcache

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

func TestStatsCountWhatBecameOfRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &origin{answer: func(w http.ResponseWriter, _ *http.Request, call int) {
			w.Header().Set("Cache-Control", "max-age=10, stale-if-error=60")
			if call == 2 {
				w.WriteHeader(http.StatusInternalServerError)
			}
		}}
		c := New(Config{MaxBytes: 1 << 20}, Options{})
		h := c.Handler(o)
		send(h, "GET", "/a")
		send(h, "GET", "/a")
		send(h, "GET", "/a", "Cache-Control: no-store")
		time.Sleep(20 * time.Second)
		send(h, "POST", "/b")
		send(h, "GET", "/b", "Range: bytes=0-1")
		got := c.Stats()
		if got.Bytes == 0 {
			t.Error("what is kept takes no memory")
		}
		for result, want := range map[string]int64{"hit": 1, "miss": 1, "bypass": 2, "stale": 0} {
			if got.Requests[result] != want {
				t.Errorf("%s: got %d, want %d", result, got.Requests[result], want)
			}
		}
		o.calls.Store(1) // the next call fails
		send(h, "GET", "/a")
		if n := c.Stats().Requests["stale"]; n != 1 {
			t.Errorf("%d stale answers", n)
		}
	})
}
