package database

import "github.com/google/uuid"

// NewID returns a new key for a row: a UUID of version 7 (RFC 9562), so that
// keys made later sort later.
func NewID() string { return uuid.Must(uuid.NewV7()).String() }

// NewID returns a new key for a row, as the function NewID does. On databases that
// keep the rows of a table apart by the order of their keys it is a random UUID, of
// version 4: keys that are made one after the other would all go to one server.
func (db *DB) NewID() string {
	if db.spread {
		return uuid.NewString()
	}
	return NewID()
}
