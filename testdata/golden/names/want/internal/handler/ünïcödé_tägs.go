package handler

import (
	"context"

	"example.com/names/internal/api"
	"example.com/names/internal/codec"
)

// GetByAnyLatest answers GET /{any}/latest.
//
// Not implemented yet: the project has no store: add it to features in apigen.yaml.
func (h *Handler) GetByAnyLatest(_ context.Context, _ api.GetByAnyLatestRequest) (codec.Raw, error) {
	return nil, api.ErrNotImplemented
}

// GrößeÄndern answers POST /größe/{straße}.
//
// Not implemented yet: the project has no store: add it to features in apigen.yaml.
func (h *Handler) GrößeÄndern(_ context.Context, _ api.GrößeÄndernRequest) (*api.Naive, error) {
	return nil, api.ErrNotImplemented
}
