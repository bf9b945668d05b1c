package auth

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
)

// keySet are the keys of an issuer by their ids. It is never changed.
type keySet struct {
	byID    map[string][]publicKey
	text    string // of the document, to tell whether another one is the same
	skipped int    // keys that are of no use here
}

// publicKey is a key with the algorithms that it may be used with. Tying the two
// together keeps a key from being taken for one of another kind.
type publicKey struct {
	key        crypto.PublicKey
	algorithms []string
}

// find returns the key with an id for an algorithm, nil when there is none.
func (s *keySet) find(kid, algorithm string) crypto.PublicKey {
	for _, k := range s.byID[kid] {
		if slices.Contains(k.algorithms, algorithm) {
			return k.key
		}
	}
	return nil
}

// RSA keys below the least are weak (RFC 7518, section 3.3), those beyond the most cost too much.
const leastRSA, mostRSA = 2048, 8192

// jwk is a key of a set, RFC 7517 and RFC 8037.
type jwk struct {
	Type       string   `json:"kty"`
	ID         string   `json:"kid"`
	Use        string   `json:"use"`
	Operations []string `json:"key_ops"`
	Algorithm  string   `json:"alg"`
	Curve      string   `json:"crv"`
	N, E       string
	X, Y       string
}

// parseKeys reads a JWK set. Keys that are of no use here are left out, RFC 7517
// section 5; a set without any other is an error.
func parseKeys(text []byte) (*keySet, error) {
	var document struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(text, &document); err != nil {
		return nil, fmt.Errorf("read keys: %w", err)
	}
	set := &keySet{byID: map[string][]publicKey{}, text: string(text)}
	var errs []error
	for _, raw := range document.Keys {
		var k jwk
		err := json.Unmarshal(raw, &k)
		if err == nil && (k.ID == "" || k.Use != "" && k.Use != "sig" || k.Operations != nil && !slices.Contains(k.Operations, "verify")) {
			err = errors.New("it has no id or is for something else")
		}
		var key publicKey
		if err == nil {
			key, err = k.public()
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("key %q: %w", k.ID, err))
			set.skipped++
			continue
		}
		set.byID[k.ID] = append(set.byID[k.ID], key)
	}
	if len(set.byID) == 0 {
		return nil, fmt.Errorf("no key of %d is of use: %w", len(document.Keys), errors.Join(errs...))
	}
	return set, nil
}

// ids lists the keys of the set.
func (s *keySet) ids() []string { return slices.Sorted(maps.Keys(s.byID)) }

// public returns the key and what it may be used with.
func (k jwk) public() (publicKey, error) {
	var out publicKey
	var err error
	switch k.Type {
	case "RSA":
		out.algorithms = asymmetric[:6]
		out.key, err = k.rsa()
	case "EC":
		out.key, out.algorithms, err = k.ec()
	case "OKP":
		out.algorithms = []string{"EdDSA"}
		x, decodeErr := base64.RawURLEncoding.DecodeString(k.X)
		if out.key, err = ed25519.PublicKey(x), decodeErr; k.Curve != "Ed25519" || len(x) != ed25519.PublicKeySize {
			err = fmt.Errorf("curve %q with %d bytes is no Ed25519 key", k.Curve, len(x))
		}
	default:
		err = fmt.Errorf("kind %q cannot be used", k.Type)
	}
	if err == nil && k.Algorithm != "" {
		if !slices.Contains(out.algorithms, k.Algorithm) {
			err = fmt.Errorf("a key of kind %s is not for %q", k.Type, k.Algorithm)
		}
		out.algorithms = []string{k.Algorithm}
	}
	return out, err
}

func (k jwk) rsa() (*rsa.PublicKey, error) {
	n, err := base64.RawURLEncoding.DecodeString(k.N)
	if err != nil {
		return nil, err
	}
	e, err := base64.RawURLEncoding.DecodeString(k.E)
	if err != nil {
		return nil, err
	}
	modulus, exponent := new(big.Int).SetBytes(n), new(big.Int).SetBytes(e)
	if bits := modulus.BitLen(); bits < leastRSA || bits > mostRSA {
		return nil, fmt.Errorf("an RSA key of %d bits: want %d to %d", bits, leastRSA, mostRSA)
	}
	if exponent.BitLen() > 31 || exponent.Int64() < 3 || exponent.Bit(0) == 0 {
		return nil, errors.New("the exponent is not usual")
	}
	return &rsa.PublicKey{N: modulus, E: int(exponent.Int64())}, nil
}

var curves = map[string]struct {
	curve     elliptic.Curve
	algorithm string
}{
	"P-256": {elliptic.P256(), "ES256"},
	"P-384": {elliptic.P384(), "ES384"},
	"P-521": {elliptic.P521(), "ES512"},
}

func (k jwk) ec() (*ecdsa.PublicKey, []string, error) {
	c, ok := curves[k.Curve]
	if !ok {
		return nil, nil, fmt.Errorf("curve %q cannot be used", k.Curve)
	}
	x, errX := base64.RawURLEncoding.DecodeString(k.X)
	y, errY := base64.RawURLEncoding.DecodeString(k.Y)
	if err := errors.Join(errX, errY); err != nil {
		return nil, nil, err
	}
	size := (c.curve.Params().BitSize + 7) / 8
	if len(x) != size || len(y) != size {
		return nil, nil, fmt.Errorf("coordinates of %d and %d bytes: want %d", len(x), len(y), size)
	}
	key, err := ecdsa.ParseUncompressedPublicKey(c.curve, slices.Concat([]byte{4}, x, y))
	return key, []string{c.algorithm}, err
}

// discovery is the part of an OpenID provider's metadata that is of use here.
type discovery struct {
	Issuer  string `json:"issuer"`
	JWKSURI string `json:"jwks_uri"`
}

// discover finds where the keys of the issuer are, OpenID Connect Discovery 1.0
// section 4.
func (s *keySource) discover(ctx context.Context) (string, error) {
	address := strings.TrimSuffix(s.cfg.Issuer, "/") + "/.well-known/openid-configuration"
	text, err := s.get(ctx, address)
	if err != nil {
		return "", err
	}
	var d discovery
	if err := json.Unmarshal(text, &d); err != nil {
		return "", fmt.Errorf("read %s: %w", address, err)
	}
	if d.Issuer != s.cfg.Issuer {
		return "", fmt.Errorf("read %s: it is about the issuer %q, not %q", address, d.Issuer, s.cfg.Issuer)
	}
	if err := checkURL(d.JWKSURI); err != nil {
		return "", fmt.Errorf("read %s: jwks_uri %q: %w", address, d.JWKSURI, err)
	}
	return d.JWKSURI, nil
}
