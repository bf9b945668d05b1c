package database

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// While connecting fails, one try follows the other this much later.
const (
	firstPause   = 50 * time.Millisecond
	longestPause = 200 * time.Millisecond
)

// errPaused is the error of a query that would have needed a new connection right after
// another one has failed to get it.
var errPaused = errors.New("connecting failed a moment ago")

// pace has one query at a time find out that no connection can be made, not all that
// wait. PostgreSQL starts a process for a client before it refuses it, and a server that
// recovers, or is a replica about to become the primary, has better things to do. It is
// safe for concurrent use.
type pace struct {
	mu    sync.Mutex
	err   error // of the last try; nil: it succeeded
	pause time.Duration
	next  time.Time
}

// begin returns an error if it is too early for another try. It is the BeforeConnect of
// a pool.
func (p *pace) begin(context.Context, *pgx.ConnConfig) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err == nil {
		return nil
	}
	now := time.Now()
	if now.Before(p.next) {
		return fmt.Errorf("%w: %w", errPaused, p.err)
	}
	p.next = now.Add(p.pause)
	return nil
}

// failed notes what came of the wish for a connection.
func (p *pace) failed(err error) {
	if _, ok := errors.AsType[*pgconn.ConnectError](err); !ok || ended(err) || errors.Is(err, errPaused) {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.err, p.pause = err, max(firstPause, min(2*p.pause, longestPause))
	p.next = time.Now().Add(p.pause)
}

// ended reports whether somebody ended the connection while it was made, which says
// nothing of the next one.
func ended(err error) bool {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code == "57P01"
	}
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET)
}

// succeeded notes that a connection was made.
func (p *pace) succeeded() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.err, p.pause = nil, 0
}
