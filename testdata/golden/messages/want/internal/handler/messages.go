package handler

import (
	"context"

	"example.com/messages/internal/api"
)

// ListMessages answers GET /channels/{channelId}/messages.
// Lists the messages of a channel.
func (h *Handler) ListMessages(ctx context.Context, req api.ListMessagesRequest) (*api.ListMessagesResult, error) {
	page, err := h.store.ListMessages(ctx, req)
	if err != nil {
		return nil, err
	}
	return &api.ListMessagesResult{
		Items: page.Items,
		Total: page.Total,
	}, nil
}

// PostMessage answers POST /channels/{channelId}/messages.
// Posts a message to a channel.
func (h *Handler) PostMessage(ctx context.Context, req api.PostMessageRequest) (*api.Message, error) {
	return h.store.PostMessage(ctx, req)
}

// GetMessage answers GET /channels/{channelId}/messages/{messageId}.
// Returns a message.
func (h *Handler) GetMessage(ctx context.Context, req api.GetMessageRequest) (*api.Message, error) {
	return h.store.GetMessage(ctx, req)
}

// ReplaceMessage answers PUT /channels/{channelId}/messages/{messageId}.
// Replaces a message.
func (h *Handler) ReplaceMessage(ctx context.Context, req api.ReplaceMessageRequest) (*api.Message, error) {
	return h.store.ReplaceMessage(ctx, req)
}

// DeleteMessage answers DELETE /channels/{channelId}/messages/{messageId}.
// Deletes a message.
func (h *Handler) DeleteMessage(ctx context.Context, req api.DeleteMessageRequest) error {
	return h.store.DeleteMessage(ctx, req)
}

// RenderContent answers POST /render.
// Shows how a content would look.
//
// Not implemented yet: the request body is not one JSON object.
func (h *Handler) RenderContent(_ context.Context, _ api.RenderContentRequest) (api.RenderContentResponse, error) {
	return nil, api.ErrNotImplemented
}
