package session

import (
	"container/list"
	"context"
	"sync"
	"time"
)

const (
	memoryBytes = 64 << 20 // that all sessions may take
	memoryOfOne = 512      // that one takes beside its texts, about
	memorySweep = 2        // sessions looked at for each new one, whether they have expired
)

// Memory keeps sessions in this process, up to 64 MiB of them: a new one then takes
// the place of the one that was used longest ago. It is safe for concurrent use.
type Memory struct {
	mu    sync.Mutex
	all   map[string]*list.Element // of *remembered
	used  *list.List               // the one used last in front
	bytes int
	most  int
}

type remembered struct {
	id string
	Record
}

func (r *remembered) bytes() int { return memoryOfOne + len(r.User) + len(r.Data) }

// NewMemory returns an empty store.
func NewMemory() *Memory {
	return &Memory{all: map[string]*list.Element{}, used: list.New(), most: memoryBytes}
}

// get returns the session with an id, nil when there is none.
func (m *Memory) get(id string) *remembered {
	e := m.all[id]
	if e == nil {
		return nil
	}
	m.used.MoveToFront(e)
	return e.Value.(*remembered)
}

func (m *Memory) remove(e *list.Element) {
	r := m.used.Remove(e).(*remembered)
	delete(m.all, r.id)
	m.bytes -= r.bytes()
}

// Load implements [Store].
func (m *Memory) Load(_ context.Context, id string) (Record, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if r := m.get(id); r != nil {
		return r.Record, nil
	}
	return Record{}, ErrNone
}

// Create implements [Store].
func (m *Memory) Create(_ context.Context, id string, r Record) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	one := &remembered{id, r}
	m.all[id] = m.used.PushFront(one)
	m.bytes += one.bytes()
	now := time.Now()
	for range memorySweep {
		if last := m.used.Back(); last != m.all[id] && last.Value.(*remembered).Expires.Before(now) {
			m.remove(last)
		}
	}
	m.shrink()
	return nil
}

// shrink makes room, but for the session that was used last.
func (m *Memory) shrink() {
	for m.bytes > m.most && m.used.Len() > 1 {
		m.remove(m.used.Back())
	}
}

// Replace implements [Store].
func (m *Memory) Replace(_ context.Context, id string, r Record) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	one := m.get(id)
	if one == nil || one.Version != r.Version {
		return false, nil
	}
	m.bytes += len(r.Data) - len(one.Data)
	one.Data, one.Expires = r.Data, r.Expires
	one.Version++
	m.shrink()
	return true, nil
}

// Touch implements [Store].
func (m *Memory) Touch(_ context.Context, id, _ string, expires time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if r := m.get(id); r != nil {
		r.Expires = expires
	}
	return nil
}

// Delete implements [Store].
func (m *Memory) Delete(_ context.Context, id, _ string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e := m.all[id]; e != nil {
		m.remove(e)
	}
	return nil
}

// DeleteUser implements [Store]. It looks at every session.
func (m *Memory) DeleteUser(_ context.Context, user string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range m.all {
		if e.Value.(*remembered).User == user {
			m.remove(e)
		}
	}
	return nil
}
