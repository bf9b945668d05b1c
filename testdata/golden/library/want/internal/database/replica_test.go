package database_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"example.com/library/internal/clientip"
	"example.com/library/internal/database"
)

func TestParseReplicaURLs(t *testing.T) {
	for text, want := range map[string][]string{
		"":                                   nil,
		"postgres://h/d":                     {"postgres://h/d"},
		"postgres://a/d,postgresql://b/d":    {"postgres://a/d", "postgresql://b/d"},
		"postgres://a:1,b:2/d, postgres://c": {"postgres://a:1,b:2/d", "postgres://c"},
	} {
		got, err := database.ParseReplicaURLs(text)
		if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
	for _, text := range []string{"h", "file:x.db", "mysql://h/d", "postgres://h/d,mysql://h/d", "postgres://u:secret@h:x/d"} {
		got, err := database.ParseReplicaURLs(text)
		if err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
}

func TestSQLiteHasNoReplicas(t *testing.T) {
	_, err := database.Open(t.Context(), database.Config{URL: "file:" + t.TempDir() + "/x.db", MaxConns: 1, ReplicaURLs: []string{"postgres://h/d"}})
	if err == nil || !strings.Contains(err.Error(), "only PostgreSQL has replicas") {
		t.Error(err)
	}
}

// pair is a primary with a replica.
type pair struct {
	*database.DB
	admin, replica *pgx.Conn
}

// replicaURL is that of a replica of the server that TEST_DATABASE_URL names.
func replicaURL(t testing.TB) string {
	t.Helper()
	url := os.Getenv("TEST_DATABASE_REPLICA_URL")
	if url == "" {
		t.Skip("TEST_DATABASE_REPLICA_URL is not set")
	}
	return url
}

// replicated opens a primary and its replica, with the tables of the tests.
func replicated(t *testing.T) *pair {
	t.Helper()
	replica := replicaURL(t)
	primary := schemaURL(t)
	p := &pair{admin: connect(t, primary), replica: connect(t, replica)}
	u, err := url.Parse(replica)
	if err != nil {
		t.Fatal(err)
	}
	own, err := url.Parse(primary)
	if err != nil {
		t.Fatal(err)
	}
	u.RawQuery = own.RawQuery
	p.DB = migrated(t, database.Config{
		URL: primary, MaxConns: 4, IdleTimeout: 30 * time.Second, ConnectTimeout: 5 * time.Second, AcquireTimeout: 5 * time.Second,
		ReplicaURLs: []string{u.String()}, ReplicaMaxLag: 10 * time.Second, ReplicaCheck: 100 * time.Millisecond,
	})
	p.until(t, t.Context(), true)
	return p
}

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// onReplica reports whether a read with this context goes to the replica.
func (p *pair) onReplica(ctx context.Context) (bool, error) {
	var standby bool
	err := p.QueryRow(ctx, `SELECT pg_is_in_recovery()`).Scan(&standby)
	return standby, err
}

// until waits until reads go where they should.
func (p *pair) until(t *testing.T, ctx context.Context, replica bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		got, err := p.onReplica(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if got == replica {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("reads go to the replica: %v", got)
		}
	}
}

// pause has the replica stand still until the test resumes it or ends.
func (p *pair) pause(t *testing.T) (resume func()) {
	t.Helper()
	exec := func(sql string) {
		if _, err := p.replica.Exec(context.Background(), sql); err != nil {
			t.Error(err)
		}
	}
	exec(`SELECT pg_wal_replay_pause()`)
	resume = func() { exec(`SELECT pg_wal_replay_resume()`) }
	t.Cleanup(resume)
	return resume
}

func TestReadsThatReplicasCannotDo(t *testing.T) {
	p := replicated(t)
	ctx := t.Context()
	p.pause(t)
	if _, err := p.admin.Exec(ctx, `CREATE TABLE late (n INT); INSERT INTO late VALUES (7)`); err != nil {
		t.Fatal(err)
	}
	var n int
	if err := p.QueryRow(ctx, `SELECT n FROM late`).Scan(&n); err != nil || n != 7 {
		t.Errorf("a table that the replica lacks: %d, %v", n, err)
	}
	var id string
	if err := p.QueryRow(ctx, `INSERT INTO things (id) VALUES ('read') RETURNING id`).Scan(&id); err != nil || id != "read" {
		t.Errorf("a write sent as a read: %q, %v", id, err)
	}
	if err := p.QueryRow(ctx, `SELECT pg_terminate_backend(pg_backend_pid()) FROM (SELECT pg_is_in_recovery() AS standby) x WHERE standby`).Scan(new(bool)); !errors.Is(err, database.ErrNotFound) {
		t.Errorf("a read that ends its connection on a replica: %v", err)
	}
	if err := p.QueryRow(ctx, `SELECT CAST($1 AS INTEGER) FROM things`, "many").Scan(&n); err == nil {
		t.Error("no error of a bad value")
	}
	if err := p.QueryRow(ctx, `SELECT 1 / (CASE WHEN pg_is_in_recovery() THEN 0 ELSE 1 END)`).Scan(&n); !errors.Is(err, database.ErrInvalid) {
		t.Errorf("bad values were tried on the primary too: %v", err)
	}
	if got, err := p.onReplica(ctx); err != nil || !got {
		t.Errorf("the replica is not read from any more: %v", err)
	}
}

func TestReplicaResultsAreWhole(t *testing.T) {
	p := replicated(t)
	for _, size := range []int{0, 1, 50, 5000} {
		rows, err := p.Query(t.Context(), `SELECT n, CASE WHEN n % 2 = 0 THEN repeat('x', 100) END, pg_is_in_recovery() FROM generate_series(1, $1) n`, size)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close() // or the pool is never closed
		seen := 0
		for rows.Next() {
			var n int
			var text *string
			var standby bool
			if err := rows.Scan(&n, &text, &standby); err != nil {
				t.Fatal(err)
			}
			if seen++; n != seen || (text != nil) != (n%2 == 0) || text != nil && len(*text) != 100 || !standby {
				t.Fatalf("row %d: %d %v %v", seen, n, text, standby)
			}
		}
		rows.Close()
		if err := rows.Err(); err != nil || seen != size {
			t.Errorf("%d of %d rows, %v", seen, size, err)
		}
	}
	for range 20 { // more than there are connections
		rows, err := p.Query(t.Context(), `SELECT n FROM generate_series(1, 100000) n`)
		if err != nil || !rows.Next() {
			t.Fatal(err)
		}
		rows.Close()
	}
}

// TestClientsReadTheirWrites has clients write and read while the replica stands
// still: what they read from tells whether they would have seen the write.
func TestClientsReadTheirWrites(t *testing.T) {
	p := replicated(t)
	write := func(ctx context.Context) error {
		_, err := p.Exec(ctx, `INSERT INTO shelves (name) VALUES ($1)`, fmt.Sprint(time.Now().UnixNano()))
		return err
	}
	writes := map[string]func(context.Context) error{
		"/exec": write,
		"/row": func(ctx context.Context) error {
			return p.WriteRow(ctx, `INSERT INTO shelves (name) VALUES ($1) RETURNING id`, fmt.Sprint(time.Now().UnixNano())).Scan(new(int64))
		},
		"/tx": func(ctx context.Context) error { return p.InTx(ctx, write) },
		"/undone": func(ctx context.Context) error {
			_ = p.InTx(ctx, func(ctx context.Context) error { return errors.Join(write(ctx), errors.New("no")) })
			return nil
		},
		"/read": func(context.Context) error { return nil },
	}
	service := p.ReadYourWrites(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := writes[r.URL.Path](r.Context())
		replica, readErr := p.onReplica(r.Context())
		if err := errors.Join(err, readErr); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		fmt.Fprint(w, replica)
	}), "shop", clientip.Proxies{})
	type client struct{ addr, authorization, cookie string }
	send := func(c client, path string) (onReplica bool, cookie string) {
		t.Helper()
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.RemoteAddr = c.addr + ":1"
		if c.authorization != "" {
			r.Header.Set("Authorization", c.authorization)
		}
		if c.cookie != "" {
			r.Header.Set("Cookie", c.cookie)
		}
		w := httptest.NewRecorder()
		service.ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			t.Fatalf("%s: %d %s", path, w.Code, w.Body)
		}
		cookie, _, _ = strings.Cut(w.Header().Get("Set-Cookie"), ";")
		return w.Body.String() == "true", cookie
	}
	other := client{addr: "192.0.2.1"}
	p.until(t, t.Context(), true)
	resume := p.pause(t)
	for i, path := range []string{"/exec", "/row", "/tx"} {
		addr := fmt.Sprintf("192.0.2.%d", 10+i)
		me, user := client{addr: addr}, client{addr: addr, authorization: "Bearer " + path}
		replica, cookie := send(me, path)
		if replica || !strings.HasPrefix(cookie, "shop_position=") {
			t.Errorf("%s: a read in the request of the write: %v, cookie %q", path, replica, cookie)
		}
		for _, c := range []struct {
			client
			replica bool
		}{{me, false}, {other, true}, {client{addr: "192.0.2.2", cookie: cookie}, false}, {user, true}} {
			if got, cookie := send(c.client, "/read"); got != c.replica || cookie != "" {
				t.Errorf("%s: %v then reads from the replica: %v, cookie %q", path, c.client, got, cookie)
			}
		}
		send(user, path)
		for _, c := range []client{user, {addr: "192.0.2.3", authorization: user.authorization}} {
			if got, _ := send(c, "/read"); got {
				t.Errorf("%s: %v then reads from the replica", path, c)
			}
		}
	}
	if got, cookie := send(other, "/undone"); !got || cookie != "" {
		t.Errorf("after a rollback: %v, cookie %q", got, cookie)
	}
	if err := write(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, err := p.onReplica(t.Context()); got || err != nil {
		t.Errorf("work without a request reads from the replica after it wrote: %v", err)
	}
	if got, _ := send(other, "/read"); !got {
		t.Error("a client is held to what others wrote")
	}
	resume()
	p.until(t, t.Context(), true)
	if got, _ := send(client{addr: "192.0.2.10"}, "/read"); !got {
		t.Error("the client is still held to its write")
	}
}

func TestWithoutReplicasNothingIsWrapped(t *testing.T) {
	db := open(t, database.Config{URL: "file:" + t.TempDir() + "/x.db", MaxConns: 1, IdleTimeout: time.Second, ConnectTimeout: time.Second, AcquireTimeout: time.Second})
	next := http.NewServeMux()
	if got := db.ReadYourWrites(next, "shop", clientip.Proxies{}); got != http.Handler(next) {
		t.Errorf("got %T", got)
	}
}

// BenchmarkReplica reads rows as a request does, and writes one.
func BenchmarkReplica(b *testing.B) {
	replica := replicaURL(b)
	for _, urls := range [][]string{nil, {replica}} {
		db, err := database.Open(b.Context(), database.Config{
			URL: os.Getenv("TEST_DATABASE_URL"), MaxConns: 4, IdleTimeout: 30 * time.Second, ConnectTimeout: 5 * time.Second, AcquireTimeout: 5 * time.Second,
			ReplicaURLs: urls, ReplicaMaxLag: 10 * time.Second, ReplicaCheck: 250 * time.Millisecond,
		})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := db.Exec(b.Context(), `CREATE TABLE IF NOT EXISTS written (n INT)`); err != nil {
			b.Fatal(err)
		}
		for _, size := range []int{1, 100} {
			b.Run(fmt.Sprintf("replicas=%d/rows=%d", len(urls), size), func(b *testing.B) {
				b.ReportAllocs()
				service := db.ReadYourWrites(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
					rows, err := db.Query(r.Context(), `SELECT n, 'name ' || n, now() FROM generate_series(1::BIGINT, $1) n`, size)
					if err != nil {
						b.Fatal(err)
					}
					for rows.Next() {
						if err := rows.Scan(new(int64), new(string), new(time.Time)); err != nil {
							b.Fatal(err)
						}
					}
					rows.Close()
				}), "shop", clientip.Proxies{})
				for b.Loop() {
					service.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
				}
			})
		}
		b.Run(fmt.Sprintf("replicas=%d/write", len(urls)), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := db.Exec(b.Context(), `INSERT INTO written (n) VALUES (1)`); err != nil {
					b.Fatal(err)
				}
			}
		})
		if err := db.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
