package redis

import (
	"context"

	"github.com/redis/rueidis"
)

// observed is a client that tells of each command, or pipeline of them.
type observed struct {
	rueidis.Client
	observe func(context.Context, string) (context.Context, func(error))
}

// Do implements [rueidis.Client].
func (o observed) Do(ctx context.Context, command rueidis.Completed) rueidis.RedisResult {
	ctx, done := o.observe(ctx, command.Commands()[0]) // the rest is keys and values
	result := o.Client.Do(ctx, command)
	done(failure(result.Error()))
	return result
}

// DoMulti implements [rueidis.Client].
func (o observed) DoMulti(ctx context.Context, commands ...rueidis.Completed) []rueidis.RedisResult {
	ctx, done := o.observe(ctx, "pipeline")
	results := o.Client.DoMulti(ctx, commands...)
	var err error
	for _, result := range results {
		if err = failure(result.Error()); err != nil {
			break
		}
	}
	done(err)
	return results
}

// failure leaves out the answers that say nothing is wrong: there is no such key, or the
// script has to be sent as text, which happens next.
func failure(err error) error {
	if reply, ok := rueidis.IsRedisErr(err); rueidis.IsRedisNil(err) || ok && reply.IsNoScript() {
		return nil
	}
	return err
}
