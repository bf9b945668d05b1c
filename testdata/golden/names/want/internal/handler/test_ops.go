package handler

import (
	"context"

	"example.com/names/internal/api"
)

// GetFileJSON answers GET /files/{id}.json.
//
// Not implemented yet: the path has a parameter that is only part of a segment.
func (h *Handler) GetFileJSON(_ context.Context, _ api.GetFileJSONRequest) (*api.FileTest, error) {
	return nil, api.ErrNotImplemented
}

// GetFileJSON2 answers GET /files/{id}.
func (h *Handler) GetFileJSON2(ctx context.Context, req api.GetFileJSON2Request) (*api.Windows, error) {
	row, err := h.store.GetFileJSON2(ctx, req)
	if err != nil {
		return nil, err
	}
	return &api.Windows{LinuxAmd64: row}, nil
}
