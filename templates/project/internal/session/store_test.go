package session

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"testing"
	"time"
)

// checkStore holds a store to what [Store] says.
func checkStore(t *testing.T, s Store) {
	t.Run("create, load, replace, touch, delete", func(t *testing.T) {
		ctx, id, now := t.Context(), newID(), time.Now()
		if _, err := s.Load(ctx, id); !errors.Is(err, ErrNone) {
			t.Fatalf("a session that nobody made: %v", err)
		}
		r := Record{User: "ada", Data: `{"a":"é\u0000"}`, Version: 1, Created: now, Expires: now.Add(time.Hour)}
		if err := s.Create(ctx, id, r); err != nil {
			t.Fatal(err)
		}
		same(t, s, id, r)
		r.Data, r.Expires = `{"b":1}`, now.Add(2*time.Hour)
		if ok, err := s.Replace(ctx, id, r); err != nil || !ok {
			t.Fatalf("replace: %v, %v", ok, err)
		}
		if ok, err := s.Replace(ctx, id, r); err != nil || ok {
			t.Fatalf("replace a version that is not the last one: %v, %v", ok, err)
		}
		r.Version++
		r.Expires = now.Add(3 * time.Hour)
		if err := s.Touch(ctx, id, r.User, r.Expires); err != nil {
			t.Fatal(err)
		}
		same(t, s, id, r)
		for range 2 {
			if err := s.Delete(ctx, id, r.User); err != nil {
				t.Fatal(err)
			}
		}
		gone(t, s, id)
	})

	t.Run("what is gone does not come back", func(t *testing.T) {
		ctx, id, r := t.Context(), newID(), Record{User: "ada", Version: 1, Created: time.Now(), Expires: time.Now().Add(time.Hour)}
		if err := errors.Join(s.Create(ctx, id, r), s.Delete(ctx, id, r.User)); err != nil {
			t.Fatal(err)
		}
		if ok, err := s.Replace(ctx, id, r); ok || err != nil {
			t.Errorf("replace: %v, %v", ok, err)
		}
		if err := s.Touch(ctx, id, r.User, r.Expires); err != nil {
			t.Error(err)
		}
		gone(t, s, id)
	})

	t.Run("all of a user", func(t *testing.T) {
		ctx, user, other := t.Context(), newID(), newID()
		var ids []string
		for i := range 600 {
			id, r := newID(), Record{User: user, Version: 1, Created: time.Now(), Expires: time.Now().Add(time.Hour)}
			if i == 0 {
				r.User = other
			}
			if err := s.Create(ctx, id, r); err != nil {
				t.Fatal(err)
			}
			ids = append(ids, id)
		}
		if err := s.DeleteUser(ctx, user); err != nil {
			t.Fatal(err)
		}
		for _, id := range ids[1:] {
			gone(t, s, id)
		}
		if _, err := s.Load(ctx, ids[0]); err != nil {
			t.Errorf("the session of another user: %v", err)
		}
	})

	t.Run("one of those who replace wins", func(t *testing.T) {
		ctx, id, r := t.Context(), newID(), Record{Version: 1, Created: time.Now(), Expires: time.Now().Add(time.Hour)}
		if err := s.Create(ctx, id, r); err != nil {
			t.Fatal(err)
		}
		var won sync.Map
		var group sync.WaitGroup
		for i := range 20 {
			group.Go(func() {
				mine := r
				mine.Data = fmt.Sprintf(`{"i":%d}`, i)
				ok, err := s.Replace(ctx, id, mine)
				if err != nil {
					t.Error(err)
				}
				if ok {
					won.Store(i, mine.Data)
				}
			})
		}
		group.Wait()
		n := 0
		won.Range(func(_, data any) bool {
			n++
			r.Data = data.(string)
			return true
		})
		r.Version++
		if n != 1 {
			t.Errorf("%d have won", n)
		}
		same(t, s, id, r)
	})
}

// same fails unless the store has the record, with times to the millisecond.
func same(t *testing.T, s Store, id string, want Record) {
	t.Helper()
	got, err := s.Load(context.WithoutCancel(t.Context()), id)
	if err != nil {
		t.Fatal(err)
	}
	for _, times := range [][2]time.Time{{got.Created, want.Created}, {got.Expires, want.Expires}} {
		if d := times[0].Sub(times[1]); math.Abs(float64(d)) >= float64(time.Millisecond) {
			t.Errorf("a time is off by %s", d)
		}
	}
	got.Created, got.Expires, want.Created, want.Expires = time.Time{}, time.Time{}, time.Time{}, time.Time{}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func gone(t *testing.T, s Store, id string) {
	t.Helper()
	if r, err := s.Load(context.WithoutCancel(t.Context()), id); !errors.Is(err, ErrNone) {
		t.Errorf("the session is still there: %+v, %v", r, err)
	}
}

func TestMemory(t *testing.T) { checkStore(t, NewMemory()) }

// TestMemoryIsBounded makes more sessions than there is room for: those that were used
// last are there.
func TestMemoryIsBounded(t *testing.T) {
	m := NewMemory()
	m.most = 100 * memoryOfOne
	ctx, kept := t.Context(), newID()
	add := func(id string, lives time.Duration) {
		t.Helper()
		if err := m.Create(ctx, id, Record{Version: 1, Created: time.Now(), Expires: time.Now().Add(lives)}); err != nil {
			t.Fatal(err)
		}
	}
	add(kept, time.Hour)
	for range 1000 {
		add(newID(), time.Hour)
		if _, err := m.Load(ctx, kept); err != nil {
			t.Fatalf("a session in use: %v", err)
		}
	}
	if len(m.all) != 100 || m.used.Len() != 100 || m.bytes != 100*memoryOfOne {
		t.Errorf("%d sessions, %d in order, %d bytes", len(m.all), m.used.Len(), m.bytes)
	}
	if ok, err := m.Replace(ctx, kept, Record{Version: 1, Data: string(make([]byte, 200*memoryOfOne))}); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if len(m.all) != 1 {
		t.Errorf("%d sessions beside one that takes all the room", len(m.all)-1)
	}
	if err := m.Delete(ctx, kept, ""); err != nil || m.bytes != 0 {
		t.Errorf("%d bytes without sessions, %v", m.bytes, err)
	}
	for range 10 {
		add(newID(), -time.Second)
	}
	if len(m.all) > 1 {
		t.Errorf("%d sessions that have expired", len(m.all))
	}
}
