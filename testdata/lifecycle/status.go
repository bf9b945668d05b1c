package handler

import (
	"context"

	"example.com/orders/internal/api"
)

// GetStatus answers GET /status.
func (h *Handler) GetStatus(context.Context, api.GetStatusRequest) (*api.Status, error) {
	return &api.Status{Text: "all is well"}, nil
}
