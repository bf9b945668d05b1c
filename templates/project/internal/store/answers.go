package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"net/http"
	"time"

	"github.com/apigen-go/apigen/templates/project/internal/database"
	"github.com/apigen-go/apigen/templates/project/internal/idempotency"
)

// Answers keeps the answers to requests with an idempotency key. It is an
// [idempotency.Store] and safe for concurrent use.
type Answers struct {
	db *database.DB
}

// NewAnswers returns answers that are kept in db, in the table idempotency_keys.
func NewAnswers(db *database.DB) *Answers { return &Answers{db: db} }

// errUnkept undoes the transaction of a request whose answer is not kept.
var errUnkept = errors.New("the answer is not kept")

// Once implements [idempotency.Store]. Everything that do sends to the database with
// its context belongs to the transaction. On SQLite that has the one connection
// that writes until do returns.
func (a *Answers) Once(ctx context.Context, r idempotency.Request, do func(context.Context) *idempotency.Answer) (*idempotency.Answer, bool, error) {
	var answer *idempotency.Answer
	replayed := false
	err := a.db.InTx(ctx, func(ctx context.Context) error {
		var err error
		if answer, err = a.claim(ctx, r); err != nil || answer != nil {
			replayed = answer != nil
			return err
		}
		if _, err := a.db.Exec(ctx, "SAVEPOINT answered"); err != nil {
			return err
		}
		answer = do(ctx)
		if answer.Status >= http.StatusInternalServerError {
			return errUnkept
		}
		if answer.Status >= http.StatusBadRequest {
			// On PostgreSQL nothing else gets through after a statement that failed.
			if _, err := a.db.Exec(ctx, "ROLLBACK TO SAVEPOINT answered"); err != nil {
				return err
			}
		}
		return a.keep(ctx, r, answer)
	})
	if errors.Is(err, errUnkept) {
		err = nil
	}
	return answer, replayed, err
}

// claim returns the answer that is kept for a request, nil if there is none. Then
// the request is this transaction's, until it ends.
func (a *Answers) claim(ctx context.Context, r idempotency.Request) (*idempotency.Answer, error) {
	if a.db.Dialect() == database.PostgreSQL {
		// Other instances see rows when they are committed, and locks at once. On SQLite
		// this transaction is the only one that writes.
		id := fnv.New64a()
		_, _ = id.Write([]byte(r.ID)) // it cannot fail
		var free bool
		if err := a.db.QueryRow(ctx, "SELECT pg_try_advisory_xact_lock($1)", int64(id.Sum64())).Scan(&free); err != nil {
			return nil, err
		}
		if !free {
			return nil, idempotency.ErrInFlight
		}
	}
	const stmt = "SELECT fingerprint, status, header, body, expires_at FROM idempotency_keys WHERE id = $1"
	var (
		fingerprint, header string
		answer              idempotency.Answer
		status              int64
		expires             time.Time
	)
	err := a.db.QueryRow(ctx, stmt, r.ID).Scan(&fingerprint, &status, &header, &answer.Body, &expires)
	switch {
	case errors.Is(err, database.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, err
	case !expires.After(time.Now()):
		_, err := a.db.Exec(ctx, "DELETE FROM idempotency_keys WHERE id = $1", r.ID)
		return nil, err
	case fingerprint != r.Print:
		return nil, idempotency.ErrReused
	}
	answer.Status = int(status)
	if err := json.Unmarshal([]byte(header), &answer.Header); err != nil {
		return nil, fmt.Errorf("read answer: %w", err)
	}
	return &answer, nil
}

// keep adds an answer. Where no lock kept another transaction from answering the
// same request, the one that comes second fails here, with all that it wrote.
func (a *Answers) keep(ctx context.Context, r idempotency.Request, answer *idempotency.Answer) error {
	header, err := json.Marshal(answer.Header)
	if err != nil {
		return fmt.Errorf("keep answer: %w", err)
	}
	const stmt = "INSERT INTO idempotency_keys (id, fingerprint, status, header, body, expires_at) VALUES ($1, $2, $3, $4, $5, $6)"
	_, err = a.db.Exec(ctx, stmt, r.ID, r.Print, int64(answer.Status), string(header), answer.Body, r.Expires)
	if errors.Is(err, database.ErrConflict) {
		return idempotency.ErrInFlight
	}
	return err
}

// Sweep implements [idempotency.Store]. It goes in small steps, because on SQLite
// everybody else who writes has to wait.
func (a *Answers) Sweep(ctx context.Context) (int64, error) {
	const stmt = "DELETE FROM idempotency_keys WHERE id IN (SELECT id FROM idempotency_keys WHERE expires_at <= $1 LIMIT $2)"
	const step = 500
	for total := int64(0); ; {
		n, err := a.db.Exec(ctx, stmt, database.Now(), int64(step))
		if total += n; err != nil || n < step {
			return total, err
		}
	}
}
