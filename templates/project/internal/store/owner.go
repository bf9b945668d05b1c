package store

import (
	"context"
	"net/http"

	"github.com/apigen-go/apigen/templates/project/internal/auth"
	"github.com/apigen-go/apigen/templates/project/internal/problem"
)

// subject returns who sends the request that ctx belongs to: whose rows it may see
// and change.
func subject(ctx context.Context) (string, error) {
	who, ok := auth.From(ctx)
	if !ok || who.Subject == "" {
		return "", problem.New(http.StatusUnauthorized, "nobody is known to send the request")
	}
	return who.Subject, nil
}
