package session

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/redis/rueidis"

	"github.com/apigen-go/apigen/templates/project/internal/redis"
)

// slack is by how much the clocks of instances and of Redis may differ before a
// session is missed when those of its user are ended.
const slack = time.Minute

// A session is a hash, which Redis forgets when it expires. Each script touches one
// key, so that sessions may be in a cluster.
var (
	createScript = rueidis.NewLuaScript(`
redis.call('HSET', KEYS[1], 'u', ARGV[1], 'd', ARGV[2], 'v', '1', 'c', ARGV[3], 'e', ARGV[4])
redis.call('PEXPIRE', KEYS[1], ARGV[5])
return 1`)

	replaceScript = rueidis.NewLuaScript(`
if redis.call('HGET', KEYS[1], 'v') ~= ARGV[1] then
	return 0
end
redis.call('HINCRBY', KEYS[1], 'v', 1)
redis.call('HSET', KEYS[1], 'd', ARGV[2], 'e', ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 1`)

	touchScript = rueidis.NewLuaScript(`
if redis.call('EXISTS', KEYS[1]) == 1 then
	redis.call('HSET', KEYS[1], 'e', ARGV[1])
	redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return 1`)

	// indexScript notes a session of a user, forgets those that have expired, and has
	// the list live as long as the session that lives longest.
	indexScript = rueidis.NewLuaScript(`
redis.call('ZADD', KEYS[1], ARGV[1], ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[3])
local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')
if last[2] then
	redis.call('PEXPIREAT', KEYS[1], last[2] + tonumber(ARGV[4]))
end
return 1`)
)

// Redis keeps sessions in Redis. It is safe for concurrent use.
type Redis struct {
	client *redis.Client
	prefix string
}

// NewRedis returns a store whose keys begin with the name of the service.
func NewRedis(client *redis.Client, service string) *Redis {
	return &Redis{client, service + ":session"}
}

func (s *Redis) key(id string) string { return s.prefix + ":" + id }

// index is the key of the sessions of a user: their ids, by when they expire.
func (s *Redis) index(user string) string { return s.prefix + "s-of:" + user }

func millis(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }

// left is how long it is until t, for PEXPIRE.
func left(t time.Time) string { return strconv.FormatInt(max(time.Until(t).Milliseconds(), 1), 10) }

// run runs a script and returns the number it does.
func (s *Redis) run(ctx context.Context, script *rueidis.Lua, key string, args ...string) (n int64, err error) {
	err = s.client.Do(ctx, func(ctx context.Context, c rueidis.Client) error {
		n, err = script.Exec(ctx, c, []string{key}, args).AsInt64()
		return err
	})
	return n, err
}

// Load implements [Store].
func (s *Redis) Load(ctx context.Context, id string) (Record, error) {
	var r Record
	err := s.client.Do(ctx, func(ctx context.Context, c rueidis.Client) error {
		fields, err := c.Do(ctx, c.B().Hmget().Key(s.key(id)).Field("u", "d", "v", "c", "e").Build()).ToArray()
		if err != nil {
			return err
		}
		if len(fields) != 5 {
			return errors.New("redis: HMGET did not return five fields")
		}
		if fields[0].IsNil() {
			return rueidis.Nil // there is no such session, which is no failure of Redis
		}
		var numbers [3]int64
		for i := range numbers {
			if numbers[i], err = fields[2+i].AsInt64(); err != nil {
				return err
			}
		}
		if r.User, err = fields[0].ToString(); err != nil {
			return err
		}
		r.Data, err = fields[1].ToString()
		r.Version, r.Created, r.Expires = numbers[0], time.UnixMilli(numbers[1]), time.UnixMilli(numbers[2])
		return err
	})
	if rueidis.IsRedisNil(err) {
		return Record{}, ErrNone
	}
	return r, err
}

// note puts a session on the list of its user, before it lives as long as that says: a
// session that is not on the list could not be ended.
func (s *Redis) note(ctx context.Context, id, user string, expires time.Time) error {
	if user == "" {
		return nil
	}
	_, err := s.run(ctx, indexScript, s.index(user), millis(expires), id, millis(time.Now().Add(-slack)), strconv.FormatInt(slack.Milliseconds(), 10))
	return err
}

// Create implements [Store].
func (s *Redis) Create(ctx context.Context, id string, r Record) error {
	if err := s.note(ctx, id, r.User, r.Expires); err != nil {
		return err
	}
	_, err := s.run(ctx, createScript, s.key(id), r.User, r.Data, millis(r.Created), millis(r.Expires), left(r.Expires))
	return err
}

// Replace implements [Store].
func (s *Redis) Replace(ctx context.Context, id string, r Record) (bool, error) {
	if err := s.note(ctx, id, r.User, r.Expires); err != nil {
		return false, err
	}
	n, err := s.run(ctx, replaceScript, s.key(id), strconv.FormatInt(r.Version, 10), r.Data, millis(r.Expires), left(r.Expires))
	return n == 1, err
}

// Touch implements [Store].
func (s *Redis) Touch(ctx context.Context, id, user string, expires time.Time) error {
	if err := s.note(ctx, id, user, expires); err != nil {
		return err
	}
	_, err := s.run(ctx, touchScript, s.key(id), millis(expires), left(expires))
	return err
}

// Delete implements [Store].
func (s *Redis) Delete(ctx context.Context, id, user string) error {
	return s.delete(ctx, user, id)
}

// DeleteUser implements [Store].
func (s *Redis) DeleteUser(ctx context.Context, user string) error {
	var ids []string
	err := s.client.Do(ctx, func(ctx context.Context, c rueidis.Client) error {
		var err error
		ids, err = c.Do(ctx, c.B().Zrange().Key(s.index(user)).Min("0").Max("-1").Build()).AsStrSlice()
		return err
	})
	if err != nil {
		return err
	}
	const atOnce = 256 // the time of a call is for as many
	for len(ids) > 0 && err == nil {
		n := min(len(ids), atOnce)
		err = s.delete(ctx, user, ids[:n]...)
		ids = ids[n:]
	}
	return err
}

// delete forgets sessions of a user, and takes them off the list once they are gone.
func (s *Redis) delete(ctx context.Context, user string, ids ...string) error {
	return s.client.Do(ctx, func(ctx context.Context, c rueidis.Client) error {
		var commands rueidis.Commands
		for _, id := range ids {
			commands = append(commands, c.B().Del().Key(s.key(id)).Build())
		}
		for _, result := range c.DoMulti(ctx, commands...) {
			if err := result.Error(); err != nil {
				return err
			}
		}
		if user == "" {
			return nil
		}
		return c.Do(ctx, c.B().Zrem().Key(s.index(user)).Member(ids...).Build()).Error()
	})
}
