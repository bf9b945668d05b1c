package httpcache

import (
	"context"
	"math/bits"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"

	"example.com/bookshop/internal/redis"
)

// newVersion gives slots, fields of a hash, a version that is higher than those they
// had: the time of the server in microseconds. The first slot stands for everything,
// so that a server that has lost its data ends all that is kept.
var newVersion = rueidis.NewLuaScript(`
local time = redis.call('TIME')
local version = time[1] * 1000000 + time[2]
for i = 2, #ARGV do
	local old = redis.call('HGET', KEYS[1], ARGV[i])
	if old and tonumber(old) >= version then
		version = tonumber(old) + 1
	end
end
local text = string.format('%.0f', version)
redis.call('HSETNX', KEYS[1], '0', text)
local message = text
for i = 2, #ARGV do
	redis.call('HSET', KEYS[1], ARGV[i], text)
	message = message .. ' ' .. ARGV[i]
end
if #ARGV > 1 then
	redis.call('PUBLISH', ARGV[1], message)
end
return version
`)

// Redis keeps answers in Redis. It is safe for concurrent use.
type Redis struct {
	client *redis.Client
	prefix string
	unsaid [slots / 64]atomic.Uint64 // slots that Redis could not be told of, a bit each
}

// NewRedis returns a store whose keys begin with the name of the service.
func NewRedis(client *redis.Client, service string) *Redis {
	return &Redis{client: client, prefix: service + ":cache:"}
}

// Get implements [Shared].
func (s *Redis) Get(ctx context.Context, name string) []byte {
	var data []byte
	_ = s.client.Do(ctx, func(ctx context.Context, c rueidis.Client) (err error) {
		data, err = c.Do(ctx, c.B().Get().Key(s.prefix+name).Build()).AsBytes()
		return err
	})
	return data
}

// Set implements [Shared].
func (s *Redis) Set(ctx context.Context, name string, data []byte, ttl time.Duration) {
	_ = s.client.Do(ctx, func(ctx context.Context, c rueidis.Client) error {
		return c.Do(ctx, c.B().Set().Key(s.prefix+name).Value(rueidis.BinaryString(data)).Px(max(ttl, time.Millisecond)).Build()).Error()
	})
}

// Invalidate implements [Shared].
func (s *Redis) Invalidate(ctx context.Context, of []uint16) (uint64, error) {
	version, err := s.tell(ctx, of)
	if err != nil {
		for _, slot := range of {
			s.unsaid[slot/64].Or(1 << (slot % 64))
		}
	}
	return version, err
}

func (s *Redis) tell(ctx context.Context, of []uint16) (version uint64, err error) {
	args := []string{s.prefix + "written"}
	for _, slot := range of {
		args = append(args, strconv.Itoa(int(slot)))
	}
	err = s.client.Do(ctx, func(ctx context.Context, c rueidis.Client) error {
		n, err := newVersion.Exec(ctx, c, []string{s.prefix + "versions"}, args).AsInt64()
		version = uint64(n)
		return err
	})
	return version, err
}

// Listen implements [Shared].
func (s *Redis) Listen(set func(slot uint16, version uint64)) {
	s.client.Listen(s.prefix+"written", func() { s.catchUp(set) }, func(text string) {
		fields := strings.Fields(text)
		for _, f := range fields[min(1, len(fields)):] {
			setText(set, f, fields[0])
		}
	})
}

func setText(set func(uint16, uint64), slot, version string) {
	n, err := strconv.ParseUint(slot, 10, 16)
	v, versionErr := strconv.ParseUint(version, 10, 64)
	if err == nil && versionErr == nil {
		set(uint16(n), v)
	}
}

// catchUp tells Redis what was written while it was away, and asks it for what was
// written elsewhere.
func (s *Redis) catchUp(set func(slot uint16, version uint64)) {
	ctx := context.Background()
	var of []uint16
	for i := range s.unsaid {
		for word := s.unsaid[i].Swap(0); word != 0; word &= word - 1 {
			of = append(of, uint16(i*64+bits.TrailingZeros64(word)))
		}
	}
	for len(of) > 0 {
		n := min(len(of), 1000)
		if _, err := s.Invalidate(ctx, of[:n]); err != nil {
			n = len(of)
			_, _ = s.Invalidate(ctx, of) // they stay unsaid
		}
		of = of[n:]
	}
	if _, err := s.tell(ctx, nil); err != nil { // the first slot is there from now on
		return
	}
	var all map[string]string
	err := s.client.Do(ctx, func(ctx context.Context, c rueidis.Client) (err error) {
		all, err = c.Do(ctx, c.B().Hgetall().Key(s.prefix+"versions").Build()).AsStrMap()
		return err
	})
	if err != nil {
		return
	}
	for slot, version := range all {
		setText(set, slot, version)
	}
}
