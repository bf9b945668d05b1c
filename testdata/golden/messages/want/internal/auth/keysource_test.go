package auth

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// signed makes a good token by a key of the provider.
func (p *provider) signed(kid string, subject string) string {
	return sign(jwt.SigningMethodES256, ecKey(), p.claims(map[string]any{"sub": subject}), map[string]any{"kid": kid})
}

func (t *Tokens) statusOf(tb testing.TB, token string) int {
	tb.Helper()
	_, err := t.Check(tb.Context(), "oauth", token, nil)
	code, _ := status(err)
	return code
}

// TestKeysRotate has the provider change its keys.
func TestKeysRotate(t *testing.T) {
	p := newProvider(t, jwkOf("old", ecKey().Public()))
	tokens := checker(t, p.config())
	old, other := p.signed("old", "ada"), p.signed("new", "ada")
	if got := tokens.statusOf(t, old); got != 200 {
		t.Fatalf("got %d", got)
	}
	fetches := p.fetches.Load()

	p.publish(jwkOf("old", ecKey().Public()), jwkOf("new", ecKey().Public()))
	if got := tokens.statusOf(t, other); got != 200 || p.fetches.Load() != fetches+1 {
		t.Errorf("new key: got %d after %d fetches", got, p.fetches.Load()-fetches)
	}
	if got := tokens.statusOf(t, old); got != 200 {
		t.Errorf("old key beside it: got %d", got)
	}

	// The old key is revoked. Tokens that were verified with it end with the next fetch.
	p.publish(jwkOf("new", ecKey().Public()))
	if got := tokens.statusOf(t, old); got != 200 {
		t.Errorf("before the next fetch: got %d", got)
	}
	tokens.keys.fetch(nil)
	if got := tokens.statusOf(t, old); got != 401 || tokens.Known(old) != "" {
		t.Errorf("revoked key: got %d, known as %q", got, tokens.Known(old))
	}
	if got := tokens.statusOf(t, other); got != 200 {
		t.Errorf("key that stays: got %d", got)
	}
}

// TestUnknownKeysAreAskedForRarely sends tokens with ids that are made up.
func TestUnknownKeysAreAskedForRarely(t *testing.T) {
	p := newProvider(t, jwkOf("ec", ecKey().Public()))
	tokens := checker(t, p.config())
	if got := tokens.statusOf(t, p.signed("ec", "ada")); got != 200 {
		t.Fatalf("got %d", got)
	}
	fetches := p.fetches.Load()
	var group sync.WaitGroup
	for i := range 100 {
		token := p.signed("made-up-"+string(rune('a'+i%26)), "eve")
		group.Go(func() {
			if got := tokens.statusOf(t, token); got != 401 {
				t.Errorf("got %d", got)
			}
		})
	}
	group.Wait()
	if got := p.fetches.Load() - fetches; got > 1 {
		t.Errorf("the provider was asked %d times", got)
	}
	tokens.keys.mu.Lock()
	tokens.keys.asked = time.Now().Add(-askAgain)
	tokens.keys.mu.Unlock()
	_ = tokens.statusOf(t, p.signed("made-up", "eve"))
	if got := p.fetches.Load() - fetches; got != 2 {
		t.Errorf("half a minute later the provider was asked %d times in all", got)
	}
}

// TestProviderDown takes the provider away after the start, for less and for more
// than keys may be used on, and before it.
func TestProviderDown(t *testing.T) {
	p := newProvider(t, jwkOf("ec", ecKey().Public()))
	tokens := checker(t, p.config())
	if got := tokens.statusOf(t, p.signed("ec", "ada")); got != 200 {
		t.Fatalf("got %d", got)
	}
	p.broken.Store(true)
	tokens.keys.fetch(nil)
	age := func(d time.Duration) {
		tokens.keys.current.Store(&fetched{tokens.keys.current.Load().keys, time.Now().Add(-d)})
	}
	age(119 * time.Minute)
	if got := tokens.statusOf(t, p.signed("ec", "bob")); got != 200 {
		t.Errorf("keys of before: got %d", got)
	}
	if got := tokens.statusOf(t, p.signed("new", "bob")); got != 401 {
		t.Errorf("unknown key: got %d", got)
	}
	age(121 * time.Minute)
	for _, subject := range []string{"ada", "carol"} { // ada's token is remembered
		if got := tokens.statusOf(t, p.signed("ec", subject)); got != 503 {
			t.Errorf("keys that are too old: got %d", got)
		}
	}
	p.broken.Store(false)
	tokens.keys.fetch(nil)
	if got := tokens.statusOf(t, p.signed("ec", "ada")); got != 200 {
		t.Errorf("the provider is back: got %d", got)
	}

	p.broken.Store(true)
	late := checker(t, p.config())
	if _, err := late.Check(t.Context(), "oauth", p.signed("ec", "ada"), nil); err == nil || !strings.Contains(err.Error(), "at the moment") {
		t.Errorf("no keys yet: got %v", err)
	}
	p.broken.Store(false)
	for end := time.Now().Add(20 * time.Second); late.statusOf(t, p.signed("ec", "ada")) != 200; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the keys are not fetched once the provider is there")
		}
	}
}

// TestProviderAnswersBadly keeps the keys there are, whatever the provider sends.
func TestProviderAnswersBadly(t *testing.T) {
	var log bytes.Buffer
	p := newProvider(t, jwkOf("ec", ecKey().Public()))
	s := newKeySource(p.config(), slog.New(slog.NewTextHandler(&log, nil)))
	s.fetch(nil)
	good := s.usable()
	if good == nil {
		t.Fatal("no keys")
	}
	for name, text := range map[string]string{
		"nothing":    ``,
		"no JSON":    `<html>`,
		"no keys":    `{"keys": []}`,
		"other keys": `{"keys": [{"kty": "oct", "kid": "a", "k": "AA"}, {"kty": "RSA", "kid": "b", "n": "AA", "e": "AQAB"}, 7]}`,
		"too large":  `{"keys": [], "x": "` + strings.Repeat("x", maxKeysText) + `"}`,
	} {
		p.keys.Store(&text)
		s.failing.Store(false)
		s.fetch(nil)
		if s.usable() != good || !s.failing.Load() {
			t.Errorf("%s: the keys are gone", name)
		}
	}
	if lines := strings.Count(log.String(), "cannot be fetched"); lines != 5 {
		t.Errorf("the log has %d lines:\n%s", lines, log.String())
	}
}

// TestDiscoveryIsHeldToTheIssuer serves discovery documents of somebody else.
func TestDiscoveryIsHeldToTheIssuer(t *testing.T) {
	var text string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/moved" {
			http.Redirect(w, r, "http://keys.example.com/", http.StatusFound)
			return
		}
		_, _ = w.Write([]byte(text))
	}))
	defer server.Close()
	s := newKeySource(TokenConfig{Issuer: server.URL}, quiet)
	for want, document := range map[string]string{
		"about the issuer": `{"issuer": "https://evil.example", "jwks_uri": "https://evil.example/keys"}`,
		"want https":       `{"issuer": "` + server.URL + `", "jwks_uri": "http://evil.example/keys"}`,
		"invalid":          `no JSON`,
	} {
		text = document
		if _, err := s.discover(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", document, err)
		}
	}
	if _, err := s.get(t.Context(), server.URL+"/moved"); err == nil || !strings.Contains(err.Error(), "want https") {
		t.Errorf("redirect to a host in the net: got %v", err)
	}
}

// TestKeysAreFetchedAgain waits for the fetch in the background.
func TestKeysAreFetchedAgain(t *testing.T) {
	p := newProvider(t, jwkOf("ec", ecKey().Public()))
	cfg := p.config()
	cfg.Refresh = 20 * time.Millisecond
	tokens := checker(t, cfg)
	for end := time.Now().Add(20 * time.Second); p.fetches.Load() < 3; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the keys are not fetched again")
		}
	}
	before := tokens.keys.usable()
	fetches := p.fetches.Load()
	for range 50 {
		if got := tokens.statusOf(t, p.signed("ec", "ada")); got != 200 {
			t.Fatalf("got %d", got)
		}
	}
	if tokens.keys.usable() != before {
		t.Error("keys that stay the same are taken for others")
	}
	if got := p.fetches.Load() - fetches; got > 40 {
		t.Errorf("50 requests cost %d fetches", got)
	}
}
