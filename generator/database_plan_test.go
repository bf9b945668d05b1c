//go:build unix

package generator_test

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/apigen-go/apigen/generator/internal/conformance"
	"github.com/apigen-go/apigen/generator/internal/servertest"
)

// rigPlans: no request of the bookshop makes PostgreSQL read a large table from end
// to end. The server tells the plan of every statement, those of foreign keys too.
func rigPlans(t *testing.T, service *conformance.Service) {
	rows := "20000"
	if soaking {
		rows = "100000"
	}
	database := servertest.Postgres(t)
	admin := connect(t, database)
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	for _, setting := range []string{
		"session_preload_libraries = 'auto_explain'", "auto_explain.log_min_duration = 0",
		"auto_explain.log_nested_statements = on", "log_min_messages = log",
	} {
		if _, err := admin.Exec(t.Context(), "ALTER DATABASE "+strings.TrimPrefix(u.Path, "/")+" SET "+setting); err != nil {
			t.Fatal(err)
		}
	}
	s := openShopAt(t, service, "DATABASE_URL="+database, "DATABASE_MAX_CONNS=1")
	s.admin = admin
	s.exec(t, strings.ReplaceAll(`
INSERT INTO authors (name, created_at) SELECT 'author ' || n, now() - n * interval '1 minute' FROM generate_series(1, $N) n;
INSERT INTO books (author_id, title, isbn, genre, price, published_on, created_at, updated_at)
	SELECT 1 + n % ($N / 10), 'title ' || n, NULL, (ARRAY['fiction', 'non_fiction', 'poetry', 'children'])[1 + n % 4], n % 1000 / 10.0, DATE '1900-01-01' + n % 40000, now(), now()
	FROM generate_series(1, $N) n;
INSERT INTO reviews (book_id, reader, rating, created_at) SELECT 1 + n % ($N / 10), 'reader ' || n, 1 + n % 5, now() FROM generate_series(1, $N) n`, "$N", rows))
	for _, table := range []string{"authors", "books", "reviews"} {
		s.exec(t, "VACUUM ANALYZE "+table)
	}
	paths := []string{"/authors", "/authors/7", "/authors?name=author+77", "/authors/7/books", "/authors/7/books?offset=5", "/books", "/books/7",
		"/books?title=title+77", "/books?genre=poetry", "/books?min_price=95", "/books?max_price=3", "/books?min_price=40&max_price=41",
		"/books?genre=fiction&min_price=99", "/books?min_price=50", "/books?limit=100&offset=100", "/books/7/reviews", "/books/7/reviews?rating=5", "/reviews/7"}
	for _, by := range []string{"name", "created_at"} {
		paths = append(paths, "/authors?sort="+by, "/authors?sort=-"+by)
	}
	for _, by := range []string{"title", "price", "published_on"} {
		paths = append(paths, "/books?sort="+by, "/books?sort=-"+by, "/books?genre=children&sort="+by, "/books?max_price=5&sort=-"+by)
	}
	for _, path := range paths {
		for range 7 { // PostgreSQL may plan differently from the sixth time on
			if r := s.send(http.MethodGet, path, ""); r.status != http.StatusOK {
				t.Fatalf("%s: status %d, %s", path, r.status, r.body)
			}
		}
	}
	for _, w := range []struct {
		method, path, body string
		want               int
	}{
		{http.MethodPut, "/authors/9", `{"name": "new name"}`, 200},
		{http.MethodPost, "/authors", `{"name": "new name"}`, 409},
		{http.MethodPost, "/authors/9/books", `{"title": "T", "genre": "poetry", "price": 1, "isbn": "9783161484100"}`, 201},
		{http.MethodPut, "/books/9", `{"title": "T", "genre": "poetry", "price": 1}`, 200},
		{http.MethodPost, "/books/9/reviews", `{"reader": "R", "rating": 1}`, 201},
		{http.MethodDelete, "/reviews/9", "", 204},
		{http.MethodDelete, "/books/9", "", 409},
		{http.MethodDelete, "/books/" + rows, "", 204},
		{http.MethodDelete, "/authors/9", "", 409},
		{http.MethodDelete, "/authors/" + rows, "", 204},
	} {
		if r := s.send(w.method, w.path, w.body); r.status != w.want {
			t.Errorf("%s %s: status %d, want %d: %s", w.method, w.path, r.status, w.want, r.body)
		}
	}
	plans, full := s.fullScans(t, rows)
	t.Logf("%s rows in each table: %d plans, those that read a table from end to end: %q", rows, len(plans), full)
	if len(plans) < 7*len(paths) {
		t.Errorf("want %d plans at least", 7*len(paths))
	}
	for _, text := range full {
		if !strings.HasPrefix(text, "SELECT COUNT(*)") {
			t.Errorf("reads a table from end to end: %s", text)
		}
	}
	s.exec(t, "DROP INDEX books_title_idx")
	s.send(http.MethodGet, "/books?title=title+77", "")
	if _, without := s.fullScans(t, rows); len(without) <= len(full) {
		t.Error("an index that is missing is not seen, so this rig shows nothing")
	}
}

// fullScans returns the plans of all statements so far, and which statements read a
// table from end to end. A count of a quarter of the rows and more may: no index
// would help it. Others are marked.
func (s *shop) fullScans(t *testing.T, rows string) (plans, full []string) {
	t.Helper()
	var log string
	if err := s.admin.QueryRow(context.Background(), "SELECT pg_read_file(current_setting('data_directory') || '/../log')").Scan(&log); err != nil {
		t.Fatal(err)
	}
	all, err := strconv.Atoi(rows)
	if err != nil {
		t.Fatal(err)
	}
	plans = strings.Split(log, "Query Text: ")[1:]
	for _, plan := range plans {
		text, _, _ := strings.Cut(plan, "\n\t")
		scan := seqScan.FindStringSubmatch(plan)
		if scan == nil {
			continue
		}
		if n, err := strconv.Atoi(scan[2]); err == nil && n < all/4 && strings.HasPrefix(text, "SELECT COUNT(*)") {
			text = "few rows of " + text
		}
		if !slices.Contains(full, text) {
			full = append(full, text)
		}
	}
	slices.Sort(full)
	return plans, full
}

var seqScan = regexp.MustCompile(`Seq Scan on (authors|books|reviews) .* rows=(\d+)`)
