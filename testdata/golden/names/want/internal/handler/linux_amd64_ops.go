package handler

import (
	"context"

	"example.com/names/internal/api"
)

// PostJobsByJobIDRun answers POST /jobs/{job-id}:run.
//
// Not implemented yet: the path has a parameter that is only part of a segment.
func (h *Handler) PostJobsByJobIDRun(_ context.Context, _ api.PostJobsByJobIDRunRequest) error {
	return api.ErrNotImplemented
}
