package database

import "errors"

// Rows is the result of a query. Walk it with Next and Scan, look at Err after
// the last row, and close it: it holds a connection until then.
type Rows struct {
	conn    conn
	cursor  cursor
	targets []any
	err     error
}

// Next moves to the next row and reports whether there is one.
func (r *Rows) Next() bool { return r.err == nil && r.cursor.Next() }

// Scan copies the columns of the current row into the targets.
func (r *Rows) Scan(dest ...any) error {
	r.targets = r.targets[:0]
	for _, d := range dest {
		r.targets = append(r.targets, r.conn.target(d))
	}
	return r.cursor.Scan(r.targets...)
}

// Err returns what ended the walk, nil after the last row.
func (r *Rows) Err() error {
	if r.err != nil {
		return r.err
	}
	return translate(r.cursor.Err())
}

// Close ends the query and frees its connection. It may be called twice.
func (r *Rows) Close() {
	if r.conn == nil {
		return
	}
	r.err = errors.Join(r.Err(), translate(r.cursor.close()))
	r.conn.release()
	r.conn = nil
}

// Row is the only row of a result.
type Row struct {
	rows *Rows
	err  error
}

// Scan copies the columns of the row into the targets. It returns [ErrNotFound]
// when the result is empty.
func (r *Row) Scan(dest ...any) error {
	if r.err != nil {
		return r.err
	}
	defer r.rows.Close()
	if !r.rows.Next() {
		if err := r.rows.Err(); err != nil {
			return err
		}
		return ErrNotFound
	}
	if err := r.rows.Scan(dest...); err != nil {
		return err
	}
	// A statement that writes is done, and may still fail, after its last row.
	for r.rows.Next() {
	}
	r.rows.Close()
	return r.rows.Err()
}
