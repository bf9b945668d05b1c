package handler

import (
	"context"

	"example.com/messages/internal/api"
)

// ListDeliveries answers GET /channels/{channelId}/messages/{messageId}/deliveries.
// Tells what became of a message, by recipient.
//
// Not implemented yet: the answer is not a list.
func (h *Handler) ListDeliveries(_ context.Context, _ api.ListDeliveriesRequest) (map[string]*api.Outcome, error) {
	return nil, api.ErrNotImplemented
}
