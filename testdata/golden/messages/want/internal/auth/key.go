package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Key is an API key. The key itself is known to its owner only.
type Key struct {
	Scheme string // of the document that the key is for, "": the only one
	Name   string // of who has it
	Hash   [sha256.Size]byte
	Scopes []string
}

// maxKey is the most bytes of a key.
const maxKey = 512

// NewKey makes a key of 130 random bits for a name such as deploy or SCHEME/deploy
// and writes it to w, with the line that lets it in.
func NewKey(w io.Writer, name string) error {
	if _, err := parseKey(name + ":" + strings.Repeat("0", 2*sha256.Size)); err != nil {
		return err
	}
	_, own, found := strings.Cut(name, "/")
	if !found {
		own = name
	}
	key := own + "_" + rand.Text()
	_, err := fmt.Fprintf(w, "key, for its owner, shown only now:\n  %s\nfor AUTH_API_KEYS or a line of AUTH_API_KEYS_FILE; scopes go behind it, as in :read,write\n  %s:%x\n",
		key, name, sha256.Sum256([]byte(key)))
	return err
}

// ParseKeys reads keys with white space between them: NAME:HASH or NAME:HASH:SCOPES,
// where the hash is the SHA-256 of the key in hexadecimal digits and scopes have
// commas between them. SCHEME/NAME is a key for one security scheme. Lines that
// start with # mean nothing. The error names every entry that is wrong.
func ParseKeys(text string) ([]Key, error) { return parseEntries(text, parseKey) }

// ReadKeys reads keys from a file; an empty name stands for none.
func ReadKeys(file string) ([]Key, error) { return readEntries(file, parseKey) }

func parseKey(entry string) (Key, error) {
	var k Key
	name, rest, _ := strings.Cut(entry, ":")
	hash, scopes, _ := strings.Cut(rest, ":")
	if scheme, own, found := strings.Cut(name, "/"); found {
		k.Scheme, name = scheme, own
	}
	k.Name, k.Scopes = name, words(scopes, ",")
	if name == "" || strings.ContainsAny(name, "/\"\\ \t\r\n") || k.Scheme == "" && strings.HasPrefix(entry, "/") {
		return k, fmt.Errorf("%q: want NAME or SCHEME/NAME before the first colon", name)
	}
	sum, err := hex.DecodeString(hash)
	if err != nil || len(sum) != len(k.Hash) {
		return k, fmt.Errorf("%q: want %d hexadecimal digits, the SHA-256 of the key, behind the name", name, 2*sha256.Size)
	}
	copy(k.Hash[:], sum)
	return k, nil
}

// Keys checks API keys. It is safe for concurrent use.
type Keys struct {
	bySum map[string]map[[sha256.Size]byte]*keyEntry // by scheme
}

type keyEntry struct {
	sum       [sha256.Size]byte
	principal Principal
}

// NewKeys returns a checker of keys for the schemes of the document. A key without
// a scheme is for the one in alone, "" when there are several that it could be for.
func NewKeys(keys []Key, schemes []string, alone string) (*Keys, error) {
	out := &Keys{map[string]map[[sha256.Size]byte]*keyEntry{}}
	for _, scheme := range schemes {
		out.bySum[scheme] = map[[sha256.Size]byte]*keyEntry{}
	}
	var errs []error
	for _, k := range keys {
		scheme := k.Scheme
		if scheme == "" {
			scheme = alone
		}
		sums := out.bySum[scheme]
		switch {
		case scheme == "":
			errs = append(errs, fmt.Errorf("API key %q: write SCHEME/%s with the scheme that it is for, one of %s", k.Name, k.Name, strings.Join(schemes, ", ")))
		case sums == nil:
			errs = append(errs, fmt.Errorf("API key %q: there is no scheme %q that keys are for, only %s", k.Name, scheme, strings.Join(schemes, ", ")))
		case sums[k.Hash] != nil:
			errs = append(errs, fmt.Errorf("API key %q: it is the key of %s too", k.Name, sums[k.Hash].principal.Subject))
		default:
			sums[k.Hash] = &keyEntry{k.Hash, Principal{Subject: "apikey:" + k.Name, Scopes: k.Scopes}}
		}
	}
	return out, errors.Join(errs...)
}

// Any reports whether there is a key for a scheme.
func (k *Keys) Any(scheme string) bool { return len(k.bySum[scheme]) > 0 }

// Check lets a request in whose key is good and grants the scopes.
func (k *Keys) Check(ctx context.Context, scheme, key string, scopes []string) (context.Context, error) {
	p := k.find(scheme, key)
	if p == nil {
		return nil, refuse()
	}
	return admit(ctx, p, scheme, scopes)
}

// Known returns the subject of a key, "" when it is none.
func (k *Keys) Known(scheme, key string) string {
	if p := k.find(scheme, key); p != nil {
		return p.Subject
	}
	return ""
}

// find looks a key up by its hash, which tells nothing of a key that is nearly
// right, and compares the whole hash in constant time.
func (k *Keys) find(scheme, key string) *Principal {
	if key == "" || len(key) > maxKey {
		return nil
	}
	sum := sha256.Sum256([]byte(key))
	e := k.bySum[scheme][sum]
	if e == nil || subtle.ConstantTimeCompare(e.sum[:], sum[:]) != 1 {
		return nil
	}
	return &e.principal
}
