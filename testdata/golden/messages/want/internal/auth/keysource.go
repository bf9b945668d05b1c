package auth

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	fetchTimeout = 5 * time.Second
	maxKeysText  = 1 << 20 // bytes of a key set or of a discovery document
	maxRedirects = 3

	// askAgain is the least time between two fetches for keys that are unknown.
	askAgain = 30 * time.Second

	// Without any keys they are asked for after firstRetry, then after twice the time.
	firstRetry   = time.Second
	lastRetry    = 30 * time.Second
	retrySeconds = 5
)

// errNoKeys: tokens can be neither accepted nor refused.
var errNoKeys = errors.New("the keys of the issuer are not known")

// keySource holds the keys of an issuer. They are fetched in the background, and at
// once for a key that is not known, never more than twice a minute.
type keySource struct {
	cfg    TokenConfig
	log    *slog.Logger
	client *http.Client

	current atomic.Pointer[fetched]
	failing atomic.Bool

	mu     sync.Mutex
	flight chan struct{} // closed when the fetch under way is done, nil: there is none
	asked  time.Time     // when a key that was not known led to a fetch
}

type fetched struct {
	keys *keySet
	at   time.Time
}

func newKeySource(cfg TokenConfig, log *slog.Logger) *keySource {
	return &keySource{cfg: cfg, log: log, client: &http.Client{
		Transport: cfg.Transport,
		Timeout:   fetchTimeout,
		CheckRedirect: func(req *http.Request, via []*http.Request) error {
			if len(via) > maxRedirects {
				return errors.New("too many redirects")
			}
			return checkURL(req.URL.String())
		},
	}}
}

// start fetches the keys in the background, now and then, until ctx is done. Tokens
// that come at once wait for the first fetch.
func (s *keySource) start(ctx context.Context) {
	first := make(chan struct{})
	s.flight = first
	go s.run(ctx, first)
}

func (s *keySource) run(ctx context.Context, flight chan struct{}) {
	wait := firstRetry
	for {
		s.fetch(flight)
		flight = nil
		next := s.cfg.Refresh
		if s.failing.Load() {
			next = min(wait, s.cfg.Refresh)
			wait = min(2*wait, lastRetry)
		} else {
			wait = firstRetry
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(next):
		}
	}
}

// usable returns the keys, nil when there are none that may be used.
func (s *keySource) usable() *keySet {
	f := s.current.Load()
	if f == nil || time.Since(f.at) > s.cfg.Stale {
		return nil
	}
	return f.keys
}

// lookup returns the key with an id for an algorithm, and the set that it is from.
func (s *keySource) lookup(ctx context.Context, kid, algorithm string) (crypto.PublicKey, *keySet, error) {
	if kid == "" {
		return nil, nil, errors.New("the token names no key")
	}
	set := s.usable()
	if set == nil {
		s.fetchUnknown(ctx)
		if set = s.usable(); set == nil {
			return nil, nil, errNoKeys
		}
	}
	if key := set.find(kid, algorithm); key != nil {
		return key, set, nil
	}
	if set.byID[kid] == nil { // else the token is wrong, not the set old
		s.fetchUnknown(ctx)
		if set = s.usable(); set == nil {
			return nil, nil, errNoKeys
		}
	}
	if key := set.find(kid, algorithm); key != nil {
		return key, set, nil
	}
	return nil, nil, fmt.Errorf("there is no key %q for %s", kid, algorithm)
}

// fetchUnknown fetches the keys because one is not known, unless that was done a
// short time ago: whoever makes up ids must not make this service a burden to the
// issuer. When a fetch is under way, it waits for that one.
func (s *keySource) fetchUnknown(ctx context.Context) {
	s.mu.Lock()
	flight := s.flight
	if flight == nil {
		if !s.asked.IsZero() && time.Since(s.asked) < askAgain {
			s.mu.Unlock()
			return
		}
		s.asked = time.Now()
		flight = make(chan struct{})
		s.flight = flight
		go s.fetch(flight)
	}
	s.mu.Unlock()
	select {
	case <-flight:
	case <-ctx.Done():
	}
}

// fetch fetches the keys and keeps those there are when that fails. flight is the
// channel that others wait for; nil makes one, unless a fetch is under way.
func (s *keySource) fetch(flight chan struct{}) {
	if flight == nil {
		s.mu.Lock()
		if flight = s.flight; flight != nil {
			s.mu.Unlock()
			<-flight
			return
		}
		flight = make(chan struct{})
		s.flight = flight
		s.mu.Unlock()
	}
	defer func() {
		s.mu.Lock()
		s.flight = nil
		s.mu.Unlock()
		close(flight)
	}()
	ctx, cancel := context.WithTimeout(context.Background(), fetchTimeout) // whoever waits may give up sooner
	defer cancel()
	set, err := s.read(ctx)
	s.note(set, err)
}

// read fetches the key set.
func (s *keySource) read(ctx context.Context) (*keySet, error) {
	address := s.cfg.JWKSURL
	if address == "" {
		var err error
		if address, err = s.discover(ctx); err != nil {
			return nil, err
		}
	}
	text, err := s.get(ctx, address)
	if err != nil {
		return nil, err
	}
	set, err := parseKeys(text)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", address, err)
	}
	return set, nil
}

// note keeps what was fetched. The log has one line when keys change, when they
// cannot be fetched any more, and when they can again.
func (s *keySource) note(set *keySet, err error) {
	old := s.current.Load()
	if err != nil {
		if !s.failing.Swap(true) {
			if old == nil {
				s.log.Warn("the keys of the issuer cannot be fetched: no token is accepted", "issuer", s.cfg.Issuer, "error", err)
			} else {
				s.log.Warn("the keys of the issuer cannot be fetched: those of before are used on", "issuer", s.cfg.Issuer, "until", old.at.Add(s.cfg.Stale), "error", err)
			}
		}
		return
	}
	now := time.Now()
	if old != nil && old.keys.text == set.text {
		set = old.keys // what was verified with them is good on
	}
	s.current.Store(&fetched{set, now})
	if again := s.failing.Swap(false); again || old == nil || old.keys != set {
		s.log.Info("the keys of the issuer are known", "issuer", s.cfg.Issuer, "keys", set.ids(), "unusable", set.skipped)
	}
}

// get reads a document from the issuer.
func (s *keySource) get(ctx context.Context, address string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	resp, err := s.client.Do(req)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxKeysText+1))
	if err = errors.Join(err, resp.Body.Close()); err != nil {
		return nil, fmt.Errorf("read %s: %w", address, err)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("read %s: %s", address, resp.Status)
	}
	if len(text) > maxKeysText {
		return nil, fmt.Errorf("read %s: it is larger than %d bytes", address, maxKeysText)
	}
	return text, nil
}

// checkURL reports why keys cannot be fetched from an address: those who can change
// the keys on their way can let in anybody.
func checkURL(address string) error {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "":
		return errors.New("want an address such as https://login.example.com/")
	case u.Scheme == "https" || u.Scheme == "http" && private(u.Hostname()):
		return nil
	}
	return errors.New("want https: without it keys can be changed on their way, unless the host is in a private network")
}

// private reports whether a host cannot be one of the internet: a name without a
// dot, as in Docker networks, one of a cluster or an address of a private network.
func private(host string) bool {
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.IsPrivate() || addr.IsLoopback()
	}
	return !strings.Contains(host, ".") || strings.HasSuffix(host, ".svc") || strings.HasSuffix(host, ".cluster.local") || strings.HasSuffix(host, ".internal")
}
