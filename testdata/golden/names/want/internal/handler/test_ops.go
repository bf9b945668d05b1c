package handler

import (
	"context"

	"example.com/names/internal/api"
)

// GetFileJSON answers GET /files/{id}.json.
//
// Not implemented yet: the project has no store: add it to features in apigen.yaml.
func (h *Handler) GetFileJSON(_ context.Context, _ api.GetFileJSONRequest) (*api.FileTest, error) {
	return nil, api.ErrNotImplemented
}

// GetFileJSON2 answers GET /files/{id}.
//
// Not implemented yet: the project has no store: add it to features in apigen.yaml.
func (h *Handler) GetFileJSON2(_ context.Context, _ api.GetFileJSON2Request) (*api.Windows, error) {
	return nil, api.ErrNotImplemented
}
