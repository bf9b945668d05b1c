package handler

import (
	"context"

	"example.com/names/internal/api"
)

// Range answers GET /type/{func}.
// A keyword as a name;
// more than one line */.
// Nothing uses the query parameter type, the query parameter Type, the query parameter $filter,
// the query parameter ids[], the query parameter ctx, the query parameter req, the query parameter
// error, the query parameter X-Größe, the query parameter body.
func (h *Handler) Range(ctx context.Context, req api.RangeInput) (*api.Type, error) {
	return h.store.Range(ctx, req)
}

// Range2 answers PUT /type/{func}.
//
// Not implemented yet: the request may carry members that have no column.
func (h *Handler) Range2(_ context.Context, _ api.Range2Request) (*api.Type2, error) {
	return nil, api.ErrNotImplemented
}
