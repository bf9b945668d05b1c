package store

import (
	"errors"
	"math"
	"net/http"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"example.com/bookshop/internal/database"
	"example.com/bookshop/internal/problem"
)

func TestConditions(t *testing.T) {
	var c conditions
	c.and("author_id = ?", 7)
	c.and("price BETWEEN ? AND ?", 1, 2)
	in(&c, "genre", []string{"essay", "poetry"})
	c.search(`50%_\`, "title", "summary")
	text := c.text.String() + c.window(20, 40)

	const want = ` WHERE author_id = $1 AND price BETWEEN $2 AND $3 AND genre IN ($4, $5)` +
		` AND (LOWER(title) LIKE LOWER($6) ESCAPE '\' OR LOWER(summary) LIKE LOWER($6) ESCAPE '\') LIMIT $7 OFFSET $8`
	if text != want {
		t.Errorf("got  %s\nwant %s", text, want)
	}
	args := []any{7, 1, 2, "essay", "poetry", `%50\%\_\\%`, int64(20), int64(40)}
	if !slices.Equal(c.args, args) {
		t.Errorf("arguments %v, want %v", c.args, args)
	}
}

func TestWindow(t *testing.T) {
	for _, tt := range []struct {
		size, offset, page           *int32
		wantSize, wantRows, wantPage int64
	}{
		{nil, nil, nil, 20, 0, 0},
		{new(int32(5)), new(int32(3)), new(int32(1)), 5, 3, 0},
		{new(int32(500)), new(int32(-3)), new(int32(3)), 100, 0, 200},
		{new(int32(0)), nil, new(int32(-7)), 20, 0, 0},
	} {
		size := pageSize(tt.size, 20, 100)
		if size != tt.wantSize || rowsBefore(tt.offset) != tt.wantRows || pagesBefore(tt.page, 1, size) != tt.wantPage {
			t.Errorf("got %d, %d, %d; want %d, %d, %d", size, rowsBefore(tt.offset), pagesBefore(tt.page, 1, size),
				tt.wantSize, tt.wantRows, tt.wantPage)
		}
	}
	if got := pagesBefore(new(int64(math.MaxInt64)), 1, 100); got < 0 {
		t.Errorf("a page past all pages skips %d rows", got)
	}
}

func TestPage(t *testing.T) {
	p := Page[int]{Total: 41, Limit: 20, Offset: 40, Next: new("x")}
	if p.Number() != 3 || p.Pages() != 3 || p.Cursor() != "x" {
		t.Errorf("number %d, pages %d, cursor %q", p.Number(), p.Pages(), p.Cursor())
	}
}

func TestOrderBy(t *testing.T) {
	columns := map[string]string{"price": "price", "createdAt": "created_at"}
	for _, tt := range []struct{ sort, direction, want string }{
		{"", "", "id"},
		{"price", "", "price, id"},
		{"-price, +createdAt", "", "price DESC, created_at, id"},
		{"price:desc,createdAt_asc", "", "price DESC, created_at, id"},
		{"price", "desc", "price DESC, id"},
	} {
		got, err := orderBy(http.StatusBadRequest, "sort", tt.sort, tt.direction, "id", columns)
		if err != nil || got != tt.want {
			t.Errorf("sort=%s: got %q, %v; want %q", tt.sort, got, err, tt.want)
		}
	}
	_, err := orderBy(http.StatusBadRequest, "sort", "id; DROP TABLE books", "", "id", columns)
	if p, ok := errors.AsType[*problem.Problem](err); !ok || p.Status != http.StatusBadRequest || p.Errors[0].Pointer != "/sort" {
		t.Errorf("an unknown column gives %v", err)
	}
}

func TestDeclared(t *testing.T) {
	for _, tt := range []struct {
		err                 error
		conflict, reference int
		want                int
	}{
		{database.ErrConflict, 0, 0, http.StatusConflict},
		{database.ErrConflict, http.StatusUnprocessableEntity, 0, http.StatusUnprocessableEntity},
		{database.ErrReference, 0, http.StatusNotFound, http.StatusNotFound},
		{database.ErrReference, 0, http.StatusUnprocessableEntity, http.StatusUnprocessableEntity},
		{affected(0, nil), 0, 0, http.StatusNotFound},
		{missingBody(http.StatusBadRequest), 0, 0, http.StatusBadRequest},
	} {
		p, ok := declared(tt.err, tt.conflict, tt.reference).(interface{ Problem() *problem.Problem })
		if !ok || p.Problem().Status != tt.want {
			t.Errorf("%v with %d and %d gives %v, want %d", tt.err, tt.conflict, tt.reference, p, tt.want)
		}
	}
	if err := declared(affected(1, nil), 0, 0); err != nil {
		t.Error(err)
	}
}

func TestRows(t *testing.T) {
	ctx := t.Context()
	db, err := database.Open(ctx, database.Config{
		URL: "sqlite:" + filepath.Join(t.TempDir(), "test.db"), MaxConns: 1, ConnectTimeout: time.Second, AcquireTimeout: time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	type row struct {
		id   string
		note *string
	}
	scan := func(s scanner, r *row) error { return s.Scan(&r.id, &r.note) }
	if _, err := db.Exec(ctx, "CREATE TABLE rows_read (id TEXT PRIMARY KEY, note TEXT)"); err != nil {
		t.Fatal(err)
	}
	none, err := db.Query(ctx, "SELECT id, note FROM rows_read")
	if list, err := all(none, err, scan); err != nil || list == nil || len(list) != 0 {
		t.Errorf("an empty table reads as %v, %v", list, err)
	}
	for _, id := range []*string{new("a"), nil} {
		stmt := "INSERT INTO rows_read (id) VALUES ($1) RETURNING id, note"
		r, err := one(db.WriteRow(ctx, stmt, idOr(db, id)), scan)
		if err != nil || r.id == "" || !nullable(r.note).Null {
			t.Errorf("inserted %v, %v", r, err)
		}
	}
	if value(new("x")) != "x" || value[string](nil) != "" {
		t.Error("value does not follow its pointer")
	}
	rows, err := db.Query(ctx, "SELECT id, note FROM rows_read ORDER BY id DESC")
	if list, err := all(rows, err, scan); err != nil || len(list) != 2 || list[0].id != "a" {
		t.Errorf("read %v, %v", list, err)
	}
	if _, err := one(db.QueryRow(ctx, "SELECT id, note FROM rows_read WHERE id = $1", "z"), scan); !errors.Is(err, database.ErrNotFound) {
		t.Errorf("a missing row gives %v", err)
	}
}
