package telemetry

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"example.com/http/internal/redis"
)

// Redis has the numbers of a connection to Redis read.
func (t *Telemetry) Redis(client *redis.Client) {
	t.state("redis.up", "Whether Redis answers.", client.Up)
}

// Calls returns what follows commands to Redis, see [redis.Config]; nil when there are no
// sinks.
func (t *Telemetry) Calls() func(context.Context, string) (context.Context, func(error)) {
	if !t.measures && t.tracer == nil {
		return nil
	}
	var duration metric.Float64Histogram
	if t.measures {
		duration = t.seconds("redis.operation.duration", "Time that commands to Redis take.")
	}
	return func(ctx context.Context, command string) (context.Context, func(error)) {
		start := time.Now()
		ctx, span := t.child(ctx, func() (string, []attribute.KeyValue) {
			return command, []attribute.KeyValue{attribute.String("db.system.name", "redis"), attribute.String("db.operation.name", command)}
		})
		return ctx, func(err error) {
			if duration != nil {
				duration.Record(ctx, time.Since(start).Seconds())
			}
			end(span, err)
		}
	}
}
