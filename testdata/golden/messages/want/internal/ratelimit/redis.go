package ratelimit

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/redis/rueidis"

	"example.com/messages/internal/redis"
)

// script is window.go in Lua: it counts a request, or with a third argument takes
// the one back that was counted then. Time is the server's, so that the clocks of
// instances do not matter.
var script = rueidis.NewLuaScript(`
local size, limit, back = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if back and back + size <= now then
	back = nil
end
local text = redis.call('GET', KEYS[1])
local old, new, used = text and cmsgpack.unpack(text) or {0}, {0}, 0
for i = 2, #old, 2 do
	if old[i] + size > now then
		if back and back <= old[i] then
			old[i + 1], back = math.max(old[i + 1] - 1, 0), nil
		end
		new[#new + 1], new[#new + 2] = old[i], old[i + 1]
		used = used + old[i + 1]
	end
end
new[1] = old[1]
if ARGV[3] then
	if text then
		redis.call('SET', KEYS[1], cmsgpack.pack(new), 'KEEPTTL')
	end
	return {1, 0, 0, now}
end
if used >= limit then
	local i, free = 2, used - limit + 1 - new[3]
	while free > 0 and i + 2 < #new do
		i = i + 2
		free = free - new[i + 1]
	end
	return {0, 0, new[i] + size - now, now}
end
if #new == 1 or now - new[1] >= math.ceil(size / 8) then
	new[1], new[#new + 1], new[#new + 2] = now, now, 0
end
now = math.max(now, new[#new - 1])
new[#new - 1], new[#new] = now, new[#new] + 1
redis.call('SET', KEYS[1], cmsgpack.pack(new), 'PX', size)
return {1, limit - used - 1, new[2] + size - now, now}
`)

// Redis counts in Redis. It is safe for concurrent use.
type Redis struct {
	client *redis.Client
	prefix string
}

// NewRedis returns a store whose keys begin with the name of the service.
func NewRedis(client *redis.Client, service string) *Redis {
	return &Redis{client, service + ":limit:"}
}

// Take implements [Shared].
func (s *Redis) Take(ctx context.Context, key string, limit int, window time.Duration) (Result, error) {
	var values []int64
	err := s.client.Do(ctx, func(ctx context.Context, c rueidis.Client) error {
		var err error
		args := []string{strconv.FormatInt(window.Milliseconds(), 10), strconv.Itoa(limit)}
		values, err = script.Exec(ctx, c, []string{s.prefix + key}, args).AsIntSlice()
		return err
	})
	if err == nil && len(values) != 4 {
		err = errors.New("redis: the script did not return four numbers")
	}
	if err != nil {
		return Result{}, err
	}
	return Result{values[0] == 1, int(values[1]), time.Duration(values[2]) * time.Millisecond, values[3]}, nil
}

// GiveBack implements [Shared]. While Redis is down there is nothing to take back.
func (s *Redis) GiveBack(ctx context.Context, key string, at int64, window time.Duration) {
	_ = s.client.Do(ctx, func(ctx context.Context, c rueidis.Client) error {
		args := []string{strconv.FormatInt(window.Milliseconds(), 10), "0", strconv.FormatInt(at, 10)}
		return script.Exec(ctx, c, []string{s.prefix + key}, args).Error()
	})
}
