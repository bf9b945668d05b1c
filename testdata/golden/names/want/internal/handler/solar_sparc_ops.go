package handler

import (
	"context"

	"example.com/names/internal/api"
)

// PickID answers DELETE /con.
//
// Not implemented yet: the project has no store: add it to features in apigen.yaml.
func (h *Handler) PickID(_ context.Context, _ api.PickIDRequest) error {
	return api.ErrNotImplemented
}
