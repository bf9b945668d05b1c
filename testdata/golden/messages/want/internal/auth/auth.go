// Package auth finds out who sends a request: by a token of an identity provider,
// an API key, a name and a password, or the certificate of a client. What it
// refuses is a problem for the client, and no credential is ever logged.
package auth

import (
	"context"
	"net/http"
	"slices"

	"example.com/messages/internal/problem"
	"example.com/messages/internal/server"
)

// Principal is who sends a request.
type Principal struct {
	// Subject tells principals apart: the claim sub of a token, else a name with
	// its kind before it, such as "apikey:deploy", "basic:ada" or
	// "cert:CN=ada".
	Subject string

	Scheme string   // security scheme of the document that let the request in
	Scopes []string // that were granted

	// Claims are those of a token, nil otherwise. Requests share them: they are
	// not to be changed.
	Claims map[string]any
}

// Granted reports whether the principal has a scope.
func (p Principal) Granted(scope string) bool { return slices.Contains(p.Scopes, scope) }

type principalKey struct{}

// From returns who sent the request that ctx belongs to, false when nobody was
// asked. Where an operation asks for several credentials together, it is the
// principal of the one that the document names last.
func From(ctx context.Context) (Principal, bool) {
	p, ok := ctx.Value(principalKey{}).(*Principal)
	if !ok {
		return Principal{}, false
	}
	return *p, true
}

// Subject returns who sends a request, "" before it was let in.
func Subject(r *http.Request) string {
	p, _ := From(r.Context())
	return p.Subject
}

// With returns a context that carries a principal, for guards of your own and tests.
func With(ctx context.Context, p Principal) context.Context {
	return context.WithValue(ctx, principalKey{}, &p)
}

// admit returns the context for the handler, or a 403 when one of the scopes that
// the operation asks for was not granted.
func admit(ctx context.Context, p *Principal, scheme string, scopes []string) (context.Context, error) {
	server.SetSubject(ctx, p.Subject)
	for _, scope := range scopes {
		if !slices.Contains(p.Scopes, scope) {
			return nil, problem.New(http.StatusForbidden, "the credentials do not grant the scope "+scope)
		}
	}
	own := *p
	own.Scheme = scheme
	return context.WithValue(ctx, principalKey{}, &own), nil
}

// refuse is the answer to credentials that are wrong, whatever is wrong with them.
func refuse() error {
	return problem.New(http.StatusUnauthorized, "the credentials are missing or wrong")
}
