package database_test

import (
	"context"
	"testing"
	"time"

	"example.com/messages/internal/database"
)

// BenchmarkReads reads a row and 50 rows, the way requests do: with a deadline.
func BenchmarkReads(b *testing.B) {
	for name, url := range map[string]func(testing.TB) string{
		"sqlite":   func(b testing.TB) string { return "sqlite:" + b.TempDir() + "/bench.db" },
		"postgres": schemaURL,
	} {
		b.Run(name, func(b *testing.B) {
			cfg := settings
			cfg.URL = url(b)
			db, err := database.Open(context.Background(), cfg)
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { _ = db.Close() })
			if _, err := db.Migrate(context.Background(), migrations, "migrations"); err != nil {
				b.Fatal(err)
			}
			for range 50 {
				if _, err := db.Exec(context.Background(), `INSERT INTO things (id, label) VALUES ($1, 'x')`, database.NewID()); err != nil {
					b.Fatal(err)
				}
			}
			b.Run("row", func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
					var id string
					if err := db.QueryRow(ctx, `SELECT id FROM things WHERE label = $1 LIMIT 1`, "x").Scan(&id); err != nil {
						b.Fatal(err)
					}
					cancel()
				}
			})
			b.Run("50 rows", func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
					rows, err := db.Query(ctx, `SELECT id, label FROM things`)
					if err != nil {
						b.Fatal(err)
					}
					for rows.Next() {
						var id, label string
						if err := rows.Scan(&id, &label); err != nil {
							b.Fatal(err)
						}
					}
					if err := rows.Err(); err != nil {
						b.Fatal(err)
					}
					rows.Close()
					cancel()
				}
			})
		})
	}
}
