package store

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/apigen-go/apigen/templates/project/internal/database"
	"github.com/apigen-go/apigen/templates/project/internal/idempotency"
)

// eachAnswers runs a test on SQLite, and on PostgreSQL when TEST_DATABASE_URL names a
// server: there in a schema of its own.
func eachAnswers(t *testing.T, test func(t *testing.T, db *database.DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, openAnswers(t, "sqlite:"+filepath.Join(t.TempDir(), "test.db"))) })
	t.Run("postgres", func(t *testing.T) { test(t, openAnswers(t, answersURL(t))) })
}

func openAnswers(t testing.TB, address string) *database.DB {
	t.Helper()
	ctx := context.Background()
	db, err := database.Open(ctx, database.Config{
		URL: address, MaxConns: 4, IdleTimeout: time.Minute, ConnectTimeout: 5 * time.Second, AcquireTimeout: 5 * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	for _, stmt := range []string{
		"CREATE TABLE idempotency_keys (id TEXT NOT NULL PRIMARY KEY, fingerprint TEXT, status BIGINT, header TEXT, body BYTEA, expires_at TIMESTAMPTZ)",
		"CREATE TABLE answered_rows (name TEXT PRIMARY KEY)",
	} {
		if _, err := db.Exec(ctx, stmt); err != nil {
			t.Fatal(err)
		}
	}
	return db
}

// answersURL is that of a new schema, which goes with the test.
func answersURL(t testing.TB) string {
	t.Helper()
	server := os.Getenv("TEST_DATABASE_URL")
	if server == "" {
		t.Skip("TEST_DATABASE_URL is not set")
	}
	ctx := context.Background()
	db, err := database.Open(ctx, database.Config{
		URL: server, MaxConns: 1, IdleTimeout: time.Minute, ConnectTimeout: 5 * time.Second, AcquireTimeout: 5 * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, stmt := range []string{"DROP SCHEMA IF EXISTS answers CASCADE", "CREATE SCHEMA answers"} {
		if _, err := db.Exec(ctx, stmt); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		if _, err := db.Exec(ctx, "DROP SCHEMA answers CASCADE"); err != nil {
			t.Error(err)
		}
		_ = db.Close()
	})
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("search_path", "answers")
	u.RawQuery = q.Encode()
	return u.String()
}

// add returns what answers with a status after it has added a row.
func add(t *testing.T, db *database.DB, name string, status int) func(context.Context) *idempotency.Answer {
	return func(ctx context.Context) *idempotency.Answer {
		if _, err := db.Exec(ctx, "INSERT INTO answered_rows (name) VALUES ($1)", name); err != nil && !errors.Is(err, database.ErrConflict) {
			t.Error(err)
		}
		return &idempotency.Answer{Status: status, Header: http.Header{"Location": {"/" + name}}, Body: []byte(name)}
	}
}

func rowCount(t *testing.T, db *database.DB, table string) int {
	t.Helper()
	var n int
	if err := db.QueryRow(t.Context(), "SELECT COUNT(*) FROM "+table).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestAnswers(t *testing.T) {
	eachAnswers(t, func(t *testing.T, db *database.DB) {
		a, later := NewAnswers(db), time.Now().Add(time.Hour)
		never := func(context.Context) *idempotency.Answer {
			t.Error("it is answered again")
			return &idempotency.Answer{Status: http.StatusOK}
		}
		for _, tt := range []struct {
			id             string
			status         int
			rows, kept     int // in the tables, afterwards
			replayed, once bool
		}{
			{"created", 201, 1, 1, true, true},
			{"refused", 422, 1, 2, true, true},
			{"failed", 503, 1, 2, false, false},
			{"empty", 204, 2, 3, true, true},
		} {
			r := idempotency.Request{ID: tt.id, Print: "p", Expires: later}
			answer, replayed, err := a.Once(t.Context(), r, add(t, db, tt.id, tt.status))
			if err != nil || replayed || answer.Status != tt.status {
				t.Fatalf("%s: %v, %v, %v", tt.id, answer, replayed, err)
			}
			if rows, kept := rowCount(t, db, "answered_rows"), rowCount(t, db, "idempotency_keys"); rows != tt.rows || kept != tt.kept {
				t.Errorf("%s: %d rows and %d answers, want %d and %d", tt.id, rows, kept, tt.rows, tt.kept)
			}
			if !tt.once {
				continue
			}
			again, replayed, err := a.Once(t.Context(), r, never)
			if err != nil || !replayed || again.Status != tt.status || again.Header.Get("Location") != "/"+tt.id || string(again.Body) != tt.id {
				t.Errorf("%s again: %v, %v, %v", tt.id, again, replayed, err)
			}
			r.Print = "q"
			if _, _, err := a.Once(t.Context(), r, never); !errors.Is(err, idempotency.ErrReused) {
				t.Errorf("%s with another request: %v", tt.id, err)
			}
		}
		// A statement that failed does not keep the answer from being kept.
		r := idempotency.Request{ID: "conflict", Print: "p", Expires: later}
		for i := range 2 {
			if answer, replayed, err := a.Once(t.Context(), r, add(t, db, "created", 409)); err != nil || answer.Status != 409 || replayed != (i == 1) {
				t.Errorf("conflict: %v, %v, %v", answer, replayed, err)
			}
		}
		func() {
			defer func() { _ = recover() }()
			_, _, _ = a.Once(t.Context(), idempotency.Request{ID: "panic", Expires: later}, func(ctx context.Context) *idempotency.Answer {
				add(t, db, "panic", 201)(ctx)
				panic("no luck")
			})
		}()
		if rows, kept := rowCount(t, db, "answered_rows"), rowCount(t, db, "idempotency_keys"); rows != 2 || kept != 4 {
			t.Errorf("after a panic: %d rows and %d answers", rows, kept)
		}
	})
}

func TestAnswersExpire(t *testing.T) {
	eachAnswers(t, func(t *testing.T, db *database.DB) {
		a := NewAnswers(db)
		for i, name := range []string{"first", "second"} {
			r := idempotency.Request{ID: "same", Print: name, Expires: time.Now().Add(-time.Second)}
			if _, replayed, err := a.Once(t.Context(), r, add(t, db, name, 201)); err != nil || replayed || rowCount(t, db, "answered_rows") != i+1 {
				t.Errorf("%s: %v, %v", name, replayed, err)
			}
		}
		r := idempotency.Request{ID: "other", Print: "p", Expires: time.Now().Add(time.Hour)}
		if _, _, err := a.Once(t.Context(), r, add(t, db, "third", 201)); err != nil {
			t.Error(err)
		}
		if n, err := a.Sweep(t.Context()); n != 1 || err != nil || rowCount(t, db, "idempotency_keys") != 1 {
			t.Errorf("swept %d, %v", n, err)
		}
	})
}

func TestAnswersInFlight(t *testing.T) {
	eachAnswers(t, func(t *testing.T, db *database.DB) {
		if db.Dialect() != database.PostgreSQL {
			t.Skip("the one transaction that writes has the others wait")
		}
		a, r := NewAnswers(db), idempotency.Request{ID: "same", Print: "p", Expires: time.Now().Add(time.Hour)}
		_, _, err := a.Once(t.Context(), r, func(ctx context.Context) *idempotency.Answer {
			_, _, err := a.Once(t.Context(), r, add(t, db, "twice", 201)) // outside of the transaction
			if !errors.Is(err, idempotency.ErrInFlight) {
				t.Errorf("got %v", err)
			}
			return add(t, db, "once", 201)(ctx)
		})
		if err != nil || rowCount(t, db, "answered_rows") != 1 {
			t.Errorf("%v, %d rows", err, rowCount(t, db, "answered_rows"))
		}
	})
}

// BenchmarkAnswers compares a write without a key with one that has a new key, and
// with the repetition of that.
func BenchmarkAnswers(b *testing.B) {
	for _, engine := range []struct {
		name    string
		address func() string
	}{
		{"sqlite", func() string { return "sqlite:" + filepath.Join(b.TempDir(), "test.db") }},
		{"postgres", func() string { return answersURL(b) }},
	} {
		b.Run(engine.name, func(b *testing.B) {
			if engine.name == "postgres" && os.Getenv("TEST_DATABASE_URL") == "" {
				b.Skip("TEST_DATABASE_URL is not set")
			}
			db := openAnswers(b, engine.address())
			a, n := NewAnswers(db), 0
			write := func(ctx context.Context) *idempotency.Answer {
				n++
				if _, err := db.Exec(ctx, "INSERT INTO answered_rows (name) VALUES ($1)", strconv.Itoa(n)); err != nil {
					b.Fatal(err)
				}
				return &idempotency.Answer{Status: http.StatusCreated, Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(`{"id":1}`)}
			}
			once := func(id string) {
				if _, _, err := a.Once(b.Context(), idempotency.Request{ID: id, Print: "p", Expires: time.Now().Add(time.Hour)}, write); err != nil {
					b.Fatal(err)
				}
			}
			b.Run("plain", func(b *testing.B) {
				for b.Loop() {
					write(b.Context())
				}
			})
			b.Run("keyed", func(b *testing.B) {
				for b.Loop() {
					once("new" + strconv.Itoa(n))
				}
			})
			b.Run("replayed", func(b *testing.B) {
				for b.Loop() {
					once("same")
				}
			})
		})
	}
}
