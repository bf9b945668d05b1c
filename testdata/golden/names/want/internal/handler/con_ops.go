package handler

import (
	"context"

	"example.com/names/internal/api"
)

// Unimplemented2 answers GET /con.
//
// Not implemented yet: the project has no store: add it to features in apigen.yaml.
func (h *Handler) Unimplemented2(_ context.Context, _ api.Unimplemented2Request) (api.Unimplemented2Response, error) {
	return nil, api.ErrNotImplemented
}
