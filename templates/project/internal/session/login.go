package session

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/apigen-go/apigen/templates/project/internal/problem"
)

// Login makes the session that of a user, under a new id; the old id is good for
// nothing from then on, whoever knows it. Values stay, unless they are another user's.
// Roles are what operations may ask for.
func (s *Session) Login(ctx context.Context, user string, roles ...string) error {
	if user == "" {
		return errors.New("session: login of nobody")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.begun {
		return errBegun
	}
	values := s.changed()
	if s.record.User != "" && s.record.User != user {
		clear(values)
	}
	delete(values, rolesKey)
	if len(roles) > 0 {
		text, err := json.Marshal(roles)
		if err != nil {
			return fmt.Errorf("session: login: %w", err)
		}
		values[rolesKey] = text
	}
	data, err := encode(values)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
	defer cancel()
	return s.create(ctx, user, data, values)
}

// Logout ends the session: its id is good for nothing from then on, and the cookie goes.
func (s *Session) Logout(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.id != "" {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
		defer cancel()
		err := s.manager.store.Delete(ctx, s.id, s.record.User)
		if err := s.manager.noted(ctx, err); err != nil {
			return err
		}
		s.manager.counters.ended.Add(1)
	}
	s.forget()
	return nil
}

// RevokeUser ends all sessions of a user, this one too if it is one of them: after a
// change of the password, say. Log in again to keep this one.
func (s *Session) RevokeUser(ctx context.Context, user string) error {
	if err := s.manager.RevokeUser(ctx, user); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if user != "" && s.record.User == user {
		s.forget()
	}
	return nil
}

// RevokeUser ends all sessions of a user.
func (m *Manager) RevokeUser(ctx context.Context, user string) error {
	if user == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
	defer cancel()
	err := m.noted(ctx, m.store.DeleteUser(ctx, user))
	if err == nil {
		m.counters.revoked.Add(1)
	}
	return err
}

// As returns ctx as that of a request in whose session a user has logged in, for tests
// of handlers.
func As(ctx context.Context, user string, roles ...string) context.Context {
	m := &Manager{
		cfg: Config{IdleTimeout: time.Hour, Lifetime: time.Hour}, store: NewMemory(), log: slog.New(slog.DiscardHandler),
		signer: newSigner("session", Secrets{newID()}), origins: http.NewCrossOriginProtection(), step: time.Hour, turns: newTurns(),
	}
	s := &Session{manager: m, request: &http.Request{Method: http.MethodGet}, checked: true, loaded: true}
	_ = s.Login(ctx, user, roles...) // a store in memory does not fail
	return context.WithValue(ctx, contextKey{}, s)
}

// Require lets a request in when a user with all of these roles has logged in. It
// returns ctx, or the answer to the request: 401, 403, or what [From] says.
func Require(ctx context.Context, roles ...string) (context.Context, error) {
	s, err := From(ctx)
	if err != nil {
		return nil, err
	}
	if s.User() == "" {
		return nil, problem.New(http.StatusUnauthorized, "nobody has logged in")
	}
	has := s.Roles()
	for _, role := range roles {
		if !slices.Contains(has, role) {
			return nil, problem.New(http.StatusForbidden, "the user does not have the role "+role)
		}
	}
	return ctx, nil
}
