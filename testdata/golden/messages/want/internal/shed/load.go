package shed

import (
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// load limits how many requests for one operation are worked on at the same time.
//
// By Little's law, requests a second times the seconds that one takes is how many
// are worked on. With the time that one takes when nothing waits for another, that
// is how many are needed: more of them only wait. Arrivals are uneven, so a multiple
// of the square root is let in beyond those.
type load struct {
	all    *loads
	limit  atomic.Int64
	inside atomic.Int64 // changed under the lock
	trial  atomic.Int64 // the limit while a trial goes on, 0: this one has no part in it

	mu      sync.Mutex
	margin  float64
	alone   float64       // seconds that a request takes when nothing waits
	begun   time.Duration // begin of the present window
	last    time.Duration // when inside changed
	area    float64       // inside times seconds, in the window
	came    int           // requests that came in it
	done    int           // and that were done
	slow    int           // of those, which took longer than patience
	peak    int64         // most inside
	late    int           // windows for which requests have waited for too long
	calm    int           // and since they waited
	share   float64       // of what the operations need that wait
	probe   int           // how far the present probe is
	settled float64       // limit after the probe
	cleared int           // that of the others when this one looked last
}

// loads are what operations have to know of each other, because they may wait for
// the same. Those where nothing waits do not take part.
type loads struct {
	mu     sync.Mutex
	needed float64       // by all operations where requests wait
	probed time.Duration // begin of the last probe
	step   time.Duration // how long its steps take

	trying  bool          // a trial goes on, see [firstTrial]
	failed  atomic.Bool   // somebody was refused in it
	begun   time.Duration // begin of it
	pause   time.Duration // from the last one to the next
	next    time.Duration // begin of the next
	cleared int           // trials that showed that there is no overload
}

const (
	loadWindow   = 100 * time.Millisecond
	loadSamples  = 20
	loadPatience = 2 * time.Second // for a window without enough samples
	loadUsual    = 256             // times the margin, while nothing is known
	loadMost     = 1 << 20

	normalMargin   = 4 // times the square root of what is needed
	criticalMargin = 8
	lowMargin      = 1
	leastTogether  = 4 // times the margin, of all that wait

	lateWindows = 2                        // until there is overload
	lastWindows = 10                       // until it is for critical requests: that of others may end it
	calmWindows = 20                       // until nothing is taken to wait any more
	calmTrial   = calmWindows * loadWindow // without a refusal, until a trial has succeeded

	// A new time is believed after so many requests and so long.
	settling     = 2000
	settlingTime = 10 * time.Second

	probeEvery = 30 * time.Second
	firstProbe = 800 * time.Millisecond // after overload began, when most of what had piled up is done
	leastStep  = 300 * time.Millisecond
	mostStep   = 2 * time.Second
)

// The steps of a probe. Once in a while operations let in so few requests together
// that none waits, to measure the time that one takes.
const (
	noProbe = iota
	draining
	measuring
)

func (l *load) init(p Priority, all *loads) {
	l.all = all
	l.margin = [priorities]float64{Normal: normalMargin, Critical: criticalMargin, Low: lowMargin}[p]
	l.limit.Store(int64(loadUsual * l.margin))
}

// full reports whether one more request would be too many.
func (l *load) full() bool {
	inside := l.inside.Load()
	if trial := l.trial.Load(); trial > 0 && !l.all.failed.Load() {
		if inside < trial {
			return false
		}
		l.all.failed.Store(true)
	}
	return inside >= l.limit.Load()
}

// begin counts a request that is worked on from now on.
func (l *load) begin(now time.Duration) {
	l.mu.Lock()
	l.move(now, 1)
	l.came++
	l.mu.Unlock()
}

// end counts one that is done, and how long it took.
func (l *load) end(now, took time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.move(now, -1)
	l.done++
	if took > patience {
		l.slow++
	}
	switch passed := now - l.begun; {
	case l.probe != noProbe:
		l.goOn(now)
	case l.share > 0 && l.due(now):
		l.probe = draining
		l.settled = float64(l.limit.Load())
		l.limit.Store(int64(max(1, l.share/2)))
	case passed >= max(loadWindow, time.Duration(2*l.alone*float64(time.Second))) && (l.done >= loadSamples || passed >= loadPatience):
		l.judge(now, passed.Seconds())
		l.restart(now)
	}
}

func (l *load) move(now time.Duration, by int64) {
	l.area += float64(l.inside.Load()) * (now - l.last).Seconds()
	l.last = now
	l.peak = max(l.peak, l.inside.Add(by))
}

// restart begins a window.
func (l *load) restart(now time.Duration) {
	l.begun, l.area, l.came, l.done, l.slow, l.peak = now, 0, 0, 0, 0, 0
}

// judge sets the limit for the next window by what happened in this one.
func (l *load) judge(now time.Duration, passed float64) {
	// Those that came are inside for half of the window on average, when it is their
	// number that changes. So are those that were done.
	count := float64(l.came+l.done) / 2
	mean := l.area / count
	if l.alone == 0 {
		l.alone = mean
	}
	needed := count * l.alone / passed
	waiting := l.area/passed - needed
	l.clear()
	room, known := l.room(needed)
	switch {
	case waiting <= room || mean-l.alone <= patience.Seconds() || l.slow <= l.done/2:
		l.late = 0 // where requests wait for each other most are slow, not a few
	case l.came >= l.done:
		l.late++
	case l.late > 0: // what had piled up while everything stood still is worked off
		l.late--
	}
	if l.try(now, waiting > room*3/4, count/passed*(mean+patience.Seconds())) {
		return
	}
	overload := known || l.late >= lateWindows
	if l.margin > normalMargin {
		overload = l.share > 0 || l.late >= lastWindows
	}
	switch {
	case waiting > room && overload:
		l.calm = 0
		l.settled = max(l.margin/2, needed+room)
		l.limit.Store(int64(math.Ceil(l.settled)))
		l.join(now, needed)
	case waiting > room: // as long as they wait for so short a time, they may
		l.raise(known)
	case waiting < room/2 && l.margin <= normalMargin || waiting < needed/4:
		if l.calm++; l.calm > calmWindows {
			l.leave()
		}
		if float64(l.peak) <= float64(l.limit.Load())*3/4 || mean < l.alone {
			l.alone += (mean - l.alone) * min(float64(l.done)/settling, passed/settlingTime.Seconds())
		}
		fallthrough
	case waiting < room*3/4:
		l.raise(known)
	}
}

// try reports whether a trial goes on or has just succeeded. All operations where
// requests wait take part in it with a limit above what is inside when each request
// waits for patience: that of one alone would say nothing, because they wait for the
// same. One refusal in any of them ends it.
func (l *load) try(now time.Duration, crowded bool, inside float64) bool {
	a := l.all
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case l.share == 0:
	case a.trying && (a.failed.Load() || l.late > 0):
		a.trying = false
		a.pause = min(4*a.pause, longestTrial)
		a.next = now + a.pause
	case a.trying && now-a.begun > calmTrial:
		a.trying = false
		a.needed = 0
		a.cleared++
		return true
	case crowded && !a.trying && now > a.next && now > a.probed+2*a.step && now <= a.probed+probeEvery:
		a.trying, a.begun = true, now
		a.failed.Store(false)
	}
	if l.share == 0 || !a.trying {
		l.trial.Store(0)
		return false
	}
	l.trial.Store(max(l.limit.Load(), int64(inside+l.margin*math.Sqrt(inside))))
	return true
}

// clear forgets that requests wait here if a trial has shown that there is no overload.
func (l *load) clear() {
	l.all.mu.Lock()
	defer l.all.mu.Unlock()
	if l.cleared != l.all.cleared {
		l.cleared, l.share = l.all.cleared, 0
		l.limit.Store(max(l.limit.Load(), l.trial.Load()))
	}
}

// raise makes room in time for a number of requests that grows, carefully where
// there is overload, and takes back what is not needed any more.
func (l *load) raise(overload bool) {
	limit, peak, usual := float64(l.limit.Load()), float64(l.peak), loadUsual*l.margin
	switch {
	case !overload && limit < usual:
		limit = usual
	case peak > limit*3/4 && l.share > 0:
		limit = limit*9/8 + 1
	case peak > limit*3/4:
		limit = min(limit*2, loadMost)
	case peak < limit/4 && limit > usual:
		limit = max(limit*7/8, usual)
	}
	l.limit.Store(int64(limit))
}

// room is how many may wait. Operations that wait together share it by what they
// need, so that it does not grow with their number; critical ones have all of it.
// The other result is whether it is known that there is overload somewhere.
func (l *load) room(needed float64) (room float64, known bool) {
	l.all.mu.Lock()
	known = l.all.needed > 1e-9
	all := max(l.all.needed-l.share+needed, 1e-9)
	l.all.mu.Unlock()
	room = max(l.margin*math.Sqrt(all), leastTogether*l.margin-all)
	if l.margin > normalMargin {
		return room, known
	}
	return room * needed / all, known
}

// join tells the others that requests wait here.
func (l *load) join(now time.Duration, needed float64) {
	l.all.mu.Lock()
	defer l.all.mu.Unlock()
	if l.share == 0 && l.all.needed < 1e-9 {
		l.all.probed = now - probeEvery + firstProbe
		l.all.pause, l.all.next = firstTrial, now+firstTrial
	}
	l.all.needed += needed - l.share
	l.share = needed
}

// due reports whether to take part in a probe that begins.
func (l *load) due(now time.Duration) bool {
	if l.margin > normalMargin {
		return false
	}
	l.all.mu.Lock()
	defer l.all.mu.Unlock()
	if now-l.all.probed > probeEvery && !l.all.trying {
		l.all.probed = now
		l.all.step = min(max(time.Duration(4*l.alone*float64(time.Second)), leastStep), mostStep)
	}
	return now-l.all.probed < l.all.step/2
}

// leave tells the others that nothing waits here any more.
func (l *load) leave() {
	if l.share == 0 {
		return
	}
	l.all.mu.Lock()
	l.all.needed = max(0, l.all.needed-l.share)
	l.all.mu.Unlock()
	l.share = 0
}

// goOn takes a probe to its next step when it is time.
func (l *load) goOn(now time.Duration) {
	l.all.mu.Lock()
	defer l.all.mu.Unlock()
	passed, step := now-l.all.probed, l.all.step
	switch {
	case l.probe == draining && passed >= step && l.inside.Load() <= l.limit.Load():
		l.probe = measuring
		l.restart(now)
		return
	case l.probe == draining && passed >= 2*step: // the next one has less to drain
		l.all.probed = now - probeEvery
	case l.probe == measuring && passed >= 2*step && now-l.begun >= step/2:
		l.alone = l.area / float64(l.done)
	default:
		return
	}
	l.probe = noProbe
	l.limit.Store(int64(math.Ceil(l.settled)))
	l.restart(now)
}
