package database

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
)

// postgres is a pool of native pgx connections.
type postgres struct {
	pool *pgxpool.Pool
	gate *gate
}

func openPostgres(ctx context.Context, cfg Config) (*postgres, error) {
	pc, err := pgxpool.ParseConfig(cfg.URL)
	if err != nil {
		return nil, err
	}
	pc.MaxConns = int32(cfg.MaxConns)
	pc.MaxConnIdleTime = cfg.IdleTimeout
	// The check is what closes idle connections, so it has to run more often
	// than they may be idle; pgxpool's own default is a minute.
	pc.HealthCheckPeriod = max(min(cfg.IdleTimeout/2, 15*time.Second), time.Second)
	pc.MaxConnLifetimeJitter = pc.MaxConnLifetime / 10
	pc.PingTimeout = cfg.ConnectTimeout
	pc.ConnConfig.ConnectTimeout = cfg.ConnectTimeout
	pc.AfterConnect = func(_ context.Context, conn *pgx.Conn) error {
		// Times come back in UTC on every machine, as they do from SQLite.
		conn.TypeMap().RegisterType(&pgtype.Type{
			Name:  "timestamptz",
			OID:   pgtype.TimestamptzOID,
			Codec: &pgtype.TimestamptzCodec{ScanLocation: time.UTC},
		})
		return nil
	}
	pool, err := pgxpool.NewWithConfig(ctx, pc)
	if err != nil {
		return nil, err
	}
	return &postgres{pool: pool, gate: newGate(cfg)}, nil
}

func (p *postgres) dialect() Dialect { return PostgreSQL }

func (p *postgres) conn(ctx context.Context, _ bool) (conn, error) {
	c, err := acquire(ctx, p.gate, p.pool.Acquire)
	if err != nil {
		return nil, err
	}
	return &postgresConn{c, c}, nil
}

func (p *postgres) begin(ctx context.Context) (tx, error) {
	c, err := acquire(ctx, p.gate, p.pool.Acquire)
	if err != nil {
		return nil, err
	}
	t, err := c.Begin(ctx)
	if err != nil {
		c.Release()
		return nil, translate(err)
	}
	return &postgresTx{postgresConn{t, c}, t}, nil
}

func (p *postgres) ping(ctx context.Context) error { return translate(p.pool.Ping(ctx)) }

func (p *postgres) close() error {
	p.pool.Close()
	return nil
}

// pgxQuerier is what a connection and a transaction share.
type pgxQuerier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

type postgresConn struct {
	pgxQuerier
	pooled *pgxpool.Conn
}

func (c *postgresConn) query(ctx context.Context, sql string, args []any) (cursor, error) {
	rows, err := c.Query(ctx, sql, args...)
	if err != nil {
		return nil, translate(err)
	}
	return postgresRows{rows}, nil
}

func (c *postgresConn) exec(ctx context.Context, sql string, args []any) (int64, error) {
	rows, err := c.Query(ctx, sql, args...)
	if err != nil {
		return 0, translate(err)
	}
	rows.Close()
	return rows.CommandTag().RowsAffected(), translate(rows.Err())
}

func (c *postgresConn) target(dest any) any { return dateTarget(dest) }

func (c *postgresConn) release() { c.pooled.Release() }

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

func (t *postgresTx) rollback() {
	// The request may be over; the connection has to be usable all the same. After a
	// commit there is nothing to undo, and a connection that fails here is dropped.
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_ = t.tx.Rollback(ctx)
	t.pooled.Release()
}
