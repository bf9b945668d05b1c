package handler

import (
	"context"

	"example.com/names/internal/api"
)

// N1stOperation answers GET /compare/{a}...{b}.
//
// Not implemented yet: the project has no store: add it to features in apigen.yaml.
func (h *Handler) N1stOperation(_ context.Context, _ api.N1stOperationRequest) ([]api.Reaction, error) {
	return nil, api.ErrNotImplemented
}

// GetCompareLatest answers GET /compare/latest.
//
// Not implemented yet: the project has no store: add it to features in apigen.yaml.
func (h *Handler) GetCompareLatest(_ context.Context, _ api.GetCompareLatestRequest) ([]api.Reaction2, error) {
	return nil, api.ErrNotImplemented
}
