package auth

import (
	"context"

	"github.com/apigen-go/apigen/templates/project/internal/session"
)

// CheckSession lets a request in when a user with all of the roles that the operation
// asks for has logged in. It returns the context for the handler, or the answer: 401,
// 403, or 503 while the store of sessions does not answer.
func CheckSession(ctx context.Context, scheme string, roles []string) (context.Context, error) {
	ctx, err := session.Require(ctx, roles...)
	if err != nil {
		return nil, err
	}
	s, err := session.From(ctx)
	if err != nil {
		return nil, err
	}
	return admit(ctx, &Principal{Subject: "user:" + s.User(), Scopes: s.Roles()}, scheme, roles)
}
