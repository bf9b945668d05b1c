//go:build unix

package generator_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/apigen-go/apigen/generator/internal/conformance"
	"github.com/apigen-go/apigen/generator/internal/servertest"
	"github.com/apigen-go/apigen/generator/internal/spec"
)

// library is a service of testdata/shard on one database, as its clients and its
// administrator see it.
type library struct {
	service *conformance.Service
	admin   *pgx.Conn
	client  http.Client
}

// TestRigShards runs the service of testdata/shard on PostgreSQL, which divides its
// tables into partitions, and on Citus.
func TestRigShards(t *testing.T) {
	skipShort(t)
	dir := filepath.Join(t.TempDir(), "libraries")
	document := filepath.Join(repository, "testdata/shard/openapi.yaml")
	create(t, dir, document, "store")
	service, err := conformance.Start(t.Context(), dir, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := service.Stop(); err != nil {
		t.Fatal(err)
	}
	doc, _, err := spec.ReadFile(document, spec.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for engine, database := range map[string]func(testing.TB) string{
		"sqlite":   func(t testing.TB) string { return "sqlite:" + filepath.Join(t.TempDir(), "service.db") },
		"postgres": servertest.Postgres,
		"citus":    citus,
	} {
		t.Run("document on "+engine, func(t *testing.T) {
			l := (&library{}).start(t, service, database(t))
			report, err := conformance.Run(t.Context(), l.service.URL, doc, conformance.Options{
				Stubs: map[string]bool{"GET /books/{bookId}": true}, Restart: l.service.Restart,
			})
			if err != nil || len(report.Failures) > 0 || report.Reached != 25 {
				t.Fatalf("%v\n%s\n%s", err, report.Summary(), report.Text())
			}
			t.Log(report.Summary())
		})
	}
	t.Run("partitions", func(t *testing.T) {
		database := servertest.Postgres(t)
		l := open(t, service, database)
		l.rigSpread(t)
		l.rigStrangers(t)
		l.again(t, database, "default_transaction_isolation=serializable").rigConflicts(t)
		l.again(t, database, "session_preload_libraries=auto_explain", "auto_explain.log_min_duration=0").rigPlans(t)
	})
	t.Run("citus", func(t *testing.T) {
		l := open(t, service, citus(t))
		l.rigDistributed(t)
		l.rigSpread(t)
		l.rigStrangers(t)
	})
}

// citus returns the database that APIGEN_CITUS_URL names, without tables.
func citus(t testing.TB) string {
	t.Helper()
	database := os.Getenv("APIGEN_CITUS_URL")
	if database == "" {
		t.Skip("APIGEN_CITUS_URL is not set")
	}
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, database)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	var drop *string
	err = conn.QueryRow(ctx, `SELECT 'DROP TABLE ' || string_agg(quote_ident(tablename), ', ') FROM pg_tables WHERE schemaname = 'public'`).Scan(&drop)
	if err == nil && drop != nil {
		_, err = conn.Exec(ctx, *drop)
	}
	if err != nil {
		t.Fatal(err)
	}
	return database
}

// open starts the service on a database.
func open(t *testing.T, service *conformance.Service, database string) *library {
	t.Helper()
	l := &library{client: http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 100}}}
	l = l.start(t, service, database)
	var err error
	if l.admin, err = pgx.Connect(t.Context(), database); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.admin.Close(context.Background()) })
	return l
}

func (l *library) start(t *testing.T, service *conformance.Service, database string) *library {
	t.Helper()
	s, err := service.Again(t.Context(), "LOG_LEVEL=warn", "DATABASE_URL="+database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Kill)
	return &library{s, l.admin, http.Client{Timeout: l.client.Timeout, Transport: l.client.Transport}}
}

// again starts another instance, whose connections have settings of their own.
func (l *library) again(t *testing.T, database string, settings ...string) *library {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	query := u.Query()
	for _, s := range settings {
		name, value, _ := strings.Cut(s, "=")
		query.Set(name, value)
	}
	u.RawQuery = query.Encode()
	return l.start(t, l.service, u.String())
}

// ask sends a request, as a tenant where there is one, and returns the answer.
func (l *library) ask(t *testing.T, want int, tenant, method, path, body string) map[string]any {
	t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), method, l.service.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if req.Header.Set("Content-Type", "application/json"); tenant != "" {
		req.Header.Set("X-Tenant-Id", tenant)
	}
	resp, err := l.client.Do(req)
	if err != nil {
		t.Error(err)
		return nil
	}
	defer resp.Body.Close()
	var answer any
	_ = json.NewDecoder(resp.Body).Decode(&answer) // there may be none
	if resp.StatusCode != want {
		t.Errorf("%s %s %s: status %d, want %d: %v", method, path, body, resp.StatusCode, want, answer)
	}
	object, _ := answer.(map[string]any)
	return object
}

// list asks the database for the rows of a query with one column.
func list[T any](t *testing.T, l *library, query string, args ...any) []T {
	t.Helper()
	rows, err := l.admin.Query(context.Background(), query, args...)
	if err != nil {
		t.Fatal(err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[T])
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// rigSpread stores a row for each of 10,000 tenants and looks at where they are: each
// in one partition, none of which has much more than another.
func (l *library) rigSpread(t *testing.T) {
	const tenants, shards = 10_000, 4
	var next atomic.Int64
	var group sync.WaitGroup
	start := time.Now()
	for range 16 {
		group.Go(func() {
			for i := next.Add(1); i <= tenants; i = next.Add(1) {
				l.ask(t, http.StatusCreated, fmt.Sprintf("tenant-%d", i), http.MethodPost, "/loans", `{"reader": "Emma"}`)
			}
		})
	}
	group.Wait()
	took := time.Since(start)
	counts := list[int64](t, l, `SELECT COUNT(*) FROM loans GROUP BY tableoid ORDER BY 1`)
	if len(list[string](t, l, `SELECT relname FROM pg_class WHERE oid = 'loans'::regclass AND relkind = 'p'`)) == 0 {
		// Citus: as many shards as it makes, seen from where they are.
		counts = list[int64](t, l, `SELECT result::BIGINT FROM run_command_on_shards('loans', 'SELECT COUNT(*) FROM %s') ORDER BY 1`)
	} else if len(counts) != shards {
		t.Fatalf("%d partitions have rows, want %d", len(counts), shards)
	}
	if apart := list[string](t, l, `SELECT id FROM loans GROUP BY id HAVING COUNT(*) > 1`); len(apart) > 0 {
		t.Errorf("%d rows are in several places", len(apart))
	}
	sum := int64(0)
	for _, n := range counts {
		sum += n
	}
	mean := float64(sum) / float64(len(counts))
	skew := max(float64(counts[len(counts)-1])/mean-1, 1-float64(counts[0])/mean)
	if sum != tenants || len(counts) == shards && skew > 0.05 {
		t.Errorf("%d rows in %v: skew %.1f %%, want 5 at most", sum, counts, 100*skew)
	}
	t.Logf("%d rows in %d places, %d to %d each: skew %.1f %%; written in %s", sum, len(counts), counts[0], counts[len(counts)-1], 100*skew, took.Round(time.Millisecond))
}

// shelf makes a tenant with an author, a book and a review, and returns their paths.
func (l *library) shelf(t *testing.T, tenant string) (author, book, review string) {
	t.Helper()
	l.ask(t, http.StatusCreated, "", http.MethodPost, "/tenants", fmt.Sprintf(`{"id": %q, "name": "a library"}`, tenant))
	base := "/tenants/" + tenant
	id := func(path, body string) string {
		made := l.ask(t, http.StatusCreated, "", http.MethodPost, path, body)
		return path + "/" + strings.TrimSuffix(fmt.Sprintf("%.0f", made["id"]), ".0")
	}
	text := func(path, body string) string {
		made := l.ask(t, http.StatusCreated, "", http.MethodPost, path, body)
		return fmt.Sprintf("%s/%s", path, made["id"])
	}
	author = text(base+"/authors", `{"name": "Jane Austen"}`)
	book = text(base+"/books", fmt.Sprintf(`{"title": "Emma", "isbn": "1", "authorId": %q}`, filepath.Base(author)))
	return author, book, id(book+"/reviews", `{"text": "good", "stars": 5}`)
}

// rigStrangers asks for every row of one tenant below the path of another one, and
// has rows of one refer to rows of the other.
func (l *library) rigStrangers(t *testing.T) {
	author, book, review := l.shelf(t, "north")
	otherAuthor, otherBook, _ := l.shelf(t, "south") // the same name and isbn, which are unique in a library
	swap := func(path string) string { return strings.Replace(path, "/north/", "/south/", 1) }
	asked := 0
	for _, path := range []string{author, book, review} {
		for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodPatch, http.MethodDelete} {
			if path != book && (method == http.MethodPut || method == http.MethodPatch) {
				continue
			}
			body := ""
			if method == http.MethodPut || method == http.MethodPatch {
				body = `{"title": "stolen"}`
			}
			l.ask(t, http.StatusNotFound, "", method, swap(path), body)
			asked++
		}
	}
	l.ask(t, http.StatusNotFound, "", http.MethodGet, swap(book)+"/reviews", "")
	l.ask(t, http.StatusNotFound, "", http.MethodPost, swap(book)+"/reviews", `{"text": "bad"}`)
	stolen := fmt.Sprintf(`{"title": "Emma", "authorId": %q}`, filepath.Base(author))
	l.ask(t, http.StatusConflict, "", http.MethodPost, "/tenants/south/books", stolen)
	l.ask(t, http.StatusConflict, "", http.MethodPatch, otherBook, stolen)
	loan := l.ask(t, http.StatusCreated, "north", http.MethodPost, "/loans", `{"reader": "Emma"}`)
	l.ask(t, http.StatusNotFound, "south", http.MethodGet, fmt.Sprintf("/loans/%s", loan["id"]), "")
	l.ask(t, http.StatusOK, "north", http.MethodGet, fmt.Sprintf("/loans/%s", loan["id"]), "")
	l.ask(t, http.StatusNotFound, "", http.MethodPost, "/tenants/nobody/books", `{"title": "Emma"}`)
	l.ask(t, http.StatusConflict, "", http.MethodPost, "/tenants/north/books", `{"title": "Emma", "isbn": "1"}`)
	if got := l.ask(t, http.StatusOK, "", http.MethodGet, book, ""); got["title"] != "Emma" {
		t.Errorf("the book of the other tenant became %v", got)
	}
	l.ask(t, http.StatusOK, "", http.MethodGet, otherAuthor, "")
	l.ask(t, http.StatusNotImplemented, "", http.MethodGet, "/books/"+filepath.Base(book), "")
	t.Logf("%d requests to rows of another tenant, and 5 that refer to them: none got through", asked)
}

// rigConflicts changes one row 50 times at once where the database refuses whatever
// is not serial.
func (l *library) rigConflicts(t *testing.T) {
	const many = 50
	_, book, _ := l.shelf(t, "east")
	var group sync.WaitGroup
	start := make(chan struct{})
	for i := range many {
		group.Go(func() {
			<-start
			l.ask(t, http.StatusOK, "", http.MethodPatch, book, fmt.Sprintf(`{"title": "Emma %d"}`, i))
		})
	}
	close(start)
	group.Wait()
}

// scanned finds the partitions that a plan reads.
var scanned = regexp.MustCompile(`Scan[^\n]* on (\w+?)_p(\d+)\b`)

// touched returns the numbers of the partitions that a plan reads.
func touched(plan string) []string {
	set := map[string]bool{}
	for _, m := range scanned.FindAllStringSubmatch(plan, -1) {
		set[m[2]] = true
	}
	return slices.Sorted(maps.Keys(set))
}

// rigPlans has the server tell the plan of every statement of the service: each reads
// one partition. Every request is sent often enough for the plans that do not know
// the arguments.
func (l *library) rigPlans(t *testing.T) {
	const log = `current_setting('data_directory') || '/../log'`
	if all := touched(strings.Join(list[string](t, l, `EXPLAIN SELECT 1 FROM books WHERE id = 'x'`), "\n")); len(all) != 4 {
		t.Fatalf("a query without the shard key reads %v, want 4 partitions: the rig sees nothing", all)
	}
	before := list[int64](t, l, `SELECT size FROM pg_stat_file(`+log+`)`)[0]
	for i := range 12 {
		author, book, review := l.shelf(t, fmt.Sprintf("west-%d", i))
		base := strings.TrimSuffix(author, "/authors/"+filepath.Base(author))
		tenant := filepath.Base(base)
		for _, path := range []string{
			author, base + "/authors?sort=-name", book, review, book + "/reviews?cursor=0",
			base + "/books?q=e&authorId=" + filepath.Base(author),
		} {
			l.ask(t, http.StatusOK, "", http.MethodGet, path, "")
		}
		l.ask(t, http.StatusOK, "", http.MethodPut, book, `{"title": "Emma"}`)
		l.ask(t, http.StatusOK, "", http.MethodPatch, book, `{"title": "Emma"}`)
		l.ask(t, http.StatusOK, "", http.MethodPut, base+"/settings/color", `{"value": "red"}`)
		l.ask(t, http.StatusOK, "", http.MethodGet, base+"/settings/color", "")
		loan := l.ask(t, http.StatusCreated, tenant, http.MethodPost, "/loans", `{"reader": "Emma"}`)
		l.ask(t, http.StatusOK, tenant, http.MethodGet, fmt.Sprintf("/loans/%s", loan["id"]), "")
		l.ask(t, http.StatusOK, tenant, http.MethodGet, "/loans", "")
		for _, path := range []string{review, book, author} {
			l.ask(t, http.StatusNoContent, "", http.MethodDelete, path, "")
		}
		l.ask(t, http.StatusNotFound, "", http.MethodGet, book+"/reviews", "")
	}
	text := list[string](t, l, `SELECT pg_read_file(`+log+`, $1, 100000000)`, before)[0]
	statements := map[string]int{}
	plans := 0
	for entry := range strings.SplitSeq(text, "LOG:  ") {
		_, entry, ok := strings.Cut(entry, "Query Text: ")
		if !ok {
			continue
		}
		// The plan begins at the line with a cost.
		lines := strings.Split(entry, "\n")
		i := slices.IndexFunc(lines, func(line string) bool { return strings.Contains(line, "(cost=") })
		query := strings.Join(strings.Fields(strings.Join(lines[:max(i, 0)], " ")), " ")
		plan := strings.Join(lines[max(i, 0):], "\n")
		if !divided.MatchString(query) {
			continue
		}
		plans++
		statements[query]++
		inserts := strings.HasPrefix(query, "INSERT") // the row tells where it goes
		if got := touched(plan); len(got) != 1 && !(inserts && len(got) == 0) {
			t.Errorf("%s reads the partitions %v:\n%s", query, got, plan)
		}
	}
	if len(statements) < 19 {
		t.Errorf("%d statements were seen: %v", len(statements), slices.Sorted(maps.Keys(statements)))
	}
	t.Logf("%d plans of %d statements, each of one partition", plans, len(statements))
}

// divided finds the tables that have a shard key.
var divided = regexp.MustCompile(`\b(authors|books|reviews|settings|loans)\b`)

// rigDistributed expects the tables where they belong, the shards of one tenant
// together, and no partitions.
func (l *library) rigDistributed(t *testing.T) {
	got := list[string](t, l, `SELECT table_name || ' ' || citus_table_type || ' ' || distribution_column FROM citus_tables ORDER BY 1`)
	want := []string{
		"authors distributed tenant_id", "books distributed tenant_id", "genres reference <none>", "loans distributed tenant_id",
		"reviews distributed tenant_id", "settings distributed tenant_id", "tenants reference <none>",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if n := list[int64](t, l, `SELECT COUNT(DISTINCT colocation_id) FROM citus_tables WHERE citus_table_type = 'distributed'`)[0]; n != 1 {
		t.Errorf("the tables are in %d groups, want 1", n)
	}
	if parts := list[string](t, l, `SELECT inhrelid::regclass::TEXT FROM pg_inherits`); len(parts) > 0 {
		t.Errorf("there are the partitions %v", parts)
	}
}
