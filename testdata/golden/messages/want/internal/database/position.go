package database

import (
	"hash/maphash"
	"sync"
	"time"
)

// position is a place in the write-ahead log of the primary, what PostgreSQL calls
// an LSN. 0 is before everything.
type position uint64

// unknown stands for a write whose place could not be found out: no replica has it.
const unknown = ^position(0)

// mostPositions bounds the clients that one of the two maps holds.
const mostPositions = 100_000

// positions remembers where in the log each client's last write is. It never
// forgets a write and never grows: what is old goes into the floor, which holds for
// every client. It is safe for concurrent use.
type positions struct {
	mu       sync.Mutex
	seed     maphash.Seed
	span     time.Duration // that the new map is filled
	new, old map[uint64]position
	turned   time.Time // when new was made
	floor    position  // what every client has to see
}

// newPositions returns a table that tells clients apart for span at least, unless
// there are too many.
func newPositions(span time.Duration) *positions {
	return &positions{seed: maphash.MakeSeed(), span: span, new: map[uint64]position{}, turned: time.Now()}
}

// note remembers a write of a client.
func (p *positions) note(client string, at position) {
	key := maphash.String(p.seed, client)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.turn(time.Now())
	p.new[key] = max(p.new[key], at)
}

// get returns what a client has to see.
func (p *positions) get(client string) position {
	key := maphash.String(p.seed, client)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.turn(time.Now())
	return max(p.new[key], p.old[key], p.floor)
}

// turn empties the older map when the newer one is old or full. By then a replica
// that is read from has what the floor is raised to.
func (p *positions) turn(now time.Time) {
	if now.Sub(p.turned) < p.span && len(p.new) < mostPositions {
		return
	}
	for _, at := range p.old {
		if at != unknown {
			p.floor = max(p.floor, at)
		}
	}
	p.old, p.new, p.turned = p.new, map[uint64]position{}, now
}

// raise has every client see the log up to a position.
func (p *positions) raise(at position) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.floor = max(p.floor, at)
}

// restart forgets everything: the log goes on from another position, because a
// replica that had not got all of it became the primary.
func (p *positions) restart(at position) {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.new)
	clear(p.old)
	p.floor = at
}

// history is where the log of the primary ended at which time. Replicas are
// measured by it, so no clock but this machine's matters, and a primary without
// writes does not make its replicas look late. It is safe for concurrent use.
type history struct {
	mu      sync.Mutex
	keep    time.Duration
	samples []sample // oldest first, no two with the same position
	silent  bool     // the primary did not answer when it was asked last
}

type sample struct {
	at   position
	time time.Time // before the primary was asked
}

// add notes an answer of the primary. It returns false when the log is shorter than
// it was.
func (h *history) add(s sample) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.silent = false
	n := len(h.samples)
	if n > 0 && s.at < h.samples[n-1].at {
		h.samples = append(h.samples[:0], s)
		return false
	}
	if n > 0 && s.at == h.samples[n-1].at {
		h.samples[n-1].time = s.time
		return true
	}
	old := 0
	for old < n-1 && s.time.Sub(h.samples[old].time) > h.keep {
		old++
	}
	h.samples = append(h.samples[old:], s)
	return true
}

// lose notes that the primary does not answer.
func (h *history) lose() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.silent = true
}

// lag returns how old the state of a replica is at most that has got to a position,
// and false when that is not known. While the primary does not answer, a replica
// that has everything that is known of is not late.
func (h *history) lag(at position, now time.Time) (time.Duration, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := len(h.samples) - 1; i >= 0; i-- {
		s := h.samples[i]
		switch {
		case s.at > at:
		case h.silent && i == len(h.samples)-1:
			return 0, true
		default:
			return now.Sub(s.time), true
		}
	}
	if len(h.samples) == 0 {
		return 0, false
	}
	least := now.Sub(h.samples[0].time)
	return least, least > h.keep
}
