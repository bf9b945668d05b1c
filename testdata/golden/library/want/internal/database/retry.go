package database

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// A statement is tried this often at most. The waits between tries grow from 10 ms to
// 200 ms, less a random part. Together they are 2 s on average: as long as a query
// waits for a connection, and long enough for a PostgreSQL that recovers from a crash
// of one of its processes.
const (
	maxTries    = 18
	firstWait   = 10 * time.Millisecond
	longestWait = 200 * time.Millisecond
	maxRetrying = 200 // callers that may wait at the same time
)

// again is the one place that decides whether work that failed is done once more,
// for statements and for whole transactions. It waits before it says yes. harmless
// says that doing the work twice changes nothing: it reads, or nothing of it was
// sent, or the transaction it belongs to was never committed.
//
//   - A connection that was lost is no reason to fail harmless work.
//   - What the database has undone and asks to be tried again is tried again, writes
//     as well: serialization failures and deadlocks.
//   - A write whose fate is not known is never repeated.
//
// Statements in a transaction are not repeated one by one; [DB.InTx] repeats all.
func (db *DB) again(ctx context.Context, try int, err error, harmless bool) bool {
	if err == nil || try+1 >= maxTries || ctx.Err() != nil || ctx.Value(txKey{db}) != nil {
		return false
	}
	if !undone(err) && !unsent(err) && (!harmless || !lost(err)) {
		return false
	}
	defer db.retrying.Add(-1)
	if db.retrying.Add(1) > maxRetrying {
		return false
	}
	most := min(firstWait<<try, longestWait)
	wait := time.NewTimer(most/2 + rand.N(most/2))
	defer wait.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-wait.C:
		db.retries.Add(1)
		return true
	}
}

// undone reports whether the database has rolled back what it was asked to do and
// expects it to be asked again.
func undone(err error) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (e.Code == "40001" || e.Code == "40P01") // serialization failure, deadlock
}

// unsent reports whether nothing of a statement has left this machine, or a server
// refused to do it because it is no primary any more. pgx says the former of
// connections that it has closed as well, but it may have closed them after that.
func unsent(err error) bool {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok && e.Code == readOnly {
		return true
	}
	return pgconn.SafeToRetry(err) && !errors.Is(err, pgconn.ErrConnClosed)
}

// lost reports whether the connection is gone, or was never made, without anybody's
// time having run out.
func lost(err error) bool {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch e.Code {
		case "57P01", "57P02", "57P03", "57P05": // shut down, crashed, starting, idle for too long
			return true
		}
		return strings.HasPrefix(e.Code, "08") // connection exceptions
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return false
	}
	for _, kind := range []error{
		pgconn.ErrConnClosed, io.EOF, io.ErrUnexpectedEOF, net.ErrClosed,
		syscall.ECONNRESET, syscall.ECONNREFUSED, syscall.ECONNABORTED, syscall.EPIPE,
	} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}
