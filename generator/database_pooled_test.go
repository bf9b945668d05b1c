//go:build unix

package generator_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/apigen-go/apigen/generator/internal/conformance"
	"github.com/apigen-go/apigen/generator/internal/servertest"
	"github.com/apigen-go/apigen/generator/internal/spec"
)

// rigStarts: ten instances start at once on an empty database, directly and through
// a pooler that has fewer connections than there are instances.
func rigStarts(t *testing.T, service *conformance.Service) {
	for _, through := range []string{"PostgreSQL", "PgBouncer"} {
		t.Run(through, func(t *testing.T) {
			url := servertest.Postgres(t)
			admin := connect(t, url)
			if through == "PgBouncer" {
				url = servertest.PgBouncer(t, url, 4)
			}
			start := time.Now()
			var group sync.WaitGroup
			for range 10 {
				group.Go(func() {
					other, err := service.Again(t.Context(), "DATABASE_URL="+url, "LOG_LEVEL=warn")
					if err != nil {
						t.Error(err)
						return
					}
					t.Cleanup(other.Kill)
				})
			}
			group.Wait()
			var applied, tables int
			err := admin.QueryRow(t.Context(), `SELECT (SELECT COUNT(*) FROM goose_db_version WHERE version_id > 0), (SELECT COUNT(*) FROM pg_tables WHERE schemaname = 'public')`).Scan(&applied, &tables)
			t.Logf("ten instances are up after %s; %d migration applied, %d tables", ms(time.Since(start)), applied, tables)
			if err != nil || applied != 1 || tables != 4 {
				t.Errorf("error %v, want 1 migration and 4 tables", err)
			}
		})
	}
}

// rigPgBouncer: everything the bookshop can do, through PgBouncer.
func rigPgBouncer(t *testing.T, service *conformance.Service) {
	text, err := os.ReadFile(bookshopDocument)
	if err != nil {
		t.Fatal(err)
	}
	doc, _, err := spec.Load("bookshop.yaml", text, spec.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, setting := range []string{"auto", "true", "false"} {
		t.Run(setting, func(t *testing.T) {
			url := servertest.Postgres(t)
			through := servertest.PgBouncer(t, url, 3)
			s := openShopAt(t, service, "DATABASE_URL="+through, "DATABASE_PGBOUNCER="+setting)
			s.admin = connect(t, url)
			report, err := conformance.Run(t.Context(), s.URL, doc, conformance.Options{MaxMutants: 10, Stubs: map[string]bool{"POST /books/{bookId}/order": true}})
			if err != nil {
				t.Fatal(err)
			}
			if len(report.Failures) > 0 || report.Reached != report.Implemented {
				t.Error(report.Text())
			}
			if r := s.send(http.MethodPost, "/authors", `{"name": "many"}`); r.status != http.StatusCreated {
				t.Fatalf("author: status %d, %s", r.status, r.body)
			}
			wrong, first := s.crowd()
			t.Logf("%s; of 1200 requests of 16 clients %d were answered wrongly", report.Summary(), wrong)
			if setting == "false" {
				if wrong == 0 {
					t.Error("nothing went wrong without care, so this rig shows nothing")
				}
				return
			}
			if wrong > 0 {
				t.Errorf("status %d, %s", first.status, first.body)
			}
			if n := s.conns(t, "true"); n > 3 {
				t.Errorf("%d connections to PostgreSQL, want 3 at most", n)
			}
			checkSessions(t, through)
		})
	}
}

// crowd sends requests from many clients at once, so that a connection of the service
// meets every one of the pooler's, and each of those every statement. It returns how
// many answers were wrong, and the first of them.
func (s *shop) crowd() (wrong int, first reply) {
	var mu sync.Mutex
	check := func(r reply, status int, part string) {
		if r.status == status && strings.Contains(string(r.body), part) {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		if wrong++; wrong == 1 {
			first = r
		}
	}
	var group sync.WaitGroup
	for i := range 16 {
		group.Go(func() {
			for j := range 25 {
				name := fmt.Sprintf("n%d-%d", i, j)
				check(s.send(http.MethodPost, "/authors", fmt.Sprintf(`{"name": %q}`, name)), http.StatusCreated, name)
				check(s.send(http.MethodGet, "/authors?name="+name, ""), http.StatusOK, name)
				check(s.send(http.MethodPost, "/authors", `{"name": "many"}`), http.StatusConflict, "")
			}
		})
	}
	group.Wait()
	return wrong, first
}

// checkSessions looks for settings that the service has left in the connections of
// a pooler, for others to find.
func checkSessions(t *testing.T, through string) {
	t.Helper()
	config, err := pgx.ParseConfig(through)
	if err != nil {
		t.Fatal(err)
	}
	config.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
	var group sync.WaitGroup
	for range 3 { // each has one of the pooler's for the time of a transaction
		group.Go(func() {
			conn, err := pgx.ConnectConfig(context.Background(), config)
			if err != nil {
				t.Error(err)
				return
			}
			defer func() { _ = conn.Close(context.Background()) }()
			var found, prepared int
			err = conn.QueryRow(context.Background(), `SELECT (SELECT COUNT(*) FROM pg_settings WHERE source = 'session' AND name IN ('statement_timeout', 'client_connection_check_interval')),
				(SELECT COUNT(*) FROM pg_prepared_statements WHERE name <> ''), pg_sleep(0.3)`).Scan(&found, &prepared, nil)
			if err != nil || found > 0 || prepared > 0 {
				t.Errorf("%d settings and %d prepared statements are left, error %v", found, prepared, err)
			}
		})
	}
	group.Wait()
}
