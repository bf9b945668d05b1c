package handler

import (
	"context"

	"example.com/library/internal/api"
)

// CreateReservation answers POST /reservations.
func (h *Handler) CreateReservation(ctx context.Context, req api.CreateReservationRequest) (*api.Reservation, error) {
	return h.store.CreateReservation(ctx, req)
}

// GetReservation answers GET /reservations/{reservationId}.
func (h *Handler) GetReservation(ctx context.Context, req api.GetReservationRequest) (*api.Reservation, error) {
	return h.store.GetReservation(ctx, req)
}
