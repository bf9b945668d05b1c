package handler

import (
	"context"

	"example.com/names/internal/api"
)

// N1stOperation answers GET /compare/{a}...{b}.
//
// Not implemented yet: the path has a parameter that is only part of a segment.
func (h *Handler) N1stOperation(_ context.Context, _ api.N1stOperationRequest) ([]api.Reaction, error) {
	return nil, api.ErrNotImplemented
}

// GetCompareLatest answers GET /compare/latest.
func (h *Handler) GetCompareLatest(ctx context.Context, req api.GetCompareLatestRequest) ([]api.Reaction2, error) {
	return h.store.GetCompareLatest(ctx, req)
}
