package handler

import (
	"context"

	"example.com/names/internal/api"
)

// Handler answers GET /handler/{Handler}.
//
// Not implemented yet: the project has no store: add it to features in apigen.yaml.
func (h *Handler) Handler(_ context.Context, _ api.HandlerRequest) (*api.Options2, error) {
	return nil, api.ErrNotImplemented
}

// New answers POST /handlers/new.
//
// Not implemented yet: the project has no store: add it to features in apigen.yaml.
func (h *Handler) New(_ context.Context, _ api.NewRequest) error {
	return api.ErrNotImplemented
}
