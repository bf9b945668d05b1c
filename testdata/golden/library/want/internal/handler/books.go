package handler

import (
	"context"

	"example.com/library/internal/api"
)

// ListBooks answers GET /books.
func (h *Handler) ListBooks(ctx context.Context, req api.ListBooksRequest) ([]api.Book, error) {
	return h.store.ListBooks(ctx, req)
}

// GetBook answers GET /books/{bookId}.
func (h *Handler) GetBook(ctx context.Context, req api.GetBookRequest) (*api.Book, error) {
	return h.store.GetBook(ctx, req)
}

// AdminListBooks answers GET /admin/books.
func (h *Handler) AdminListBooks(ctx context.Context, req api.AdminListBooksRequest) ([]api.Book, error) {
	return h.store.AdminListBooks(ctx, req)
}

// CreateBook answers POST /admin/books.
func (h *Handler) CreateBook(ctx context.Context, req api.CreateBookRequest) (*api.Book, error) {
	return h.store.CreateBook(ctx, req)
}

// DeleteBook answers DELETE /admin/books/{bookId}.
func (h *Handler) DeleteBook(ctx context.Context, req api.DeleteBookRequest) error {
	return h.store.DeleteBook(ctx, req)
}
