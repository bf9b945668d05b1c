// Package store keeps what the API serves in a database. The *.gen.go files hold one method per
// operation and follow the document; queries of your own go into other files of this package.
package store

import (
	"embed"

	"example.com/library/internal/database"
)

// Migrations are the steps that build the database schema, oldest first.
//
//go:embed migrations/*.sql
var Migrations embed.FS

// Store reads and writes the tables of the service. It is safe for concurrent use.
type Store struct {
	db *database.DB
}

// New returns a store on an open database.
func New(db *database.DB) *Store { return &Store{db: db} }
