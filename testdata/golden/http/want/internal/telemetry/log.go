package telemetry

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/trace"
)

// Handler adds to what is logged whose it is and, while there is a span, its ids. With
// a sink for logs it hands it over there too.
func (t *Telemetry) Handler(written slog.Handler) slog.Handler {
	attrs := []slog.Attr{slog.String("service", t.attribute(serviceName)), slog.String("version", t.attribute(serviceVersion))}
	if env := t.attribute(environment); env != "" {
		attrs = append(attrs, slog.String("env", env))
	}
	return handler{Handler: written.WithAttrs(attrs), sent: t.logs}
}

// handler is a [slog.Handler] with spans in mind. Its level is that of what is written.
type handler struct {
	slog.Handler
	sent slog.Handler // nil: nothing is sent
}

// Handle implements [slog.Handler].
func (h handler) Handle(ctx context.Context, r slog.Record) error {
	var err error
	if h.sent != nil {
		err = h.sent.Handle(ctx, r.Clone()) // it knows the span by the context
	}
	if span := trace.SpanContextFromContext(ctx); span.IsValid() {
		r.AddAttrs(slog.String("trace_id", span.TraceID().String()), slog.String("span_id", span.SpanID().String()))
	}
	return errors.Join(err, h.Handler.Handle(ctx, r))
}

// WithAttrs implements [slog.Handler].
func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	h.Handler = h.Handler.WithAttrs(attrs)
	if h.sent != nil {
		h.sent = h.sent.WithAttrs(attrs)
	}
	return h
}

// WithGroup implements [slog.Handler].
func (h handler) WithGroup(name string) slog.Handler {
	h.Handler = h.Handler.WithGroup(name)
	if h.sent != nil {
		h.sent = h.sent.WithGroup(name)
	}
	return h
}

// reportEvery is the time between two lines about telemetry that is lost.
const reportEvery = time.Minute

// Report has the log told, now and then, of telemetry that cannot be delivered.
func (t *Telemetry) Report(log *slog.Logger) {
	t.log = log
	start := time.Now().Add(-reportEvery)
	var told atomic.Int64
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		now, last := int64(time.Since(start)), told.Load()
		if now-last >= int64(reportEvery) && told.CompareAndSwap(last, now) {
			log.Warn("telemetry cannot be delivered", "error", err)
		}
	}))
}
