package auth

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

var quiet = slog.New(slog.DiscardHandler)

// Keys take long to make, so tests share them.
var (
	rsaKey = sync.OnceValue(func() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 2048)) })
	weak   = sync.OnceValue(func() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 1024)) })
	ecKey  = sync.OnceValue(func() *ecdsa.PrivateKey { return must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)) })
	edKey  = sync.OnceValue(func() ed25519.PrivateKey {
		_, key, err := ed25519.GenerateKey(rand.Reader)
		return must(key, err)
	})
)

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// jwkOf writes a public key as a JWK.
func jwkOf(kid string, key crypto.PublicKey) map[string]any {
	out := map[string]any{"kid": kid, "use": "sig"}
	switch key := key.(type) {
	case *rsa.PublicKey:
		maps.Copy(out, map[string]any{"kty": "RSA", "n": encode(key.N.Bytes()), "e": "AQAB"})
	case *ecdsa.PublicKey:
		point := must(key.Bytes())
		size := (len(point) - 1) / 2
		maps.Copy(out, map[string]any{"kty": "EC", "crv": key.Params().Name, "x": encode(point[1 : 1+size]), "y": encode(point[1+size:])})
	case ed25519.PublicKey:
		maps.Copy(out, map[string]any{"kty": "OKP", "crv": "Ed25519", "x": encode(key)})
	}
	return out
}

// provider is an identity provider.
type provider struct {
	*httptest.Server
	keys    atomic.Pointer[string] // the key set
	broken  atomic.Bool
	fetches atomic.Int32
}

func newProvider(t testing.TB, keys ...map[string]any) *provider {
	t.Helper()
	p := &provider{}
	p.publish(keys...)
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintf(w, `{"issuer": %q, "jwks_uri": %q}`, p.URL, p.URL+"/keys")
	})
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) {
		p.fetches.Add(1)
		_, _ = w.Write([]byte(*p.keys.Load()))
	})
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p.broken.Load() {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *provider) publish(keys ...map[string]any) {
	text := string(must(json.Marshal(map[string]any{"keys": keys})))
	p.keys.Store(&text)
}

func (p *provider) config() TokenConfig {
	return TokenConfig{
		Issuer: p.URL, Audience: []string{"shop", "shop-admin"}, Algorithms: Algorithms{"RS256", "ES256", "EdDSA"},
		Leeway: 30 * time.Second, Refresh: time.Hour, Stale: 2 * time.Hour,
	}
}

// claims are those of a good token, with some of them changed; nil takes one away.
func (p *provider) claims(changed map[string]any) jwt.MapClaims {
	out := jwt.MapClaims{
		"iss": p.URL, "aud": "shop", "sub": "ada", "scope": "read write",
		"exp": time.Now().Add(time.Hour).Unix(), "iat": time.Now().Unix(),
	}
	for name, value := range changed {
		if out[name] = value; value == nil {
			delete(out, name)
		}
	}
	return out
}

// sign makes a token; header changes what stands in its header.
func sign(method jwt.SigningMethod, key any, claims jwt.Claims, header map[string]any) string {
	token := jwt.NewWithClaims(method, claims)
	maps.Copy(token.Header, header)
	return must(token.SignedString(key))
}

func checker(t testing.TB, cfg TokenConfig) *Tokens {
	t.Helper()
	if err := cfg.problems(); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	t.Cleanup(stop)
	return NewTokens(ctx, cfg, quiet)
}

func publicPEM(key *rsa.PublicKey) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: must(x509.MarshalPKIXPublicKey(key))})
}

func TestTokens(t *testing.T) {
	p := newProvider(t,
		jwkOf("rsa", rsaKey().Public()), jwkOf("ec", ecKey().Public()), jwkOf("ed", edKey().Public()),
		jwkOf("weak", weak().Public()), map[string]any{"kid": "secret", "kty": "oct", "k": encode([]byte("known to all"))},
		func() map[string]any { k := jwkOf("crypt", rsaKey().Public()); k["use"] = "enc"; return k }(),
	)
	tokens := checker(t, p.config())
	rs256 := func(changed, header map[string]any) string {
		return sign(jwt.SigningMethodRS256, rsaKey(), p.claims(changed), merge(map[string]any{"kid": "rsa"}, header))
	}
	at := func(d time.Duration) int64 { return time.Now().Add(d).Unix() }
	good := rs256(nil, nil)
	parts := strings.Split(good, ".")
	const invalid = `Bearer error="invalid_token", error_description="the token is not valid"`
	const expired = `Bearer error="invalid_token", error_description="the token has expired"`
	for _, tt := range []struct {
		name, token string
		scopes      []string
		status      int
		challenge   string
	}{
		{"RS256", good, []string{"read"}, 200, ""},
		{"ES256", sign(jwt.SigningMethodES256, ecKey(), p.claims(nil), map[string]any{"kid": "ec"}), nil, 200, ""},
		{"EdDSA", sign(jwt.SigningMethodEdDSA, edKey(), p.claims(nil), map[string]any{"kid": "ed"}), nil, 200, ""},
		{"type of an access token", rs256(nil, map[string]any{"typ": "at+JWT"}), nil, 200, ""},
		{"one of several audiences", rs256(map[string]any{"aud": []string{"other", "shop-admin"}}, nil), nil, 200, ""},
		{"expired within the leeway", rs256(map[string]any{"exp": at(-20 * time.Second)}, nil), nil, 200, ""},
		{"scp as a list", rs256(map[string]any{"scope": nil, "scp": []string{"a", "b"}}, nil), []string{"b"}, 200, ""},
		{"scp as a text", rs256(map[string]any{"scope": nil, "scp": "a b"}, nil), []string{"a", "b"}, 200, ""},

		{"no scope", rs256(map[string]any{"scope": nil}, nil), []string{"read"}, 403, `Bearer error="insufficient_scope", scope="read"`},
		{"one scope of two", rs256(map[string]any{"scope": "read"}, nil), []string{"read", "admin"}, 403, `Bearer error="insufficient_scope", scope="read admin"`},
		{"scope that begins alike", rs256(map[string]any{"scope": "reading"}, nil), []string{"read"}, 403, `Bearer error="insufficient_scope", scope="read"`},

		{"alg none", sign(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, p.claims(nil), map[string]any{"kid": "rsa"}), nil, 401, invalid},
		{"alg None", encode([]byte(`{"alg":"None","kid":"rsa"}`)) + "." + parts[1] + ".", nil, 401, invalid},
		{"algorithm that is not allowed", sign(jwt.SigningMethodRS512, rsaKey(), p.claims(nil), map[string]any{"kid": "rsa"}), nil, 401, invalid},
		{"HMAC with the public key", sign(jwt.SigningMethodHS256, publicPEM(&rsaKey().PublicKey), p.claims(nil), map[string]any{"kid": "rsa"}), nil, 401, invalid},
		{"HMAC with a published secret", sign(jwt.SigningMethodHS256, []byte("known to all"), p.claims(nil), map[string]any{"kid": "secret"}), nil, 401, invalid},
		{"RSA with the id of a key of ECDSA", rs256(nil, map[string]any{"kid": "ec"}), nil, 401, invalid},
		{"weak key", sign(jwt.SigningMethodRS256, weak(), p.claims(nil), map[string]any{"kid": "weak"}), nil, 401, invalid},
		{"key for encryption", rs256(nil, map[string]any{"kid": "crypt"}), nil, 401, invalid},
		{"no kid", sign(jwt.SigningMethodRS256, rsaKey(), p.claims(nil), nil), nil, 401, invalid},
		{"kid that is a number", rs256(nil, map[string]any{"kid": 7}), nil, 401, invalid},
		{"key in the header", rs256(nil, map[string]any{"kid": "mine", "jwk": jwkOf("mine", rsaKey().Public())}), nil, 401, invalid},
		{"critical member", rs256(nil, map[string]any{"crit": []string{"b64"}, "b64": false}), nil, 401, invalid},
		{"type of another token", rs256(nil, map[string]any{"typ": "logout+jwt"}), nil, 401, invalid},

		{"other issuer", rs256(map[string]any{"iss": "https://evil.example"}, nil), nil, 401, invalid},
		{"issuer that begins alike", rs256(map[string]any{"iss": p.URL + "/"}, nil), nil, 401, invalid},
		{"no issuer", rs256(map[string]any{"iss": nil}, nil), nil, 401, invalid},
		{"other audience", rs256(map[string]any{"aud": "bank"}, nil), nil, 401, invalid},
		{"no audience", rs256(map[string]any{"aud": nil}, nil), nil, 401, invalid},
		{"empty audience", rs256(map[string]any{"aud": []string{}}, nil), nil, 401, invalid},
		{"expired", rs256(map[string]any{"exp": at(-31 * time.Second)}, nil), nil, 401, expired},
		{"no end", rs256(map[string]any{"exp": nil}, nil), nil, 401, invalid},
		{"end that is a text", rs256(map[string]any{"exp": "tomorrow"}, nil), nil, 401, invalid},
		{"not yet valid", rs256(map[string]any{"nbf": at(time.Minute)}, nil), nil, 401, invalid},
		{"no subject", rs256(map[string]any{"sub": nil}, nil), nil, 401, `Bearer error="invalid_token", error_description="the token has no subject"`},

		{"other claims under the signature", parts[0] + "." + encode([]byte(`{"sub":"root"}`)) + "." + parts[2], nil, 401, invalid},
		{"no signature", parts[0] + "." + parts[1] + ".", nil, 401, invalid},
		{"signature with a character more", good + "A", nil, 401, invalid},
		{"garbage", "a.b.c", nil, 401, invalid},
		{"dots", "..", nil, 401, invalid},
		{"bytes", "\x00\xff.\xfe.\n", nil, 401, invalid},
		{"expired, signed by nobody", sign(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, p.claims(map[string]any{"exp": 1}), map[string]any{"kid": "rsa"}), nil, 401, invalid},
		{"huge", rs256(map[string]any{"data": strings.Repeat("x", maxToken)}, nil), nil, 401, `Bearer error="invalid_token", error_description="the token is too long"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for range 2 { // the second may be remembered
				ctx, err := tokens.Check(t.Context(), "oauth", tt.token, tt.scopes)
				code, challenge := status(err)
				if code != tt.status || challenge != tt.challenge {
					t.Fatalf("got %d %s, want %d %s", code, challenge, tt.status, tt.challenge)
				}
				if err != nil {
					continue
				}
				if who, ok := From(ctx); !ok || who.Subject != "ada" || who.Scheme != "oauth" || who.Claims["sub"] != "ada" {
					t.Errorf("principal: %+v", who)
				}
			}
		})
	}
}

func merge(a, b map[string]any) map[string]any {
	maps.Copy(a, b)
	return a
}

// TestTokensEndWhileRemembered holds a token that was verified to its end.
func TestTokensEndWhileRemembered(t *testing.T) {
	p := newProvider(t, jwkOf("ec", ecKey().Public()))
	tokens := checker(t, p.config())
	token := sign(jwt.SigningMethodES256, ecKey(), p.claims(nil), map[string]any{"kid": "ec"})
	check := func() int {
		_, err := tokens.Check(t.Context(), "oauth", token, nil)
		code, _ := status(err)
		return code
	}
	if got := check(); got != 200 || tokens.Known(token) != "ada" {
		t.Fatalf("got %d, known as %q", got, tokens.Known(token))
	}
	for late, want := range map[time.Duration]int{time.Hour: 200, time.Hour + 31*time.Second: 401} {
		tokens.now = func() time.Time { return time.Now().Add(late) }
		if got := check(); got != want {
			t.Errorf("%s later: got %d, want %d", late, got, want)
		}
	}
}

func TestTokensWithASecret(t *testing.T) {
	secret := strings.Repeat("s", leastSecret)
	cfg := TokenConfig{Issuer: "shop", Audience: []string{"shop"}, Algorithms: Algorithms{"RS256"}, Secret: secret, Leeway: time.Second}
	tokens := checker(t, cfg)
	claims := jwt.MapClaims{"iss": "shop", "aud": "shop", "sub": "ada", "exp": time.Now().Add(time.Hour).Unix()}
	for name, tt := range map[string]struct {
		token string
		want  int
	}{
		"HS256":        {sign(jwt.SigningMethodHS256, []byte(secret), claims, nil), 200},
		"HS512":        {sign(jwt.SigningMethodHS512, []byte(secret), claims, nil), 401},
		"other secret": {sign(jwt.SigningMethodHS256, []byte(secret+"s"), claims, nil), 401},
		"empty secret": {sign(jwt.SigningMethodHS256, []byte{}, claims, nil), 401},
		"RS256":        {sign(jwt.SigningMethodRS256, rsaKey(), claims, map[string]any{"kid": "rsa"}), 401},
		"none":         {sign(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, claims, nil), 401},
	} {
		_, err := tokens.Check(t.Context(), "bearer", tt.token, nil)
		if got, _ := status(err); got != tt.want {
			t.Errorf("%s: got %d, want %d", name, got, tt.want)
		}
	}
}

func TestTokenConfigProblems(t *testing.T) {
	good := TokenConfig{Issuer: "https://login.example.com/", Audience: []string{"shop"}, Refresh: time.Minute, Stale: time.Hour}
	for name, tt := range map[string]struct {
		change func(*TokenConfig)
		want   []string
	}{
		"none":                        {func(*TokenConfig) {}, nil},
		"no audience":                 {func(c *TokenConfig) { c.Audience = nil }, []string{"AUTH_AUDIENCE"}},
		"two at once":                 {func(c *TokenConfig) { c.Audience, c.Stale = nil, 0 }, []string{"AUTH_AUDIENCE", "AUTH_JWKS_STALE"}},
		"issuer in the net":           {func(c *TokenConfig) { c.Issuer = "http://login.example.com" }, []string{"AUTH_ISSUER", "https"}},
		"issuer in a private network": {func(c *TokenConfig) { c.Issuer = "http://keycloak:8080/realms/a" }, nil},
		"no address":                  {func(c *TokenConfig) { c.Issuer = "login" }, []string{"AUTH_ISSUER"}},
		"keys elsewhere":              {func(c *TokenConfig) { c.Issuer, c.JWKSURL = "login", "https://keys.example.com/" }, nil},
		"keys in the net":             {func(c *TokenConfig) { c.JWKSURL = "http://keys.example.com/" }, []string{"AUTH_JWKS_URL"}},
		"short secret":                {func(c *TokenConfig) { c.Secret = "hunter2" }, []string{"AUTH_JWT_SECRET", "32"}},
		"secret and keys":             {func(c *TokenConfig) { c.Secret, c.JWKSURL = strings.Repeat("x", 32), "https://k.example" }, []string{"AUTH_JWKS_URL"}},
	} {
		cfg := good
		tt.change(&cfg)
		err := cfg.problems()
		if (err == nil) != (tt.want == nil) {
			t.Errorf("%s: got %v", name, err)
		}
		for _, want := range tt.want {
			if err != nil && !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v does not name %s", name, err, want)
			}
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the error shows the secret", name)
		}
	}
}

func TestParseAlgorithms(t *testing.T) {
	if got, err := ParseAlgorithms("RS256, EdDSA"); err != nil || len(got) != 2 {
		t.Errorf("got %v, %v", got, err)
	}
	for _, bad := range []string{"none", "HS256", "rs256", "RS256,none"} {
		if _, err := ParseAlgorithms(bad); err == nil {
			t.Errorf("%s is taken", bad)
		}
	}
}

// TestBearerTokensThatAreKeys sends keys under the scheme of tokens.
func TestBearerTokensThatAreKeys(t *testing.T) {
	p := newProvider(t, jwkOf("ec", ecKey().Public()))
	tokens := checker(t, p.config())
	keys := must(NewKeys(must(ParseKeys("deploy:"+sum("dep_1")+":read")), []string{"bearer"}, "bearer"))
	jwtToken := sign(jwt.SigningMethodES256, ecKey(), p.claims(nil), map[string]any{"kid": "ec"})
	for name, tt := range map[string]struct {
		tokens *Tokens
		token  string
		scope  string
		status int
		known  string
	}{
		"token":                     {tokens, jwtToken, "read", 200, "ada"},
		"key":                       {tokens, "dep_1", "read", 200, "apikey:deploy"},
		"key without tokens":        {nil, "dep_1", "read", 200, "apikey:deploy"},
		"key without the scope":     {nil, "dep_1", "write", 403, "apikey:deploy"},
		"other key":                 {tokens, "dep_2", "read", 401, ""},
		"token where none are good": {nil, jwtToken, "read", 401, ""},
	} {
		_, err := checkBearer(t.Context(), tt.tokens, keys, "bearer", tt.token, []string{tt.scope})
		if got, challenge := status(err); got != tt.status || (err != nil) != strings.HasPrefix(challenge, "Bearer error=") {
			t.Errorf("%s: got %d %q, want %d", name, got, challenge, tt.status)
		}
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Authorization", "bearer "+tt.token)
		if got := knownBearer(r, tt.tokens, keys, "bearer"); got != tt.known {
			t.Errorf("%s: known as %q, want %q", name, got, tt.known)
		}
	}
	if got := knownBearer(httptest.NewRequest(http.MethodGet, "/", nil), tokens, keys, "bearer"); got != "" {
		t.Errorf("nothing is known as %q", got)
	}
}

func BenchmarkTokens(b *testing.B) {
	p := newProvider(b, jwkOf("rsa", rsaKey().Public()), jwkOf("ec", ecKey().Public()), jwkOf("ed", edKey().Public()))
	tokens := checker(b, p.config())
	for _, one := range []struct {
		name, token string
	}{
		{"RS256", sign(jwt.SigningMethodRS256, rsaKey(), p.claims(nil), map[string]any{"kid": "rsa"})},
		{"ES256", sign(jwt.SigningMethodES256, ecKey(), p.claims(nil), map[string]any{"kid": "ec"})},
		{"EdDSA", sign(jwt.SigningMethodEdDSA, edKey(), p.claims(nil), map[string]any{"kid": "ed"})},
	} {
		for _, remember := range []bool{false, true} {
			b.Run(fmt.Sprintf("%s/remembered=%t", one.name, remember), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if !remember {
						clear(tokens.seen.entries)
					}
					if _, err := tokens.Check(b.Context(), "oauth", one.token, []string{"read"}); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
