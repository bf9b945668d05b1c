package handler

import (
	"context"

	"example.com/names/internal/api"
)

// GetJobsByJobID answers GET /jobs/{job-id}.
func (h *Handler) GetJobsByJobID(ctx context.Context, req api.GetJobsByJobIDRequest) (*api.N3dModel, error) {
	return h.store.GetJobsByJobID(ctx, req)
}
