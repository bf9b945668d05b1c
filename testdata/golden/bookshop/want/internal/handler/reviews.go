package handler

import (
	"context"

	"example.com/bookshop/internal/api"
)

// ListReviews answers GET /books/{bookId}/reviews.
// List the reviews of a book.
func (h *Handler) ListReviews(ctx context.Context, req api.ListReviewsRequest) (*api.ReviewPage, error) {
	page, err := h.store.ListReviews(ctx, req)
	if err != nil {
		return nil, err
	}
	return &api.ReviewPage{
		Items:  page.Items,
		Total:  page.Total,
		Limit:  int32(page.Limit),
		Offset: page.Offset,
	}, nil
}

// CreateReview answers POST /books/{bookId}/reviews.
// Review a book.
func (h *Handler) CreateReview(ctx context.Context, req api.CreateReviewRequest) (*api.Review, error) {
	return h.store.CreateReview(ctx, req)
}

// GetReview answers GET /reviews/{reviewId}.
// Get a review.
func (h *Handler) GetReview(ctx context.Context, req api.GetReviewRequest) (*api.Review, error) {
	return h.store.GetReview(ctx, req)
}

// DeleteReview answers DELETE /reviews/{reviewId}.
// Remove a review.
func (h *Handler) DeleteReview(ctx context.Context, req api.DeleteReviewRequest) error {
	return h.store.DeleteReview(ctx, req)
}
