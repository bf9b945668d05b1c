package database

import "github.com/google/uuid"

// NewID returns a new key for a row: a UUID of version 7 (RFC 9562), so that
// keys made later sort later.
func NewID() string { return uuid.Must(uuid.NewV7()).String() }
