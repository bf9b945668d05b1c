package handler

import (
	"context"

	"example.com/zoo/internal/api"
	"example.com/zoo/internal/session"
)

// Guard checks two schemes of a real document: the session, and a key in a header.
type Guard struct{ api.Guard }

// APIKeyCookie implements api.Guard.
func (Guard) APIKeyCookie(ctx context.Context, _ string, roles []string) (context.Context, error) {
	return session.Require(ctx, roles...)
}

// APIKeyHeader implements api.Guard.
func (Guard) APIKeyHeader(ctx context.Context, key string, _ []string) (context.Context, error) {
	if key != "good" {
		return nil, api.ErrUnauthorized
	}
	return ctx, nil
}

// PostAnythingAPIKey answers POST /anything/apiKey, which asks for the cookie.
func (h *Handler) PostAnythingAPIKey(context.Context, api.PostAnythingAPIKeyRequest) error {
	return nil
}

// PutAnythingAPIKey answers PUT /anything/apiKey, which asks for the header.
func (h *Handler) PutAnythingAPIKey(context.Context, api.PutAnythingAPIKeyRequest) error { return nil }

// PostAnythingNoAuth answers POST /anything/no-auth: here it logs in.
func (h *Handler) PostAnythingNoAuth(ctx context.Context, _ api.PostAnythingNoAuthRequest) error {
	s, err := session.From(ctx)
	if err != nil {
		return err
	}
	return s.Login(ctx, "ada")
}
