package codec

import (
	"errors"
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

// broken is white space and then an error, for which it counts how often it is asked.
type broken struct{ blanks, asked int }

func (b *broken) Read(p []byte) (int, error) {
	if b.blanks == 0 {
		b.asked++
		return 0, errBroken
	}
	n := min(len(p), b.blanks)
	for i := range n {
		p[i] = ' '
	}
	b.blanks -= n
	return n, nil
}

var errBroken = errors.New("broken")

// TestBrokenBody: once reading has failed, nothing that came before is gone through again.
func TestBrokenBody(t *testing.T) {
	for name, read := range map[string]func(*Decoder) bool{
		"object": (*Decoder).Object,
		"array":  (*Decoder).Array,
		"null":   (*Decoder).Null,
		"string": func(d *Decoder) bool { return d.String(new(string)) },
		"bool":   func(d *Decoder) bool { return d.Bool(new(bool)) },
	} {
		t.Run(name, func(t *testing.T) {
			body := &broken{blanks: 100_000}
			d := newDecoder(body, "body", "")
			defer d.free()
			if read(d) || !errors.Is(d.err, errBroken) || body.asked != 1 {
				t.Errorf("error %v, asked %d times after it", d.err, body.asked)
			}
		})
	}
}
