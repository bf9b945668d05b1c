package database_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"example.com/library/internal/database"
)

func TestStatementTimeoutFollowsTheDeadline(t *testing.T) {
	onPostgres(t, func(t *testing.T, cfg database.Config, _ *pgx.Conn) {
		cfg.MaxConns = 1
		limited := cfg
		limited.URL += "&statement_timeout=7s"
		for _, tt := range []struct {
			name string
			cfg  database.Config
			have time.Duration // to the deadline, 0 is none
			want string
		}{
			{"15 s", cfg, 15 * time.Second, "16384ms"},
			{"5 s", cfg, 5 * time.Second, "8192ms"},
			{"900 ms", cfg, 900 * time.Millisecond, "1024ms"},
			{"no deadline", cfg, 0, "0"},
			{"the role allows less", limited, 15 * time.Second, "7s"},
			{"the role allows more", limited, 3 * time.Second, "4096ms"},
		} {
			db := open(t, tt.cfg)
			for _, have := range []time.Duration{time.Hour, tt.have} { // the first leaves its mark
				ctx, cancel := context.WithCancel(t.Context())
				if have > 0 {
					ctx, cancel = context.WithTimeout(t.Context(), have)
				}
				defer cancel()
				var got string
				if err := db.QueryRow(ctx, `SHOW statement_timeout`).Scan(&got); err != nil {
					t.Fatal(err)
				}
				if have == tt.have && got != tt.want {
					t.Errorf("%s: statement_timeout is %s, want %s", tt.name, got, tt.want)
				}
			}
			if s := db.Stats(); s.NewConns != 1 {
				t.Errorf("%s: %d connections", tt.name, s.NewConns)
			}
		}
	})
}

func TestFullPoolIsAliveWhileItMoves(t *testing.T) {
	onPostgres(t, func(t *testing.T, cfg database.Config, _ *pgx.Conn) {
		cfg.MaxConns = 1
		db := open(t, cfg)
		err := db.InTx(t.Context(), func(context.Context) error {
			start := time.Now()
			if err := db.Ping(t.Context()); err != nil || time.Since(start) > time.Second {
				t.Errorf("error %v after %s", err, time.Since(start))
			}
			if s := db.Stats(); s.InUse != 1 || s.MaxConns != 1 {
				t.Errorf("%+v, want one connection in use", s)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}

func TestOldConnectionsAreReplaced(t *testing.T) {
	onPostgres(t, func(t *testing.T, cfg database.Config, _ *pgx.Conn) {
		cfg.MaxConns, cfg.MaxLifetime = 1, 100*time.Millisecond
		db := open(t, cfg)
		pids := map[int]bool{}
		for range 3 {
			var pid int
			if err := db.QueryRow(t.Context(), `SELECT pg_backend_pid()`).Scan(&pid); err != nil {
				t.Fatal(err)
			}
			pids[pid] = true
			time.Sleep(150 * time.Millisecond)
		}
		if len(pids) != 3 {
			t.Errorf("%d server processes, want 3", len(pids))
		}
	})
}

func TestIdleConnectionsAreClosed(t *testing.T) {
	onPostgres(t, func(t *testing.T, cfg database.Config, _ *pgx.Conn) {
		cfg.IdleTimeout = time.Second
		db := open(t, cfg)
		warm(t, db, cfg.MaxConns)
		for deadline := time.Now().Add(5 * time.Second); db.Stats().Idle > 0; time.Sleep(50 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%+v, want none idle", db.Stats())
			}
		}
	})
}

func TestCloseDoesNotWaitForEver(t *testing.T) {
	onPostgres(t, func(t *testing.T, cfg database.Config, _ *pgx.Conn) {
		db, err := database.Open(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := db.Query(t.Context(), "SELECT 1")
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		if err := db.Close(); err == nil || !strings.Contains(err.Error(), "connections in use after 3s: 1") {
			t.Errorf("error %v after %s", err, time.Since(start))
		}
		rows.Close()
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestParsePooler(t *testing.T) {
	for text, want := range map[string]database.Pooler{
		"auto": database.PoolerAuto, "TRUE": database.PoolerYes, "false": database.PoolerNo,
	} {
		if got, err := database.ParsePooler(text); err != nil || got != want {
			t.Errorf("%s: got %q, error %v", text, got, err)
		}
	}
	if _, err := database.ParsePooler("perhaps"); err == nil || !strings.Contains(err.Error(), "auto, true or false") {
		t.Errorf("got %v", err)
	}
}

func TestCallersBeyondTheQueueDoNotWait(t *testing.T) {
	each(t, func(t *testing.T, cfg database.Config) {
		cfg.MaxConns, cfg.AcquireTimeout = 1, 500*time.Millisecond
		db := migrated(t, cfg)
		err := db.InTx(t.Context(), func(context.Context) error {
			errs := make(chan error, 20)
			for range cap(errs) {
				go func() {
					_, err := db.Exec(t.Context(), `DELETE FROM things`)
					errs <- err
				}()
			}
			for range 10 { // those that found 10 in the queue
				select {
				case err := <-errs:
					if !errors.Is(err, database.ErrBusy) {
						t.Errorf("got %v, want %v", err, database.ErrBusy)
					}
				case <-time.After(5 * time.Second):
					t.Fatal("nobody was turned away")
				}
			}
			if s := db.Stats(); s.Waiting != 10 || s.Refused != 10 {
				t.Errorf("%+v, want 10 that wait and 10 refused", s)
			}
			served := 0
			for range 10 {
				if <-errs == nil {
					served++
				}
			}
			t.Logf("%d of those that wait are served", served)
			return nil
		})
		if err != nil {
			t.Error(err)
		}
		if s := db.Stats(); s.Waiting != 0 || s.AcquireTimeouts != 10 {
			t.Errorf("%+v, want 10 timeouts", s)
		}
	})
}
