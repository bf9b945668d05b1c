package database

import (
	"fmt"
	"net"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// mostAhead is how much of a result is read before the caller sees its first row.
const mostAhead = 64 << 10

// errGone ends a result of which the caller has seen rows. It is busy, and a lost
// connection.
var errGone = fmt.Errorf("%w: the replica went away: %w", ErrBusy, net.ErrClosed)

// aheadRows is a result whose begin is in memory, mostly all of it: a replica that
// fails in the middle has then not failed the caller, who has seen nothing.
type aheadRows struct {
	pgx.Rows
	life   *life
	fields []pgconn.FieldDescription
	values [][]byte // of the rows in memory, one row after the other
	row    int      // the current one, from 1
	rows   int      // in memory
	more   bool     // the rest is still to be read
}

// readAhead reads the begin of a result. It closes the result when it fails.
func readAhead(rows pgx.Rows, l *life) (*aheadRows, error) {
	a := &aheadRows{Rows: rows, life: l}
	var text []byte
	for len(text) < mostAhead {
		if !rows.Next() {
			rows.Close()
			return a, translate(rows.Err())
		}
		if a.rows++; a.rows == 1 {
			a.fields = rows.FieldDescriptions()
		}
		for _, value := range rows.RawValues() {
			if value == nil {
				a.values = append(a.values, nil)
				continue
			}
			begin := len(text)
			text = append(text, value...)
			a.values = append(a.values, text[begin:len(text):len(text)])
		}
	}
	a.more = true
	return a, nil
}

// Next implements [cursor].
func (a *aheadRows) Next() bool {
	a.row++
	return a.row <= a.rows || a.more && a.Rows.Next()
}

// Scan implements [cursor].
func (a *aheadRows) Scan(dest ...any) error {
	if a.row > a.rows {
		return a.Rows.Scan(dest...)
	}
	n := len(a.fields)
	return pgx.ScanRow(a.Conn().TypeMap(), a.fields, a.values[(a.row-1)*n:a.row*n], dest...)
}

// Err implements [cursor].
func (a *aheadRows) Err() error {
	err := a.Rows.Err()
	if err != nil && a.life.ctx.Err() != nil {
		return errGone
	}
	return err
}

func (a *aheadRows) close() error {
	a.Rows.Close()
	return nil
}
