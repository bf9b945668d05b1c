package database

import (
	"context"
	"log/slog"
	"os"
	"testing"
	"time"

	"example.com/library/internal/redis"
)

func TestRedisPositions(t *testing.T) {
	url := os.Getenv("TEST_REDIS_URL")
	if url == "" {
		t.Skip("TEST_REDIS_URL is not set")
	}
	client, err := redis.Open(redis.Config{URL: url, Timeout: 2 * time.Second}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx := context.Background()
	service := "test" + time.Now().Format("150405.000000")
	p, other := NewRedisPositions(client, service, Config{}), NewRedisPositions(client, service, Config{})
	if got := other.Position(ctx, "a"); got != 0 {
		t.Errorf("before any write: %d", got)
	}
	for _, at := range []uint64{1<<60 + 1, 1<<60 + 2, 1 << 60, 9} { // too large for numbers of Lua
		p.Note(ctx, "a", at)
	}
	if got := other.Position(ctx, "a"); got != 1<<60+2 {
		t.Errorf("got %x", got)
	}
	p.Note(ctx, "a", uint64(unknown))
	if got := other.Position(ctx, "a"); got != uint64(unknown) {
		t.Errorf("got %x", got)
	}
	if got := other.Position(ctx, "b"); got != 0 {
		t.Errorf("another client: %d", got)
	}
	client.Close()
	p.Note(ctx, "a", 1)
	if got := p.Position(ctx, "a"); got != 0 {
		t.Errorf("without Redis: %d", got)
	}
}
