package database

import (
	"fmt"
	"net"
	"sync"

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
	*aheadBuffer
	life   *life
	fields []pgconn.FieldDescription
	row    int  // the current one, from 1
	rows   int  // in memory
	more   bool // the rest is still to be read
}

// aheadBuffer is the memory of the rows. It is used for one result after the other.
type aheadBuffer struct {
	text   []byte
	values [][]byte // pieces of text, one row after the other; nil is NULL
}

var aheadBuffers = sync.Pool{New: func() any { return new(aheadBuffer) }}

// readAhead reads the begin of a result. It closes the result when it fails.
func readAhead(rows pgx.Rows, l *life) (*aheadRows, error) {
	a := &aheadRows{Rows: rows, life: l, aheadBuffer: aheadBuffers.Get().(*aheadBuffer)}
	text := a.text[:0]
	defer func() { a.text = text }()
	a.values = a.values[:0]
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

// close may be called twice; the rows in memory are gone after that.
func (a *aheadRows) close() error {
	a.Close()
	if b := a.aheadBuffer; b != nil && cap(b.text) <= 2*mostAhead {
		aheadBuffers.Put(b)
	}
	a.aheadBuffer, a.rows = nil, 0
	return nil
}
