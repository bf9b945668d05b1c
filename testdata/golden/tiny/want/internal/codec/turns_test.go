package codec

import (
	"io"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
)

// heavy is a body whose portions are 3 ms of work each.
type heavy struct{ left int }

func (h *heavy) Read(b []byte) (int, error) {
	if h.left == 0 {
		return 0, io.EOF
	}
	time.Sleep(3 * time.Millisecond)
	n := min(len(b), h.left)
	h.left -= n
	return n, nil
}

func TestTurns(t *testing.T) {
	for _, c := range []struct {
		name          string
		size, others  int
		pauses, count int
	}{
		{"a short body", portion - 1, runtime.GOMAXPROCS(0), 0, 0},
		{"a processor for each", 10 * portion, runtime.GOMAXPROCS(0) - 2, 0, 1},
		{"more than processors", 10 * portion, runtime.GOMAXPROCS(0), 9, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				long.Add(int64(c.others))
				defer long.Add(-int64(c.others))
				start := time.Now()
				body := newTurns(&heavy{c.size})
				if n, err := io.Copy(io.Discard, body); err != nil || n != int64(c.size) {
					t.Fatal(n, err)
				}
				work := time.Duration((c.size+portion-1)/portion) * 3 * time.Millisecond
				if paused := time.Since(start) - work; paused != time.Duration(c.pauses)*pause {
					t.Errorf("paused for %s", paused)
				}
				if n := long.Load() - int64(c.others); n != int64(c.count) {
					t.Errorf("%d long bodies", n)
				}
				body.end()
				if n := long.Load(); n != int64(c.others) {
					t.Errorf("%d long bodies afterwards", n)
				}
			})
		})
	}
}
