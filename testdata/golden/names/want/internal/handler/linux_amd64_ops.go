package handler

import (
	"context"

	"example.com/names/internal/api"
)

// PostJobsByJobIDRun answers POST /jobs/{job-id}:run.
//
// Not implemented yet: the project has no store: add it to features in apigen.yaml.
func (h *Handler) PostJobsByJobIDRun(_ context.Context, _ api.PostJobsByJobIDRunRequest) error {
	return api.ErrNotImplemented
}
