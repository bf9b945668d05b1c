package auth

import (
	"hash/maphash"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/apigen-go/apigen/templates/project/internal/clientip"
)

// So many passwords may be wrong for a name from one client network in that time.
const (
	maxFailures   = 5
	failureWindow = 15 * time.Minute

	maxThrottled = 65536 // pairs of name and client
)

// throttle counts wrong passwords. It is safe for concurrent use.
type throttle struct {
	seed maphash.Seed

	mu    sync.Mutex
	pairs map[uint64]*failures
}

// failures are the times of the last wrong passwords, the oldest at next.
type failures struct {
	at   [maxFailures]time.Time
	next int
}

// attempt is a password under way. It counts as wrong until it is forgotten, so that
// many at once cannot pass together.
type attempt struct {
	pair uint64
	at   time.Time
}

func newThrottle() *throttle {
	return &throttle{seed: maphash.MakeSeed(), pairs: map[uint64]*failures{}}
}

// begin counts an attempt, or returns how long to wait until there can be one.
func (t *throttle) begin(name string, client netip.Addr, now time.Time) (attempt, time.Duration) {
	var h maphash.Hash
	h.SetSeed(t.seed)
	addr := clientip.Network(client).As16()
	_, _ = h.Write(addr[:]) // never fails
	_, _ = h.WriteString(name)
	pair := h.Sum64()

	t.mu.Lock()
	defer t.mu.Unlock()
	f := t.pairs[pair]
	if f == nil {
		if len(t.pairs) >= maxThrottled {
			t.makeRoom(now)
		}
		f = &failures{}
		t.pairs[pair] = f
	}
	oldest := f.at[f.next]
	if wait := failureWindow - now.Sub(oldest); !oldest.IsZero() && wait > 0 {
		return attempt{}, wait
	}
	f.at[f.next] = now
	f.next = (f.next + 1) % maxFailures
	return attempt{pair, now}, 0
}

// forget takes back an attempt whose password was right.
func (t *throttle) forget(a attempt) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f := t.pairs[a.pair]
	if f == nil {
		return
	}
	slot := slices.IndexFunc(f.at[:], a.at.Equal)
	if slot < 0 {
		return
	}
	// The place becomes the oldest: the times before it move up.
	for ; slot != f.next; slot = before(slot) {
		f.at[slot] = f.at[before(slot)]
	}
	f.at[slot] = time.Time{}
}

func before(slot int) int { return (slot + maxFailures - 1) % maxFailures }

// makeRoom drops pairs of a sample that no longer count, or any one.
func (t *throttle) makeRoom(now time.Time) {
	const sample = 16
	n := 0
	for pair, f := range t.pairs {
		last := f.at[before(f.next)]
		if n == 0 || now.Sub(last) >= failureWindow {
			delete(t.pairs, pair)
		}
		if n++; n == sample {
			return
		}
	}
}
