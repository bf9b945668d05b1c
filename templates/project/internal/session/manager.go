package session

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/apigen-go/apigen/templates/project/internal/problem"
)

const (
	storeTimeout = 2 * time.Second // that the store has for a request, all tries together
	mostStep     = time.Minute     // between two notes that a session is in use,
	stepParts    = 16              // and as a part of the idle timeout
	leastSecret  = 32              // characters,
	leastKinds   = 10              // and how many of them must differ
)

// Config says how sessions are kept.
type Config struct {
	Cookie      string        // its name, with the prefix __Host- if possible
	Secrets     Secrets       // that sign ids
	Dev         Dev           // over plain HTTP, and with a secret made up if there is none
	IdleTimeout time.Duration // after which a session that nobody uses ends
	Lifetime    time.Duration // after which any session ends
	Trusted     Origins       // other origins whose pages may change something
}

// Check reports times that do not fit together.
func (c Config) Check() error {
	if c.IdleTimeout > c.Lifetime {
		return fmt.Errorf("SESSION_IDLE_TIMEOUT=%s: want no more than SESSION_LIFETIME (%s)", c.IdleTimeout, c.Lifetime)
	}
	return nil
}

// Secrets sign the ids of sessions. The first one signs, all of them are good.
type Secrets []string

// ParseSecrets reads secrets with commas between them.
func ParseSecrets(text string) (Secrets, error) {
	var out Secrets
	for i, secret := range split(text) {
		kinds := map[rune]bool{}
		for _, r := range secret {
			kinds[r] = true
		}
		switch {
		case len(secret) < leastSecret:
			return nil, fmt.Errorf("secret %d has %d characters; want %d or more, such as openssl rand -base64 32 makes", i+1, len(secret), leastSecret)
		case len(kinds) < leastKinds:
			return nil, fmt.Errorf("secret %d is easy to guess: it has %d different characters; write what openssl rand -base64 32 makes", i+1, len(kinds))
		case slices.Contains(out, secret):
			return nil, fmt.Errorf("secret %d is there twice", i+1)
		}
		out = append(out, secret)
	}
	return out, nil
}

// Dev says that the service runs for its developer.
type Dev bool

// ParseDev reads nothing or "insecure".
func ParseDev(text string) (Dev, error) {
	if text != "" && text != "insecure" {
		return false, errors.New(`want nothing, or "insecure"`)
	}
	return text != "", nil
}

// Origins are those of pages: https://app.example.com.
type Origins []string

// ParseOrigins reads origins with commas between them.
func ParseOrigins(text string) (Origins, error) {
	all := split(text)
	_, err := protection(all)
	return all, err
}

func protection(trusted Origins) (*http.CrossOriginProtection, error) {
	p := http.NewCrossOriginProtection()
	for _, origin := range trusted {
		if p.AddTrustedOrigin(origin) != nil {
			return nil, fmt.Errorf("want origins such as https://app.example.com, without a path; %q is none", origin)
		}
	}
	return p, nil
}

func split(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
}

// Manager gives requests their sessions. It is safe for concurrent use.
type Manager struct {
	cfg     Config
	store   Store
	log     *slog.Logger
	signer  *signer
	origins *http.CrossOriginProtection
	step    time.Duration // between two notes that a session is in use
	down    atomic.Bool   // the log says that the store is
	turns   turns

	counters counters
}

// turns has the writes of one session in this process wait for each other: those that
// meet in the store have to try again, all but one.
type turns struct {
	seed  maphash.Seed
	slots [256]chan struct{}
}

func newTurns() turns {
	t := turns{seed: maphash.MakeSeed()}
	for i := range t.slots {
		t.slots[i] = make(chan struct{}, 1)
	}
	return t
}

// take waits for the turn of a session, which ends with the function that it returns.
func (t *turns) take(ctx context.Context, id string) (end func(), err error) {
	slot := t.slots[maphash.String(t.seed, id)%uint64(len(t.slots))]
	select {
	case slot <- struct{}{}:
		return func() { <-slot }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// New returns a manager of the sessions in a store.
func New(cfg Config, store Store, log *slog.Logger) (*Manager, error) {
	m := &Manager{cfg: cfg, store: store, log: log, step: min(cfg.IdleTimeout/stepParts, mostStep), turns: newTurns()}
	var err error
	if m.origins, err = protection(cfg.Trusted); err != nil {
		return nil, fmt.Errorf("sessions: %w", err)
	}
	secrets := cfg.Secrets
	switch {
	case len(secrets) == 0 && !bool(cfg.Dev):
		return nil, errors.New("SESSION_SECRETS is not set: want what openssl rand -base64 32 makes; for development SESSION_DEV=insecure makes one up")
	case len(secrets) == 0:
		secrets = Secrets{newID()}
		log.Warn("SESSION_DEV is insecure: cookies go over plain HTTP, and their secret is made up and lasts until the stop")
	case bool(cfg.Dev):
		log.Warn("SESSION_DEV is insecure: cookies go over plain HTTP")
	}
	if cfg.Dev {
		// Browsers take names with a prefix over HTTPS only.
		m.cfg.Cookie = strings.TrimPrefix(strings.TrimPrefix(cfg.Cookie, "__Host-"), "__Secure-")
	}
	if err := m.newCookie("").Valid(); err != nil {
		return nil, fmt.Errorf("sessions: %w", err)
	}
	m.signer = newSigner(m.cfg.Cookie, secrets)
	return m, nil
}

func (m *Manager) newCookie(value string) *http.Cookie {
	return &http.Cookie{
		Name: m.cfg.Cookie, Value: value, Path: "/",
		Secure: !bool(m.cfg.Dev), HttpOnly: true, SameSite: http.SameSiteLaxMode,
		MaxAge: int(m.cfg.Lifetime / time.Second),
	}
}

// Handler gives requests to next a session, see [From].
func (m *Manager) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := &Session{manager: m}
		s.out = writer{ResponseWriter: w, session: s}
		s.request = r.WithContext(context.WithValue(r.Context(), contextKey{}, s))
		defer func() { r.Pattern = s.request.Pattern }() // for the log
		next.ServeHTTP(&s.out, s.request)
		s.finish()
	})
}

// expiry is when a session that is in use now ends.
func (m *Manager) expiry(created time.Time) time.Time {
	idle, end := time.Now().Add(m.cfg.IdleTimeout), created.Add(m.cfg.Lifetime)
	if end.Before(idle) {
		return end
	}
	return idle
}

func (m *Manager) alive(r Record, now time.Time) bool {
	return now.Before(r.Expires) && now.Before(r.Created.Add(m.cfg.Lifetime))
}

// noted turns an error of the store into the answer to the request. The log has a line
// when the store goes and one when it comes back.
func (m *Manager) noted(ctx context.Context, err error) error {
	switch {
	case err == nil, errors.Is(err, ErrNone):
		if m.down.Load() && m.down.CompareAndSwap(true, false) {
			m.log.InfoContext(ctx, "sessions are back")
		}
		return nil
	case errors.Is(ctx.Err(), context.Canceled): // the client has gone
		return err
	}
	if m.down.CompareAndSwap(false, true) {
		m.log.ErrorContext(ctx, "the store of sessions does not answer; requests that need theirs get 503", "error", err)
	}
	p := problem.New(http.StatusServiceUnavailable, "sessions are not available at the moment")
	p.RetryAfter = 1
	return p
}
