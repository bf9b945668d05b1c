package handler

import (
	"context"

	"example.com/names/internal/api"
)

// MarshalJSON2 answers PUT /con.
//
// Not implemented yet: the project has no store: add it to features in apigen.yaml.
func (h *Handler) MarshalJSON2(_ context.Context, _ api.MarshalJSON2Request) error {
	return api.ErrNotImplemented
}
