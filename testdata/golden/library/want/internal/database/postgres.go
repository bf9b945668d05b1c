package database

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// postgres is a pool of native pgx connections.
type postgres struct {
	pool *pgxpool.Pool
	gate *gate
	pace pace

	patience   time.Duration // with a new connection
	mode       pgx.QueryExecMode
	kind       atomic.Int32 // what stands in front, see [kindUnknown]
	roleLimit  atomic.Int64 // statement_timeout of the role in ms, 0 is none
	generation atomic.Int64 // counts how often all connections were given up
	lost       atomic.Int64
	progress   progress
}

// How often idle connections are looked at. That is what closes them, so it has to
// come more often than they may be idle; pgxpool's own default is a minute.
const (
	leastHealthCheck = time.Second
	mostHealthCheck  = 10 * time.Second
)

func openPostgres(ctx context.Context, cfg Config) (*postgres, error) {
	pc, err := pgxpool.ParseConfig(cfg.URL)
	if err != nil {
		return nil, err
	}
	pc.MaxConns = int32(cfg.MaxConns)
	pc.MaxConnIdleTime = cfg.IdleTimeout
	pc.HealthCheckPeriod = max(min(cfg.IdleTimeout/3, mostHealthCheck), leastHealthCheck)
	if cfg.MaxLifetime > 0 {
		pc.MaxConnLifetime = cfg.MaxLifetime
	}
	pc.MaxConnLifetimeJitter = pc.MaxConnLifetime / 10
	// Several connections that are dead without a sign have to be found out while
	// one query waits for its connection.
	pc.PingTimeout = min(cfg.ConnectTimeout, cfg.AcquireTimeout/4)
	pc.ConnConfig.ConnectTimeout = cfg.ConnectTimeout
	p := &postgres{gate: newGate(cfg), patience: cfg.ConnectTimeout}
	p.setPooler(cfg.Pooler, pc.ConnConfig)
	pc.BeforeConnect = p.pace.begin
	pc.AfterConnect = p.greet
	if !cfg.replica {
		followPrimary(pc, func() { p.pool.Reset() })
	}
	if p.pool, err = pgxpool.NewWithConfig(ctx, pc); err != nil {
		return nil, err
	}
	return p, nil
}

func (p *postgres) dialect() Dialect { return PostgreSQL }

func (p *postgres) conn(ctx context.Context, _ bool) (conn, error) {
	c, err := p.acquire(ctx)
	if err != nil {
		return nil, err
	}
	return &postgresConn{c, c, p, ctx}, nil
}

func (p *postgres) begin(ctx context.Context) (tx, error) {
	c, err := p.acquire(ctx)
	if err != nil {
		return nil, err
	}
	t, err := c.Begin(ctx)
	if err != nil {
		p.release(ctx, c)
		return nil, translate(err)
	}
	return &postgresTx{postgresConn{t, c, p, ctx}, t}, nil
}

// acquire returns a connection whose statements end with ctx.
func (p *postgres) acquire(ctx context.Context) (*pgxpool.Conn, error) {
	c, err := acquire(ctx, p.gate, func(ctx context.Context) (*pgxpool.Conn, error) {
		c, err := p.pool.Acquire(ctx)
		p.pace.failed(err)
		return c, err
	})
	if err != nil {
		return nil, err
	}
	if err := p.limit(ctx, c.Conn()); err != nil {
		p.release(ctx, c)
		return nil, translate(err)
	}
	return c, nil
}

// release gives a connection back. One that broke, and not because its time ran
// out, is a sign that others did too: a server that restarts or a network that
// resets breaks all. So all that were made before that are given up, once; those in
// use when they are free.
func (p *postgres) release(ctx context.Context, c *pgxpool.Conn) {
	if c.Conn().IsClosed() && ctx.Err() == nil {
		p.lost.Add(1)
		if g := sessionOf(c.Conn()).generation; p.generation.CompareAndSwap(g, g+1) {
			p.pool.Reset()
		}
	}
	c.Release()
}

// pingTime is how long a ping waits for a connection.
const pingTime = time.Second

func (p *postgres) ping(ctx context.Context) error {
	if !p.full() {
		limited, cancel := context.WithTimeout(ctx, pingTime)
		defer cancel()
		if err := p.pool.Ping(limited); err == nil || !p.full() {
			return translate(err)
		}
	}
	return p.progress.since(p.pool.Stat().AcquireCount(), time.Now())
}

func (p *postgres) full() bool {
	s := p.pool.Stat()
	return s.AcquiredConns()+s.ConstructingConns() >= s.MaxConns()
}

func (p *postgres) stats() Stats {
	s := p.pool.Stat()
	out := Stats{
		MaxConns: int(s.MaxConns()), InUse: int(s.AcquiredConns()), Idle: int(s.IdleConns()),
		NewConns: s.NewConnsCount(), LostConns: p.lost.Load(),
	}
	p.gate.addTo(&out)
	return out
}

// closeTime bounds how long the stop waits for connections in use.
const closeTime = 3 * time.Second

// close does not wait for ever: rows that nobody closed would keep the process.
func (p *postgres) close() error {
	done := make(chan struct{})
	go func() {
		p.pool.Close()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-time.After(closeTime):
		return fmt.Errorf("close database: connections in use after %s: %d", closeTime, p.pool.Stat().AcquiredConns())
	}
}

// pgxQuerier is what a connection and a transaction share.
type pgxQuerier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

type postgresConn struct {
	pgxQuerier
	pooled *pgxpool.Conn
	pool   *postgres
	ctx    context.Context // whose end may break the connection
}

func (c *postgresConn) query(ctx context.Context, sql string, args []any) (cursor, error) {
	rows, err := c.Query(ctx, sql, c.pool.withMode(args)...)
	if err != nil {
		return nil, translate(err)
	}
	return postgresRows{rows}, nil
}

func (c *postgresConn) exec(ctx context.Context, sql string, args []any) (int64, error) {
	rows, err := c.Query(ctx, sql, c.pool.withMode(args)...)
	if err != nil {
		return 0, translate(err)
	}
	rows.Close()
	return rows.CommandTag().RowsAffected(), translate(rows.Err())
}

func (c *postgresConn) target(dest any) any { return dateTarget(dest) }

func (c *postgresConn) release() { c.pool.release(c.ctx, c.pooled) }

// postgresRows closes without an error of its own: pgx reports it through Err.
type postgresRows struct{ pgx.Rows }

func (r postgresRows) close() error {
	r.Close()
	return nil
}

type postgresTx struct {
	postgresConn
	tx pgx.Tx
}

func (t *postgresTx) commit(ctx context.Context) error {
	if err := t.tx.Commit(ctx); err != nil {
		return translate(fmt.Errorf("commit: %w", err))
	}
	return nil
}

// rollback does nothing after a commit. The request may be over; the connection has
// to be usable all the same. But an answer that is late already does not wait for a
// server that is silent: a connection that fails here is closed, which undoes the
// transaction too.
func (t *postgresTx) rollback() {
	wait := time.Second
	if end, ok := t.ctx.Deadline(); ok {
		wait = max(min(wait, time.Until(end)), 50*time.Millisecond)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.ctx), wait)
	defer cancel()
	_ = t.tx.Rollback(ctx)
	t.release()
}
