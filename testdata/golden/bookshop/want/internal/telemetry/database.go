package telemetry

import (
	"context"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"example.com/bookshop/internal/database"
)

// Database has the numbers of a database read.
func (t *Telemetry) Database(db *database.DB) {
	used, idle := attribute.String("state", "used"), attribute.String("state", "idle")
	t.level("db.client.connection.count", "{connection}", "Connections to the database.", func(note note) {
		s := db.Stats()
		note(int64(s.InUse), used)
		note(int64(s.Idle), idle)
	})
	t.level("db.client.connection.max", "{connection}", "Connections to the database at most.", func(note note) { note(int64(db.Stats().MaxConns)) })
	t.level("db.client.connection.pending_requests", "{request}", "Queries that wait for a connection.", func(note note) { note(int64(db.Stats().Waiting)) })
	t.counter("db.client.connection.timeouts", "Queries that got no connection in time.", func(note note) { note(db.Stats().AcquireTimeouts) })
	if len(db.Replicas()) == 0 {
		return
	}
	_, err := t.meter.Float64ObservableGauge("db.replica.lag", metric.WithUnit("s"), metric.WithDescription("Time by which a replica is behind."),
		metric.WithFloat64Callback(func(_ context.Context, o metric.Float64Observer) error {
			for _, r := range db.Replicas() {
				if r.Known {
					o.Observe(r.Lag.Seconds(), metric.WithAttributes(attribute.String("replica", r.Name)))
				}
			}
			return nil
		}))
	t.check(err)
}

// Statements returns what follows the statements of the database with a URL, see
// [database.Config]; nil when there are no sinks.
func (t *Telemetry) Statements(url string) func(context.Context, string) (context.Context, func(error)) {
	if !t.measures && t.tracer == nil {
		return nil
	}
	system := attribute.String("db.system.name", "sqlite")
	if strings.HasPrefix(url, "postgres") {
		system = attribute.String("db.system.name", "postgresql")
	}
	var duration metric.Float64Histogram
	labels := map[string][]metric.RecordOption{}
	if t.measures {
		duration = t.seconds("db.client.operation.duration", "Time that statements take, until their last row is read.")
		for _, kind := range append(kinds, other) {
			set := attribute.NewSet(attribute.String("db.operation.name", kind))
			labels[kind] = []metric.RecordOption{metric.WithAttributeSet(set)}
		}
	}
	return func(ctx context.Context, sql string) (context.Context, func(error)) {
		kind := kindOf(sql)
		start := time.Now()
		ctx, span := t.child(ctx, func() (string, []attribute.KeyValue) {
			table := tableOf(sql)
			return strings.TrimSpace(kind + " " + table), []attribute.KeyValue{
				system, attribute.String("db.operation.name", kind), attribute.String("db.collection.name", table),
			}
		})
		return ctx, func(err error) {
			if duration != nil {
				duration.Record(ctx, time.Since(start).Seconds(), labels[kind]...)
			}
			end(span, err)
		}
	}
}

// kinds are the statements that are told apart.
var kinds = []string{"SELECT", "INSERT", "UPDATE", "DELETE"}

const other = "OTHER"

// kindOf returns what a statement does, by its first word.
func kindOf(sql string) string {
	first, _, _ := strings.Cut(strings.TrimSpace(sql), " ")
	first = strings.ToUpper(first)
	for _, kind := range kinds {
		if first == kind {
			return kind
		}
	}
	return other
}

// tableOf returns the first table that a statement names, "" when that is not plain to
// see.
func tableOf(sql string) string {
	words := strings.Fields(sql)
	for i, word := range words[:max(len(words)-1, 0)] {
		switch strings.ToUpper(word) {
		case "FROM", "INTO", "UPDATE":
			name, _, _ := strings.Cut(strings.Trim(words[i+1], `"();,`), "(")
			return name
		}
	}
	return ""
}
