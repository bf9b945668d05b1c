package database_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"example.com/bookshop/internal/database"
)

// onPostgres runs the test on PostgreSQL alone, with a connection beside the pool
// for what an administrator would do. It goes on beside other tests.
func onPostgres(t *testing.T, test func(t *testing.T, cfg database.Config, admin *pgx.Conn)) {
	t.Helper()
	t.Parallel()
	cfg := settings
	cfg.URL = schemaURL(t)
	admin, err := pgx.Connect(context.Background(), cfg.URL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = admin.Close(context.Background()) })
	cfg.URL += "&application_name=" + t.Name()
	test(t, cfg, admin)
}

func must(t *testing.T, conn *pgx.Conn, sql string, args ...any) {
	t.Helper()
	if _, err := conn.Exec(context.Background(), sql, args...); err != nil {
		t.Fatal(err)
	}
}

// killPool ends every server process of the pool.
func killPool(t *testing.T, conn *pgx.Conn) {
	t.Helper()
	must(t, conn, `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = $1`, t.Name())
}

// warm makes the pool have all of its connections.
func warm(t *testing.T, db *database.DB, conns int) {
	t.Helper()
	var group sync.WaitGroup
	for range conns {
		group.Go(func() {
			if _, err := db.Exec(context.Background(), `SELECT pg_sleep(0.05)`); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if s := db.Stats(); s.Idle != conns {
		t.Fatalf("%d connections idle, want %d", s.Idle, conns)
	}
}

func TestReadsSurviveDeadConnections(t *testing.T) {
	onPostgres(t, func(t *testing.T, cfg database.Config, admin *pgx.Conn) {
		db := open(t, cfg)
		for round := range 3 {
			warm(t, db, cfg.MaxConns)
			killPool(t, admin)
			var group sync.WaitGroup
			for range 20 {
				group.Go(func() {
					var n int
					if err := db.QueryRow(t.Context(), `SELECT 1`).Scan(&n); err != nil {
						t.Errorf("round %d: %v", round, err)
					}
				})
			}
			group.Wait()
		}
		if s := db.Stats(); s.LostConns == 0 || s.Retries == 0 {
			t.Errorf("nothing was lost: %+v", s)
		}
	})
}

func TestReadsSurviveInTheMiddle(t *testing.T) {
	onPostgres(t, func(t *testing.T, cfg database.Config, admin *pgx.Conn) {
		db := open(t, cfg)
		const most = 1_000_000
		rows, err := db.Query(t.Context(), `SELECT n, repeat('x', 100) FROM generate_series(1, $1::int) n`, most)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		tries, seen := 1, 0
		for {
			seen = 0
			for rows.Next() {
				if seen++; seen == 10 && tries == 1 {
					killPool(t, admin)
				}
			}
			if rows.Err() == nil || !rows.Retry() {
				break
			}
			tries++
		}
		if err := rows.Err(); err != nil || seen != most || tries != 2 {
			t.Errorf("%d rows in %d tries, error %v; want %d in 2", seen, tries, err, most)
		}
	})
}

func TestWritesOfUnknownFateAreNotRepeated(t *testing.T) {
	onPostgres(t, func(t *testing.T, cfg database.Config, admin *pgx.Conn) {
		db := open(t, cfg)
		must(t, admin, `CREATE SEQUENCE calls; CREATE TABLE done (n INT)`)
		write := `INSERT INTO done SELECT nextval('calls') FROM pg_sleep(0.5) RETURNING n`
		var errs [2]error
		var group sync.WaitGroup
		group.Go(func() {
			time.Sleep(200 * time.Millisecond)
			killPool(t, admin)
		})
		group.Go(func() { _, errs[0] = db.Exec(t.Context(), write) })
		group.Go(func() {
			var n int
			errs[1] = db.WriteRow(t.Context(), write).Scan(&n)
		})
		group.Wait()
		for _, err := range errs {
			if !errors.Is(err, database.ErrBusy) {
				t.Errorf("got %v, want %v", err, database.ErrBusy)
			}
		}
		if s := db.Stats(); s.Retries != 0 {
			t.Errorf("%d retries", s.Retries)
		}
	})
}

func TestWritesThatWereNotSentAreRepeated(t *testing.T) {
	onPostgres(t, func(t *testing.T, cfg database.Config, admin *pgx.Conn) {
		must(t, admin, `CREATE TABLE done (n INT)`)
		db := open(t, cfg)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		insert := func(ctx context.Context) error {
			_, err := db.Exec(ctx, `INSERT INTO done VALUES (1)`)
			return err
		}
		for name, write := range map[string]func() error{
			"transaction":              func() error { return db.InTx(t.Context(), insert) },
			"after setting a time out": func() error { return insert(ctx) },
		} {
			warm(t, db, cfg.MaxConns)
			killPool(t, admin)
			if err := write(); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		var n int
		if err := db.QueryRow(t.Context(), `SELECT COUNT(*) FROM done`).Scan(&n); err != nil || n != 2 {
			t.Errorf("%d rows, error %v; want 2", n, err)
		}
	})
}

func TestWhatWasUndoneIsRepeated(t *testing.T) {
	onPostgres(t, func(t *testing.T, cfg database.Config, admin *pgx.Conn) {
		db := open(t, cfg)
		// A sequence keeps counting when the rest is rolled back.
		must(t, admin, `CREATE TABLE done (n INT); CREATE SEQUENCE calls;
CREATE FUNCTION fail(text) RETURNS INT LANGUAGE plpgsql AS $$ BEGIN
	IF nextval('calls') % 3 <> 0 THEN RAISE 'once more' USING ERRCODE = $1; END IF; RETURN 1;
END $$`)
		var n int
		for _, code := range []string{"40001", "40P01"} {
			insert := fmt.Sprintf(`INSERT INTO done SELECT fail('%s') RETURNING n`, code)
			if _, err := db.Exec(t.Context(), insert); err != nil {
				t.Errorf("exec: %v", err)
			}
			if err := db.WriteRow(t.Context(), insert).Scan(&n); err != nil {
				t.Errorf("write row: %v", err)
			}
			if err := db.QueryRow(t.Context(), fmt.Sprintf(`SELECT fail('%s')`, code)).Scan(&n); err != nil {
				t.Errorf("query row: %v", err)
			}
			ran := 0
			err := db.InTx(t.Context(), func(ctx context.Context) error {
				ran++
				_, err := db.Exec(ctx, insert)
				return err
			})
			if err != nil || ran != 3 {
				t.Errorf("transaction: ran %d times, error %v", ran, err)
			}
		}
		if err := db.QueryRow(t.Context(), `SELECT COUNT(*) FROM done`).Scan(&n); err != nil || n != 6 {
			t.Errorf("%d rows, error %v; want 6", n, err)
		}
		if s := db.Stats(); s.Retries != 16 || s.NewConns != 1 {
			t.Errorf("%+v, want 16 retries on 1 connection", s)
		}
		must(t, admin, `DROP FUNCTION fail; CREATE FUNCTION fail(text) RETURNS INT LANGUAGE plpgsql AS $$ BEGIN RAISE 'never' USING ERRCODE = $1; END $$`)
		if _, err := db.Exec(t.Context(), `SELECT fail('40001')`); !errors.Is(err, database.ErrBusy) {
			t.Errorf("got %v, want %v", err, database.ErrBusy)
		}
	})
}

// Two transactions that read what the other one writes cannot both be serial.
func TestSerializableTransactionsAllCommit(t *testing.T) {
	onPostgres(t, func(t *testing.T, cfg database.Config, admin *pgx.Conn) {
		must(t, admin, `CREATE TABLE counter (n INT); INSERT INTO counter VALUES (0)`)
		db := open(t, cfg)
		var group sync.WaitGroup
		for range 4 {
			group.Go(func() {
				err := db.InTx(t.Context(), func(ctx context.Context) error {
					if _, err := db.Exec(ctx, `SET TRANSACTION ISOLATION LEVEL SERIALIZABLE`); err != nil {
						return err
					}
					var n int
					if err := db.QueryRow(ctx, `SELECT n FROM counter`).Scan(&n); err != nil {
						return err
					}
					time.Sleep(10 * time.Millisecond)
					_, err := db.Exec(ctx, `UPDATE counter SET n = $1`, n+1)
					return err
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		var n int
		if err := db.QueryRow(t.Context(), `SELECT n FROM counter`).Scan(&n); err != nil || n != 4 {
			t.Errorf("counted to %d, error %v; want 4", n, err)
		}
	})
}

func TestTransactionsAreRepeatedBeforeTheirCommit(t *testing.T) {
	onPostgres(t, func(t *testing.T, cfg database.Config, admin *pgx.Conn) {
		must(t, admin, `CREATE TABLE done (n INT)`)
		db := open(t, cfg)
		ran := 0
		err := db.InTx(t.Context(), func(ctx context.Context) error {
			if ran++; ran == 1 {
				if _, err := db.Exec(ctx, `INSERT INTO done VALUES (1)`); err != nil {
					return err
				}
				killPool(t, admin)
			}
			_, err := db.Exec(ctx, `INSERT INTO done VALUES (2)`)
			return err
		})
		var n int
		if scanErr := db.QueryRow(t.Context(), `SELECT SUM(n) FROM done`).Scan(&n); err != nil || scanErr != nil || n != 2 || ran != 2 {
			t.Errorf("ran %d times, error %v; sum %d, error %v; want 2", ran, err, n, scanErr)
		}
	})
}

func TestMistakesCostNoConnection(t *testing.T) {
	each(t, func(t *testing.T, cfg database.Config) {
		db := migrated(t, cfg)
		for range 50 {
			if _, err := db.Exec(t.Context(), `INSERT INTO shelves (id, name) VALUES (1, 'a') ON CONFLICT (id) DO NOTHING`); err != nil {
				t.Fatal(err)
			}
			if _, err := db.Exec(t.Context(), `INSERT INTO shelves (name) VALUES ('a')`); !errors.Is(err, database.ErrConflict) {
				t.Fatalf("got %v, want %v", err, database.ErrConflict)
			}
		}
		if s := db.Stats(); s.NewConns > 1 || s.LostConns != 0 || s.Retries != 0 {
			t.Errorf("%+v, want one connection", s)
		}
	})
}
