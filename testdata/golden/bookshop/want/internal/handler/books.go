package handler

import (
	"context"

	"example.com/bookshop/internal/api"
)

// ListAuthorBooks answers GET /authors/{authorId}/books.
// List the books of an author.
func (h *Handler) ListAuthorBooks(ctx context.Context, req api.ListAuthorBooksRequest) (*api.BookPage, error) {
	page, err := h.store.ListAuthorBooks(ctx, req)
	if err != nil {
		return nil, err
	}
	return &api.BookPage{
		Items:  page.Items,
		Total:  page.Total,
		Limit:  int32(page.Limit),
		Offset: page.Offset,
	}, nil
}

// CreateBook answers POST /authors/{authorId}/books.
// Add a book by an author.
func (h *Handler) CreateBook(ctx context.Context, req api.CreateBookRequest) (*api.Book, error) {
	return h.store.CreateBook(ctx, req)
}

// ListBooks answers GET /books.
// List books.
func (h *Handler) ListBooks(ctx context.Context, req api.ListBooksRequest) (*api.BookPage, error) {
	page, err := h.store.ListBooks(ctx, req)
	if err != nil {
		return nil, err
	}
	return &api.BookPage{
		Items:  page.Items,
		Total:  page.Total,
		Limit:  int32(page.Limit),
		Offset: page.Offset,
	}, nil
}

// GetBook answers GET /books/{bookId}.
// Get a book.
func (h *Handler) GetBook(ctx context.Context, req api.GetBookRequest) (*api.Book, error) {
	return h.store.GetBook(ctx, req)
}

// ReplaceBook answers PUT /books/{bookId}.
// Replace a book.
func (h *Handler) ReplaceBook(ctx context.Context, req api.ReplaceBookRequest) (*api.Book, error) {
	return h.store.ReplaceBook(ctx, req)
}

// UpdateBook answers PATCH /books/{bookId}.
// Change some fields of a book.
func (h *Handler) UpdateBook(ctx context.Context, req api.UpdateBookRequest) (*api.Book, error) {
	return h.store.UpdateBook(ctx, req)
}

// DeleteBook answers DELETE /books/{bookId}.
// Remove a book without reviews.
func (h *Handler) DeleteBook(ctx context.Context, req api.DeleteBookRequest) error {
	return h.store.DeleteBook(ctx, req)
}

// OrderBook answers POST /books/{bookId}/order.
// Order copies from the publisher.
//
// Not implemented yet: POST /books/{bookId}/order is an action on one of /books.
func (h *Handler) OrderBook(_ context.Context, _ api.OrderBookRequest) error {
	return api.ErrNotImplemented
}
