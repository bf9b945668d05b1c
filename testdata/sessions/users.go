package handler

import (
	"context"
	"fmt"

	"example.com/notes/internal/api"
	"example.com/notes/internal/session"
)

// LogIn answers POST /login. It believes everybody: this is about sessions.
func (h *Handler) LogIn(ctx context.Context, req api.LogInRequest) error {
	s, err := session.From(ctx)
	if err != nil {
		return err
	}
	return s.Login(ctx, req.Body.User, req.Body.Roles...)
}

// LogOut answers POST /logout.
func (h *Handler) LogOut(ctx context.Context, _ api.LogOutRequest) error {
	s, err := session.From(ctx)
	if err != nil {
		return err
	}
	return s.Logout(ctx)
}

// Revoke answers POST /revoke.
func (h *Handler) Revoke(ctx context.Context, _ api.RevokeRequest) error {
	s, err := session.From(ctx)
	if err != nil {
		return err
	}
	return s.RevokeUser(ctx, s.User())
}

// GetMe answers GET /me.
func (h *Handler) GetMe(ctx context.Context, _ api.GetMeRequest) (*api.Me, error) {
	s, err := session.From(ctx)
	if err != nil {
		return nil, err
	}
	count, _ := session.Get[int64](s, "count")
	return &api.Me{User: s.User(), Count: count}, nil
}

// GetAdmin answers GET /admin.
func (h *Handler) GetAdmin(context.Context, api.GetAdminRequest) error { return nil }

// Count answers POST /count.
func (h *Handler) Count(ctx context.Context, _ api.CountRequest) (*api.Me, error) {
	s, err := session.From(ctx)
	if err != nil {
		return nil, err
	}
	count, err := session.Update(ctx, s, "count", func(n int64) (int64, error) { return n + 1, nil })
	if err != nil {
		return nil, err
	}
	return &api.Me{User: s.User(), Count: count}, nil
}

// GetValues answers GET /values: those of the names v0 to v99.
func (h *Handler) GetValues(ctx context.Context, _ api.GetValuesRequest) (map[string]string, error) {
	s, err := session.From(ctx)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for i := range 100 {
		name := fmt.Sprint("v", i)
		if text, ok := session.Get[string](s, name); ok {
			out[name] = text
		}
	}
	return out, nil
}

// PutValue answers PUT /values/{name}.
func (h *Handler) PutValue(ctx context.Context, req api.PutValueRequest) error {
	s, err := session.From(ctx)
	if err != nil {
		return err
	}
	return s.Set(req.Name, req.Body.Text)
}

// GetOpen answers GET /open.
func (h *Handler) GetOpen(context.Context, api.GetOpenRequest) error { return nil }

// PostOpen answers POST /open.
func (h *Handler) PostOpen(context.Context, api.PostOpenRequest) error { return nil }
