package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"modernc.org/sqlite"
)

// sqliteDB is one connection that writes and a pool of connections that read.
// In WAL mode readers and the writer do not wait for each other.
type sqliteDB struct {
	writer, reader      *sql.DB
	writeGate, readGate *gate
	file                string
	migrationDataSource string
}

// migrationPatience is how long migrations wait for those of another process at
// least. No client waits for them.
const migrationPatience = 5 * time.Second

func openSQLite(cfg Config) (*sqliteDB, error) {
	// Another process that holds the lock is waited for like a connection.
	source, err := sqliteSource(cfg.URL, cfg.AcquireTimeout)
	if err != nil {
		return nil, err
	}
	// A transaction that writes takes the lock at once: one that begins to read and
	// then writes could find the data changed and fail with SQLITE_BUSY.
	writing := source + "&_txlock=immediate"
	writer, err := openSQLitePool(writing, 1)
	if err != nil {
		return nil, err
	}
	reader, err := openSQLitePool(source+"&_pragma=query_only(1)", cfg.MaxConns)
	if err != nil {
		return nil, err
	}
	reader.SetConnMaxIdleTime(cfg.IdleTimeout)
	migrating, err := sqliteSource(cfg.URL, max(cfg.AcquireTimeout, migrationPatience))
	if err != nil {
		return nil, err
	}
	return &sqliteDB{
		writer:              writer,
		reader:              reader,
		writeGate:           newGate(cfg),
		readGate:            newGate(cfg),
		file:                strings.TrimPrefix(source[:strings.Index(source, "?")], "file:"),
		migrationDataSource: migrating + "&_txlock=immediate",
	}, nil
}

// sqliteSource turns the URL into the driver's data source name.
func sqliteSource(text string, patience time.Duration) (string, error) {
	scheme, rest, _ := strings.Cut(text, ":")
	file, query, _ := strings.Cut(rest, "?")
	file = strings.TrimPrefix(file, "//")
	if file == "" || strings.Contains(file, ":memory:") || strings.Contains(query, "mode=memory") {
		return "", fmt.Errorf("%q names no file; write file:NAME.db", text)
	}
	if scheme == "sqlite" { // a plain path; after file: it is a URI already
		file = (&url.URL{Path: file}).EscapedPath()
	}
	pragmas := fmt.Sprintf("_pragma=busy_timeout(%d)", max(patience.Milliseconds(), 1)) +
		"&_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)&_pragma=foreign_keys(1)"
	if query != "" {
		pragmas += "&" + query
	}
	return "file:" + file + "?" + pragmas, nil
}

func openSQLitePool(source string, conns int) (*sql.DB, error) {
	connector, err := sqlite.NewConnector(source)
	if err != nil {
		return nil, err
	}
	pool := sql.OpenDB(connector)
	pool.SetMaxOpenConns(conns)
	pool.SetMaxIdleConns(conns)
	return pool, nil
}

func (s *sqliteDB) dialect() Dialect { return SQLite }

func (s *sqliteDB) conn(ctx context.Context, write bool) (conn, error) {
	pool, gate := s.reader, s.readGate
	if write {
		pool, gate = s.writer, s.writeGate
	}
	c, err := acquire(ctx, gate, pool.Conn)
	if err != nil {
		return nil, err
	}
	return &sqliteConn{c, c}, nil
}

func (s *sqliteDB) begin(ctx context.Context) (tx, error) {
	c, err := acquire(ctx, s.writeGate, s.writer.Conn)
	if err != nil {
		return nil, err
	}
	t, err := c.BeginTx(ctx, nil)
	if err != nil {
		return nil, errors.Join(translate(err), c.Close())
	}
	return &sqliteTx{sqliteConn{t, c}, t}, nil
}

func (s *sqliteDB) ping(ctx context.Context) error {
	// The writer goes first: it makes the file and switches it to WAL.
	if err := s.writer.PingContext(ctx); err != nil {
		return fmt.Errorf("%s: %w", s.file, translate(err))
	}
	return translate(s.reader.PingContext(ctx))
}

func (s *sqliteDB) stats() Stats {
	r, w := s.reader.Stats(), s.writer.Stats()
	out := Stats{
		MaxConns: r.MaxOpenConnections + w.MaxOpenConnections, InUse: r.InUse + w.InUse, Idle: r.Idle + w.Idle,
	}
	s.readGate.addTo(&out)
	s.writeGate.addTo(&out)
	return out
}

func (s *sqliteDB) close() error { return errors.Join(s.reader.Close(), s.writer.Close()) }

// sqlQuerier is what a connection and a transaction share.
type sqlQuerier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

type sqliteConn struct {
	sqlQuerier
	pooled *sql.Conn
}

func (c *sqliteConn) query(ctx context.Context, text string, args []any) (cursor, error) {
	return newSQLiteRows(c.QueryContext(ctx, text, args...))
}

func (c *sqliteConn) exec(ctx context.Context, text string, args []any) (int64, error) {
	result, err := c.ExecContext(ctx, text, args...)
	if err != nil {
		return 0, translate(err)
	}
	return result.RowsAffected()
}

func (c *sqliteConn) target(dest any) any {
	switch d := dest.(type) {
	case *time.Time:
		return &target[time.Time]{value: d, parse: parseTime}
	case **time.Time:
		return &target[time.Time]{ptr: d, parse: parseTime}
	case *[]byte:
		return bytesTarget{d}
	}
	return dateTarget(dest)
}

// release cannot fail in a way that matters: the pool drops a broken connection.
func (c *sqliteConn) release() { _ = c.pooled.Close() }

type sqliteRows struct{ *sql.Rows }

func newSQLiteRows(rows *sql.Rows, err error) (cursor, error) {
	if err != nil {
		return nil, translate(err)
	}
	return sqliteRows{rows}, nil
}

func (r sqliteRows) close() error { return r.Close() }

type sqliteTx struct {
	sqliteConn
	tx *sql.Tx
}

func (t *sqliteTx) commit(context.Context) error {
	if err := t.tx.Commit(); err != nil {
		return translate(fmt.Errorf("commit: %w", err))
	}
	return nil
}

// rollback does nothing after a commit, and SQLite undoes what is left of a
// transaction when its connection closes.
func (t *sqliteTx) rollback() {
	_ = t.tx.Rollback()
	t.release()
}
