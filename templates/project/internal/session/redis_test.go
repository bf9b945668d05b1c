package session

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"github.com/apigen-go/apigen/templates/project/internal/redis"
)

// redisStore returns a store in a real Redis, with keys of its own.
func redisStore(t testing.TB) *Redis {
	t.Helper()
	url := os.Getenv("TEST_REDIS_URL")
	if url == "" {
		t.Skip("TEST_REDIS_URL is not set")
	}
	client, err := redis.Open(redis.Config{URL: url, Timeout: 2 * time.Second}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return NewRedis(client, "test-"+rand.Text())
}

func init() {
	stores["redis"] = func(t *testing.T, test func(*testing.T, Store)) { test(t, redisStore(t)) }
}

func TestRedis(t *testing.T) { checkStore(t, redisStore(t)) }

// TestRedisForgets: sessions go when they expire, and the list of a user's with them.
func TestRedisForgets(t *testing.T) {
	s := redisStore(t)
	ctx, id, now := t.Context(), newID(), time.Now()
	if err := s.Create(ctx, id, Record{User: "ada", Version: 1, Created: now, Expires: now.Add(200 * time.Millisecond)}); err != nil {
		t.Fatal(err)
	}
	list := func() (ids []string, left int64) {
		err := s.client.Do(ctx, func(ctx context.Context, c rueidis.Client) error {
			var err, ttlErr error
			ids, err = c.Do(ctx, c.B().Zrange().Key(s.index("ada")).Min("0").Max("-1").Build()).AsStrSlice()
			left, ttlErr = c.Do(ctx, c.B().Pttl().Key(s.index("ada")).Build()).AsInt64()
			return errors.Join(err, ttlErr)
		})
		if err != nil {
			t.Fatal(err)
		}
		return ids, left
	}
	if ids, left := list(); len(ids) != 1 || left <= 0 || left > (slack+time.Second).Milliseconds() {
		t.Errorf("sessions of the user: %v, for %d ms", ids, left)
	}
	time.Sleep(300 * time.Millisecond)
	gone(t, s, id)

	old, fresh := newID(), newID()
	if err := s.note(ctx, old, "ada", now.Add(-2*slack)); err != nil {
		t.Fatal(err)
	}
	if err := s.Create(ctx, fresh, Record{User: "ada", Version: 1, Created: now, Expires: now.Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	if ids, left := list(); len(ids) != 2 || ids[0] != id || ids[1] != fresh || left < time.Hour.Milliseconds() {
		t.Errorf("sessions of the user: %v, for %d ms; want the one within the slack and the fresh one", ids, left)
	}
}

func BenchmarkRedis(b *testing.B) { benchmarkRequest(b, redisStore(b), "/user") }
