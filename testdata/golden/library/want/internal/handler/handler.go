// Package handler answers the operations of the API: one method each, which gets a decoded and valid
// request and knows no HTTP. An error that is a [problem.Problem] or one of the API's own error
// types becomes that answer, any other error a 500 without details.
package handler

import (
	"example.com/library/internal/api"
	"example.com/library/internal/store"
)

// Handler answers every operation of the API.
type Handler struct {
	api.Unimplemented // answers the operations that have no method here
	store             *store.Store
}

var _ api.Handler = (*Handler)(nil)

// New returns a handler that keeps its data in s.
func New(s *store.Store) *Handler { return &Handler{store: s} }
