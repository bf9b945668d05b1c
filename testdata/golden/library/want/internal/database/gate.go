package database

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

// gate bounds how long and how many callers wait for a connection, which
// neither pgxpool nor database/sql does.
type gate struct {
	timeout  time.Duration
	limit    int64 // callers that may wait at the same time
	waiting  atomic.Int64
	timeouts atomic.Int64 // waits that were too long
	refused  atomic.Int64 // callers beyond the limit
}

func newGate(cfg Config) *gate {
	return &gate{timeout: cfg.AcquireTimeout, limit: int64(cfg.MaxConns) * waitersPerConn}
}

// acquire runs get with the time limit of the gate and returns [ErrBusy] when
// that runs out or too many callers wait already.
func acquire[T any](ctx context.Context, g *gate, get func(context.Context) (T, error)) (T, error) {
	var none T
	defer g.waiting.Add(-1)
	if g.waiting.Add(1) > g.limit {
		g.refused.Add(1)
		return none, fmt.Errorf("%w: %d queries wait for a connection", ErrBusy, g.limit)
	}
	limited, cancel := context.WithTimeout(ctx, g.timeout)
	defer cancel()
	v, err := get(limited)
	switch {
	case err == nil:
		return v, nil
	case ctx.Err() != nil:
		return none, translate(ctx.Err())
	case errors.Is(err, context.DeadlineExceeded):
		g.timeouts.Add(1)
		return none, fmt.Errorf("%w: no connection within %s", ErrBusy, g.timeout)
	}
	return none, translate(err)
}

// addTo adds the numbers of the gate.
func (g *gate) addTo(s *Stats) {
	s.Waiting += int(g.waiting.Load())
	s.AcquireTimeouts += g.timeouts.Load()
	s.Refused += g.refused.Load()
}
