package handler

import (
	"context"

	"example.com/names/internal/api"
)

// Range answers GET /type/{func}.
// A keyword as a name;
// more than one line */.
//
// Not implemented yet: the project has no store: add it to features in apigen.yaml.
func (h *Handler) Range(_ context.Context, _ api.RangeInput) (*api.Type, error) {
	return nil, api.ErrNotImplemented
}

// Range2 answers PUT /type/{func}.
//
// Not implemented yet: the project has no store: add it to features in apigen.yaml.
func (h *Handler) Range2(_ context.Context, _ api.Range2Request) (*api.Type2, error) {
	return nil, api.ErrNotImplemented
}
