package database

import (
	"context"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"example.com/library/internal/clientip"
)

// Positions keeps for all instances of the service where the last write of each
// client is. It has to bear its own failures: an instance then knows the writes it
// made. It must be safe for concurrent use.
type Positions interface {
	// Note remembers a write of a client.
	Note(ctx context.Context, client string, at uint64)
	// Position returns the last write of a client, 0 when none is known.
	Position(ctx context.Context, client string) uint64
}

// remember is how long a client is held to its last write where that is kept outside
// of this process. A replica that is read from has it long before.
func (cfg Config) remember() time.Duration { return 2*cfg.ReplicaMaxLag + 10*time.Second }

// visitor is the client of a request.
type visitor struct {
	client string
	cookie position
	once   sync.Once
	shared position      // what other instances know, after once
	wrote  atomic.Uint64 // the last write of this request
}

type visitorKey struct{}

func visitorOf(ctx context.Context) *visitor {
	v, _ := ctx.Value(visitorKey{}).(*visitor)
	return v
}

// process is the name of the client that work without a request has.
const process = ""

// ReadYourWrites tells the database from which client the requests to next come, so
// that no client reads a replica that lacks its last write. A client is whoever sends
// the same Authorization field, and without one the same address (of IPv6, the same
// /56 network). Clients that keep cookies are known by a cookie besides, which
// answers to writes set; its name begins with the name of the service.
//
// Without replicas it returns next.
func (db *DB) ReadYourWrites(next http.Handler, service string, proxies clientip.Proxies) http.Handler {
	r, ok := db.engine.(*replicated)
	if !ok {
		return next
	}
	cookie := service + "_position"
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		v := &visitor{client: req.Header.Get("Authorization")}
		if v.client == "" {
			v.client = "addr:" + clientip.Network(proxies.Client(req)).String()
		}
		if c, err := req.Cookie(cookie); err == nil {
			at, _ := strconv.ParseUint(c.Value, 16, 64) // 0 is what no cookie says
			v.cookie = position(at)
		}
		known := req.WithContext(context.WithValue(req.Context(), visitorKey{}, v))
		defer func() { req.Pattern = known.Pattern }() // for the log
		next.ServeHTTP(&positionWriter{ResponseWriter: w, req: known, visitor: v, cookie: cookie, span: r.clients.span}, known)
	})
}

// positionWriter sets the cookie of answers to requests that wrote.
type positionWriter struct {
	http.ResponseWriter
	req     *http.Request
	visitor *visitor
	cookie  string        // its name
	span    time.Duration // how long it is kept
	begun   bool
}

func (w *positionWriter) begin() {
	at := w.visitor.wrote.Load()
	begun := w.begun
	if w.begun = true; begun || at == 0 {
		return
	}
	http.SetCookie(w.ResponseWriter, &http.Cookie{
		Name: w.cookie, Value: strconv.FormatUint(at, 16), Path: "/", MaxAge: int(w.span.Seconds()),
		Secure:   w.req.TLS != nil || w.req.Header.Get("X-Forwarded-Proto") == "https",
		HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

// WriteHeader implements [http.ResponseWriter].
func (w *positionWriter) WriteHeader(status int) {
	if status >= http.StatusOK || status == http.StatusSwitchingProtocols {
		w.begin()
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements [http.ResponseWriter].
func (w *positionWriter) Write(p []byte) (int, error) {
	w.begin()
	return w.ResponseWriter.Write(p)
}

// Unwrap is for [http.ResponseController].
func (w *positionWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// mustSee returns up to where a read has to see the log. It returns false for reads
// that follow a write in their own request: they need the primary.
func (r *replicated) mustSee(ctx context.Context) (position, bool) {
	v := visitorOf(ctx)
	if v == nil {
		return r.clients.get(process), true
	}
	if v.wrote.Load() != 0 {
		return 0, false
	}
	at := max(v.cookie, r.clients.get(v.client))
	if r.shared != nil {
		v.once.Do(func() { v.shared = position(r.shared.Position(ctx, v.client)) })
		at = max(at, v.shared)
	}
	return at, true
}

// wrote notes that a write was done through a connection, which may be broken.
func (r *replicated) wrote(ctx context.Context, c *pgxpool.Conn) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), positionTime)
	defer cancel()
	at, err := positionOf(ctx, c)
	if err != nil {
		at = unknown
	}
	client := process
	if v := visitorOf(ctx); v != nil {
		v.wrote.Store(uint64(at))
		client = v.client
	}
	r.clients.note(client, at)
	if r.shared != nil && client != process {
		r.shared.Note(ctx, client, uint64(at))
	}
}

// positionOf returns a position behind every commit that the connection has seen.
// What is not flushed has not been sent to replicas either, so a commit that did not
// wait for that is behind the end of what is flushed.
func positionOf(ctx context.Context, c *pgxpool.Conn) (position, error) {
	const sql = `SELECT (CASE current_setting('synchronous_commit') WHEN 'off' THEN pg_current_wal_insert_lsn()
	ELSE pg_current_wal_flush_lsn() END - '0/0')::bigint`
	var at int64
	err := c.QueryRow(ctx, sql, pgx.QueryExecModeSimpleProtocol).Scan(&at)
	return position(at), err
}
