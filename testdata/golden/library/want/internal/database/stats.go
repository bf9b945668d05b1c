package database

import "time"

// Stats is what a pool does now and has done since it was opened.
type Stats struct {
	MaxConns int // connections at most
	InUse    int // connections that run a statement or a transaction
	Idle     int // connections that wait for one
	Waiting  int // calls that wait for a connection

	AcquireTimeouts int64 // calls that got no connection in time
	Refused         int64 // calls that did not wait because too many did
	NewConns        int64 // connections made, or tried to; SQLite does not count them
	LostConns       int64 // connections that broke under a statement
	Retries         int64 // statements and transactions that were tried again
}

// Replica is what is known of a server that is read from.
type Replica struct {
	Name  string        // HOST:PORT
	Lag   time.Duration // by which it is behind
	Known bool          // something can be said about that
}

// Replicas returns the servers to read from. It is cheap, and safe to call at any time.
func (db *DB) Replicas() []Replica {
	r, ok := db.engine.(*replicated)
	if !ok {
		return nil
	}
	var out []Replica
	for _, rep := range r.replicas {
		out = append(out, rep.behind(time.Now()))
	}
	return out
}

// Stats returns the numbers of this moment. It is cheap, and safe to call at any
// time.
func (db *DB) Stats() Stats {
	s := db.engine.stats()
	s.Retries = db.retries.Load()
	return s
}
