package session

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/apigen-go/apigen/templates/project/internal/database"
)

//go:embed 00001_sessions.sql
var migrations embed.FS

// versionTable is where the database has the number of the last migration of this
// package, apart from those of the service.
const versionTable = "http_sessions_version"

// Every sweepEvery-th new session removes up to sweepMost that have expired: more than
// come in between, so that they get fewer whatever happens, at no time of their own.
const (
	sweepEvery = 16
	sweepMost  = 256
)

// Migrate makes the table of sessions, or brings it up to date. It returns the names
// of the migrations it applied.
func Migrate(ctx context.Context, db *database.DB) ([]string, error) {
	return db.MigrateAs(ctx, versionTable, migrations, ".")
}

// Database keeps sessions in the database of the service, in the table that [Migrate]
// makes. It is safe for concurrent use.
type Database struct {
	db      *database.DB
	created atomic.Uint64
}

// NewDatabase returns a store in a database.
func NewDatabase(db *database.DB) *Database { return &Database{db: db} }

// Load implements [Store].
func (s *Database) Load(ctx context.Context, id string) (Record, error) {
	var r Record
	err := s.db.QueryRow(database.Current(ctx), "SELECT user_id, data, version, created_at, expires_at FROM http_sessions WHERE id = $1", id).
		Scan(&r.User, &r.Data, &r.Version, &r.Created, &r.Expires)
	if errors.Is(err, database.ErrNotFound) {
		return Record{}, ErrNone
	}
	return r, err
}

// Create implements [Store].
func (s *Database) Create(ctx context.Context, id string, r Record) error {
	_, err := s.db.Exec(ctx, "INSERT INTO http_sessions (id, user_id, data, version, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)",
		id, r.User, r.Data, r.Version, r.Created, r.Expires)
	if err != nil || s.created.Add(1)%sweepEvery != 0 {
		return err
	}
	// The new session is there, whatever becomes of the old ones.
	_, _ = s.db.Exec(ctx, fmt.Sprintf("DELETE FROM http_sessions WHERE id IN (SELECT id FROM http_sessions WHERE expires_at < $1 LIMIT %d)", sweepMost), time.Now())
	return nil
}

// Replace implements [Store].
func (s *Database) Replace(ctx context.Context, id string, r Record) (bool, error) {
	n, err := s.db.Exec(ctx, "UPDATE http_sessions SET data = $1, version = version + 1, expires_at = $2 WHERE id = $3 AND version = $4",
		r.Data, r.Expires, id, r.Version)
	return n == 1, err
}

// Touch implements [Store].
func (s *Database) Touch(ctx context.Context, id, _ string, expires time.Time) error {
	_, err := s.db.Exec(ctx, "UPDATE http_sessions SET expires_at = $1 WHERE id = $2", expires, id)
	return err
}

// Delete implements [Store].
func (s *Database) Delete(ctx context.Context, id, _ string) error {
	_, err := s.db.Exec(ctx, "DELETE FROM http_sessions WHERE id = $1", id)
	return err
}

// DeleteUser implements [Store].
func (s *Database) DeleteUser(ctx context.Context, user string) error {
	_, err := s.db.Exec(ctx, "DELETE FROM http_sessions WHERE user_id = $1", user)
	return err
}
