package model

import (
	"slices"

	"github.com/apigen-go/apigen/generator/internal/spec"
)

// Guard is the interface that checks who sends requests. Its names make way for
// those of the document.
type Guard struct {
	Type, Unauthorized string
	Schemes            []*Scheme // those that operations ask for, in document order
}

// Credential is what a security scheme has clients send.
type Credential int

// The credentials.
const (
	Token       Credential = iota + 1 // a bearer token: http bearer, oauth2, openIdConnect
	Password                          // a name and a password: http basic
	Other                             // what stands behind another scheme of HTTP authentication
	Key                               // a text in a header, the query or a cookie
	Certificate                       // of TLS
	Unknown                           // the document does not say: the request itself
)

// Scheme is a security scheme: a method of the guard.
type Scheme struct {
	Name       string // Go method: "BearerAuth"
	Key        string // name in the document
	Credential Credential
	In         In     // Key: where it is
	Wire       string // Key: the name of the parameter; Other: the scheme of HTTP authentication
}

// Demand is a scheme that an operation asks for, and the scopes it must grant.
type Demand struct {
	Scheme *Scheme
	Scopes []string
}

// guard makes the guard, when an operation asks for any scheme.
func (b *builder) guard(doc *spec.Document) {
	g := &Guard{}
	byKey := map[string]*Scheme{}
	names := scope{}
	for _, o := range b.p.Operations {
		for _, requirement := range o.Spec.Security {
			all := []Demand{}
			for _, use := range requirement {
				if byKey[use.Name] == nil {
					byKey[use.Name] = scheme(doc, use.Name)
				}
				all = append(all, Demand{byKey[use.Name], use.Scopes})
			}
			o.Security = append(o.Security, all)
		}
		if !slices.ContainsFunc(o.Security, func(all []Demand) bool { return len(all) > 0 }) {
			o.Security = nil // whoever asks is let in
		}
		for _, all := range o.Security {
			for _, d := range all {
				if d.Scheme.Name == "" {
					d.Scheme.Name = names.pick(Exported(d.Scheme.Key))
					g.Schemes = append(g.Schemes, d.Scheme)
				}
			}
		}
	}
	if len(g.Schemes) > 0 {
		g.Type = b.names.pin(guardKey+"Guard", "Guard", "APIGuard")
		g.Unauthorized = b.names.pin(guardKey+"ErrUnauthorized", "ErrUnauthorized", "ErrAPIUnauthorized")
		b.p.Guard = g
	}
}

// scheme is the security scheme of that name.
func scheme(doc *spec.Document, key string) *Scheme {
	out := &Scheme{Key: key, Credential: Unknown}
	i := slices.IndexFunc(doc.Schemes, func(s *spec.SecurityScheme) bool { return s.Key == key })
	if i < 0 {
		return out
	}
	s := doc.Schemes[i]
	switch {
	case s.Type == "apiKey":
		out.Credential, out.In, out.Wire = Key, In(s.In), s.Name
	case s.Type == "mutualTLS":
		out.Credential = Certificate
	case s.Type == "http" && s.Scheme == "basic":
		out.Credential = Password
	case s.Type == "http" && s.Scheme != "bearer":
		out.Credential, out.Wire = Other, s.Scheme
	default:
		out.Credential = Token
	}
	return out
}
