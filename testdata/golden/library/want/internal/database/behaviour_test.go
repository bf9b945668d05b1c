package database_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/library/internal/database"
	"example.com/library/internal/problem"
)

func TestJSONColumnKeepsEveryValue(t *testing.T) {
	each(t, func(t *testing.T, cfg database.Config) {
		db := migrated(t, cfg)
		for i, in := range []any{nil, "text", "1.50", 12.0, true, []any{}, map[string]any{"n": nil}, `\u0000`} {
			id := fmt.Sprint(i)
			if _, err := db.Exec(t.Context(), `INSERT INTO things (id, extra) VALUES ($1, $2)`, id, database.JSON(in)); err != nil {
				t.Fatal(err)
			}
			out := any("left over")
			if err := db.QueryRow(t.Context(), `SELECT extra FROM things WHERE id = $1`, id).Scan(database.JSON(&out)); err != nil {
				t.Fatal(err)
			}
			if dump(t, out) != dump(t, in) {
				t.Errorf("wrote %s, read %s", dump(t, in), dump(t, out))
			}
		}
		var missing *int
		if _, err := db.Exec(t.Context(), `INSERT INTO things (id, extra) VALUES ('p', $1)`, database.JSON(&missing)); err != nil {
			t.Fatal(err)
		}
		var isNull bool
		if err := db.QueryRow(t.Context(), `SELECT extra IS NULL FROM things WHERE id = 'p'`).Scan(&isNull); err != nil || !isNull {
			t.Errorf("a nil pointer is NULL: %v, error %v", isNull, err)
		}
	})
}

func TestTimesSortAndCompare(t *testing.T) {
	each(t, func(t *testing.T, cfg database.Config) {
		db := migrated(t, cfg)
		base := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		for i, offset := range []time.Duration{time.Second, 100 * time.Millisecond, time.Microsecond, 0} {
			made := base.Add(offset).In(time.FixedZone("", -3600*i))
			if _, err := db.Exec(t.Context(), `INSERT INTO things (id, made) VALUES ($1, $2)`, fmt.Sprint(i), made); err != nil {
				t.Fatal(err)
			}
		}
		rows, err := db.Query(t.Context(), `SELECT id FROM things WHERE made >= $1 ORDER BY made`, base.Add(time.Microsecond))
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		var got []string
		for rows.Next() {
			var id string
			if err := rows.Scan(&id); err != nil {
				t.Fatal(err)
			}
			got = append(got, id)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		if want := []string{"2", "1", "0"}; !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}

func TestErrorsSayWhatTheyMean(t *testing.T) {
	each(t, func(t *testing.T, cfg database.Config) {
		db := migrated(t, cfg)
		exec := func(sql string, args ...any) error {
			_, err := db.Exec(t.Context(), sql, args...)
			return err
		}
		row := func(sql string, args ...any) error {
			var s string
			return db.WriteRow(t.Context(), sql, args...).Scan(&s)
		}
		if err := exec(`INSERT INTO shelves (name) VALUES ('a')`); err != nil {
			t.Fatal(err)
		}
		if err := exec(`INSERT INTO things (id, shelf_id) VALUES ('t', 1)`); err != nil {
			t.Fatal(err)
		}
		tests := []struct {
			name   string
			err    error
			want   error
			status int
		}{
			{"no row", row(`UPDATE things SET label = 'x' WHERE id = 'none' RETURNING id`), database.ErrNotFound, 404},
			{"unique", exec(`INSERT INTO shelves (name) VALUES ('a')`), database.ErrConflict, 409},
			{"unique, returning", row(`INSERT INTO shelves (name) VALUES ('a') RETURNING name`), database.ErrConflict, 409},
			{"primary key", exec(`INSERT INTO things (id) VALUES ('t')`), database.ErrConflict, 409},
			{"missing parent", exec(`INSERT INTO things (id, shelf_id) VALUES ('u', 99)`), database.ErrReference, 409},
			{"used parent", exec(`DELETE FROM shelves WHERE id = 1`), database.ErrReference, 409},
			{"check", exec(`INSERT INTO things (id, count) VALUES ('v', -1)`), database.ErrInvalid, 400},
			{"NUL", exec(`INSERT INTO things (id) VALUES ($1)`, "a\x00b"), database.ErrInvalid, 400},
			{"NUL in a named type", exec(`INSERT INTO things (id, label) VALUES ('w', $1)`, new(status("\x00"))), database.ErrInvalid, 400},
			{"NUL in JSON", exec(`INSERT INTO things (id, extra) VALUES ('x', $1)`, database.JSON([]string{"\x00"})), database.ErrInvalid, 400},
			{"bad UTF-8", exec(`INSERT INTO things (id) VALUES ($1)`, "\xff"), database.ErrInvalid, 400},
		}
		for _, tt := range tests {
			if !errors.Is(tt.err, tt.want) {
				t.Errorf("%s: got %v, want %v", tt.name, tt.err, tt.want)
				continue
			}
			p, ok := errors.AsType[interface {
				error
				Problem() *problem.Problem
			}](tt.err)
			if !ok || p.Problem().Status != tt.status {
				t.Errorf("%s: no problem with status %d: %v", tt.name, tt.status, tt.err)
			}
		}
		if err := exec(`INSERT INTO nowhere VALUES (1)`); err == nil || errors.Is(err, database.ErrInvalid) {
			t.Errorf("a mistake in the SQL is no fault of the request: %v", err)
		}
	})
}

func TestInTxIsAllOrNothing(t *testing.T) {
	each(t, func(t *testing.T, cfg database.Config) {
		db := migrated(t, cfg)
		add := func(ctx context.Context, name string) error {
			var id int64
			return db.WriteRow(ctx, `INSERT INTO shelves (name) VALUES ($1) RETURNING id`, name).Scan(&id)
		}
		count := func(ctx context.Context) (n int64) {
			if err := db.QueryRow(ctx, `SELECT COUNT(*) FROM shelves`).Scan(&n); err != nil {
				t.Fatal(err)
			}
			return n
		}
		cause := errors.New("changed my mind")
		err := db.InTx(t.Context(), func(ctx context.Context) error {
			if err := add(ctx, "a"); err != nil {
				return err
			}
			if in, out := count(ctx), count(t.Context()); in != 1 || out != 0 {
				t.Errorf("%d rows inside the transaction and %d outside, want 1 and 0", in, out)
			}
			return cause
		})
		if !errors.Is(err, cause) || count(t.Context()) != 0 {
			t.Errorf("after a failure: error %v and %d rows, want none", err, count(t.Context()))
		}
		func() {
			defer func() { _ = recover() }()
			_ = db.InTx(t.Context(), func(ctx context.Context) error {
				if err := add(ctx, "b"); err != nil {
					t.Error(err)
				}
				panic("no")
			})
		}()
		if n := count(t.Context()); n != 0 {
			t.Errorf("after a panic: %d rows, want none", n)
		}
		err = db.InTx(t.Context(), func(ctx context.Context) error {
			return errors.Join(add(ctx, "c"), db.InTx(ctx, func(ctx context.Context) error { return add(ctx, "d") }))
		})
		if err != nil || count(t.Context()) != 2 {
			t.Errorf("after success: error %v and %d rows, want 2", err, count(t.Context()))
		}
	})
}

func TestBusyPoolFailsInTime(t *testing.T) {
	each(t, func(t *testing.T, cfg database.Config) {
		cfg.MaxConns, cfg.AcquireTimeout = 1, 50*time.Millisecond
		db := migrated(t, cfg)
		err := db.InTx(t.Context(), func(context.Context) error {
			start := time.Now()
			_, err := db.Exec(t.Context(), `DELETE FROM things`)
			if waited := time.Since(start); waited > 2*time.Second {
				t.Errorf("waited %s", waited)
			}
			return err
		})
		if !errors.Is(err, database.ErrBusy) {
			t.Errorf("got %v, want %v", err, database.ErrBusy)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := db.Exec(ctx, `DELETE FROM things`); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want %v", err, context.Canceled)
		}
		if _, err := db.Exec(t.Context(), `DELETE FROM things`); err != nil {
			t.Errorf("the pool is of use again: %v", err)
		}
	})
}

func TestManyWritersAtOnce(t *testing.T) {
	each(t, func(t *testing.T, cfg database.Config) {
		db := migrated(t, cfg)
		var wg sync.WaitGroup
		for i := range 30 {
			wg.Go(func() {
				var id int64
				name := fmt.Sprint("shelf ", i)
				if err := db.WriteRow(t.Context(), `INSERT INTO shelves (name) VALUES ($1) RETURNING id`, name).Scan(&id); err != nil {
					t.Error(err)
				}
				var got string
				if err := db.QueryRow(t.Context(), `SELECT name FROM shelves WHERE id = $1`, id).Scan(&got); err != nil || got != name {
					t.Errorf("read %q, error %v; want %q", got, err, name)
				}
			})
		}
		wg.Wait()
	})
}

func TestMigrateOnceForAll(t *testing.T) {
	each(t, func(t *testing.T, cfg database.Config) {
		const instances = 10
		var (
			wg      sync.WaitGroup
			mu      sync.Mutex
			applied []string
		)
		dbs := make([]*database.DB, instances)
		for i := range dbs {
			dbs[i] = open(t, cfg)
		}
		for _, db := range dbs {
			wg.Go(func() {
				names, err := db.Migrate(t.Context(), migrations, "migrations")
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				applied = append(applied, names...)
			})
		}
		wg.Wait()
		slices.Sort(applied)
		if want := []string{"00001_init.sql", "00002_note.sql"}; !slices.Equal(applied, want) {
			t.Errorf("applied %v, want %v", applied, want)
		}
	})
}

func TestSQLiteRefusesWritesOfReaders(t *testing.T) {
	each(t, func(t *testing.T, cfg database.Config) {
		db := migrated(t, cfg)
		if db.Dialect() != database.SQLite {
			t.Skip("PostgreSQL has one pool for both")
		}
		var id int64
		err := db.QueryRow(t.Context(), `INSERT INTO shelves (name) VALUES ('a') RETURNING id`).Scan(&id)
		if err == nil || !strings.Contains(err.Error(), "readonly") {
			t.Errorf("got %v, want an error that says readonly", err)
		}
	})
}

func TestOpenNamesTheMistake(t *testing.T) {
	for _, tt := range []struct{ url, want string }{
		{"bookshop.db", "is no URL"},
		{"mysql://localhost/x", `unknown scheme "mysql"`},
		{"sqlite::memory:", "names no file"},
		{"file:/no/such/folder/x.db", "/no/such/folder/x.db"},
		{"postgres://user:secret@127.0.0.1:1/x", "does not answer"},
		{"postgres://user:secret@[", "cannot parse"},
	} {
		_, err := database.Open(t.Context(), database.Config{URL: tt.url, MaxConns: 1, ConnectTimeout: time.Second, AcquireTimeout: time.Second})
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: got %v, want %q and no password", tt.url, err, tt.want)
		}
	}
}

func TestDeadlineIsBusy(t *testing.T) {
	const endless = `WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 1000000000) SELECT COUNT(*) FROM c`
	each(t, func(t *testing.T, cfg database.Config) {
		db := open(t, cfg)
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		var n int64
		if err := db.QueryRow(ctx, endless).Scan(&n); !errors.Is(err, database.ErrBusy) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want %v", err, database.ErrBusy)
		}
		if err := db.QueryRow(t.Context(), `SELECT 1`).Scan(&n); err != nil {
			t.Errorf("the pool is of use again: %v", err)
		}
	})
}
