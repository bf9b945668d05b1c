package shed

import (
	"runtime"
	"sync/atomic"
	"time"
)

// processors limits how many requests are in the service at the same time, by how
// long a request waits for a processor when it comes in. Until that is longer than
// anybody would be patient for, as many are let in as like. From then on so many
// that waits are short, until nobody has been refused for a while.
type processors struct {
	inside   atomic.Int64
	critical atomic.Int64 // of these
	limit    atomic.Int64
	grace    atomic.Int64 // critical ones that are let in at the begin of overload
	refused  atomic.Int64 // since the begin of the window
	least    int64
	cpus     int
	trial    atomic.Int64 // the limit until somebody is refused, 0: there is no trial

	// Only for who ends a window:
	calm  time.Duration // since somebody was refused
	late  int           // windows since the begin of overload
	pause time.Duration // between the last trial and the next
	wait  time.Duration // what is left of it
	drain int           // windows in which the last trial is still seen

	// Of the present window:
	begun atomic.Int64 // time.Duration
	sum   atomic.Int64 // of the waits, time.Duration
	count atomic.Int64
	peak  atomic.Int64 // most requests inside
}

const (
	cpuWindow   = 100 * time.Millisecond
	cpuSamples  = 10
	cpuPatience = time.Second // for a window without enough samples

	// There is overload when requests wait for longer than patience on average, and
	// more than longQueue of them for each processor.
	patience  = 50 * time.Millisecond
	longQueue = 6

	// Then requests are refused that would wait for longer than cpuWait behind more
	// than cpuQueue for each processor.
	cpuWait  = 3 * time.Millisecond
	cpuQueue = 1

	leastPerCPU = 3 // requests that are let in whatever happens
	leastAtAll  = 8
	cpuMost     = 1 << 20

	calmTime = time.Second // without a refusal, until overload is over

	// Clients that send a request when the last one is answered are never more than so
	// many. If they wait for longer than cpuWait and the service stood still once, which
	// looks like overload, some of them would be refused for ever. So a trial lets in as
	// many as wait for patience. If not one more comes, there is no overload; otherwise
	// the next trial is four times as far away.
	firstTrial   = time.Second
	longestTrial = 16 * time.Second
	drainWindows = 2

	// What had piled up when overload was found out has critical requests in it, which
	// are not in the way of others of them for so many windows.
	graceWindows = 10
)

func (c *processors) init(cpus int) {
	c.cpus = cpus
	c.least = int64(min(leastPerCPU*c.cpus, leastAtAll))
	c.limit.Store(cpuMost)
}

// enter counts a request and reports whether there is room for it. To critical ones
// only others of them are in the way.
func (c *processors) enter(p Priority) bool {
	n, limit := c.join(p), max(c.limit.Load(), c.trial.Load())
	if n > c.peak.Load() {
		c.peak.Store(n) // two at a time may lose one: it is a measure, no count
	}
	switch p {
	case Critical:
		n, limit = c.critical.Load(), max(2*limit, c.grace.Load())
	case Low:
		limit /= 2
	}
	if n <= limit {
		return true
	}
	c.refused.Add(1)
	c.trial.Store(0)
	return false
}

// join counts a request, and returns how many are inside.
func (c *processors) join(p Priority) int64 {
	if p == Critical {
		c.critical.Add(1)
	}
	return c.inside.Add(1)
}

func (c *processors) leave(p Priority) {
	if p == Critical {
		c.critical.Add(-1)
	}
	c.inside.Add(-1)
}

// queue has the request wait for its turn behind all that is ready to run. A
// goroutine that computes is not interrupted for 10 ms, so without this the
// requests behind it would wait where nobody sees them.
func (c *processors) queue() { runtime.Gosched() }

// waited takes the time that a request waited.
func (c *processors) waited(now, took time.Duration) {
	c.sum.Add(int64(took))
	n, begun := c.count.Add(1), c.begun.Load()
	passed := now - time.Duration(begun)
	if passed < cpuWindow || n < cpuSamples && passed < cpuPatience || !c.begun.CompareAndSwap(begun, int64(now)) {
		return
	}
	c.judge(passed, time.Duration(c.sum.Swap(0)), c.count.Swap(0), c.peak.Swap(c.inside.Load()))
}

// judge sets the limit for the next window by how many requests waited in the one that
// has passed, how long they did together, and how many were inside.
func (c *processors) judge(passed, sum time.Duration, count, peak int64) {
	if c.calm += passed; c.refused.Swap(0) > 0 {
		c.calm = 0
	}
	if c.late++; c.late > graceWindows {
		c.grace.Store(0)
	}
	limit := c.limit.Load()
	overload := sum >= patience*time.Duration(count) && sum >= passed*time.Duration(longQueue*c.cpus)
	// Without requests that wait, the quotients are infinite.
	spare := max(float64(cpuWait)*float64(count)/float64(sum), float64(cpuQueue*c.cpus)*float64(passed)/float64(sum))
	switch c.wait -= passed; {
	case limit == cpuMost && !overload:
	case limit == cpuMost:
		c.late, c.pause, c.wait, c.drain = 0, firstTrial, firstTrial, 0
		c.grace.Store(peak)
		c.shrink(peak, spare)
	case c.calm >= calmTime:
		c.trial.Store(0)
		c.limit.Store(cpuMost)
	case c.trial.Load() > 0:
	case c.drain > 0:
		c.drain--
	case c.wait <= 0:
		c.try(limit, sum/time.Duration(max(count, 1)))
	case spare < 1:
		c.shrink(min(limit, peak), spare)
	case spare > 5./4 && peak >= limit/2:
		c.limit.Store(min(limit*5/4+1, cpuMost))
	}
}

// try begins a trial, where requests wait for so long with the limit as it is.
func (c *processors) try(limit int64, mean time.Duration) {
	c.trial.Store(max(limit*int64(patience)/int64(max(mean, cpuWait)), int64(longQueue*c.cpus)))
	c.pause = min(4*c.pause, longestTrial)
	c.calm, c.wait, c.drain = 0, c.pause, drainWindows
}

// shrink lowers the limit to what spare leaves of a number.
func (c *processors) shrink(from int64, spare float64) {
	c.limit.Store(max(c.least, int64(float64(from)*spare)))
	c.calm = 0
}
