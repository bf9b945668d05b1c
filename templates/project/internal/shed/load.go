package shed

import (
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// load limits how many requests for one operation are worked on at the same time.
//
// By Little's law, requests a second times the time that one takes is how many are
// worked on. With the time that one takes when nothing waits for another, that is
// how many are needed: more of them only wait. Arrivals are uneven, so a multiple
// of the square root is let in beyond those.
type load struct {
	inside atomic.Int64
	limit  atomic.Int64

	mu      sync.Mutex
	margin  float64 // times the square root of what is needed
	least   float64
	alone   float64 // seconds that a request takes when nothing waits
	begun   time.Duration
	sum     time.Duration
	count   int
	peak    int64
	probe   int           // how far the present probe is
	settled float64       // limit after the probe
	probed  time.Duration // end of the last probe
}

const (
	loadWindow   = 100 * time.Millisecond
	loadSamples  = 20
	loadPatience = 2 * time.Second
	loadFirst    = 64
	loadMost     = 1 << 20

	probeEvery    = 30 * time.Second
	probePatience = time.Second
)

// The steps of a probe.
const (
	noProbe = iota
	draining
	measuring
)

func (l *load) init(p Priority) {
	l.margin = [priorities]float64{Normal: 4, Critical: 8, Low: 2}[p]
	l.least = 4 * l.margin
	l.limit.Store(loadFirst)
	l.probed = -probeEvery
}

// full reports whether one more request would be too many.
func (l *load) full() bool { return l.inside.Load() >= l.limit.Load() }

func (l *load) begin() {
	l.inside.Add(1)
}

// end takes the time that a request took.
func (l *load) end(now, took time.Duration) {
	n := l.inside.Add(-1)
	l.mu.Lock()
	defer l.mu.Unlock()
	passed := now - l.begun
	switch {
	case l.probe == draining && n <= l.limit.Load():
		l.probe = measuring
		l.restart(now)
		return
	case l.probe != noProbe && passed > probePatience:
		l.stopProbe(now)
		return
	case l.probe == draining || l.probe == measuring && took > passed: // it waited behind others
		return
	}
	l.sum += took
	l.count++
	l.peak = max(l.peak, n+1)
	if passed >= loadWindow && (l.count >= loadSamples || passed >= loadPatience) {
		l.judge(now, passed.Seconds())
		l.restart(now)
	}
}

// restart begins a window.
func (l *load) restart(now time.Duration) {
	l.begun, l.sum, l.count, l.peak = now, 0, 0, 0
}

// stopProbe goes back to the limit from before a probe.
func (l *load) stopProbe(now time.Duration) {
	l.probe, l.probed = noProbe, now
	l.limit.Store(int64(l.settled))
	l.restart(now)
}

// judge sets the limit for the next window by what happened in this one.
func (l *load) judge(now time.Duration, passed float64) {
	mean := l.sum.Seconds() / float64(l.count)
	busy := l.sum.Seconds() / passed
	switch {
	case l.probe == measuring:
		l.alone = mean
		l.stopProbe(now)
		return
	case l.alone == 0:
		l.alone = mean
	}
	needed := float64(l.count) * l.alone / passed
	room, waiting := l.margin*math.Sqrt(needed), busy-needed
	limit := float64(l.limit.Load())
	switch {
	case waiting > room && busy > l.least/2:
		l.settled = max(l.least, needed+room)
		l.limit.Store(int64(l.settled))
		if now-l.probed > probeEvery && l.margin < 8 {
			l.probe = draining
			l.limit.Store(int64(max(1, needed/2)))
		}
	case waiting < room/2:
		l.alone += (mean - l.alone) / 8
		switch peak := float64(l.peak); {
		case peak > limit*3/4:
			l.limit.Store(int64(min(limit*2, loadMost)))
		case peak < limit/4: // what it was raised for is over
			l.limit.Store(int64(max(limit*7/8, loadFirst)))
		}
	case mean < l.alone:
		l.alone = mean
	}
}
