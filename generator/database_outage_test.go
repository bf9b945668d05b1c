//go:build unix

package generator_test

import (
	"context"
	"database/sql"
	"net/http"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	_ "modernc.org/sqlite" // the driver

	"github.com/apigen-go/apigen/generator/internal/conformance"
	"github.com/apigen-go/apigen/generator/internal/servertest"
)

// rigFrozen: PostgreSQL stops to answer and comes back, with the processes stopped
// and with a network that delivers nothing.
func rigFrozen(t *testing.T, service *conformance.Service) {
	frozen, limit := 1500*time.Millisecond, time.Second
	if soaking {
		frozen, limit = 20*time.Second, 5*time.Second
	}
	t.Run("stopped", func(t *testing.T) {
		if !soaking {
			t.Skip("APIGEN_SOAK is not 1; a silent network looks the same to the service")
		}
		database := servertest.Postgres(t)
		admin := connect(t, database)
		freeze(t, service, admin, database, frozen, limit, func() (thaw func()) { return stopServer(t, admin) })
	})
	t.Run("silent network", func(t *testing.T) {
		database := servertest.Postgres(t)
		admin := connect(t, database)
		u, err := url.Parse(database)
		if err != nil {
			t.Fatal(err)
		}
		proxy := servertest.NewProxy(t, u.Host)
		u.Host = proxy.Addr
		freeze(t, service, admin, u.String(), frozen, limit, func() (thaw func()) {
			proxy.Fail(servertest.Fault{Silent: true})
			return func() { proxy.Fail(servertest.Fault{}) }
		})
	})
}

// stopServer stops every process of the PostgreSQL server and returns what lets
// them go on. It uses the connection for the last time before that.
func stopServer(t *testing.T, admin *pgx.Conn) (thaw func()) {
	t.Helper()
	ctx := context.Background()
	var file string
	if err := admin.QueryRow(ctx, "SELECT pg_read_file('postmaster.pid')").Scan(&file); err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(file, "\n")
	postmaster, err := strconv.Atoi(first)
	if err != nil {
		t.Fatal(err)
	}
	signal := func(pid int, s syscall.Signal) {
		if err := syscall.Kill(pid, s); err != nil {
			t.Log(err) // a process that has ended meanwhile
		}
	}
	signal(postmaster, syscall.SIGSTOP) // first, so that there are no new ones
	rows, err := admin.Query(ctx, "SELECT pid FROM pg_stat_activity")
	if err != nil {
		t.Fatal(err)
	}
	pids, err := pgx.CollectRows(rows, pgx.RowTo[int])
	if err != nil {
		t.Fatal(err)
	}
	for _, pid := range pids {
		signal(pid, syscall.SIGSTOP)
	}
	return func() {
		for _, pid := range append(pids, postmaster) {
			signal(pid, syscall.SIGCONT)
		}
	}
}

func freeze(t *testing.T, service *conformance.Service, admin *pgx.Conn, database string, lasts, limit time.Duration, begin func() (thaw func())) {
	s := openShopAt(t, service, "DATABASE_URL="+database, "REQUEST_TIMEOUT="+limit.String(), "WRITE_TIMEOUT=30s")
	s.admin = admin
	s.stock(t)
	s.tarry(t)
	var mu sync.Mutex
	got := map[int]int{}
	var worst time.Duration
	var group sync.WaitGroup
	get := func(path string) {
		group.Go(func() {
			r := s.send(http.MethodGet, path, "")
			mu.Lock()
			defer mu.Unlock()
			got[r.status]++
			worst = max(worst, r.took)
		})
	}
	for range 5 { // statements that would go on for a minute
		get("/reviews/1")
	}
	time.Sleep(200 * time.Millisecond)
	thaw := begin()
	for start := time.Now(); time.Since(start) < lasts; time.Sleep(20 * time.Millisecond) {
		get("/books/1")
		get("/authors?limit=5")
	}
	thaw()
	thawed := time.Now()
	group.Wait()
	for s.send(http.MethodGet, "/books/1", "").status != http.StatusOK {
		if time.Since(thawed) > 20*time.Second {
			t.Fatal("the service does not come back")
		}
		time.Sleep(10 * time.Millisecond)
	}
	back := time.Since(thawed)
	for s.conns(t, "state = 'active'") > 0 && time.Since(thawed) < 10*time.Second {
		time.Sleep(50 * time.Millisecond)
	}
	quiet := time.Since(thawed)
	time.Sleep(2*limit - quiet) // for what is cleaned up in the background
	orphans, conns := s.conns(t, "state = 'active'"), s.conns(t, "true")
	s.client.CloseIdleConnections()
	time.Sleep(200 * time.Millisecond)
	after, err := s.Goroutines()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("frozen for %s, requests have %s: answers %v, the last after %s; back %s after the thaw, no active query after %s; then %d orphans, %d connections, %d goroutines, without a freeze %d",
		lasts, limit, got, ms(worst), ms(back), ms(quiet), orphans, conns, after, baseline(t, service, database))
	late := 2 * time.Second // for a machine that is busy with other tests
	if soaking {
		late = 100 * time.Millisecond
	}
	for status := range got {
		if status != http.StatusOK && status != http.StatusServiceUnavailable && status != http.StatusGatewayTimeout {
			t.Errorf("status %d", status)
		}
	}
	if got[http.StatusServiceUnavailable] == 0 || worst > limit+late || orphans > 0 || conns > 20 {
		t.Errorf("want every answer within %s and nothing left", limit+late)
	}
	if base := baseline(t, service, database); after > base+2 {
		t.Errorf("%d goroutines, %d without a freeze", after, base)
	}
}

// tarry makes every statement that reads reviews go on for a minute.
func (s *shop) tarry(t *testing.T) {
	t.Helper()
	s.exec(t, `CREATE FUNCTION tarry(BIGINT) RETURNS BIGINT LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(60); RETURN $1; END $$;
ALTER TABLE reviews RENAME TO all_reviews;
CREATE VIEW reviews AS SELECT tarry(id) AS id, book_id, reader, rating, text, created_at FROM all_reviews;
INSERT INTO all_reviews (book_id, reader, rating) VALUES (1, 'x', 1)`)
}

// rigDied: the service is killed in the middle of long statements.
func rigDied(t *testing.T, service *conformance.Service) {
	s := openShop(t, service)
	s.stock(t)
	s.tarry(t)
	var group sync.WaitGroup
	for range 5 {
		group.Go(func() { s.send(http.MethodGet, "/reviews/1", "") })
	}
	for s.conns(t, "state = 'active'") < 5 {
		time.Sleep(10 * time.Millisecond)
	}
	s.Kill()
	group.Wait()
	start := time.Now()
	for s.conns(t, "true") > 0 && time.Since(start) < 10*time.Second {
		time.Sleep(50 * time.Millisecond)
	}
	left := s.conns(t, "true")
	t.Logf("5 statements of 60 s when the service is killed: %d after %s", left, ms(time.Since(start)))
	if left > 0 {
		t.Errorf("%d statements go on", left)
	}
}

// rigCrashed: one server process dies by SIGKILL, after which PostgreSQL ends all
// others, recovers and refuses connections until then.
func rigCrashed(t *testing.T, service *conformance.Service) {
	if !soaking {
		t.Skip("APIGEN_SOAK is not 1; it would end the connections of other tests")
	}
	s := openShop(t, service)
	s.stock(t)
	s.send(http.MethodGet, "/books/1", "")
	var pid int
	if err := s.admin.QueryRow(t.Context(), "SELECT pid FROM pg_stat_activity WHERE "+others+" LIMIT 1").Scan(&pid); err != nil {
		t.Fatal(err)
	}
	// What other rigs have written since this server started is not for this recovery
	// to read again: that took 5 s.
	if _, err := s.admin.Exec(t.Context(), "CHECKPOINT"); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	got := map[int]int{}
	var worst time.Duration
	var group sync.WaitGroup
	const requests = 300 // for 3 s: a recovery of 1.9 s leaves fewer waiting than the 200 that may
	for i := range requests {
		group.Go(func() {
			r := s.send(http.MethodGet, "/books?genre=fiction", "")
			mu.Lock()
			defer mu.Unlock()
			got[r.status]++
			worst = max(worst, r.took)
		})
		if i == requests/3 {
			if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(10 * time.Millisecond)
	}
	group.Wait()
	t.Logf("a server process dies by SIGKILL: answers %v, worst %s", got, ms(worst))
	if got[http.StatusOK] != requests {
		t.Errorf("want %d times 200", requests)
	}
}

// baseline is how many goroutines a service has that has answered 50 requests.
func baseline(t *testing.T, service *conformance.Service, database string) int {
	t.Helper()
	s := openShopAt(t, service, "DATABASE_URL="+database)
	for range 50 {
		s.send(http.MethodGet, "/books/1", "")
	}
	s.client.CloseIdleConnections()
	time.Sleep(200 * time.Millisecond)
	n, err := s.Goroutines()
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// rigSQLite: somebody else holds the one write lock that SQLite has.
func rigSQLite(t *testing.T, service *conformance.Service) {
	file := filepath.Join(t.TempDir(), "shop.db")
	s := openShopAt(t, service, "DATABASE_URL=file:"+file)
	s.stock(t)
	other, err := sql.Open("sqlite", "file:"+file)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	other.SetMaxOpenConns(1)
	if _, err := other.Exec("BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	var reads, writes [30]reply
	for i := range writes {
		group.Go(func() { writes[i] = s.send(http.MethodPost, "/authors", `{"name": "author `+strconv.Itoa(i)+`"}`) })
		group.Go(func() { reads[i] = s.send(http.MethodGet, "/books/1", "") })
	}
	group.Wait()
	var slowRead, slowWrite time.Duration
	for i := range writes {
		slowRead, slowWrite = max(slowRead, reads[i].took), max(slowWrite, writes[i].took)
		if r := reads[i]; r.status != http.StatusOK {
			t.Errorf("read: status %d, %s", r.status, r.body)
		}
		if r := writes[i]; r.status != http.StatusServiceUnavailable || r.header.Get("Retry-After") != "1" {
			t.Errorf("write: status %d, %v, %s", r.status, r.header, r.body)
		}
	}
	if _, err := other.Exec("COMMIT"); err != nil {
		t.Fatal(err)
	}
	if r := s.send(http.MethodPost, "/authors", `{"name": "last"}`); r.status != http.StatusCreated {
		t.Errorf("after that: status %d, %s", r.status, r.body)
	}
	t.Logf("SQLite, write lock held by another process: 30 writes answered 503, the last after %s; 30 reads 200, the last after %s", ms(slowWrite), ms(slowRead))
}
