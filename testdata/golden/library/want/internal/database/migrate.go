package database

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
)

// migrationLock is the key of the PostgreSQL advisory lock that is held while
// migrations run. Any number will do, as long as every instance has the same.
const migrationLock = 7_264_118_001

// Migrate applies the migrations of dir that the database has not seen, in the
// order of their numbers, and returns their file names. Several instances may
// call it at the same moment: one does the work, the others find it done.
//
// Migrations are goose files in PostgreSQL's dialect. For other engines some phrases
// are translated when a file is read: see [sqliteSQL], [citusSQL] and [spreadSQL].
func (db *DB) Migrate(ctx context.Context, fsys fs.FS, dir string) ([]string, error) {
	return db.MigrateAs(ctx, goose.DefaultTablename, fsys, dir)
}

// MigrateAs is Migrate for a package whose migrations have numbers of their own:
// table is where the database keeps the number of the last one.
func (db *DB) MigrateAs(ctx context.Context, table string, fsys fs.FS, dir string) ([]string, error) {
	folder, err := fs.Sub(fsys, dir)
	if err != nil {
		return nil, fmt.Errorf("migrate: %w", err)
	}
	applied, err := db.engine.migrate(ctx, table, folder)
	if err != nil {
		return applied, fmt.Errorf("migrate: %w", err)
	}
	return applied, nil
}

// migrate holds an advisory lock meanwhile, which databases that only speak like
// PostgreSQL do not all have.
func (p *postgres) migrate(ctx context.Context, table string, folder fs.FS) (applied []string, err error) {
	config := p.connConfig()
	speaks, err := p.flavour(ctx)
	if err != nil {
		return nil, err
	}
	if speaks != spread {
		unlock, lockErr := lockMigrations(ctx, config)
		if lockErr != nil {
			return nil, fmt.Errorf("take lock: %w", lockErr)
		}
		defer func() { err = errors.Join(err, unlock()) }()
	}
	pool := stdlib.OpenDB(*config)
	defer func() { err = errors.Join(err, pool.Close()) }()
	provider, err := newProvider(goose.DialectPostgres, pool, table, translated{folder, speaks.sql()})
	if provider == nil {
		return nil, err
	}
	if speaks == spread {
		return race(ctx, provider)
	}
	return up(ctx, provider)
}

// lockPoll is how often an instance asks whether another one has finished.
const lockPoll = 100 * time.Millisecond

// lockMigrations takes the lock in a transaction on a connection of its own and
// returns what ends both. The lock goes with the transaction whatever happens. That
// holds behind a pooler too, where a lock of a session would stay with a server
// process that serves somebody else next. It asks again and again rather than
// waits: connections that wait could be all that a pooler has.
func lockMigrations(ctx context.Context, config *pgx.ConnConfig) (unlock func() error, err error) {
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	unlock = func() error { return conn.Close(context.WithoutCancel(ctx)) }
	for {
		var got bool
		tx, err := conn.Begin(ctx)
		if err == nil {
			// Migrations may take longer than the server lets transactions be idle.
			_, err = tx.Exec(ctx, "SET LOCAL idle_in_transaction_session_timeout = 0")
		}
		if err == nil {
			err = tx.QueryRow(ctx, "SELECT pg_try_advisory_xact_lock($1)", int64(migrationLock)).Scan(&got)
		}
		if err == nil && got {
			return unlock, nil
		}
		if err == nil {
			err = tx.Rollback(ctx)
		}
		if err != nil {
			return nil, errors.Join(err, unlock())
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), unlock())
		case <-time.After(lockPoll):
		}
	}
}

// migrate has no lock to take: on SQLite each migration is one transaction that
// holds the only write lock there is.
func (s *sqliteDB) migrate(ctx context.Context, table string, folder fs.FS) (applied []string, err error) {
	pool, err := openSQLitePool(s.migrationDataSource, 1)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, pool.Close()) }()
	provider, err := newProvider(goose.DialectSQLite3, pool, table, translated{folder, sqliteSQL})
	if provider == nil {
		return nil, err
	}
	return race(ctx, provider)
}

// race applies migrations without a lock. When another process was faster, ours
// fails because its work is done, which shows in the version.
func race(ctx context.Context, provider *goose.Provider) (applied []string, err error) {
	before, err := provider.GetDBVersion(ctx)
	for err == nil {
		var names []string
		names, err = up(ctx, provider)
		applied = append(applied, names...)
		if err == nil {
			break
		}
		after, versionErr := provider.GetDBVersion(ctx)
		if versionErr != nil || after == before {
			break
		}
		before, err = after, nil
	}
	return applied, err
}

// newProvider returns nil when there is nothing to migrate.
func newProvider(dialect goose.Dialect, pool *sql.DB, table string, folder fs.FS) (*goose.Provider, error) {
	provider, err := goose.NewProvider(dialect, pool, folder, goose.WithDisableGlobalRegistry(true), goose.WithTableName(table))
	if errors.Is(err, goose.ErrNoMigrations) {
		return nil, nil
	}
	return provider, err
}

func up(ctx context.Context, provider *goose.Provider) ([]string, error) {
	results, err := provider.Up(ctx)
	names := []string{} // an empty list, not null, in the log
	if partial, ok := errors.AsType[*goose.PartialError](err); ok {
		results = partial.Applied
	}
	for _, r := range results {
		names = append(names, path.Base(r.Source.Path))
	}
	return names, err
}

// translated is a folder whose migrations read as the SQL of another engine.
type translated struct {
	fs.FS
	sql func(text []byte) []byte
}

// Open implements [fs.FS].
func (t translated) Open(name string) (fs.File, error) {
	f, err := t.FS.Open(name)
	if err != nil || path.Ext(name) != ".sql" {
		return f, err
	}
	text, err := io.ReadAll(f)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return translatedFile{f, bytes.NewReader(t.sql(text))}, nil
}

// translatedFile has the name of its file and another content.
type translatedFile struct {
	fs.File
	content *bytes.Reader
}

// Read implements [fs.File].
func (f translatedFile) Read(p []byte) (int, error) { return f.content.Read(p) }
