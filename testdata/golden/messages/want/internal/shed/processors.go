package shed

import (
	"runtime"
	"sync/atomic"
	"time"
)

// processors limits how many requests are in the service at the same time, by how
// long a request waits for a processor when it comes in. While that is short, as
// many are let in as like.
type processors struct {
	inside atomic.Int64
	limit  atomic.Int64
	least  int64
	cpus   int

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

	// Processors have too much to do when requests wait for longer than cpuWait
	// and more than cpuQueue of them for each processor.
	cpuWait  = 3 * time.Millisecond
	cpuQueue = 2

	leastPerCPU = 6 // requests that are let in whatever happens
	leastAtAll  = 16
	cpuFirst    = 1 << 10
	cpuMost     = 1 << 20
)

func (c *processors) init(cpus int) {
	c.cpus = cpus
	c.least = int64(min(leastPerCPU*c.cpus, leastAtAll))
	c.limit.Store(cpuFirst)
}

// enter counts a request and reports whether there is room for it.
func (c *processors) enter(p Priority) bool {
	n, limit := c.inside.Add(1), c.limit.Load()
	if n > c.peak.Load() {
		c.peak.Store(n) // two at a time may lose one: it is a measure, no count
	}
	switch p {
	case Critical:
		limit *= 2
	case Low:
		limit /= 2
	}
	return n <= limit
}

func (c *processors) leave() { c.inside.Add(-1) }

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
	// Without requests that wait, the quotients are infinite.
	sum, count := float64(c.sum.Swap(0)), float64(c.count.Swap(0))
	spare := max(float64(cpuWait)*count/sum, float64(cpuQueue*c.cpus)*float64(passed)/sum)
	peak, limit := float64(c.peak.Swap(c.inside.Load())), float64(c.limit.Load())
	switch {
	case spare < 1:
		c.limit.Store(max(c.least, int64(min(limit, peak)*spare)))
	case spare > 5./4 && peak >= limit/2:
		c.limit.Store(int64(min(limit*5/4+1, cpuMost)))
	}
}
