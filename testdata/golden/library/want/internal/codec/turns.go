package codec

import (
	"io"
	"runtime"
	"sync/atomic"
	"time"
)

const (
	// turn is how long a body is worked on before other requests have theirs.
	turn = 2 * time.Millisecond

	// pause is how long others can begin theirs. In less the scheduler comes back to the
	// body before it has looked at the network.
	pause = 100 * time.Microsecond

	// portion is how much of a body is read before the time is looked at.
	portion = 8 << 10
)

// long counts the bodies under way that have more than one portion.
var long atomic.Int64

// turns reads a body in turns with other requests when there are as many long ones as
// processors. A mebibyte of brackets is tens of milliseconds of work, and Go lets it go on
// for ten before it looks for requests that have come in.
type turns struct {
	io.Reader
	left  int       // of the portion
	long  bool      // it is counted
	began time.Time // the turn
}

func newTurns(r io.Reader) *turns { return &turns{Reader: r, left: portion} }

// Read implements [io.Reader].
func (t *turns) Read(b []byte) (int, error) {
	if t.left == 0 {
		t.left = portion
		t.yield()
	}
	n, err := t.Reader.Read(b[:min(len(b), t.left)])
	t.left -= n
	return n, err
}

// yield lets others go on when the turn is over.
func (t *turns) yield() {
	if !t.long {
		t.long, t.began = true, time.Now()
		long.Add(1)
		return
	}
	if time.Since(t.began) < turn || long.Load() < int64(runtime.GOMAXPROCS(0)) {
		return
	}
	// The network is looked at when nothing can run, so this must not be able to. What has
	// come in by then stands in the queue and goes first.
	time.Sleep(pause)
	runtime.Gosched()
	t.began = time.Now()
}

// end is called when no more is read.
func (t *turns) end() {
	if t.long {
		long.Add(-1)
	}
}
