package session

import "sync/atomic"

// Stats are numbers since the start. A request that asks for its session is in one of
// the first four.
type Stats struct {
	Loaded  int64 // it was there
	None    int64 // there was none, or it has ended
	Refused int64 // a page of another origin sent the request
	Failed  int64 // the store did not answer

	Created int64
	Rotated int64 // got a new id, by a login
	Ended   int64 // by a logout
	Revoked int64 // calls of RevokeUser, which end any number of sessions
}

// counters are Stats while they grow.
type counters struct {
	loaded, none, refused, failed    atomic.Int64
	created, rotated, ended, revoked atomic.Int64
}

// Stats returns the numbers of now.
func (m *Manager) Stats() Stats {
	c := &m.counters
	return Stats{
		Loaded: c.loaded.Load(), None: c.none.Load(), Refused: c.refused.Load(), Failed: c.failed.Load(),
		Created: c.created.Load(), Rotated: c.rotated.Load(), Ended: c.ended.Load(), Revoked: c.revoked.Load(),
	}
}
