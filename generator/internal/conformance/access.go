package conformance

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/crypto/bcrypt"

	"github.com/apigen-go/apigen/generator/internal/spec"
)

// Access is what lets requests into a service: an identity provider, which signs
// tokens, an API key and a user. Nil stands for credentials that are made up.
type Access struct {
	issuer string
	key    *ecdsa.PrivateKey
	server *http.Server
	env    []string
	fault  string // what is wrong with its credentials, "" for nothing
}

// What the credentials of an access may lack.
const (
	noCredential    = "no credentials"
	wrongCredential = "wrong credentials"
	noScopes        = "no scopes"
)

const (
	accessKey      = "conformance-key"
	accessUser     = "conformance"
	accessPassword = "test"
	accessAudience = "service"
)

// NewAccess starts an identity provider for a service of the document. Close ends it.
func NewAccess(doc *spec.Document) (*Access, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make key: %w", err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start identity provider: %w", err)
	}
	a := &Access{issuer: "http://" + l.Addr().String(), key: key}
	a.server = &http.Server{Handler: a.provider(), ReadHeaderTimeout: time.Second}
	go func() { _ = a.server.Serve(l) }() // ends with Close
	a.env, err = a.settings(doc)
	return a, err
}

// Close ends the identity provider.
func (a *Access) Close() error { return a.server.Close() }

// Env are the settings of a service that lets its requests in.
func (a *Access) Env() []string { return a.env }

func (a *Access) provider() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"issuer": %q, "jwks_uri": %q}`, a.issuer, a.issuer+"/keys")
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		point, err := a.key.PublicKey.Bytes()
		if err != nil {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		encode := base64.RawURLEncoding.EncodeToString
		fmt.Fprintf(w, `{"keys": [{"kty": "EC", "crv": "P-256", "kid": "1", "x": %q, "y": %q}]}`, encode(point[1:33]), encode(point[33:]))
	})
	return mux
}

// settings gives the key and the user every scope that the document knows.
func (a *Access) settings(doc *spec.Document) ([]string, error) {
	var scopes []string
	for _, p := range doc.Paths {
		for _, op := range p.Operations {
			for _, all := range op.Security {
				for _, use := range all {
					scopes = append(scopes, use.Scopes...)
				}
			}
		}
	}
	slices.Sort(scopes)
	granted := strings.Join(slices.Compact(scopes), ",")
	hash, err := bcrypt.GenerateFromPassword([]byte(accessPassword), bcrypt.MinCost)
	if err != nil {
		return nil, fmt.Errorf("hash password: %w", err)
	}
	var keys []string
	for _, s := range doc.Schemes {
		if s.Type == "apiKey" && used(doc, s.Key) {
			keys = append(keys, fmt.Sprintf("%s/conformance:%x:%s", s.Key, sha256.Sum256([]byte(accessKey)), granted))
		}
	}
	return []string{
		"AUTH_ISSUER=" + a.issuer, "AUTH_AUDIENCE=" + accessAudience,
		"AUTH_API_KEYS=" + strings.Join(keys, " "), fmt.Sprintf("AUTH_USERS=%s:%s:%s", accessUser, hash, granted),
	}, nil
}

// used reports whether an operation asks for a scheme.
func used(doc *spec.Document, scheme string) bool {
	for _, p := range doc.Paths {
		for _, op := range p.Operations {
			for _, all := range op.Security {
				if slices.ContainsFunc(all, func(use spec.SchemeUse) bool { return use.Name == scheme }) {
					return true
				}
			}
		}
	}
	return false
}

// with returns an access whose credentials have a fault.
func (a *Access) with(fault string) *Access {
	b := *a
	b.fault = fault
	return &b
}

// credential is what a request carries for a scheme, "" for nothing.
func (a *Access) credential(s *spec.SecurityScheme, scopes []string) string {
	if a != nil && a.fault == noCredential {
		return ""
	}
	wrong := ""
	if a != nil && a.fault == wrongCredential {
		wrong = "not-"
	}
	switch {
	case s.Type == "apiKey":
		return wrong + accessKey
	case s.Type == "http" && s.Scheme == "basic":
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(wrong+accessUser+":"+accessPassword))
	case a == nil:
		return "Bearer conformance-token"
	}
	if a.fault == noScopes {
		scopes = nil
	}
	return "Bearer " + a.Token(accessUser, map[string]any{"aud": wrong + accessAudience, "scope": strings.Join(scopes, " ")})
}

// Token signs a token for a subject that is good for an hour, with claims added or
// put in the place of its own.
func (a *Access) Token(subject string, claims map[string]any) string {
	all := jwt.MapClaims{"iss": a.issuer, "aud": accessAudience, "sub": subject, "exp": time.Now().Add(time.Hour).Unix()}
	maps.Copy(all, claims)
	token := jwt.NewWithClaims(jwt.SigningMethodES256, all)
	token.Header["kid"] = "1"
	signed, err := token.SignedString(a.key)
	if err != nil {
		panic("sign token: " + err.Error()) // claims that are no JSON
	}
	return signed
}

// keepOut sends requests without credentials and with wrong ones to an operation
// that asks for some, and without scopes to one that asks for those.
func (r *runner) keepOut(ctx context.Context, op *spec.Operation) error {
	if len(op.Security) == 0 || slices.ContainsFunc(op.Security, func(all spec.SecurityRequirement) bool { return len(all) == 0 }) {
		return nil
	}
	faults := map[string]int{noCredential: http.StatusUnauthorized, wrongCredential: http.StatusUnauthorized}
	if tokensAlone(op, r.doc.Schemes) {
		faults[noScopes] = http.StatusForbidden
	}
	for _, fault := range []string{noCredential, wrongCredential, noScopes} {
		want, ok := faults[fault]
		if !ok {
			continue
		}
		c, err := r.newCall(op, 0)
		if err != nil {
			return err
		}
		req, a, err := r.sendWith(ctx, c, r.opt.Access.with(fault))
		if err != nil {
			return err
		}
		r.report.Strangers++
		switch {
		case a.status == 0:
		case a.status == want || fault == wrongCredential && a.status == http.StatusTooManyRequests: // of passwords
			r.report.KeptOut++
		default:
			r.fail("access", c, req, fmt.Sprintf("%s: answered %d, want %d", fault, a.status, want))
		}
		if a.status == http.StatusUnauthorized && a.header.Get("WWW-Authenticate") == "" && challenged(op, r.doc.Schemes) {
			r.fail("access", c, req, fault+": the answer does not say in WWW-Authenticate what would do")
		}
	}
	return nil
}

// tokensAlone reports whether the first way to be let in is a token with scopes.
func tokensAlone(op *spec.Operation, schemes []*spec.SecurityScheme) bool {
	return len(op.Security[0]) == 1 && len(op.Security[0][0].Scopes) > 0 &&
		slices.ContainsFunc(schemes, func(s *spec.SecurityScheme) bool {
			return s.Key == op.Security[0][0].Name && s.Type != "apiKey" && s.Scheme != "basic"
		})
}

// challenged reports whether an operation asks for a scheme of HTTP authentication.
func challenged(op *spec.Operation, schemes []*spec.SecurityScheme) bool {
	return slices.ContainsFunc(op.Security, func(all spec.SecurityRequirement) bool {
		return slices.ContainsFunc(all, func(use spec.SchemeUse) bool {
			return slices.ContainsFunc(schemes, func(s *spec.SecurityScheme) bool {
				return s.Key == use.Name && s.Type != "apiKey" && s.Type != "mutualTLS"
			})
		})
	})
}
