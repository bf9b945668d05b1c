// Package telemetry tells how the service does: how many requests it answers and how
// fast, what it waits for, and what became of a single request. Where that goes is up
// to sinks. Without any, nothing is measured and requests pay nothing.
//
// Other packages know nothing of OpenTelemetry: they keep plain counters, which are
// read when somebody asks, and call hooks, which are nil while nobody does.
package telemetry

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// Config says who the service is.
type Config struct {
	Name       string     // of the service, where nothing below says another one
	Service    string     // its name in this environment, may be empty
	Attributes Attributes // more about this instance
}

// Attributes say something about the service, such as where it runs.
type Attributes []attribute.KeyValue

// ParseAttributes reads NAME=VALUE pairs with commas between them, percent-encoded where
// they hold other characters.
func ParseAttributes(text string) (Attributes, error) {
	var out Attributes
	err := eachPair(text, func(name, value string) { out = append(out, attribute.String(name, value)) })
	return out, err
}

// eachPair calls do with the pairs of a list such as a=b,c=d. The error does not repeat
// what stands there: it may be secret.
func eachPair(text string, do func(name, value string)) error {
	for pair := range strings.SplitSeq(text, ",") {
		if pair = strings.TrimSpace(pair); pair == "" {
			continue
		}
		name, value, ok := strings.Cut(pair, "=")
		value, err := url.PathUnescape(strings.TrimSpace(value))
		if name = strings.TrimSpace(name); !ok || name == "" || err != nil {
			return errors.New("want NAME=VALUE pairs with commas between them, percent-encoded")
		}
		do(name, value)
	}
	return nil
}

// Telemetry is what the service tells about itself. It is safe for concurrent use.
type Telemetry struct {
	resource *resource.Resource
	meter    metric.Meter
	measures bool
	tracer   trace.Tracer // nil: there are no spans
	logs     slog.Handler // nil: lines are only written
	log      *slog.Logger
	closers  []func(context.Context) error
}

// Sink is a place where measurements go, or from which they are read.
type Sink interface{ attach(s *setup) error }

// setup is what sinks add to.
type setup struct {
	resource *resource.Resource
	metrics  []sdkmetric.Option
	spans    []sdktrace.TracerProviderOption
	logs     slog.Handler
	closers  []func(context.Context) error
}

// New returns the telemetry of a service with some sinks.
func New(cfg Config, sinks ...Sink) (*Telemetry, error) {
	s := &setup{resource: cfg.resource()}
	for _, sink := range sinks {
		if err := sink.attach(s); err != nil {
			return nil, fmt.Errorf("telemetry: %w", err)
		}
	}
	t := &Telemetry{resource: s.resource, logs: s.logs, log: slog.New(slog.DiscardHandler), closers: s.closers}
	t.meter = noop.Meter{}
	if len(s.metrics) > 0 {
		// The sets of labels are bounded by the API. A limit here would mix those of large ones.
		provider := sdkmetric.NewMeterProvider(append(s.metrics, sdkmetric.WithResource(s.resource), sdkmetric.WithCardinalityLimit(0))...)
		t.meter, t.measures = provider.Meter(scope), true
		t.closers = append(t.closers, provider.Shutdown)
	}
	if len(s.spans) > 0 {
		provider := sdktrace.NewTracerProvider(append(s.spans, sdktrace.WithResource(s.resource))...)
		t.tracer = provider.Tracer(scope)
		otel.SetTracerProvider(provider) // for spans of handlers, and what they call by Transport
		t.closers = append(t.closers, provider.Shutdown)
	}
	return t, nil
}

// scope names this package to those who get its measurements.
const scope = "telemetry"

// closeTime bounds how long the stop waits for what is not sent yet.
const closeTime = 3 * time.Second

// Close sends what is not sent yet, for a while.
func (t *Telemetry) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), closeTime)
	defer cancel()
	errs := make(chan error, len(t.closers))
	for _, stop := range t.closers {
		go func() { errs <- stop(ctx) }()
	}
	var all []error
	for range t.closers {
		all = append(all, <-errs)
	}
	if err := errors.Join(all...); err != nil {
		t.log.Warn("some telemetry was not delivered before the stop", "error", err)
	}
}

// The attributes of a resource that more than one line here is about.
const (
	serviceName    = attribute.Key("service.name")
	serviceVersion = attribute.Key("service.version")
	environment    = attribute.Key("deployment.environment.name")
	oldEnvironment = attribute.Key("deployment.environment") // which some still read
)

// resource is who sends measurements. What the settings say wins.
func (c Config) resource() *resource.Resource {
	attrs := []attribute.KeyValue{
		serviceName.String(c.Name), serviceVersion.String(version()), attribute.String("service.instance.id", rand.Text()),
		attribute.String("telemetry.sdk.name", "opentelemetry"), attribute.String("telemetry.sdk.language", "go"),
	}
	if host, err := os.Hostname(); err == nil {
		attrs = append(attrs, attribute.String("host.name", host))
	}
	for _, a := range c.Attributes {
		switch attrs = append(attrs, a); a.Key {
		case environment:
			attrs = append(attrs, oldEnvironment.String(a.Value.AsString()))
		case oldEnvironment:
			attrs = append(attrs, environment.String(a.Value.AsString()))
		}
	}
	if c.Service != "" {
		attrs = append(attrs, serviceName.String(c.Service))
	}
	return resource.NewSchemaless(attrs...)
}

// version is that of the module when it was built from one, else its commit.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value
		}
	}
	return "unknown"
}

// attribute returns an attribute of the service, "" when there is none.
func (t *Telemetry) attribute(key attribute.Key) string {
	value, _ := t.resource.Set().Value(key)
	return value.AsString()
}

// buckets are the upper bounds, in seconds, that times are counted by.
var buckets = metric.WithExplicitBucketBoundaries(.005, .01, .025, .05, .075, .1, .25, .5, .75, 1, 2.5, 5, 7.5, 10)

// seconds returns an instrument for times.
func (t *Telemetry) seconds(name, about string) metric.Float64Histogram {
	h, err := t.meter.Float64Histogram(name, metric.WithUnit("s"), metric.WithDescription(about), buckets)
	t.check(err)
	return h
}

// note takes a number and what tells it from others of its kind.
type note func(value int64, labels ...attribute.KeyValue)

// counter has numbers that only grow read whenever somebody asks.
func (t *Telemetry) counter(name, about string, read func(note)) {
	_, err := t.meter.Int64ObservableCounter(name, metric.WithDescription(about), callback(read))
	t.check(err)
}

// level has numbers that come and go read whenever somebody asks. Those of several
// instances add up.
func (t *Telemetry) level(name, unit, about string, read func(note)) {
	_, err := t.meter.Int64ObservableUpDownCounter(name, metric.WithUnit(unit), metric.WithDescription(about), callback(read))
	t.check(err)
}

func callback(read func(note)) metric.Int64ObservableOption {
	return metric.WithInt64Callback(func(_ context.Context, o metric.Int64Observer) error {
		read(func(value int64, labels ...attribute.KeyValue) { o.Observe(value, metric.WithAttributes(labels...)) })
		return nil
	})
}

// check reports an instrument that cannot be, which is a mistake in this package.
func (t *Telemetry) check(err error) {
	if err != nil {
		panic("telemetry: " + err.Error())
	}
}
