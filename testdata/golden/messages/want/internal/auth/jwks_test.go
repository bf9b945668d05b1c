package auth

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"strings"
	"testing"
)

// TestParseKeySet reads one key after the other, each wrong in its own way.
func TestParseKeySet(t *testing.T) {
	p384 := must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))
	with := func(k map[string]any, changes ...any) map[string]any {
		for i := 0; i < len(changes); i += 2 {
			k[changes[i].(string)] = changes[i+1]
		}
		return k
	}
	rsa := func(changes ...any) map[string]any { return with(jwkOf("k", rsaKey().Public()), changes...) }
	ec := func(changes ...any) map[string]any { return with(jwkOf("k", ecKey().Public()), changes...) }
	for _, tt := range []struct {
		name       string
		key        map[string]any
		algorithms string // "" : the key is of no use
	}{
		{"RSA", rsa(), "RS256 RS384 RS512 PS256 PS384 PS512"},
		{"RSA for one algorithm", rsa("alg", "PS256"), "PS256"},
		{"no use", rsa("use", ""), "RS256 RS384 RS512 PS256 PS384 PS512"},
		{"to verify", rsa("key_ops", []string{"verify"}), "RS256 RS384 RS512 PS256 PS384 PS512"},
		{"P-256", ec(), "ES256"},
		{"P-384", with(jwkOf("k", p384.Public())), "ES384"},
		{"Ed25519", jwkOf("k", edKey().Public()), "EdDSA"},

		{"no id", rsa("kid", ""), ""},
		{"for encryption", rsa("use", "enc"), ""},
		{"to sign", rsa("key_ops", []string{"sign"}), ""},
		{"RSA for HMAC", rsa("alg", "HS256"), ""},
		{"RSA for ECDSA", rsa("alg", "ES256"), ""},
		{"short RSA", with(jwkOf("k", weak().Public())), ""},
		{"endless RSA", rsa("n", strings.Repeat("_", 2000)), ""},
		{"exponent of one", rsa("e", "AQ"), ""},
		{"even exponent", rsa("e", "BA"), ""},
		{"huge exponent", rsa("e", "AQAAAAAAAAAB"), ""},
		{"no base64", rsa("n", "++"), ""},
		{"exponent that is no base64", rsa("e", "++"), ""},
		{"point off the curve", ec("x", ec()["y"]), ""},
		{"short coordinate", ec("x", "AA"), ""},
		{"coordinate that is no base64", ec("y", "++"), ""},
		{"other curve", ec("crv", "secp256k1"), ""},
		{"curve of another size", ec("crv", "P-384"), ""},
		{"short Ed25519", with(jwkOf("k", edKey().Public()), "x", "AAAA"), ""},
		{"X25519", with(jwkOf("k", edKey().Public()), "crv", "X25519"), ""},
		{"secret", map[string]any{"kty": "oct", "kid": "k", "k": "AAAA"}, ""},
	} {
		other := jwkOf("other", edKey().Public())
		text := must(json.Marshal(map[string]any{"keys": []any{tt.key, other}}))
		set, err := parseKeys(text)
		if err != nil {
			t.Errorf("%s: the other key is gone: %v", tt.name, err)
			continue
		}
		got := ""
		for _, k := range set.byID["k"] {
			got = strings.Join(k.algorithms, " ")
		}
		if got != tt.algorithms {
			t.Errorf("%s: for %q, want %q", tt.name, got, tt.algorithms)
		}
	}
}

// FuzzKeySet reads key sets that a provider may send.
func FuzzKeySet(f *testing.F) {
	f.Add(`{"keys":[{"kty":"RSA","kid":"a","n":"AQAB","e":"AQAB"}]}`)
	f.Add(`{"keys":[{"kty":"EC","kid":"a","crv":"P-256","x":"AA","y":"AA","key_ops":["verify"]}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		set, err := parseKeys([]byte(text))
		if err == nil && len(set.ids()) == 0 {
			t.Error("a set without keys is taken")
		}
	})
}
