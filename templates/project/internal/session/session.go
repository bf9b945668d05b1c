// Package session keeps what the service knows of a user from one request to the
// next. The client has a cookie with a signed random id and nothing else; the rest is
// in Redis, the database or this process, see [Store].
//
// A request that does not ask for its session costs no look into the store, and does
// not notice when the store is down. One that does ask is answered with 503 then.
package session

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/apigen-go/apigen/templates/project/internal/problem"
)

// maxData bounds what a session holds, as JSON.
const maxData = 64 << 10

// rolesKey holds the roles of the user, beside the values of handlers.
const rolesKey = ""

// errBegun is returned when it is too late to send a cookie.
var errBegun = errors.New("session: the answer has begun, so no cookie can be sent any more")

// Session is the session of one request. There is nothing in the store, and no cookie,
// until a value is set or somebody logs in. It is safe for concurrent use.
type Session struct {
	manager *Manager
	request *http.Request
	out     writer

	mu      sync.Mutex
	checked bool   // sent is known
	sent    string // the id in the cookie, "" when there is none with a good signature
	loaded  bool   // err, id, record and values are known
	err     error
	id      string // "": the store has nothing
	record  Record
	values  map[string]json.RawMessage // of the record
	changes map[string]json.RawMessage // to be saved with the answer; nil deletes
	cookie  cookie
	begun   bool // the answer has
}

// cookie is what an answer does to the cookie of the client.
type cookie int

const (
	cookieStays cookie = iota
	cookieSet
	cookieGone
)

type contextKey struct{}

// From returns the session of the request that ctx belongs to, which is read from the
// store when it is asked for first. Its errors are answers to the request: 503 when
// the store is down, 403 when a page of another origin sent a request that may change
// something.
func From(ctx context.Context) (*Session, error) {
	s, _ := ctx.Value(contextKey{}).(*Session)
	if s == nil {
		return nil, errors.New("session: the request did not pass Manager.Handler")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.loaded {
		s.loaded = true
		s.err = s.load(ctx)
	}
	if s.err != nil {
		return nil, s.err
	}
	return s, nil
}

// ID returns the id that the request of ctx carries in its cookie, "" when there is
// none with a good signature. Whether there is a session with that id only [From] tells.
func ID(ctx context.Context) string {
	s, _ := ctx.Value(contextKey{}).(*Session)
	if s == nil {
		return ""
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cookieID()
}

func (s *Session) cookieID() string {
	if !s.checked {
		s.checked = true
		s.sent = s.manager.signer.read(s.request)
	}
	return s.sent
}

// load reads the session of the cookie. One that is not there, or not any more, is
// none: its id is never used again.
func (s *Session) load(ctx context.Context) error {
	count := &s.manager.counters
	if err := s.manager.origins.Check(s.request); err != nil {
		count.refused.Add(1)
		return problem.New(http.StatusForbidden, "a page of another origin sent the request")
	}
	id := s.cookieID()
	if id == "" {
		count.none.Add(1)
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	r, err := s.manager.store.Load(ctx, id)
	if err := s.manager.noted(ctx, err); err != nil {
		count.failed.Add(1)
		return err
	}
	if errors.Is(err, ErrNone) || !s.manager.alive(r, time.Now()) {
		count.none.Add(1)
		return nil
	}
	count.loaded.Add(1)
	return s.adopt(id, r)
}

// adopt makes a record that of the session.
func (s *Session) adopt(id string, r Record) error {
	var values map[string]json.RawMessage
	if r.Data != "" {
		if err := json.Unmarshal([]byte(r.Data), &values); err != nil {
			return fmt.Errorf("read session: %w", err)
		}
	}
	s.id, s.record, s.values = id, r, values
	return nil
}

// User returns the id of the user who has logged in, "" when nobody has.
func (s *Session) User() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.record.User
}

// Roles returns what [Session.Login] was told of the user.
func (s *Session) Roles() []string {
	roles, _ := Get[[]string](s, rolesKey)
	return roles
}

// Get returns the value that [Session.Set] was given. It returns false when there is
// none, or one of another type.
func Get[T any](s *Session, key string) (T, bool) {
	var v, none T
	text := s.text(key)
	if text == nil || json.Unmarshal(text, &v) != nil {
		return none, false
	}
	return v, true
}

func (s *Session) text(key string) json.RawMessage {
	s.mu.Lock()
	defer s.mu.Unlock()
	if text, ok := s.changes[key]; ok {
		return text
	}
	return s.values[key]
}

// Set keeps a value, which must have a form in JSON. It is saved before the answer
// begins; of several requests that set one value at the same time one wins, and values
// of other names stay as they are. Where the new value depends on the old one, see
// [Update]. All values of a session together may take 64 KiB.
func (s *Session) Set(key string, value any) error {
	if key == rolesKey {
		return errors.New("session: a value needs a name")
	}
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("session: set %s: %w", key, err)
	}
	return s.change(key, text)
}

// Delete removes a value.
func (s *Session) Delete(key string) error {
	if key == rolesKey {
		return nil
	}
	return s.change(key, nil)
}

func (s *Session) change(key string, text json.RawMessage) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.begun && s.id == "" {
		return errBegun
	}
	if bytes.Equal(s.values[key], text) {
		delete(s.changes, key)
		return nil
	}
	if s.changes == nil {
		s.changes = map[string]json.RawMessage{}
	}
	s.changes[key] = text
	return nil
}

// Update changes a value by a function of the old one, the zero value when there is
// none. Of requests that do so at the same time none is lost: change is called again
// when another one was faster. The result is in the store when Update returns.
func Update[T any](ctx context.Context, s *Session, key string, change func(T) (T, error)) (T, error) {
	var result, none T
	if key == rolesKey {
		return none, errors.New("session: a value needs a name")
	}
	err := s.update(ctx, key, func(text json.RawMessage) (json.RawMessage, error) {
		var old T
		if text != nil {
			if err := json.Unmarshal(text, &old); err != nil {
				return nil, err
			}
		}
		var err error
		if result, err = change(old); err != nil {
			return nil, err
		}
		return json.Marshal(result)
	})
	if err != nil {
		return none, err
	}
	return result, nil
}

func (s *Session) update(ctx context.Context, key string, change func(json.RawMessage) (json.RawMessage, error)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.begun && s.id == "" {
		return errBegun
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	return s.write(ctx, func(values map[string]json.RawMessage) error {
		text, err := change(values[key])
		if err == nil {
			values[key] = text
		}
		return err
	})
}

// save stores what has changed, or that the session is in use when that is due.
func (s *Session) save(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
	defer cancel()
	switch {
	case len(s.changes) > 0 && (s.id != "" || slices.ContainsFunc(slices.Collect(maps.Values(s.changes)), isValue)):
		return s.write(ctx, func(map[string]json.RawMessage) error { return nil })
	case s.id != "":
		if expires := s.manager.expiry(s.record.Created); expires.Sub(s.record.Expires) >= s.manager.step {
			// A session that could not be prolonged ends early, which is no reason to
			// refuse the request.
			_ = s.manager.store.Touch(ctx, s.id, s.record.User, expires)
		}
	}
	return nil
}

func isValue(text json.RawMessage) bool { return text != nil }

// write stores the changes and what apply does to the values, on top of what other
// requests have stored in the meantime.
func (s *Session) write(ctx context.Context, apply func(map[string]json.RawMessage) error) error {
	if s.id != "" {
		end, err := s.manager.turns.take(ctx, s.id)
		if err != nil {
			return s.manager.noted(ctx, err)
		}
		defer end()
	}
	for {
		values := s.changed()
		if err := apply(values); err != nil {
			return err
		}
		data, err := encode(values)
		if err != nil {
			return err
		}
		if s.id == "" {
			return s.create(ctx, "", data, values)
		}
		next := s.record
		next.Data, next.Expires = data, s.manager.expiry(next.Created)
		ok, err := s.manager.store.Replace(ctx, s.id, next)
		if err := s.manager.noted(ctx, err); err != nil {
			return err
		}
		if ok {
			next.Version++
			s.record, s.values, s.changes = next, values, nil
			return nil
		}
		if err := s.reload(ctx); err != nil {
			return err
		}
	}
}

// changed returns the values with the changes done to them.
func (s *Session) changed() map[string]json.RawMessage {
	values := make(map[string]json.RawMessage, len(s.values)+len(s.changes))
	maps.Copy(values, s.values)
	for key, text := range s.changes {
		if values[key] = text; text == nil {
			delete(values, key)
		}
	}
	return values
}

// reload reads the session again after another request has changed it or ended it. A
// session that has ended does not come back.
func (s *Session) reload(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return s.manager.noted(ctx, err)
	}
	r, err := s.manager.store.Load(ctx, s.id)
	if err := s.manager.noted(ctx, err); err != nil {
		return err
	}
	if errors.Is(err, ErrNone) {
		s.forget()
		s.cookie = cookieStays // the client may have another one already, from a login
		return problem.New(http.StatusUnauthorized, "the session has ended")
	}
	return s.adopt(s.id, r)
}

// create stores a new session under a new id, in the place of the one there is.
func (s *Session) create(ctx context.Context, user, data string, values map[string]json.RawMessage) error {
	now := time.Now()
	r := Record{User: user, Data: data, Version: 1, Created: now, Expires: s.manager.expiry(now)}
	id := newID()
	err := s.manager.store.Create(ctx, id, r)
	if err == nil && s.id != "" {
		if err = s.manager.store.Delete(ctx, s.id, s.record.User); err != nil {
			_ = s.manager.store.Delete(ctx, id, user) // nobody knows its id
		}
	}
	if err := s.manager.noted(ctx, err); err != nil {
		return err
	}
	if s.id == "" {
		s.manager.counters.created.Add(1)
	} else {
		s.manager.counters.rotated.Add(1)
	}
	s.id, s.record, s.values, s.changes, s.cookie = id, r, values, nil, cookieSet
	return nil
}

// forget leaves no session behind, as for a client without a cookie.
func (s *Session) forget() {
	s.id, s.record, s.values, s.changes, s.cookie = "", Record{}, nil, nil, cookieGone
}

func encode(values map[string]json.RawMessage) (string, error) {
	if len(values) == 0 {
		return "", nil
	}
	data, err := json.Marshal(values)
	if err == nil && len(data) > maxData {
		err = fmt.Errorf("its values take %d bytes, more than %d", len(data), maxData)
	}
	if err != nil {
		return "", fmt.Errorf("save session: %w", err)
	}
	return string(data), nil
}
