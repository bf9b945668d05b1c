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
	calm     time.Duration // since somebody was refused, only for who ends a window
	late     int           // windows since the begin of overload, likewise

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
	n, limit := c.join(p), c.limit.Load()
	if n > c.peak.Load() {
		c.peak.Store(n) // two at a time may lose one: it is a measure, no count
	}
	switch p {
	case Critical:
		n, limit = c.critical.Load(), max(2*limit, c.grace.Load())
	case Low:
		limit /= 2
	}
	if n > limit {
		c.refused.Add(1)
	}
	return n <= limit
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
	sum, count := time.Duration(c.sum.Swap(0)), c.count.Swap(0)
	peak, limit := c.peak.Swap(c.inside.Load()), c.limit.Load()
	if c.calm += passed; c.refused.Swap(0) > 0 {
		c.calm = 0
	}
	if c.late++; c.late > graceWindows {
		c.grace.Store(0)
	}
	// Without requests that wait, the quotients are infinite.
	spare := max(float64(cpuWait)*float64(count)/float64(sum), float64(cpuQueue*c.cpus)*float64(passed)/float64(sum))
	switch {
	case limit == cpuMost && (sum < patience*time.Duration(count) || sum < passed*time.Duration(longQueue*c.cpus)):
	case spare < 1:
		if limit == cpuMost {
			c.late = 0
			c.grace.Store(peak)
		}
		c.limit.Store(max(c.least, int64(float64(min(limit, peak))*spare)))
		c.calm = 0
	case c.calm >= calmTime:
		c.limit.Store(cpuMost)
	case spare > 5./4 && peak >= limit/2:
		c.limit.Store(min(limit*5/4+1, cpuMost))
	}
}
