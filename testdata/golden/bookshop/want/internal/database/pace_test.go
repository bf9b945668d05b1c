package database_test

import (
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"example.com/bookshop/internal/database"
)

// door stands before PostgreSQL. While it is shut it answers as one does that starts.
type door struct {
	server *pgx.ConnConfig
	shut   atomic.Bool
	knocks atomic.Int64 // connections that it refused
	mu     sync.Mutex
	inside []net.Conn
}

// newDoor returns an open door and the URL that leads through it.
func newDoor(t *testing.T, server string) (*door, string) {
	t.Helper()
	config, err := pgx.ParseConfig(server)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	d := &door{server: config}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go d.let(c)
		}
	}()
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	u.Host = l.Addr().String()
	return d, u.String()
}

func (d *door) let(client net.Conn) {
	defer func() { _ = client.Close() }()
	if d.shut.Load() {
		d.knocks.Add(1)
		refuse(client)
		return
	}
	network, address := pgconn.NetworkAddress(d.server.Host, d.server.Port)
	server, err := net.Dial(network, address)
	if err != nil {
		return
	}
	d.mu.Lock()
	d.inside = append(d.inside, server)
	d.mu.Unlock()
	go func() { _, _ = io.Copy(server, client) }()
	_, _ = io.Copy(client, server)
}

func refuse(client net.Conn) {
	b := pgproto3.NewBackend(client, client)
	for {
		switch m, err := b.ReceiveStartupMessage(); m.(type) {
		case *pgproto3.SSLRequest, *pgproto3.GSSEncRequest:
			_, _ = client.Write([]byte("N"))
		default:
			if err == nil {
				b.Send(&pgproto3.ErrorResponse{Severity: "FATAL", Code: "57P03", Message: "the database system is starting up"})
				_ = b.Flush()
			}
			return
		}
	}
}

// close shuts the door and ends what goes through it.
func (d *door) close() {
	d.shut.Store(true)
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, c := range d.inside {
		_ = c.Close()
	}
}

func TestFewTriesWhileNoConnectionCanBeMade(t *testing.T) {
	onPostgres(t, func(t *testing.T, cfg database.Config, _ *pgx.Conn) {
		var d *door
		d, cfg.URL = newDoor(t, cfg.URL)
		db := open(t, cfg)
		warm(t, db, cfg.MaxConns)
		d.close()
		var group sync.WaitGroup
		for range 30 {
			group.Go(func() {
				var n int
				if err := db.QueryRow(t.Context(), `SELECT 1`).Scan(&n); err != nil {
					t.Error(err)
				}
			})
		}
		time.Sleep(time.Second)
		d.shut.Store(false)
		group.Wait()
		// Without a pace there were about 300.
		knocks := d.knocks.Load()
		t.Logf("30 queries waited 1 s for a connection: %d tries", knocks)
		if knocks > 40 {
			t.Error("want 40 tries at most")
		}
		if err := db.Ping(t.Context()); err != nil {
			t.Error(err)
		}
	})
}
