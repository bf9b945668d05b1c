package database

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"example.com/messages/internal/problem"
)

// What can go wrong through no fault of the service. Test for them with
// errors.Is; returned from a handler they become the problem of their status.
var (
	// ErrNotFound (404): the row does not exist.
	ErrNotFound error = &failure{http.StatusNotFound, "there is no such resource", 0}
	// ErrConflict (409): a unique value is taken.
	ErrConflict error = &failure{http.StatusConflict, "a resource with the same unique value exists already", 0}
	// ErrReference (409): a row points to one that does not exist, or is pointed to.
	ErrReference error = &failure{http.StatusConflict, "the resource refers to one that does not exist, or another resource refers to it", 0}
	// ErrInvalid (400): the database cannot hold a value, for example text with NUL.
	ErrInvalid error = &failure{http.StatusBadRequest, "the request holds a value that cannot be stored", 0}
	// ErrBusy (503): no connection was free, or no answer came, in time.
	ErrBusy error = &failure{http.StatusServiceUnavailable, "the database is busy or does not answer", 1}
)

// failure is an error that knows its HTTP answer.
type failure struct {
	status     int
	detail     string
	retryAfter int // seconds
}

func (f *failure) Error() string { return f.detail }

// Problem returns the answer to a request that failed this way.
func (f *failure) Problem() *problem.Problem {
	p := problem.New(f.status, f.detail)
	p.RetryAfter = f.retryAfter
	return p
}

// translate wraps what an engine reports in the error above that it means.
// Everything else stays as it is.
func translate(err error) error {
	if err == nil {
		return nil
	}
	var kind error
	if errors.Is(err, context.DeadlineExceeded) {
		kind = ErrBusy
	} else if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		kind = postgresKind(e.Code)
	} else if e, ok := errors.AsType[*sqlite.Error](err); ok {
		kind = sqliteKind(e.Code())
	} else if _, ok := errors.AsType[*pgconn.ConnectError](err); ok || lost(err) {
		kind = ErrBusy
	}
	if kind == nil || errors.Is(err, kind) {
		return err
	}
	return fmt.Errorf("%w: %w", kind, err)
}

// postgresKind sorts SQLSTATE codes,
// https://www.postgresql.org/docs/current/errcodes-appendix.html.
func postgresKind(code string) error {
	switch code {
	case "23505", "23P01": // unique, exclusion
		return ErrConflict
	case "23503": // foreign key
		return ErrReference
	case "23514": // check
		return ErrInvalid
	case "40001", "40P01", "55P03", "57014", readOnly: // serialization, deadlock, lock or statement timeout, no primary any more
		return ErrBusy
	}
	switch {
	case strings.HasPrefix(code, "22"): // data exceptions
		return ErrInvalid
	case strings.HasPrefix(code, "53"), strings.HasPrefix(code, "57P"), strings.HasPrefix(code, "08"): // out of resources, shutting down, disconnected
		return ErrBusy
	}
	return nil
}

// sqliteKind sorts result codes, https://www.sqlite.org/rescode.html.
func sqliteKind(code int) error {
	switch code {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_ROWID:
		return ErrConflict
	case sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
		return ErrReference
	case sqlite3.SQLITE_CONSTRAINT_CHECK, sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_MISMATCH:
		return ErrInvalid
	}
	switch code & 0xff { // extended codes keep the primary one in the low byte
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return ErrBusy
	}
	return nil
}
