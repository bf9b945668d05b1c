package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"time"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"

	"github.com/apigen-go/apigen/templates/project/internal/problem"
	"github.com/apigen-go/apigen/templates/project/internal/server"
)

// User is somebody with a password.
type User struct {
	Name   string
	Hash   PasswordHash
	Scopes []string
}

// ParseUsers reads users with white space between them: NAME:HASH or
// NAME:HASH:SCOPES, where the hash is one of bcrypt ("$2y$…") or argon2id
// ("$argon2id$v=19$m=65536,t=3,p=4$…") and scopes have commas between them. Lines
// that start with # mean nothing. The error names every entry that is wrong.
func ParseUsers(text string) ([]User, error) { return parseEntries(text, parseUser) }

// ReadUsers reads users from a file; an empty name stands for none.
func ReadUsers(file string) ([]User, error) { return readEntries(file, parseUser) }

func parseUser(entry string) (User, error) {
	name, rest, _ := strings.Cut(entry, ":")
	hash, scopes, _ := strings.Cut(rest, ":")
	u := User{Name: name, Scopes: words(scopes, ",")}
	var err error
	if u.Hash, err = parsePasswordHash(hash); err == nil && name == "" {
		err = errors.New("want a name before the first colon")
	}
	if err != nil {
		return u, fmt.Errorf("%q: %w", name, err)
	}
	return u, nil
}

// PasswordHash is what is kept of a password.
type PasswordHash struct {
	bcrypt []byte // the whole hash; nil: it is one of argon2id
	salt   []byte
	key    []byte
	time   uint32
	memory uint32 // KiB
	lanes  uint8
}

// What hashes of argon2id may ask for: so much is spent on every password that is
// tried.
const maxArgonTime, maxArgonMemory = 16, 256 << 10

func parsePasswordHash(text string) (PasswordHash, error) {
	if strings.HasPrefix(text, "$2") {
		_, err := bcrypt.Cost([]byte(text))
		return PasswordHash{bcrypt: []byte(text)}, err
	}
	var h PasswordHash
	var version int
	parts := strings.Split(text, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return h, errors.New("want a hash of bcrypt or argon2id behind the name")
	}
	if _, err := fmt.Sscanf(parts[2]+" "+parts[3], "v=%d m=%d,t=%d,p=%d", &version, &h.memory, &h.time, &h.lanes); err != nil || version != argon2.Version {
		return h, fmt.Errorf("argon2id: want v=%d and m=…,t=…,p=…", argon2.Version)
	}
	if h.time < 1 || h.time > maxArgonTime || h.memory < 8 || h.memory > maxArgonMemory || h.lanes < 1 {
		return h, fmt.Errorf("argon2id: want a time of 1 to %d and 8 to %d KiB of memory", maxArgonTime, maxArgonMemory)
	}
	var errSalt, errKey error
	h.salt, errSalt = base64.RawStdEncoding.DecodeString(parts[4])
	h.key, errKey = base64.RawStdEncoding.DecodeString(parts[5])
	if err := errors.Join(errSalt, errKey); err != nil || len(h.salt) < 8 || len(h.key) < 16 {
		return h, errors.New("argon2id: want 8 bytes of salt and 16 of hash, or more, in base64 without padding")
	}
	return h, nil
}

// matches compares a password, in the same time whatever it is.
func (h PasswordHash) matches(password string) bool {
	if h.bcrypt != nil {
		return bcrypt.CompareHashAndPassword(h.bcrypt, []byte(password)) == nil
	}
	key := argon2.IDKey([]byte(password), h.salt, h.time, h.memory, h.lanes, uint32(len(h.key)))
	return subtle.ConstantTimeCompare(key, h.key) == 1
}

const (
	maxPassword = 512 // bytes of a name and of a password

	// goodFor is how long a password that was right need not be hashed again.
	goodFor = time.Minute
)

// Users checks names and passwords. It is safe for concurrent use.
type Users struct {
	users    map[string]User
	nobody   PasswordHash // hashed for names that are not known, to take the same time
	seen     *memory
	salt     [32]byte // of what seen remembers
	failures *throttle
	slots    chan struct{} // passwords that are hashed at a time
}

// NewUsers returns a checker of passwords.
func NewUsers(list []User) (*Users, error) {
	u := &Users{users: map[string]User{}, seen: newMemory(), failures: newThrottle(), slots: make(chan struct{}, runtime.GOMAXPROCS(0))}
	_, _ = rand.Read(u.salt[:]) // never fails
	var errs []error
	for _, one := range list {
		if _, twice := u.users[one.Name]; twice {
			errs = append(errs, fmt.Errorf("user %q is there twice", one.Name))
		}
		u.users[one.Name] = one
		u.nobody = one.Hash
	}
	return u, errors.Join(errs...)
}

// Any reports whether there is a user.
func (u *Users) Any() bool { return len(u.users) > 0 }

// Check lets a request in whose name and password are right and grants the scopes.
// After five failures within 15 minutes for a name from one client network, it
// answers 429 without looking at the password.
func (u *Users) Check(ctx context.Context, scheme, name, password string, scopes []string) (context.Context, error) {
	if !u.Any() || len(name) > maxPassword || len(password) > maxPassword {
		return nil, refuse()
	}
	hash := u.hash(name, password)
	if p := u.seen.get(hash, time.Now(), nil); p != nil {
		return admit(ctx, p, scheme, scopes)
	}
	attempt, wait := u.failures.begin(name, server.Client(ctx), time.Now())
	if wait > 0 {
		p := problem.New(http.StatusTooManyRequests, "too many wrong passwords; try again later")
		p.RetryAfter = int(wait/time.Second) + 1
		return nil, p
	}
	select {
	case u.slots <- struct{}{}:
		defer func() { <-u.slots }()
	case <-ctx.Done():
		u.failures.forget(attempt)
		return nil, unavailable(retryPassword)
	}
	user, known := u.users[name]
	if !known {
		user.Hash = u.nobody
	}
	if !user.Hash.matches(password) || !known {
		return nil, refuse()
	}
	u.failures.forget(attempt)
	p := &Principal{Subject: "basic:" + name, Scopes: user.Scopes}
	u.seen.put(hash, p, time.Now(), time.Now().Add(goodFor), nil)
	return admit(ctx, p, scheme, scopes)
}

// retryPassword is when to come back, in seconds, if too many passwords are hashed.
const retryPassword = 1

// Known returns the subject of a name and a password that were right before, "" for
// any other.
func (u *Users) Known(name, password string) string {
	if p := u.seen.get(u.hash(name, password), time.Now(), nil); p != nil {
		return p.Subject
	}
	return ""
}

func (u *Users) hash(name, password string) [32]byte {
	text := make([]byte, 0, 128)
	text = append(append(text, u.salt[:]...), byte(len(name)>>8), byte(len(name)))
	return sha256.Sum256(append(append(text, name...), password...))
}
