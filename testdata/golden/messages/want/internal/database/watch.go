package database

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
)

// leastPause is between two looks at a server, whoever asks for one.
const leastPause = 10 * time.Millisecond

// What a look asks. Positions are numbers: how far the log is from its begin.
const (
	lookAtPrimary = `SELECT pg_is_in_recovery(), false,
	CASE WHEN pg_is_in_recovery() THEN 0 ELSE (pg_current_wal_flush_lsn() - '0/0')::bigint END,
	(SELECT system_identifier FROM pg_control_system())`
	lookAtReplica = `SELECT pg_is_in_recovery(), EXISTS (SELECT FROM pg_stat_wal_receiver),
	coalesce((pg_last_wal_replay_lsn() - '0/0')::bigint, 0),
	(SELECT system_identifier FROM pg_control_system())`
)

// sight is what a look at a server shows.
type sight struct {
	standby   bool
	receiving bool // a standby: it is connected to the primary
	at        position
	system    int64 // the number of the cluster, which primary and replicas share
	start     time.Time
}

// watcher looks at a server all the time, through a connection of its own: a pool
// that is in full use does not hide that its server is well.
type watcher struct {
	server *postgres
	sql    string
	every  time.Duration // and how long a look may take
	now    chan struct{} // asks for a look at once
	tell   func(sight, error)
}

func newWatcher(server *postgres, sql string, every time.Duration, tell func(sight, error)) *watcher {
	return &watcher{server, sql, every, make(chan struct{}, 1), tell}
}

// run looks until ctx is done. It calls seen after the first look.
func (w *watcher) run(ctx context.Context, seen func()) {
	var conn *pgx.Conn
	defer func() { closeSoon(conn) }()
	for ctx.Err() == nil {
		fresh := conn == nil
		s, err := sight{}, error(nil)
		if fresh {
			conn, err = pgx.ConnectConfig(ctx, w.server.pool.Config().ConnConfig)
		}
		if err == nil {
			s, err = w.look(ctx, conn)
		}
		if err != nil {
			closeSoon(conn)
			conn = nil
			if !fresh && !errors.Is(err, context.DeadlineExceeded) {
				continue // only the connection broke, as far as is known
			}
		}
		if ctx.Err() == nil {
			w.tell(s, err)
		}
		if seen != nil {
			seen()
			seen = nil
		}
		w.pause(ctx)
	}
}

func (w *watcher) pause(ctx context.Context) {
	timer := time.NewTimer(w.every)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	case <-w.now:
		time.Sleep(leastPause)
	}
}

// hurry asks for a look at once.
func (w *watcher) hurry() {
	select {
	case w.now <- struct{}{}:
	default: // somebody did already
	}
}

func (w *watcher) look(ctx context.Context, conn *pgx.Conn) (sight, error) {
	ctx, cancel := context.WithTimeout(ctx, w.every)
	defer cancel()
	s := sight{start: time.Now()}
	var at int64
	// The simple protocol prepares nothing, which poolers of connections could lose.
	err := conn.QueryRow(ctx, w.sql, pgx.QueryExecModeSimpleProtocol).Scan(&s.standby, &s.receiving, &at, &s.system)
	s.at = position(at)
	return s, err
}

// closeSoon ends a connection that may be broken without waiting for its server.
func closeSoon(conn *pgx.Conn) {
	if conn != nil {
		ctx, cancel := context.WithTimeout(context.Background(), leastPause)
		defer cancel()
		_ = conn.Close(ctx)
	}
}

// primarySeen gets what a look at the primary shows.
func (r *replicated) primarySeen(s sight, err error) {
	if err == nil && s.standby {
		// It was the primary once. New connections may find the one that is now.
		err = errors.New("it is a replica")
		r.pool.Reset()
	}
	if err != nil {
		r.log.lose()
		return
	}
	r.system.Store(s.system)
	if !r.log.add(sample{s.at, s.start}) {
		r.clients.restart(s.at)
	}
}

// replicaSeen gets what a look at a replica shows.
func (r *replicated) replicaSeen(rep *replica, s sight, err error) {
	if err == nil {
		err = r.judge(rep, s)
	}
	switch {
	case err == nil:
		if rep.life.Load() == nil {
			rep.life.Store(newLife())
		}
		if rep.state != replicaUp {
			rep.state = replicaUp
			r.logger.Info("reads go to the database replica", "replica", rep.name)
		}
	case errors.Is(err, errNotKnown):
		rep.stop()
	default:
		rep.stop()
		if rep.state != replicaDown {
			rep.state = replicaDown
			r.logger.Warn("no reads go to the database replica", "replica", rep.name, "error", err)
		}
	}
}

// errNotKnown is for a replica about which nothing can be said yet.
var errNotKnown = errors.New("how far the replica is behind is not known yet")

// judge returns why a replica is not to be read from, or nil.
func (r *replicated) judge(rep *replica, s sight) error {
	if !s.standby {
		return errors.New("it is a primary")
	}
	if system := r.system.Load(); system != 0 && system != s.system {
		return errors.New("it is not a replica of the database that DATABASE_URL names")
	}
	rep.replayed.Store(uint64(s.at))
	lag, known := r.log.lag(s.at, s.start)
	if known {
		rep.current.Store(s.start.Add(-lag).UnixNano())
	}
	switch {
	case lag > r.maxLag && !s.receiving:
		return fmt.Errorf("it gets nothing from the primary and is more than %s behind", r.maxLag)
	case lag > r.maxLag:
		return fmt.Errorf("it is more than %s behind", r.maxLag)
	case !known:
		return errNotKnown
	}
	return nil
}

// discard is the logger of a database that was given none.
func discard(log *slog.Logger) *slog.Logger {
	if log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return log
}
