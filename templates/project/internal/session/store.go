package session

import (
	"context"
	"errors"
	"time"
)

// ErrNone is returned when a store has no session with an id.
var ErrNone = errors.New("there is no such session")

// Record is what a store keeps of a session.
type Record struct {
	User    string // who has logged in, "" when nobody has
	Data    string // the values, JSON
	Version int64  // changes with Data
	Created time.Time
	Expires time.Time // unless it is used again
}

// Store keeps sessions. It may forget those that have expired at any time. It must be
// safe for concurrent use, and must return soon after ctx is done.
type Store interface {
	// Load returns a session, or [ErrNone].
	Load(ctx context.Context, id string) (Record, error)

	// Create keeps a new session.
	Create(ctx context.Context, id string, r Record) error

	// Replace keeps the Data and Expires of a session and adds 1 to its Version, if
	// that is r.Version still. It returns false when it is not, or the session is gone.
	Replace(ctx context.Context, id string, r Record) (bool, error)

	// Touch keeps when a session of a user expires now, if it is there.
	Touch(ctx context.Context, id, user string, expires time.Time) error

	// Delete forgets a session of a user, if it is there.
	Delete(ctx context.Context, id, user string) error

	// DeleteUser forgets all sessions of a user.
	DeleteUser(ctx context.Context, user string) error
}
