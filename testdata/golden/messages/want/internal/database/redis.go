package database

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"

	"github.com/redis/rueidis"

	"example.com/messages/internal/redis"
)

// noteScript keeps the greater of two positions. They are texts of the same length,
// because numbers of Lua are too small for them.
var noteScript = rueidis.NewLuaScript(`
local old = redis.call('GET', KEYS[1])
if not old or old < ARGV[1] then
	redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
end
return 1
`)

// RedisPositions keeps positions in Redis. It is safe for concurrent use.
type RedisPositions struct {
	client *redis.Client
	prefix string
	keep   string // in ms
}

// NewRedisPositions returns positions whose keys begin with the name of the service.
// They are kept as long as cfg asks for.
func NewRedisPositions(client *redis.Client, service string, cfg Config) *RedisPositions {
	return &RedisPositions{client, service + ":position:", strconv.FormatInt(cfg.remember().Milliseconds(), 10)}
}

// key hides who the client is: its name may be a secret.
func (p *RedisPositions) key(client string) string {
	sum := sha256.Sum256([]byte(client))
	return p.prefix + hex.EncodeToString(sum[:16])
}

// Note implements [Positions].
func (p *RedisPositions) Note(ctx context.Context, client string, at uint64) {
	_ = p.client.Do(ctx, func(ctx context.Context, c rueidis.Client) error { // Redis has told the log
		return noteScript.Exec(ctx, c, []string{p.key(client)}, []string{fmt.Sprintf("%016x", at), p.keep}).Error()
	})
}

// Position implements [Positions].
func (p *RedisPositions) Position(ctx context.Context, client string) uint64 {
	var at uint64
	_ = p.client.Do(ctx, func(ctx context.Context, c rueidis.Client) error { // as above
		text, err := c.Do(ctx, c.B().Get().Key(p.key(client)).Build()).ToString()
		if err == nil {
			at, err = strconv.ParseUint(text, 16, 64)
		}
		return err
	})
	return at
}
