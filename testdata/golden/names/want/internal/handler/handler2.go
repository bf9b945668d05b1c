package handler

import (
	"context"

	"example.com/names/internal/api"
)

// Handler answers GET /handler/{Handler}.
func (h *Handler) Handler(ctx context.Context, req api.HandlerRequest) (*api.Options2, error) {
	return h.store.Handler(ctx, req)
}

// New answers POST /handlers/new.
//
// Not implemented yet: nothing lists or reads what it creates.
func (h *Handler) New(_ context.Context, _ api.NewRequest) error {
	return api.ErrNotImplemented
}
