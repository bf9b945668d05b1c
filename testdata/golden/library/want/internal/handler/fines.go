package handler

import (
	"context"

	"example.com/library/internal/api"
)

// CreateFine answers POST /admin/fines.
func (h *Handler) CreateFine(ctx context.Context, req api.CreateFineRequest) (*api.AdminReservation, error) {
	return h.store.CreateFine(ctx, req)
}

// GetFine answers GET /admin/fines/{fineId}.
func (h *Handler) GetFine(ctx context.Context, req api.GetFineRequest) (*api.AdminReservation, error) {
	return h.store.GetFine(ctx, req)
}
