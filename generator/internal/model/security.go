package model

import (
	"maps"
	"net/textproto"
	"slices"
	"strings"

	"github.com/apigen-go/apigen/generator/internal/spec"
)

// Guard is the interface that checks who sends requests. Its names make way for
// those of the document.
type Guard struct {
	Type, Unauthorized string
	Schemes            []*Scheme // those that operations ask for, in document order
	Always             bool      // some operations let nobody in without credentials
	Issuer             string    // of bearer tokens, where the document names it
}

func (g *Guard) takes(credentials ...Credential) bool {
	return slices.ContainsFunc(g.Schemes, func(s *Scheme) bool { return !s.Session && slices.Contains(credentials, s.Credential) })
}

// Tokens reports whether clients may send bearer tokens.
func (g *Guard) Tokens() bool { return g.takes(Token) }

// Keys reports whether clients may send keys, which bearer tokens may be too.
func (g *Guard) Keys() bool { return g.takes(Key, Token) }

// Sessions reports whether a session in which somebody has logged in lets requests in.
func (g *Guard) Sessions() bool {
	return slices.ContainsFunc(g.Schemes, func(s *Scheme) bool { return s.Session })
}

// Passwords reports whether clients may send a name and a password.
func (g *Guard) Passwords() bool { return g.takes(Password) }

// Certificates reports whether clients may show a certificate.
func (g *Guard) Certificates() bool { return g.takes(Certificate) }

// KeySchemes are those that a key of a client may be for, in document order.
func (g *Guard) KeySchemes() []string {
	var out []string
	for _, s := range g.Schemes {
		if !s.Session && (s.Credential == Key || s.Credential == Token) {
			out = append(out, s.Key)
		}
	}
	return out
}

// KeyScheme is the scheme of keys that name none: the only one of keys, or the only
// one of bearer tokens where there is none of keys; "" when there are several.
func (g *Guard) KeyScheme() string {
	for _, credential := range []Credential{Key, Token} {
		var found []string
		for _, s := range g.Schemes {
			if !s.Session && s.Credential == credential {
				found = append(found, s.Key)
			}
		}
		if len(found) == 1 {
			return found[0]
		}
		if len(found) > 1 {
			return ""
		}
	}
	return ""
}

// guardMethods are names that the guard of package auth gives its own methods.
var guardMethods = scope{"Wrap": true, "Principal": true}

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
	Session    bool   // Key: it is the signed id of a session
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
	names, told := scope{}, scope{}
	if b.p.Features.Auth {
		names = maps.Clone(guardMethods)
	}
	for _, o := range b.p.Operations {
		for _, requirement := range o.Spec.Security {
			all := []Demand{}
			for _, use := range requirement {
				if byKey[use.Name] == nil {
					byKey[use.Name] = scheme(doc, use.Name)
				}
				all = append(all, Demand{byKey[use.Name], use.Scopes})
			}
			b.rivals(o, all, told)
			o.Security = append(o.Security, all)
		}
		if !slices.ContainsFunc(o.Security, func(all []Demand) bool { return len(all) > 0 }) {
			o.Security = nil // whoever asks is let in
		}
		g.Always = g.Always || o.Security != nil && !slices.ContainsFunc(o.Security, func(all []Demand) bool { return len(all) == 0 })
		for _, all := range o.Security {
			for _, d := range all {
				if d.Scheme.Name == "" {
					d.Scheme.Name = names.pick(Exported(d.Scheme.Key))
					g.Schemes = append(g.Schemes, d.Scheme)
				}
			}
		}
	}
	b.p.Features.Auth = b.p.Features.Auth && len(g.Schemes) > 0
	if len(g.Schemes) > 0 {
		g.Issuer = issuer(doc, byKey)
		g.Type = b.names.pin(guardKey+"Guard", "Guard", "APIGuard")
		g.Unauthorized = b.names.pin(guardKey+"ErrUnauthorized", "ErrUnauthorized", "ErrAPIUnauthorized")
		b.p.Guard = g
	}
}

// rivals warns of credentials that no request can have together, once for each two.
func (b *builder) rivals(o *Operation, all []Demand, told scope) {
	for i, d := range all {
		for _, other := range all[:i] {
			place := d.Scheme.place()
			if place == "" || place != other.Scheme.place() || d.Scheme.Credential == Token && other.Scheme.Credential == Token {
				continue
			}
			first, second := other.Scheme.Key, d.Scheme.Key
			if !told[first+" "+second] {
				told[first+" "+second] = true
				b.diags.Warnf(o.Pos, "to let in who has one of them, write them as two entries: security: [{"+first+": []}, {"+second+": []}]",
					"%s and %s are asked for together, but both are %s: no request can have them", first, second, place)
			}
		}
	}
}

// place is where the credentials are in a request, "" where there is room for others.
func (s *Scheme) place() string {
	switch s.Credential {
	case Token, Password, Other:
		return "the header Authorization"
	case Key:
		switch s.In {
		case InHeader:
			return "the header " + textproto.CanonicalMIMEHeaderKey(s.Wire)
		case InQuery:
			return "the query parameter " + s.Wire
		case InCookie:
			return "the cookie " + s.Wire
		}
	}
	return ""
}

// discoveryPath is where the discovery document of an issuer is, OpenID Connect
// Discovery 1.0 section 4.
const discoveryPath = "/.well-known/openid-configuration"

// issuer is the one whose discovery document is that of the first scheme that names one.
func issuer(doc *spec.Document, used map[string]*Scheme) string {
	for _, s := range doc.Schemes {
		issuer, ok := strings.CutSuffix(s.OpenID, discoveryPath)
		if ok && used[s.Key] != nil && strings.HasPrefix(issuer, "https://") {
			return issuer
		}
	}
	return ""
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
