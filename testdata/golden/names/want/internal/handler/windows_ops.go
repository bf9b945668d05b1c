package handler

import (
	"context"

	"example.com/names/internal/api"
)

// GetJobsByJobID answers GET /jobs/{job-id}.
//
// Not implemented yet: the project has no store: add it to features in apigen.yaml.
func (h *Handler) GetJobsByJobID(_ context.Context, _ api.GetJobsByJobIDRequest) (*api.N3dModel, error) {
	return nil, api.ErrNotImplemented
}
