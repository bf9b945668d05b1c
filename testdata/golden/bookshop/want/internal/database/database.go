// Package database runs SQL on PostgreSQL or SQLite through one small API.
//
// The same statement text serves both engines: parameters are $1, $2, … in the
// order of their first use, and RETURNING and ON CONFLICT are there. Arguments
// and scan targets may be strings, bools, integers, floats, []byte, time.Time,
// codec.Date, types derived from those, pointers to all of them (nil is NULL) and
// [JSON] columns.
//
// Reads go through [DB.Query] and [DB.QueryRow], writes through [DB.Exec] and
// [DB.WriteRow]. The difference matters: SQLite has many readers and one writer,
// and a write sent through a read method fails there. PostgreSQL may have replicas
// beside its primary, which reads go to, see [Config] and [DB.ReadYourWrites].
package database

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"
)

// Config says which database to use and how many connections to keep.
type Config struct {
	URL            string        // postgres://…, postgresql://…, sqlite:FILE or file:FILE
	MaxConns       int           // connections at most; on SQLite readers beside the one writer
	IdleTimeout    time.Duration // how long an unused connection is kept
	ConnectTimeout time.Duration // how long making a connection may take
	AcquireTimeout time.Duration // how long a query waits for a free connection
	MaxLifetime    time.Duration // how old a connection to PostgreSQL gets, and up to a tenth more; 0 is an hour
	Pooler         Pooler        // whether a pooler stands in front of PostgreSQL; "" is PoolerAuto

	ReplicaURLs   []string      // of PostgreSQL servers that follow the first one, to read from
	ReplicaMaxLag time.Duration // how far behind a replica may be that is read from, 1s at least
	ReplicaCheck  time.Duration // between two looks at a server, and how long a look may take
	Positions     Positions     // what instances tell each other about writes, nil: nothing
	Log           *slog.Logger  // gets a line when a replica comes or goes; nil: nobody does

	// Observe is called before each statement with its context and text, and what it returns
	// with the error at its end, when its last row is read. Nil: nobody looks.
	Observe func(ctx context.Context, sql string) (context.Context, func(error))

	replica bool // the server is one to read from
}

// waitersPerConn bounds the queries that wait for a connection. Past it a query
// fails at once: a longer queue only turns a slow service into a dead one.
const waitersPerConn = 10

// Dialect names the SQL a database speaks.
type Dialect string

// The two engines.
const (
	PostgreSQL Dialect = "postgres"
	SQLite     Dialect = "sqlite"
)

// DB is a pool of connections. It is safe for concurrent use.
type DB struct {
	engine   engine
	retries  atomic.Int64
	retrying atomic.Int64 // callers that wait for another try
	spread   bool         // rows go to servers by the order of their keys
	observe  func(context.Context, string) (context.Context, func(error))
}

// engine is one of the two database systems. Errors are already translated.
type engine interface {
	dialect() Dialect
	// conn waits for a connection; write asks for one that may change data.
	conn(ctx context.Context, write bool) (conn, error)
	begin(ctx context.Context) (tx, error)
	migrate(ctx context.Context, table string, folder fs.FS) ([]string, error)
	ping(ctx context.Context) error
	stats() Stats
	close() error
}

// conn is a connection in use by one statement or one transaction.
type conn interface {
	query(ctx context.Context, sql string, args []any) (cursor, error)
	exec(ctx context.Context, sql string, args []any) (int64, error)
	// target returns what to hand to cursor.scan so that it fills dest.
	target(dest any) any
	// release gives the connection back. On a transaction it does nothing.
	release()
}

// tx is a connection in a transaction.
type tx interface {
	conn
	commit(ctx context.Context) error
	// rollback undoes the transaction and does nothing after commit.
	rollback()
}

// cursor walks over a result.
type cursor interface {
	Next() bool
	Scan(dest ...any) error
	Err() error
	close() error
}

// Open connects to the database that cfg.URL names and checks that it answers.
// A SQLite file is made when it does not exist.
func Open(ctx context.Context, cfg Config) (*DB, error) {
	scheme, _, ok := strings.Cut(cfg.URL, ":")
	if !ok {
		return nil, fmt.Errorf("open database: %q is no URL; write postgres://… or file:NAME.db", cfg.URL)
	}
	if err := cfg.CheckReplicas(); err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	var (
		e   engine
		err error
	)
	switch scheme {
	case "postgres", "postgresql":
		e, err = openPostgres(ctx, cfg)
	case "sqlite", "file":
		e, err = openSQLite(cfg)
	default:
		return nil, fmt.Errorf("open database: unknown scheme %q; use postgres://… or file:NAME.db", scheme)
	}
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	db := &DB{engine: e, observe: cfg.Observe}
	if db.observe == nil {
		db.observe = unobserved
	}
	if err := db.Ping(ctx); err != nil {
		_ = e.close() // the reason why it does not answer is the one to report
		return nil, fmt.Errorf("open database: %w", err)
	}
	p, ok := e.(*postgres)
	if !ok {
		return db, nil
	}
	speaks, err := p.flavour(ctx)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open database: %w", err), e.close())
	}
	db.spread = speaks == spread
	if len(cfg.ReplicaURLs) > 0 {
		if db.engine, err = replicate(ctx, cfg, p); err != nil {
			return nil, errors.Join(fmt.Errorf("open database: %w", err), p.close())
		}
	}
	return db, nil
}

// Close closes every connection. Queries that still run are waited for, on PostgreSQL
// for 3 s: what is in use after that is an error and stays open.
func (db *DB) Close() error { return db.engine.close() }

// Ping reports whether the database answers. A pool that is in full use is not
// asked to answer one more time: it is well as long as its connections come back.
func (db *DB) Ping(ctx context.Context) error { return db.engine.ping(ctx) }

// Dialect returns which engine the database is.
func (db *DB) Dialect() Dialect { return db.engine.dialect() }

// Query runs a statement that reads rows. The caller closes the rows.
func (db *DB) Query(ctx context.Context, sql string, args ...any) (*Rows, error) {
	return db.rows(ctx, false, sql, args)
}

// QueryRow runs a statement that reads one row. Errors, [ErrNotFound] among
// them, come from Scan.
func (db *DB) QueryRow(ctx context.Context, sql string, args ...any) *Row {
	rows, err := db.rows(ctx, false, sql, args)
	return &Row{rows: rows, err: err}
}

// WriteRow runs an INSERT, UPDATE or DELETE with a RETURNING clause that answers
// one row. Errors come from Scan: [ErrNotFound] when no row was written. The
// write is done whether or not Scan is called; call it, it frees the connection.
func (db *DB) WriteRow(ctx context.Context, sql string, args ...any) *Row {
	rows, err := db.rows(ctx, true, sql, args)
	return &Row{rows: rows, err: err}
}

// Exec runs a statement that writes and returns how many rows it touched.
func (db *DB) Exec(ctx context.Context, sql string, args ...any) (int64, error) {
	args, err := bind(args, db.Dialect())
	if err != nil {
		return 0, err
	}
	for try := 0; ; try++ {
		n, sent, err := db.exec(ctx, sql, args)
		if err == nil || !db.again(ctx, try, err, !sent) {
			return n, err
		}
	}
}

// unobserved stands for nobody who looks.
func unobserved(ctx context.Context, _ string) (context.Context, func(error)) {
	return ctx, func(error) {}
}

// exec reports whether it got as far as sending the statement.
func (db *DB) exec(ctx context.Context, sql string, args []any) (n int64, sent bool, err error) {
	c, err := db.conn(ctx, true)
	if err != nil {
		return 0, false, err
	}
	defer c.release()
	ctx, done := db.observe(ctx, sql)
	n, err = c.exec(ctx, sql, args)
	done(err)
	return n, true, err
}

// InTx runs fn in a transaction, which is committed when fn returns nil and
// rolled back when it returns an error or panics. Every call that gets the ctx
// fn was given is part of the transaction; so is a nested InTx. Only one
// goroutine may use that ctx at a time.
//
// fn runs again, in a new transaction, when the database asks for that after a
// serialization failure or a deadlock, and when the connection breaks before the
// commit was sent. What fn does besides has to bear that.
func (db *DB) InTx(ctx context.Context, fn func(ctx context.Context) error) error {
	if ctx.Value(txKey{db}) != nil {
		return fn(ctx)
	}
	for try := 0; ; try++ {
		sent, err := db.inTx(ctx, fn)
		if err == nil || !db.again(ctx, try, err, !sent) {
			return err
		}
	}
}

// inTx reports whether it got as far as sending the commit.
func (db *DB) inTx(ctx context.Context, fn func(ctx context.Context) error) (sent bool, err error) {
	t, err := db.engine.begin(ctx)
	if err != nil {
		return false, err
	}
	defer t.rollback()
	if err := fn(context.WithValue(ctx, txKey{db}, t)); err != nil {
		return false, err
	}
	return true, t.commit(ctx)
}

// txKey finds the transaction of a database in a context.
type txKey struct{ db *DB }

func (db *DB) conn(ctx context.Context, write bool) (conn, error) {
	if t, ok := ctx.Value(txKey{db}).(tx); ok {
		return inTx{t}, nil
	}
	return db.engine.conn(ctx, write)
}

// inTx is a connection that stays with its transaction.
type inTx struct{ tx }

func (inTx) release() {}

func (db *DB) rows(ctx context.Context, write bool, sql string, args []any) (*Rows, error) {
	args, err := bind(args, db.Dialect())
	if err != nil {
		return nil, err
	}
	rows := &Rows{db: db, ctx: ctx, write: write, sql: sql, args: args}
	if err := rows.run(); err != nil {
		return nil, err
	}
	return rows, nil
}
