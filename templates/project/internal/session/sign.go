package session

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"hash"
	"net/http"
	"strings"
	"sync"
)

// idBytes are random bytes of an id, as many as a signature has.
const idBytes = sha256.Size

// encoding of ids and signatures. A strict one, so that there is one text for each.
var encoding = base64.RawURLEncoding.Strict()

var encodedLen = encoding.EncodedLen(idBytes)

func newID() string {
	var b [idBytes]byte
	_, _ = rand.Read(b[:]) // it never fails, or the process does
	return encoding.EncodeToString(b[:])
}

// signer signs ids for the cookie of one name, with HMAC-SHA256.
type signer struct {
	name string
	keys []*sync.Pool // of *signing, a pool for each secret; the first one signs
}

// signing is a hash that knows a secret, and room to work in.
type signing struct {
	hash hash.Hash
	text []byte
	sum  [sha256.Size]byte
}

func newSigner(name string, secrets Secrets) *signer {
	s := &signer{name: name}
	for _, secret := range secrets {
		s.keys = append(s.keys, &sync.Pool{New: func() any {
			return &signing{hash: hmac.New(sha256.New, []byte(secret))}
		}})
	}
	return s
}

// of computes the signature of an id. The name of the cookie is part of what is
// signed, so that a service with the same secrets and another cookie has other ones.
func (k *signing) of(name, id string) []byte {
	k.text = append(append(append(k.text[:0], name...), '='), id...)
	k.hash.Reset()
	_, _ = k.hash.Write(k.text) // a hash does not fail
	return k.hash.Sum(k.sum[:0])
}

// sign returns the value of the cookie for an id.
func (s *signer) sign(id string) string {
	k := s.keys[0].Get().(*signing)
	defer s.keys[0].Put(k)
	return id + "." + encoding.EncodeToString(k.of(s.name, id))
}

// verify returns the id in the value of a cookie, "" when no secret has signed it.
func (s *signer) verify(value string) string {
	id, mac, _ := strings.Cut(value, ".")
	if len(id) != encodedLen || len(mac) != encodedLen {
		return ""
	}
	var given [sha256.Size]byte
	if _, err := encoding.Decode(given[:], []byte(mac)); err != nil {
		return ""
	}
	for _, pool := range s.keys {
		k := pool.Get().(*signing)
		ok := hmac.Equal(given[:], k.of(s.name, id))
		pool.Put(k)
		if ok {
			return id
		}
	}
	return ""
}

// read returns the id that a request carries. A client may send several cookies of the
// name, of other paths or domains: the first one that is signed counts.
func (s *signer) read(r *http.Request) string {
	for _, c := range r.CookiesNamed(s.name) {
		if id := s.verify(c.Value); id != "" {
			return id
		}
	}
	return ""
}
