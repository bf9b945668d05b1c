package auth

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"example.com/messages/internal/codec"
	"example.com/messages/internal/problem"
)

// TokenConfig says which bearer tokens are good. It checks tokens when Issuer is set.
type TokenConfig struct {
	Issuer     string     // what the claim iss must be
	Audience   []string   // one of which the claim aud must hold
	JWKSURL    string     // where the keys are; empty: where the issuer's discovery document says
	Algorithms Algorithms // of signatures by the keys of the issuer
	Secret     string     // when set, tokens are signed with it (HS256) and by no key

	Leeway  time.Duration // that clocks may differ by
	Refresh time.Duration // after which the keys are fetched again
	Stale   time.Duration // for which keys are used on while they cannot be fetched

	Transport http.RoundTripper // by which they are fetched, nil: http.DefaultTransport
}

const (
	maxToken    = 16 << 10 // bytes of a token; the header of a request holds 64 KiB
	leastSecret = 32       // bytes of a secret for HS256, RFC 7518 section 3.2
)

// tokenTypes are the types of tokens that are for access. Others, such as
// logout+jwt, are signed by the same keys and mean something else (RFC 8725,
// section 3.11).
var tokenTypes = []string{"", "jwt", "at+jwt", "application/at+jwt"}

// Tokens checks JSON Web Tokens (RFC 7519) as RFC 8725 advises. It is safe for
// concurrent use.
type Tokens struct {
	cfg    TokenConfig
	log    *slog.Logger
	parser *jwt.Parser
	keys   *keySource // nil: there is a secret
	seen   *memory
	now    func() time.Time
}

// NewTokens returns a checker of tokens. Until ctx is done it keeps the keys of the
// issuer up to date.
func NewTokens(ctx context.Context, cfg TokenConfig, log *slog.Logger) *Tokens {
	t := &Tokens{cfg: cfg, log: log, seen: newMemory(), now: time.Now}
	methods := []string(cfg.Algorithms)
	if cfg.Secret != "" {
		methods = []string{jwt.SigningMethodHS256.Alg()}
	} else {
		t.keys = newKeySource(cfg, log)
		t.keys.start(ctx)
	}
	t.parser = jwt.NewParser(
		jwt.WithValidMethods(methods),
		jwt.WithIssuer(cfg.Issuer),
		jwt.WithAudience(cfg.Audience...),
		jwt.WithExpirationRequired(),
		jwt.WithLeeway(cfg.Leeway),
		jwt.WithTimeFunc(func() time.Time { return t.now() }),
		jwt.WithStrictDecoding(),
	)
	return t
}

// Problems of the configuration, all of them.
func (c TokenConfig) problems() error {
	var errs []error
	if len(c.Audience) == 0 {
		errs = append(errs, errors.New("AUTH_AUDIENCE is not set: tokens that are for another service would be good here"))
	}
	if c.Secret != "" {
		if len(c.Secret) < leastSecret {
			errs = append(errs, fmt.Errorf("AUTH_JWT_SECRET has %d bytes: want %d or more", len(c.Secret), leastSecret))
		}
		if c.JWKSURL != "" {
			errs = append(errs, errors.New("AUTH_JWT_SECRET and AUTH_JWKS_URL are set: tokens are signed with a secret or with keys"))
		}
		return errors.Join(errs...)
	}
	if c.Stale < c.Refresh {
		errs = append(errs, fmt.Errorf("AUTH_JWKS_STALE=%s: want AUTH_JWKS_REFRESH (%s) or more, or keys end before they are fetched again", c.Stale, c.Refresh))
	}
	name, address := "AUTH_JWKS_URL", c.JWKSURL
	if address == "" {
		name, address = "AUTH_ISSUER", c.Issuer
	}
	if err := checkURL(address); err != nil {
		errs = append(errs, fmt.Errorf("%s=%q: %w", name, address, err))
	}
	return errors.Join(errs...)
}

// Check lets a request in whose token is good and grants the scopes. Its errors say
// in WWW-Authenticate what is wrong, RFC 6750 section 3.1.
func (t *Tokens) Check(ctx context.Context, scheme, token string, scopes []string) (context.Context, error) {
	p, err := t.verify(ctx, token)
	if err != nil {
		return nil, err
	}
	ctx, err = admit(ctx, p, scheme, scopes)
	return ctx, challengeScopes(err, scopes)
}

// Known returns the subject of a token that was found good before, "" for any other.
func (t *Tokens) Known(token string) string {
	if p := t.remembered(sha256.Sum256([]byte(token))); p != nil {
		return p.Subject
	}
	return ""
}

func (t *Tokens) remembered(hash [32]byte) *Principal {
	var keys *keySet
	if t.keys != nil {
		if keys = t.keys.usable(); keys == nil {
			return nil
		}
	}
	return t.seen.get(hash, t.now(), keys)
}

// verify returns whose token it is. One that was verified before costs a hash.
func (t *Tokens) verify(ctx context.Context, token string) (*Principal, error) {
	if len(token) > maxToken {
		return nil, invalidToken("the token is too long")
	}
	hash := sha256.Sum256([]byte(token))
	if p := t.remembered(hash); p != nil {
		return p, nil
	}
	claims := jwt.MapClaims{}
	var keys *keySet
	_, err := t.parser.ParseWithClaims(token, claims, func(parsed *jwt.Token) (key any, err error) {
		if err := checkHeader(parsed.Header); err != nil {
			return nil, err
		}
		if t.keys == nil {
			return []byte(t.cfg.Secret), nil
		}
		kid, _ := parsed.Header["kid"].(string)
		key, keys, err = t.keys.lookup(ctx, kid, parsed.Method.Alg())
		return key, err
	})
	if err != nil {
		return nil, t.refusal(ctx, err)
	}
	p := &Principal{Claims: claims, Scopes: scopesOf(claims)}
	if p.Subject, _ = claims["sub"].(string); p.Subject == "" {
		return nil, invalidToken("the token has no subject")
	}
	until, _ := claims.GetExpirationTime() // was required above
	t.seen.put(hash, p, t.now(), until.Add(t.cfg.Leeway), keys)
	return p, nil
}

// checkHeader refuses what this service does not understand, RFC 7515 section 4.1.11
// and RFC 8725 section 3.11.
func checkHeader(header map[string]any) error {
	if _, ok := header["crit"]; ok {
		return errors.New("the header has critical members")
	}
	kind, _ := header["typ"].(string)
	if !slices.Contains(tokenTypes, strings.ToLower(kind)) {
		return fmt.Errorf("a token of the type %q is not for access", kind)
	}
	return nil
}

// refusal turns the reason why a token is not good into the answer. Clients learn
// that their token has expired; the other reasons help those who forge tokens.
func (t *Tokens) refusal(ctx context.Context, err error) error {
	if errors.Is(err, errNoKeys) {
		return unavailable(retrySeconds)
	}
	t.log.DebugContext(ctx, "token refused", "reason", err)
	if errors.Is(err, jwt.ErrTokenExpired) && !errors.Is(err, jwt.ErrTokenSignatureInvalid) {
		return invalidToken("the token has expired")
	}
	return invalidToken("the token is not valid")
}

func invalidToken(why string) error {
	p := problem.New(http.StatusUnauthorized, why)
	p.Challenge = `Bearer error="invalid_token", error_description="` + why + `"`
	return p
}

// challengeScopes adds to a 403 which scopes would do.
func challengeScopes(err error, scopes []string) error {
	if p, ok := errors.AsType[*problem.Problem](err); ok && p.Status == http.StatusForbidden {
		p.Challenge = `Bearer error="insufficient_scope"`
		if list := strings.Join(scopes, " "); strings.IndexFunc(list, func(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' }) < 0 {
			p.Challenge += `, scope="` + list + `"`
		}
	}
	return err
}

// scopesOf reads what a token grants: scope, a text (RFC 8693, section 4.2), or
// scp, a text or a list.
func scopesOf(claims jwt.MapClaims) []string {
	var out []string
	for _, name := range []string{"scope", "scp"} {
		switch value := claims[name].(type) {
		case string:
			out = append(out, strings.Fields(value)...)
		case []any:
			for _, one := range value {
				if scope, ok := one.(string); ok {
					out = append(out, scope)
				}
			}
		}
	}
	return out
}

// checkBearer checks a bearer token: a JSON Web Token, or else an API key.
func checkBearer(ctx context.Context, tokens *Tokens, keys *Keys, scheme, token string, scopes []string) (context.Context, error) {
	if tokens != nil && isJWT(token) {
		return tokens.Check(ctx, scheme, token, scopes)
	}
	p := keys.find(scheme, token)
	if p == nil {
		return nil, invalidToken("the token is not valid")
	}
	ctx, err := admit(ctx, p, scheme, scopes)
	return ctx, challengeScopes(err, scopes)
}

// knownBearer returns the subject of the bearer token in a request if it is known.
func knownBearer(r *http.Request, tokens *Tokens, keys *Keys, scheme string) string {
	token, ok := codec.Authorization(r, "Bearer")
	switch {
	case !ok:
		return ""
	case tokens != nil && isJWT(token):
		return tokens.Known(token)
	}
	return keys.Known(scheme, token)
}

// isJWT reports whether a token has the form of a signed one, RFC 7515 section 7.1.
func isJWT(token string) bool { return strings.Count(token, ".") == 2 }

// Algorithms are names of signature algorithms.
type Algorithms []string

// asymmetric are the algorithms that work with the public keys of an issuer.
var asymmetric = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}

// ParseAlgorithms reads a list of algorithms with commas or spaces between them.
func ParseAlgorithms(text string) (Algorithms, error) {
	var out Algorithms
	for _, name := range words(text, ",") {
		if !slices.Contains(asymmetric, name) {
			return nil, fmt.Errorf("want algorithms of %s, not %q", strings.Join(asymmetric, ", "), name)
		}
		out = append(out, name)
	}
	return out, nil
}

// ParseText takes a text as it is.
func ParseText(text string) (string, error) { return text, nil }

// ParseList reads words with commas or spaces between them.
func ParseList(text string) ([]string, error) { return words(text, ","), nil }
