package handler

import (
	"context"

	"example.com/tiny/internal/api"
)

// Ping answers GET /ping.
// Answers with the time of the server.
//
// Not implemented yet: the project has no store: add it to features in apigen.yaml.
func (h *Handler) Ping(_ context.Context, _ api.PingRequest) (*api.PingResult, error) {
	return nil, api.ErrNotImplemented
}
