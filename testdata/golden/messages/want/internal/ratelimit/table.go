package ratelimit

import "sync"

// The table is built like the cache of a processor: a key can be in the few places
// of one set only. So its memory has a bound, nothing is ever swept, and a full set
// forgets the key that has used least of its quota. Keys are hashes of 64 bits with
// a secret seed.
const (
	ways = 8       // places of a key
	sets = 1 << 15 // with ways: 262 144 keys, 38 MB when all are in use
)

// table counts for many keys in memory of this process. It is safe for concurrent use.
type table struct {
	locks [256]sync.Mutex // one for every 256th set
	sets  []*set          // made when they are needed
}

type set struct {
	keys    [ways]uint64 // 0: the place is free
	windows [ways]window
}

func newTable() *table { return &table{sets: make([]*set, sets)} }

// take counts a request of a key, see [window.take].
func (t *table) take(key uint64, now, size int64, limit int) verdict {
	lock, place := t.find(key)
	lock.Lock()
	defer lock.Unlock()
	if *place == nil {
		*place = new(set)
	}
	s := *place
	for i, k := range s.keys {
		if k == key {
			return s.windows[i].take(now, size, limit)
		}
	}
	i := s.victim(now)
	s.keys[i], s.windows[i] = key, window{}
	return s.windows[i].take(now, size, limit)
}

// giveBack takes back a request of a key, see [window.giveBack].
func (t *table) giveBack(key uint64, now, size, at int64) {
	lock, place := t.find(key)
	lock.Lock()
	defer lock.Unlock()
	s := *place // there is one: a request of the key was counted
	for i, k := range s.keys {
		if k == key {
			s.windows[i].giveBack(now, size, at)
		}
	}
}

// find returns the set of a key and the lock that guards it.
func (t *table) find(key uint64) (*sync.Mutex, **set) {
	i := key >> 16 % sets
	return &t.locks[i%uint64(len(t.locks))], &t.sets[i]
}

// victim returns the place for a new key: one that is free or whose requests have
// all expired, or else that of the key with the fewest requests, the oldest of those.
func (s *set) victim(now int64) int {
	best, least := 0, int(^uint(0)>>1)
	for i := range s.keys {
		w := &s.windows[i]
		if s.keys[i] == 0 || w.until <= now {
			return i
		}
		if used := w.used(); used < least || used == least && w.until < s.windows[best].until {
			best, least = i, used
		}
	}
	return best
}
