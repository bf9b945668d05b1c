package database

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5/pgconn"
)

// attempts bounds how often a transaction is run that others get in the way of.
const attempts = 10

// Atomically is [DB.InTx] for a function whose writes depend on what it reads. When
// another transaction changes that in between, the function is run again and sees
// the change; so it must do nothing but use the database. After ten times the error
// is [ErrBusy].
func (db *DB) Atomically(ctx context.Context, fn func(ctx context.Context) error) error {
	if ctx.Value(txKey{db}) != nil {
		return fn(ctx)
	}
	var err error
	for range attempts {
		err = db.InTx(ctx, func(ctx context.Context) error {
			if db.Dialect() == PostgreSQL { // SQLite lets nobody else write meanwhile
				if _, err := db.Exec(ctx, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"); err != nil {
					return err
				}
			}
			return fn(ctx)
		})
		if !overtaken(err) {
			break
		}
	}
	return err
}

// overtaken reports whether a transaction failed because of another one.
func overtaken(err error) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (e.Code == "40001" || e.Code == "40P01")
}
