package ratelimit

// A window remembers when the requests of the last size milliseconds came, in
// groups: requests that come within a step of each other share one. A group counts
// in full until the last of its requests is size old. So no span of that length
// ever sees more requests than the limit, and what is used up comes back at most a
// step later than it could.

const (
	steps  = 8         // to a window
	groups = steps + 1 // that can count at a time
)

// window is the state of one key. The zero value has seen nothing.
type window struct {
	until int64 // when all of it is forgotten
	first int64 // first request of the newest group
	last  [groups]int64
	n     [groups]uint32
	len   uint32
}

// verdict is what became of a request. Times are in milliseconds.
type verdict struct {
	ok        bool
	remaining int
	reset     int64 // until there is more; when not ok, until a request can pass
	at        int64 // when it was counted, for giveBack
}

// take counts a request at the time now if fewer than limit were counted in the
// size milliseconds before it.
func (w *window) take(now, size int64, limit int) verdict {
	w.expire(now, size)
	used := w.used()
	if used >= limit {
		return verdict{reset: w.wait(used-limit+1) + size - now, at: now}
	}
	newest := int(w.len) - 1
	if step := (size + steps - 1) / steps; newest < 0 || now-w.first >= step {
		newest++
		w.len++
		w.first, w.last[newest], w.n[newest] = now, now, 0
	}
	now = max(now, w.last[newest]) // another request may have been faster
	w.last[newest] = now
	w.n[newest]++
	w.until = now + size
	return verdict{ok: true, remaining: limit - used - 1, reset: w.last[0] + size - now, at: now}
}

// giveBack takes back the request that was counted at the time at, unless it is
// forgotten already.
func (w *window) giveBack(now, size, at int64) {
	if at+size <= now {
		return
	}
	for i := range w.len {
		if w.last[i] < at {
			continue
		}
		if w.n[i] > 0 {
			w.n[i]--
		}
		return
	}
}

// expire forgets the groups that are size old.
func (w *window) expire(now, size int64) {
	gone := uint32(0)
	for gone < w.len && w.last[gone]+size <= now {
		gone++
	}
	if gone == 0 {
		return
	}
	copy(w.last[:], w.last[gone:w.len])
	copy(w.n[:], w.n[gone:w.len])
	w.len -= gone
}

func (w *window) used() int {
	used := 0
	for _, n := range w.n[:w.len] {
		used += int(n)
	}
	return used
}

// wait returns the time of the request whose end makes room for free others.
func (w *window) wait(free int) int64 {
	for i, n := range w.n[:w.len] {
		if free -= int(n); free <= 0 {
			return w.last[i]
		}
	}
	return w.last[max(int(w.len), 1)-1]
}
