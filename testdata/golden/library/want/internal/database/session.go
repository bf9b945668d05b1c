package database

import (
	"context"
	"errors"
	"fmt"
	"math/bits"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
)

// Pooler says whether a pooler of connections, such as PgBouncer in transaction
// mode, stands between the service and PostgreSQL. Behind one each transaction may
// meet another server process. So there are no prepared statements with a name and
// no settings of a session.
type Pooler string

// What DATABASE_PGBOUNCER may say.
const (
	PoolerAuto Pooler = "auto" // found out from the first connection
	PoolerYes  Pooler = "true"
	PoolerNo   Pooler = "false"
)

// ParsePooler reads auto, true or false.
func ParsePooler(text string) (Pooler, error) {
	switch p := Pooler(strings.ToLower(text)); p {
	case PoolerAuto, PoolerYes, PoolerNo:
		return p, nil
	}
	return PoolerAuto, errors.New("want auto, true or false")
}

// What stands in front of the server processes.
const (
	kindUnknown int32 = iota
	kindNothing
	kindPooler
)

// setPooler notes what the settings say, before the first connection.
func (p *postgres) setPooler(pooler Pooler, config *pgx.ConnConfig) {
	p.mode = config.DefaultQueryExecMode
	switch pooler {
	case PoolerYes:
		p.kind.Store(kindPooler)
		config.DefaultQueryExecMode = p.pooledMode()
	case PoolerNo:
		p.kind.Store(kindNothing)
	}
}

// pooledMode returns how statements are sent through a pooler: described once and
// without a name from then on. A mode that the URL asks for is kept.
func (p *postgres) pooledMode() pgx.QueryExecMode {
	if p.mode == pgx.QueryExecModeCacheStatement {
		return pgx.QueryExecModeCacheDescribe
	}
	return p.mode
}

// withMode puts the mode in front of the arguments where it is not the default.
func (p *postgres) withMode(args []any) []any {
	if p.kind.Load() != kindPooler {
		return args
	}
	return append([]any{p.pooledMode()}, args...)
}

// connConfig returns how connections beside the pool are made.
func (p *postgres) connConfig() *pgx.ConnConfig {
	config := p.pool.Config().ConnConfig
	if p.kind.Load() == kindPooler {
		config.DefaultQueryExecMode = p.pooledMode()
	}
	return config
}

// session is what is known about one connection.
type session struct {
	generation int64 // of the pool when it was made
	timeout    int64 // statement_timeout in ms, 0 is the server's default
}

func sessionOf(conn *pgx.Conn) *session {
	s, _ := conn.PgConn().CustomData()["session"].(*session)
	return s
}

// greet prepares a new connection. It has no deadline of its own: pgxpool goes on
// with a connection whose caller has given up.
func (p *postgres) greet(ctx context.Context, conn *pgx.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, p.patience)
	defer cancel()
	conn.PgConn().CustomData()["session"] = &session{generation: p.generation.Load()}
	// Times come back in UTC on every machine, as they do from SQLite.
	conn.TypeMap().RegisterType(&pgtype.Type{
		Name:  "timestamptz",
		OID:   pgtype.TimestamptzOID,
		Codec: &pgtype.TimestamptzCodec{ScanLocation: time.UTC},
	})
	if p.kind.Load() == kindUnknown {
		if err := p.look(ctx, conn); err != nil {
			return err
		}
	}
	p.pace.succeeded()
	if p.kind.Load() == kindPooler || version(conn) < 14 {
		return nil
	}
	// A statement whose client is gone ends soon, even if the client could not ask
	// for that. Not every platform can tell.
	_, err := conn.Exec(ctx, "SET client_connection_check_interval = '2s'")
	if _, refused := errors.AsType[*pgconn.PgError](err); refused {
		return nil
	}
	return err
}

// look finds out what stands in front, and how long statements may take anyway. A
// pooler gives its clients process numbers of its own.
func (p *postgres) look(ctx context.Context, conn *pgx.Conn) error {
	var pid uint32
	var limit int64
	err := conn.QueryRow(ctx, "SELECT pg_backend_pid(), setting::bigint FROM pg_settings WHERE name = 'statement_timeout'",
		pgx.QueryExecModeSimpleProtocol).Scan(&pid, &limit)
	if err != nil {
		return fmt.Errorf("look at session: %w", err)
	}
	p.roleLimit.Store(limit)
	kind := kindNothing
	if pid != conn.PgConn().PID() {
		kind = kindPooler
	}
	p.kind.Store(kind)
	return nil
}

// version returns the main version of the server, 0 if it does not say.
func version(conn *pgx.Conn) int {
	text, _, _ := strings.Cut(conn.PgConn().ParameterStatus("server_version"), ".")
	n, _ := strconv.Atoi(text)
	return n
}

// limit lets the server end statements soon after ctx ends. pgx asks it to cancel
// them when ctx does; this is for when that gets lost or the service dies. Setting
// the time costs a round trip, so it is rounded up to powers of two and set when it
// changes, which it hardly does when all requests have the same time.
func (p *postgres) limit(ctx context.Context, conn *pgx.Conn) error {
	if p.kind.Load() == kindPooler {
		return nil
	}
	timeout := statementTimeout(ctx)
	if role := p.roleLimit.Load(); role > 0 && timeout >= role {
		timeout = 0
	}
	s := sessionOf(conn)
	if s.timeout == timeout {
		return nil
	}
	text := "DEFAULT"
	if timeout > 0 {
		text = strconv.FormatInt(timeout, 10)
	}
	if _, err := conn.Exec(ctx, "SET statement_timeout = "+text); err != nil {
		return err
	}
	s.timeout = timeout
	return nil
}

// statementTimeout returns in ms how long a statement may take, 0 without a
// deadline.
func statementTimeout(ctx context.Context) int64 {
	end, ok := ctx.Deadline()
	if !ok {
		return 0
	}
	return 1 << bits.Len64(uint64(max(time.Until(end).Milliseconds(), 0)))
}

// mostSilence is how long a pool may be in full use without a connection that
// comes back before it counts as dead.
const mostSilence = 10 * time.Second

// progress sees whether a pool in full use is alive. It is safe for concurrent use.
type progress struct {
	mu    sync.Mutex
	count int64
	at    time.Time // when count was another one for the last time
}

// since returns [ErrBusy] when no connection was handed out for too long.
func (p *progress) since(count int64, now time.Time) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if count != p.count {
		p.count, p.at = count, now
	}
	if now.Sub(p.at) > mostSilence {
		return fmt.Errorf("%w: every connection has been in use since %s ago", ErrBusy, now.Sub(p.at).Round(time.Second))
	}
	return nil
}
