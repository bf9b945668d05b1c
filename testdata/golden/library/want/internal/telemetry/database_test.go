package telemetry

import (
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"example.com/library/internal/database"
)

func TestStatements(t *testing.T) {
	m := newMemory()
	tel := newTelemetry(t, Config{}, m)
	cfg := database.Config{
		URL: "sqlite:" + filepath.Join(t.TempDir(), "test.db"), MaxConns: 4, AcquireTimeout: time.Second, ConnectTimeout: time.Second,
		IdleTimeout: time.Second, Log: slog.New(slog.DiscardHandler),
	}
	cfg.Observe = tel.Statements(cfg.URL)
	db, err := database.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	tel.Database(db)
	ctx, span := tel.tracer.Start(t.Context(), "request")
	if _, err := db.Exec(ctx, "CREATE TABLE things (id INTEGER PRIMARY KEY, name TEXT)"); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(ctx, "INSERT INTO things (name) VALUES ($1)", "canary"); err != nil {
		t.Fatal(err)
	}
	var name string
	if err := db.QueryRow(ctx, "SELECT name FROM things WHERE id = $1", 7).Scan(&name); !errors.Is(err, database.ErrNotFound) {
		t.Fatal(err)
	}
	if err := db.QueryRow(ctx, "SELECT name FROM nothing").Scan(&name); err == nil {
		t.Fatal("a table that is not there")
	}
	span.End()
	var names []string
	for _, s := range m.spans.GetSpans() {
		names = append(names, s.Name)
		if s.SpanContext.TraceID() != span.SpanContext().TraceID() {
			t.Errorf("%s is in a trace of its own", s.Name)
		}
	}
	if got := strings.Join(names, ", "); got != "OTHER, INSERT things, SELECT things, SELECT nothing, request" {
		t.Errorf("spans: %s", got)
	}
	all := m.metrics(t)
	if n := len(all["db.client.operation.duration"].(metricdata.Histogram[float64]).DataPoints); n != 3 {
		t.Errorf("%d kinds of statements", n)
	}
	for _, name := range []string{"db.client.connection.count", "db.client.connection.max", "db.client.connection.pending_requests", "db.client.connection.timeouts"} {
		if all[name] == nil {
			t.Errorf("%s is missing", name)
		}
	}
}

func TestStatementNames(t *testing.T) {
	for sql, want := range map[string]string{
		"SELECT a, b FROM books WHERE x = $1":    "SELECT books",
		"  select count(*)\nfrom \"books\"":      "SELECT books",
		"INSERT INTO books(a) VALUES ($1)":       "INSERT books",
		"UPDATE books SET a = $1":                "UPDATE books",
		"DELETE FROM books;":                     "DELETE books",
		"WITH x AS (SELECT 1 FROM y) SELECT * x": "OTHER y",
		"":                                       "OTHER ",
		"SELECT":                                 "SELECT ",
	} {
		if got := kindOf(sql) + " " + tableOf(sql); got != want {
			t.Errorf("%q: got %q, want %q", sql, got, want)
		}
	}
}
