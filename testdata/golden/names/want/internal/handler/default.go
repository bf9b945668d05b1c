package handler

import (
	"context"

	"example.com/names/internal/api"
)

// Get answers GET /.
//
// Not implemented yet: the project has no store: add it to features in apigen.yaml.
func (h *Handler) Get(_ context.Context, _ api.GetRequest) error {
	return api.ErrNotImplemented
}
