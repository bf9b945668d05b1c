package auth

import (
	"net/http"
	"sync"
	"time"

	"example.com/messages/internal/problem"
)

// maxMemory is how many credentials are remembered. A token with claims takes about
// 3 KB.
const maxMemory = 4096

// memory remembers credentials that were found good, by a hash of them, because it
// costs much more to check them. It is safe for concurrent use.
type memory struct {
	mu      sync.RWMutex
	entries map[[32]byte]remembered
}

type remembered struct {
	principal *Principal
	until     time.Time
	by        any // what the credential was checked with: it is good as long as that is in use
}

func newMemory() *memory { return &memory{entries: map[[32]byte]remembered{}} }

// get returns whose credential it is, nil when it was not found good by the same
// or its time is over.
func (m *memory) get(hash [32]byte, now time.Time, by any) *Principal {
	m.mu.RLock()
	e, ok := m.entries[hash]
	m.mu.RUnlock()
	if !ok || e.by != by || !now.Before(e.until) {
		return nil
	}
	return e.principal
}

// put remembers a credential. When there are too many, those of a sample whose time
// is over make room, or any one.
func (m *memory) put(hash [32]byte, p *Principal, now, until time.Time, by any) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.entries) >= maxMemory {
		m.makeRoom(now, by)
	}
	m.entries[hash] = remembered{p, until, by}
}

func (m *memory) makeRoom(now time.Time, by any) {
	const sample = 16
	n := 0
	for hash, e := range m.entries {
		if n == 0 || e.by != by || !now.Before(e.until) {
			delete(m.entries, hash)
		}
		if n++; n == sample {
			return
		}
	}
}

// unavailable is the answer while nobody can tell whether credentials are right.
func unavailable(seconds int) error {
	p := problem.New(http.StatusServiceUnavailable, "credentials cannot be checked at the moment")
	p.RetryAfter = seconds
	return p
}
