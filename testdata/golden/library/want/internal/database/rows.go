package database

import (
	"context"
	"errors"
)

// Rows is the result of a query. Walk it with Next and Scan, look at Err after
// the last row, and close it: it holds a connection until then.
//
// A read whose connection breaks before its first row is sent again unseen. After
// rows were seen that is up to the caller, see [Rows.Retry].
type Rows struct {
	db    *DB
	ctx   context.Context // of the query, which may have to run again
	write bool
	sql   string
	args  []any

	conn    conn
	done    func(error) // ends the observation of the statement
	cursor  cursor
	targets []any
	tries   int
	seen    bool // the caller has rows
	err     error
}

// run sends the statement until it is accepted or there is no use in another try.
func (r *Rows) run() error {
	for {
		sent, err := r.send()
		if err == nil || !r.db.again(r.ctx, r.tries, err, !r.write || !sent) {
			return err
		}
		r.tries++
	}
}

// send reports whether it got as far as sending the statement.
func (r *Rows) send() (sent bool, err error) {
	c, err := r.db.conn(r.ctx, r.write)
	if err != nil {
		return false, err
	}
	ctx, done := r.db.observe(r.ctx, r.sql)
	cur, err := c.query(ctx, r.sql, r.args)
	if err != nil {
		done(err)
		c.release()
		return true, err
	}
	r.conn, r.cursor, r.done = c, cur, done
	return true, nil
}

// again runs the statement once more if err is a reason to.
func (r *Rows) again(err error) bool {
	if r.conn == nil || !r.db.again(r.ctx, r.tries, err, !r.write) {
		return false
	}
	r.tries++
	_ = r.cursor.close() // err is what it has to say
	r.done(err)
	r.conn.release()
	r.conn, r.seen = nil, false
	r.err = r.run()
	return r.err == nil
}

// Next moves to the next row and reports whether there is one.
func (r *Rows) Next() bool {
	for r.err == nil {
		if r.cursor.Next() {
			r.seen = true
			return true
		}
		if r.seen || !r.again(r.Err()) {
			return false
		}
	}
	return false
}

// Retry is for callers that can forget the rows they have seen. When the walk ended
// because the connection broke, it runs the query again and returns true: walk from
// the first row. Otherwise it returns false and Err says why the walk ended.
func (r *Rows) Retry() bool { return r.again(r.Err()) }

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
	r.done(r.err)
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
	for {
		err := r.rows.only(dest)
		if err == nil || !r.rows.again(err) {
			return err
		}
	}
}

// only reads the first row, and the result to its end.
func (r *Rows) only(dest []any) error {
	if !r.Next() {
		if err := r.Err(); err != nil {
			return err
		}
		return ErrNotFound
	}
	if err := r.Scan(dest...); err != nil {
		return err
	}
	// A statement that writes is done, and may still fail, after its last row.
	for r.Next() {
	}
	return r.Err()
}
