package handler

import (
	"context"

	"example.com/names/internal/api"
)

// Get answers GET /.
//
// Not implemented yet: the path is the root, not a collection.
func (h *Handler) Get(_ context.Context, _ api.GetRequest) error {
	return api.ErrNotImplemented
}
