package session

import (
	"context"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/apigen-go/apigen/templates/project/internal/database"
)

// databases runs the test on SQLite, and on PostgreSQL when TEST_DATABASE_URL names a
// server: there in a schema of its own that is dropped at the end.
func databases(t *testing.T, test func(t *testing.T, url string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, "file:"+filepath.Join(t.TempDir(), "test.db")) })
	t.Run("postgres", func(t *testing.T) {
		server := os.Getenv("TEST_DATABASE_URL")
		if server == "" {
			t.Skip("TEST_DATABASE_URL is not set")
		}
		ctx := context.Background()
		admin, err := pgx.Connect(ctx, server)
		if err != nil {
			t.Fatal(err)
		}
		schema := pgx.Identifier{"session_" + t.Name()}.Sanitize()
		if _, err := admin.Exec(ctx, "DROP SCHEMA IF EXISTS "+schema+" CASCADE; CREATE SCHEMA "+schema); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if _, err := admin.Exec(ctx, "DROP SCHEMA "+schema+" CASCADE"); err != nil {
				t.Error(err)
			}
			_ = admin.Close(ctx)
		})
		u, err := url.Parse(server)
		if err != nil {
			t.Fatal(err)
		}
		q := u.Query()
		q.Set("search_path", schema)
		u.RawQuery = q.Encode()
		test(t, u.String())
	})
}

// openDatabase opens a database with the table of sessions.
func openDatabase(t testing.TB, url string) *database.DB {
	t.Helper()
	db, err := database.Open(context.Background(), database.Config{
		URL: url, MaxConns: 20, IdleTimeout: 30 * time.Second, ConnectTimeout: 5 * time.Second, AcquireTimeout: 5 * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() }) // some tests close it before
	if _, err := Migrate(context.Background(), db); err != nil {
		t.Fatal(err)
	}
	return db
}

func init() {
	stores["database"] = func(t *testing.T, test func(*testing.T, Store)) {
		databases(t, func(t *testing.T, url string) { test(t, NewDatabase(openDatabase(t, url))) })
	}
}

func TestDatabase(t *testing.T) {
	databases(t, func(t *testing.T, url string) { checkStore(t, NewDatabase(openDatabase(t, url))) })
}

// TestMigrateTwice: the table is made once, and sessions are there after a restart.
func TestMigrateTwice(t *testing.T) {
	databases(t, func(t *testing.T, url string) {
		db := openDatabase(t, url)
		id, now := newID(), time.Now()
		r := Record{User: "ada", Data: `{"a":1}`, Version: 1, Created: now, Expires: now.Add(time.Hour)}
		if err := NewDatabase(db).Create(t.Context(), id, r); err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		db = openDatabase(t, url)
		if names, err := Migrate(t.Context(), db); len(names) != 0 || err != nil {
			t.Errorf("again: %v, %v", names, err)
		}
		same(t, NewDatabase(db), id, r)
	})
}

// TestDatabaseForgets: sessions that have expired go while new ones come.
func TestDatabaseForgets(t *testing.T) {
	databases(t, func(t *testing.T, url string) {
		db := openDatabase(t, url)
		s, ctx, now := NewDatabase(db), t.Context(), time.Now()
		var kept []string
		for i := range 4 * sweepEvery {
			id, expires := newID(), now.Add(-time.Second)
			if i%2 == 0 {
				kept = append(kept, id)
				expires = now.Add(time.Hour)
			}
			if err := s.Create(ctx, id, Record{Version: 1, Created: now, Expires: expires}); err != nil {
				t.Fatal(err)
			}
		}
		rows, err := db.Query(ctx, "SELECT id FROM http_sessions")
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		n := 0
		for rows.Next() {
			var id string
			if err := rows.Scan(&id); err != nil {
				t.Fatal(err)
			}
			if !slices.Contains(kept, id) {
				t.Errorf("%s is still there", id)
			}
			n++
		}
		if err := rows.Err(); err != nil || n != len(kept) {
			t.Errorf("%d sessions, want %d; %v", n, len(kept), err)
		}
	})
}

func BenchmarkSQLite(b *testing.B) {
	benchmarkRequest(b, NewDatabase(openDatabase(b, "file:"+filepath.Join(b.TempDir(), "test.db"))), "/user")
}
