package handler

import (
	"context"

	"example.com/messages/internal/api"
)

// ListChannels answers GET /channels.
// Lists channels, newest first.
func (h *Handler) ListChannels(ctx context.Context, req api.ListChannelsRequest) (*api.ChannelPage, error) {
	page, err := h.store.ListChannels(ctx, req)
	if err != nil {
		return nil, err
	}
	return &api.ChannelPage{
		Items:  page.Items,
		Total:  page.Total,
		Limit:  int32(page.Limit),
		Offset: int32(page.Offset),
	}, nil
}

// CreateChannel answers POST /channels.
// Opens a channel.
func (h *Handler) CreateChannel(ctx context.Context, req api.CreateChannelRequest) (*api.Channel, error) {
	return h.store.CreateChannel(ctx, req)
}

// GetChannel answers GET /channels/{channelId}.
// Returns a channel.
func (h *Handler) GetChannel(ctx context.Context, req api.GetChannelRequest) (*api.Channel, error) {
	return h.store.GetChannel(ctx, req)
}

// UpdateChannel answers PATCH /channels/{channelId}.
// Changes some members of a channel.
func (h *Handler) UpdateChannel(ctx context.Context, req api.UpdateChannelRequest) (*api.Channel, error) {
	return h.store.UpdateChannel(ctx, req)
}

// DeleteChannel answers DELETE /channels/{channelId}.
// Deletes a channel that has no messages.
func (h *Handler) DeleteChannel(ctx context.Context, req api.DeleteChannelRequest) error {
	return h.store.DeleteChannel(ctx, req)
}
