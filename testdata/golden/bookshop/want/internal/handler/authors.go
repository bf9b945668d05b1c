package handler

import (
	"context"

	"example.com/bookshop/internal/api"
)

// ListAuthors answers GET /authors.
// List authors.
func (h *Handler) ListAuthors(ctx context.Context, req api.ListAuthorsRequest) (*api.AuthorPage, error) {
	page, err := h.store.ListAuthors(ctx, req)
	if err != nil {
		return nil, err
	}
	return &api.AuthorPage{
		Items:  page.Items,
		Total:  page.Total,
		Limit:  int32(page.Limit),
		Offset: page.Offset,
	}, nil
}

// CreateAuthor answers POST /authors.
// Add an author.
func (h *Handler) CreateAuthor(ctx context.Context, req api.CreateAuthorRequest) (*api.Author, error) {
	return h.store.CreateAuthor(ctx, req)
}

// GetAuthor answers GET /authors/{authorId}.
// Get an author.
func (h *Handler) GetAuthor(ctx context.Context, req api.GetAuthorRequest) (*api.Author, error) {
	return h.store.GetAuthor(ctx, req)
}

// ReplaceAuthor answers PUT /authors/{authorId}.
// Replace an author.
func (h *Handler) ReplaceAuthor(ctx context.Context, req api.ReplaceAuthorRequest) (*api.Author, error) {
	return h.store.ReplaceAuthor(ctx, req)
}

// UpdateAuthor answers PATCH /authors/{authorId}.
// Change some fields of an author.
func (h *Handler) UpdateAuthor(ctx context.Context, req api.UpdateAuthorRequest) (*api.Author, error) {
	return h.store.UpdateAuthor(ctx, req)
}

// DeleteAuthor answers DELETE /authors/{authorId}.
// Remove an author without books.
func (h *Handler) DeleteAuthor(ctx context.Context, req api.DeleteAuthorRequest) error {
	return h.store.DeleteAuthor(ctx, req)
}
