package telemetry

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/contrib/bridges/otelslog"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploghttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// OTLP is a [Sink] that sends to a collector over HTTP, in batches and behind the back of
// requests: while the collector does not answer, what does not fit into its queues is lost.
// Its fields are named like the variables of the OpenTelemetry specification.
type OTLP struct {
	Disabled    bool // nothing is sent
	Protocol    string
	Endpoint    string // of all signals; each has a path of its own below it
	Headers     Headers
	Traces      Signal
	Metrics     Signal
	Logs        Signal
	Interval    time.Duration // between two sets of metrics
	Temporality Temporality
	Sampler     string // a name that ParseSampler knows
	SamplerArg  float64
}

// Signal is what is said of traces, metrics or logs alone.
type Signal struct {
	Off      bool    // it is not sent
	Endpoint string  // the whole URL; "": see [OTLP]
	Headers  Headers // empty: those of all signals
}

// Headers are fields of requests to the collector.
type Headers map[string]string

// ParseHeaders reads NAME=VALUE pairs with commas between them.
func ParseHeaders(text string) (Headers, error) {
	out := Headers{}
	err := eachPair(text, func(name, value string) { out[name] = value })
	return out, err
}

// ParseEndpoint reads a URL, or nothing.
func ParseEndpoint(text string) (string, error) {
	u, err := url.Parse(text)
	if text != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
		return "", errors.New("want a URL such as http://localhost:4318") // err may hold a secret
	}
	return text, nil
}

// ParseProtocol knows the one there is.
func ParseProtocol(text string) (string, error) {
	if text != "http/protobuf" {
		return "", errors.New("want http/protobuf, which most collectors take on port 4318")
	}
	return text, nil
}

// ParseExporter reads otlp or none, and reports whether it is none.
func ParseExporter(text string) (off bool, err error) {
	if text != "otlp" && text != "none" {
		return false, errors.New("want otlp or none")
	}
	return text == "none", nil
}

// ParseInterval reads a number of milliseconds.
func ParseInterval(text string) (time.Duration, error) {
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil || n < 1 {
		return 0, errors.New("want a number of milliseconds, 1 or more")
	}
	return time.Duration(n) * time.Millisecond, nil
}

// ParseRatio reads a part of all traces. Nothing is 1.
func ParseRatio(text string) (float64, error) {
	if text == "" {
		return 1, nil
	}
	ratio, err := strconv.ParseFloat(text, 64)
	if err != nil || !(ratio >= 0 && ratio <= 1) {
		return 0, errors.New("want a number from 0 to 1")
	}
	return ratio, nil
}

// samplers decide which traces are kept, by their names. Those that are based on the
// parent do as whoever sends the request did, if it did.
var samplers = map[string]func(ratio float64) sdktrace.Sampler{
	"always_on":                func(float64) sdktrace.Sampler { return sdktrace.AlwaysSample() },
	"always_off":               func(float64) sdktrace.Sampler { return sdktrace.NeverSample() },
	"traceidratio":             sdktrace.TraceIDRatioBased,
	"parentbased_always_on":    func(float64) sdktrace.Sampler { return sdktrace.ParentBased(sdktrace.AlwaysSample()) },
	"parentbased_always_off":   func(float64) sdktrace.Sampler { return sdktrace.ParentBased(sdktrace.NeverSample()) },
	"parentbased_traceidratio": func(ratio float64) sdktrace.Sampler { return sdktrace.ParentBased(sdktrace.TraceIDRatioBased(ratio)) },
}

// ParseSampler reads the name of a sampler.
func ParseSampler(text string) (string, error) {
	if samplers[text] == nil {
		return "", errors.New("want always_on, always_off or traceidratio, or one of them behind parentbased_")
	}
	return text, nil
}

// Temporality says whether numbers are sent as they are, or what they grew by.
type Temporality string

// ParseTemporality reads cumulative, delta or lowmemory.
func ParseTemporality(text string) (Temporality, error) {
	switch t := Temporality(strings.ToLower(text)); t {
	case "cumulative", "delta", "lowmemory":
		return t, nil
	}
	return "", errors.New("want cumulative, delta or lowmemory")
}

// of is the temporality of the numbers of an instrument, as the specification says.
func (t Temporality) of(kind sdkmetric.InstrumentKind) metricdata.Temporality {
	switch kind {
	case sdkmetric.InstrumentKindCounter, sdkmetric.InstrumentKindHistogram:
		if t != "cumulative" {
			return metricdata.DeltaTemporality
		}
	case sdkmetric.InstrumentKindObservableCounter:
		if t == "delta" {
			return metricdata.DeltaTemporality
		}
	}
	return metricdata.CumulativeTemporality
}

// target is where a signal goes, "" when it goes nowhere.
func (o OTLP) target(s Signal, path string) (string, Headers) {
	headers := s.Headers
	if len(headers) == 0 {
		headers = o.Headers
	}
	switch {
	case o.Disabled || s.Off:
		return "", nil
	case s.Endpoint != "":
		return s.Endpoint, headers
	case o.Endpoint != "":
		return strings.TrimSuffix(o.Endpoint, "/") + path, headers
	}
	return "", nil
}

func (o OTLP) attach(s *setup) error {
	ctx := context.Background() // exporters connect when there is something to send
	if to, headers := o.target(o.Traces, "/v1/traces"); to != "" {
		e, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(to), otlptracehttp.WithHeaders(headers))
		if err != nil {
			return fmt.Errorf("traces: %w", err)
		}
		s.spans = append(s.spans, sdktrace.WithBatcher(e), sdktrace.WithSampler(samplers[o.Sampler](o.SamplerArg)))
	}
	if to, headers := o.target(o.Metrics, "/v1/metrics"); to != "" {
		e, err := otlpmetrichttp.New(ctx, otlpmetrichttp.WithEndpointURL(to), otlpmetrichttp.WithHeaders(headers),
			otlpmetrichttp.WithTemporalitySelector(o.Temporality.of))
		if err != nil {
			return fmt.Errorf("metrics: %w", err)
		}
		goRuntime, err := newGoRuntime(o.Temporality)
		if err != nil {
			return fmt.Errorf("metrics: %w", err)
		}
		s.metrics = append(s.metrics, sdkmetric.WithReader(sdkmetric.NewPeriodicReader(e, sdkmetric.WithInterval(o.Interval), sdkmetric.WithProducer(goRuntime))))
	}
	if to, headers := o.target(o.Logs, "/v1/logs"); to != "" {
		e, err := otlploghttp.New(ctx, otlploghttp.WithEndpointURL(to), otlploghttp.WithHeaders(headers))
		if err != nil {
			return fmt.Errorf("logs: %w", err)
		}
		provider := sdklog.NewLoggerProvider(sdklog.WithProcessor(sdklog.NewBatchProcessor(e)), sdklog.WithResource(s.resource))
		s.logs = otelslog.NewHandler(scope, otelslog.WithLoggerProvider(provider))
		s.closers = append(s.closers, provider.Shutdown)
	}
	return nil
}
