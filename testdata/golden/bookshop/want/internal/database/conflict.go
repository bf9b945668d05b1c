package database

import (
	"math/rand/v2"
	"time"
)

// What the database has undone, and asks to have again, is done again more often than
// what failed otherwise: each time at least one of those that were in each other's
// way has got through. That is 4 s or so, unless the time of the request ends it
// before: the waits are random and up to 10, 20, 40 … 320 ms.
const (
	maxConflicts = 30
	mostDoubled  = 5
)

// triesFor returns how often at most work is tried that failed with err.
func triesFor(err error) int {
	if undone(err) {
		return maxConflicts
	}
	return maxTries
}

// pause returns how long to wait before the next try: a random time, because those
// that were in each other's way would meet again.
func pause(try int) time.Duration { return rand.N(firstWait << min(try, mostDoubled)) }
