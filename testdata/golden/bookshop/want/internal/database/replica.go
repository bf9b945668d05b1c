package database

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// positionTime bounds how long an answer waits to learn where its write is.
const positionTime = time.Second

// replicated is a primary with replicas. Reads go to a replica that is well, not too
// far behind, and has the last write of the client; everything else goes to the
// primary, and so do reads when no replica will do.
type replicated struct {
	*postgres // the primary
	replicas  []*replica
	turn      atomic.Uint32 // of the replica to look at first
	logger    *slog.Logger
	shared    Positions // nil: each instance knows the writes it made

	maxLag  time.Duration
	log     *history
	clients *positions
	system  atomic.Int64 // the number of the cluster, 0: not known yet

	stop    context.CancelFunc
	stopped sync.WaitGroup
}

// replica is a server to read from.
type replica struct {
	*postgres
	name     string // HOST:PORT
	watcher  *watcher
	state    string // what the log says; only the watcher uses it
	replayed atomic.Uint64
	running  atomic.Int64
	life     atomic.Pointer[life] // nil: not to be read from
	current  atomic.Int64         // when the primary was where this is, in Unix nanoseconds; 0: not known
}

// behind is how far the replica is behind at most: that grows until it is looked at again.
func (rep *replica) behind(now time.Time) Replica {
	at := rep.current.Load()
	return Replica{Name: rep.name, Lag: max(now.Sub(time.Unix(0, at)), 0), Known: at != 0}
}

const replicaUp, replicaDown = "up", "down"

// life is a time in which a replica is read from. Its end ends the reads.
type life struct {
	ctx context.Context
	end context.CancelFunc
}

func newLife() *life {
	ctx, end := context.WithCancel(context.Background())
	return &life{ctx, end}
}

// stop ends the reads on a replica.
func (rep *replica) stop() {
	if l := rep.life.Swap(nil); l != nil {
		l.end()
		rep.pool.Reset()
	}
}

// urlStart is where a URL begins in a list with commas: lists of hosts in a URL have
// commas too.
var urlStart = regexp.MustCompile(`[,\s]+(postgres(?:ql)?://)`)

// ParseReplicaURLs reads postgres://… URLs with commas between them, or none.
func ParseReplicaURLs(text string) ([]string, error) {
	if text == "" {
		return nil, nil
	}
	urls := strings.Split(urlStart.ReplaceAllString(text, "\n$1"), "\n")
	for _, url := range urls {
		_, err := pgxpool.ParseConfig(url)
		if scheme, rest, _ := strings.Cut(url, "://"); err != nil || !strings.HasPrefix(scheme, "postgres") || strings.Contains(rest, "://") {
			return nil, errors.New("want postgres://… URLs with commas between them") // err may hold the password
		}
	}
	return urls, nil
}

// CheckReplicas returns what keeps the database from having replicas, or nil.
func (cfg Config) CheckReplicas() error {
	if len(cfg.ReplicaURLs) == 0 || strings.HasPrefix(cfg.URL, "postgres") {
		return nil
	}
	return errors.New("only PostgreSQL has replicas, and DATABASE_URL names a SQLite file")
}

// replicate puts replicas beside a primary that answers. It returns when each of
// them was looked at or does not answer; that is no error.
func replicate(ctx context.Context, cfg Config, primary *postgres) (*replicated, error) {
	r := &replicated{
		postgres: primary, logger: discard(cfg.Log), shared: cfg.Positions, maxLag: cfg.ReplicaMaxLag,
		log: &history{keep: cfg.ReplicaMaxLag + cfg.ReplicaCheck}, clients: newPositions(cfg.remember()),
	}
	for _, url := range cfg.ReplicaURLs {
		own := cfg
		own.URL, own.replica = url, true
		p, err := openPostgres(ctx, own)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("replica: %w", err), r.closeReplicas())
		}
		c := p.pool.Config().ConnConfig
		rep := &replica{postgres: p, name: fmt.Sprintf("%s:%d", c.Host, c.Port)}
		rep.watcher = newWatcher(p, lookAtReplica, cfg.ReplicaCheck, func(s sight, err error) { r.replicaSeen(rep, s, err) })
		r.replicas = append(r.replicas, rep)
	}
	watching, stop := context.WithCancel(context.Background())
	r.stop = stop
	// The primary is first: replicas are measured by it.
	r.watch(watching, newWatcher(primary, lookAtPrimary, cfg.ReplicaCheck, r.primarySeen)).Wait()
	var seen []*sync.WaitGroup
	for _, rep := range r.replicas {
		seen = append(seen, r.watch(watching, rep.watcher))
	}
	for _, s := range seen {
		s.Wait()
	}
	return r, nil
}

// watch starts a watcher. What it returns is done after the first look.
func (r *replicated) watch(ctx context.Context, w *watcher) *sync.WaitGroup {
	var seen sync.WaitGroup
	seen.Add(1)
	r.stopped.Go(func() { w.run(ctx, seen.Done) })
	return &seen
}

func (r *replicated) close() error {
	r.stop()
	r.stopped.Wait()
	return errors.Join(r.closeReplicas(), r.postgres.close())
}

func (r *replicated) closeReplicas() error {
	var errs []error
	for _, rep := range r.replicas {
		errs = append(errs, rep.close())
	}
	return errors.Join(errs...)
}

type currentKey struct{}

// Current returns a context whose reads see every write that was acknowledged,
// whoever made it: they go to the primary. Sessions that were revoked need it, and
// answers that others get too.
func Current(ctx context.Context) context.Context {
	return context.WithValue(ctx, currentKey{}, true)
}

func (r *replicated) conn(ctx context.Context, write bool) (conn, error) {
	if !write && ctx.Value(currentKey{}) == nil {
		return &readConn{r: r, end: func() {}}, nil
	}
	c, err := r.postgres.conn(ctx, true)
	if err != nil {
		return nil, err
	}
	return &writeConn{c.(*postgresConn), r, ctx}, nil
}

func (r *replicated) begin(ctx context.Context) (tx, error) {
	t, err := r.postgres.begin(ctx)
	if err != nil {
		return nil, err
	}
	return &writeTx{t.(*postgresTx), r, ctx}, nil
}

// pick returns the replica with the fewest reads under way, and its life, that has
// got to a position and is not among tried; or nil.
func (r *replicated) pick(at position, tried []*replica) (*replica, *life) {
	var best *replica
	var bestLife *life
	first := int(r.turn.Add(1))
next:
	for i := range r.replicas {
		rep := r.replicas[(first+i)%len(r.replicas)]
		for _, t := range tried {
			if t == rep {
				continue next
			}
		}
		l := rep.life.Load()
		if l == nil || position(rep.replayed.Load()) < at {
			continue
		}
		if best == nil || rep.running.Load() < best.running.Load() {
			best, bestLife = rep, l
		}
	}
	return best, bestLife
}

// readConn runs one read, on a replica if one will do.
type readConn struct {
	conn // the one that the read runs on, nil before that
	r    *replicated
	end  func()
}

func (c *readConn) query(ctx context.Context, sql string, args []any) (cursor, error) {
	at, ok := c.r.mustSee(ctx)
	var tried []*replica
	for ok {
		rep, l := c.r.pick(at, tried)
		if rep == nil {
			break
		}
		cur, err := c.read(ctx, rep, l, sql, args)
		if err == nil {
			return cur, nil
		}
		if l.ctx.Err() == nil && final(ctx, err) {
			return nil, err
		}
		rep.watcher.hurry()
		tried = append(tried, rep)
	}
	own, err := c.r.postgres.conn(ctx, false)
	if err != nil {
		return nil, err
	}
	c.conn = own
	return own.query(ctx, sql, args)
}

// read runs the read on a replica, as long as that is to be read from.
func (c *readConn) read(ctx context.Context, rep *replica, l *life, sql string, args []any) (cursor, error) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(l.ctx, cancel)
	rep.running.Add(1)
	end := func() {
		rep.running.Add(-1)
		stop()
		cancel()
	}
	own, err := rep.conn(ctx, false)
	if err != nil {
		end()
		return nil, err
	}
	var ahead *aheadRows
	cur, err := own.query(ctx, sql, args)
	if err == nil {
		ahead, err = readAhead(cur.(postgresRows).Rows, l)
	}
	if err != nil {
		own.release()
		end()
		return nil, err
	}
	c.conn, c.end = own, end
	return ahead, nil
}

func (c *readConn) release() {
	if c.conn != nil {
		c.conn.release()
	}
	c.end()
}

// final reports whether the primary would not do better with a read that failed on a
// replica: the request is over, the statement took too long or holds a bad value, or
// too many reads wait already. Everything else the primary answers again. That may
// be the same error; but replicas also fail because they are stopped, cancel what is
// in the way of the primary's changes, miss a table that is new, or were sent a write.
func final(ctx context.Context, err error) bool {
	if ctx.Err() != nil || errors.Is(err, ErrInvalid) {
		return true
	}
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code == "57014" // statement timeout
	}
	return errors.Unwrap(err) == ErrBusy //nolint:errorlint // what the gate says has no other cause
}

// writeConn notes where its write is in the log.
type writeConn struct {
	*postgresConn
	r   *replicated
	ctx context.Context
}

func (c *writeConn) release() {
	c.r.wrote(c.ctx, c.pooled)
	c.postgresConn.release()
}

type writeTx struct {
	*postgresTx
	r   *replicated
	ctx context.Context
}

// commit notes where the transaction is in the log, also when nobody knows whether
// it was committed.
func (t *writeTx) commit(ctx context.Context) error {
	err := t.postgresTx.commit(ctx)
	t.r.wrote(t.ctx, t.pooled)
	return err
}

// migrate has all clients see the new schema: replicas that lack it are not read from.
func (r *replicated) migrate(ctx context.Context, table string, folder fs.FS) ([]string, error) {
	applied, err := r.postgres.migrate(ctx, table, folder)
	if err != nil {
		return applied, err
	}
	c, err := r.pool.Acquire(ctx)
	if err != nil {
		return applied, err
	}
	defer c.Release()
	at, err := positionOf(ctx, c)
	r.clients.raise(at)
	return applied, err
}
