package database_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"example.com/library/internal/database"
)

// Fifty at once read what all of them write: in each round of tries one commits.
func TestConflictsOfManyAllCommit(t *testing.T) {
	onPostgres(t, func(t *testing.T, cfg database.Config, admin *pgx.Conn) {
		const many = 50
		cfg.URL += "&default_transaction_isolation=serializable"
		cfg.MaxConns, cfg.AcquireTimeout = 20, 20*time.Second
		must(t, admin, `CREATE TABLE counters (name TEXT PRIMARY KEY, n INT); INSERT INTO counters VALUES ('a', 0), ('b', 0)`)
		db := open(t, cfg)
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		var group sync.WaitGroup
		for range many {
			group.Go(func() {
				err := db.InTx(ctx, func(ctx context.Context) error {
					var n int
					if err := db.QueryRow(ctx, `SELECT SUM(n) FROM counters, pg_sleep(0.005)`).Scan(&n); err != nil {
						return err
					}
					_, err := db.Exec(ctx, `UPDATE counters SET n = $1 WHERE name = 'a'`, n+1)
					return err
				})
				if err != nil {
					t.Error(err)
				}
			})
			group.Go(func() { // a statement is a transaction too
				if _, err := db.Exec(ctx, `UPDATE counters SET n = n + 0 WHERE name = 'a'`); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		var n int
		if err := db.QueryRow(t.Context(), `SELECT n FROM counters WHERE name = 'a'`).Scan(&n); err != nil || n != many {
			t.Errorf("counted to %d, error %v; want %d", n, err, many)
		}
		if db.Stats().Retries == 0 {
			t.Error("nothing was in conflict")
		}
		t.Logf("%d transactions and %d statements, %d tries more", many, many, db.Stats().Retries)
	})
}

// A deadlock ends one of the two, which is done again.
func TestDeadlocksAreUndone(t *testing.T) {
	onPostgres(t, func(t *testing.T, cfg database.Config, admin *pgx.Conn) {
		cfg.URL += "&deadlock_timeout=50ms"
		must(t, admin, `CREATE TABLE counters (name TEXT PRIMARY KEY, n INT); INSERT INTO counters VALUES ('a', 0), ('b', 0)`)
		db := open(t, cfg)
		var group sync.WaitGroup
		var both sync.WaitGroup // has each hold a row before it wants the other
		both.Add(2)
		for _, order := range [][2]string{{"a", "b"}, {"b", "a"}} {
			group.Go(func() {
				first := true
				err := db.InTx(t.Context(), func(ctx context.Context) error {
					const add = `UPDATE counters SET n = n + 1 WHERE name = $1`
					_, err := db.Exec(ctx, add, order[0])
					if first {
						first = false
						both.Done()
						both.Wait()
					}
					_, err2 := db.Exec(ctx, add, order[1])
					return errors.Join(err, err2)
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		var n int
		if err := db.QueryRow(t.Context(), `SELECT SUM(n) FROM counters`).Scan(&n); err != nil || n != 4 || db.Stats().Retries == 0 {
			t.Errorf("counted to %d, error %v, %d tries more; want 4 and some", n, err, db.Stats().Retries)
		}
	})
}
