package ratelimit

import (
	"context"
	"crypto/rand"
	"math"
	mrand "math/rand/v2"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"example.com/bookshop/internal/redis"
)

// store returns a store in a real Redis, with keys of its own.
func store(t testing.TB) *Redis {
	t.Helper()
	url := os.Getenv("TEST_REDIS_URL")
	if url == "" {
		t.Skip("TEST_REDIS_URL is not set")
	}
	client, err := redis.Open(redis.Config{URL: url, Timeout: 2 * time.Second}, quiet)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return NewRedis(client, "test-"+rand.Text())
}

// TestInstancesShareTheQuota: of 1,000 concurrent requests over two instances
// exactly 100 pass.
func TestInstancesShareTheQuota(t *testing.T) {
	s := store(t)
	var guards [2]*Guard
	for i := range guards {
		guards[i] = newLimiter(t, Config{Rate: Rate{100, 15 * time.Minute}, Headers: Headers{Draft8: true}}, Options{Shared: s}).Guard(nil)
	}
	var ok atomic.Int32
	var group sync.WaitGroup
	for i := range 1000 {
		group.Go(func() {
			if send(guards[i%2], from("192.0.2.1"), 200).status == http.StatusOK {
				ok.Add(1)
			}
		})
	}
	group.Wait()
	if ok.Load() != 100 {
		t.Errorf("%d passed, want 100", ok.Load())
	}
	a := send(guards[0], from("192.0.2.1"), 200)
	if got := a.header.Get("RateLimit"); a.status != http.StatusTooManyRequests || got != `"default";r=0;t=900` && got != `"default";r=0;t=899` {
		t.Errorf("status %d, RateLimit: %s", a.status, got)
	}
}

// TestScriptDoesWhatTheWindowDoes takes and gives back at random in both.
func TestScriptDoesWhatTheWindowDoes(t *testing.T) {
	s := store(t)
	const size, limit = 2 * time.Second, 20
	var w window
	var taken []int64
	for i := range 1000 {
		if len(taken) > 0 && mrand.IntN(4) == 0 {
			at, now := taken[mrand.IntN(len(taken))], s.now(t)
			if age := now - at - size.Milliseconds(); age > -100 && age < 100 {
				continue // it is being forgotten
			}
			w.giveBack(now, size.Milliseconds(), at)
			s.GiveBack(t.Context(), "k", at, size)
			continue
		}
		res, err := s.Take(t.Context(), "k", limit, size)
		if err != nil {
			t.Fatal(err)
		}
		v := w.take(res.At, size.Milliseconds(), limit)
		if v.ok != res.OK || v.remaining != res.Remaining || v.reset != res.Reset.Milliseconds() {
			t.Fatalf("request %d: Redis %+v, window %+v", i, res, v)
		}
		if v.ok {
			taken = append(taken, v.at)
		}
		time.Sleep(time.Duration(mrand.IntN(8)) * time.Millisecond)
	}
}

// now is the time of the server in milliseconds.
func (s *Redis) now(t *testing.T) int64 {
	t.Helper()
	var now int64
	err := s.client.Do(t.Context(), func(ctx context.Context, c rueidis.Client) error {
		parts, err := c.Do(ctx, c.B().Time().Build()).AsIntSlice()
		if err == nil {
			now = parts[0]*1000 + parts[1]/1000
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return now
}

// TestKeysExpire: Redis keeps nothing longer than it counts, and a flushed script is
// loaded again.
func TestKeysExpire(t *testing.T) {
	s := store(t)
	if _, err := s.Take(t.Context(), "k", 5, 10*time.Second); err != nil {
		t.Fatal(err)
	}
	var left int64
	err := s.client.Do(t.Context(), func(ctx context.Context, c rueidis.Client) error {
		if err := c.Do(ctx, c.B().ScriptFlush().Build()).Error(); err != nil {
			return err
		}
		var err error
		left, err = c.Do(ctx, c.B().Pttl().Key(s.prefix+"k").Build()).AsInt64()
		return err
	})
	if err != nil || left <= 0 || left > 10_000 {
		t.Errorf("the key is kept %d ms more: %v", left, err)
	}
	if res, err := s.Take(t.Context(), "k", 5, 10*time.Second); err != nil || res.Remaining != 3 {
		t.Errorf("got %+v, %v", res, err)
	}
	s.GiveBack(t.Context(), "k", res(t, s).At, 10*time.Second)
	s.GiveBack(t.Context(), "nobody", math.MaxInt32, 10*time.Second)
	err = s.client.Do(t.Context(), func(ctx context.Context, c rueidis.Client) error {
		n, err := c.Do(ctx, c.B().Exists().Key(s.prefix+"nobody").Build()).AsInt64()
		if n != 0 {
			t.Error("giving back made a key")
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func res(t *testing.T, s *Redis) Result {
	t.Helper()
	r, err := s.Take(t.Context(), "k", 5, 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestLocalCountsOutliveTheStore: what Redis forgets this instance remembers.
func TestLocalCountsOutliveTheStore(t *testing.T) {
	s := store(t)
	g := newLimiter(t, Config{Rate: Rate{10, time.Minute}}, Options{Shared: s}).Guard(nil)
	if n := passed(g, from("192.0.2.1"), 7); n != 7 {
		t.Fatalf("%d passed", n)
	}
	err := s.client.Do(t.Context(), func(ctx context.Context, c rueidis.Client) error {
		return c.Do(ctx, c.B().Del().Key(s.prefix+g.name(g.client(from("192.0.2.1")))).Build()).Error()
	})
	if err != nil {
		t.Fatal(err)
	}
	if n := passed(g, from("192.0.2.1"), 20); n != 3 {
		t.Errorf("%d passed after Redis had forgotten, want 3", n)
	}
}

func BenchmarkRedis(b *testing.B) {
	g := newLimiter(b, Config{Rate: Rate{1e9, 15 * time.Minute}}, Options{Shared: store(b)}).Guard(nil)
	r := from("192.0.2.1")
	b.SetParallelism(32)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if v, _ := g.take(r.Context(), g.client(r)); !v.ok {
				b.Fatal("refused")
			}
		}
	})
}
