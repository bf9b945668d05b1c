package telemetry

import (
	"context"
	"maps"
	"net/http"
	"sync"
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"example.com/library/internal/server"
)

// requests measures requests and begins their spans.
type requests struct {
	tracer   trace.Tracer // nil: there are no spans
	duration metric.Float64Histogram

	// What a request adds to its labels is made once for each of them. There are few:
	// operations, methods and statuses come from fixed sets, whatever clients send.
	labels atomic.Pointer[map[series][]metric.RecordOption]
	mu     sync.Mutex // held to add one
}

// series is what requests are counted by.
type series struct {
	operation, method string
	status            int
}

// Requests returns what measures the requests of a server, or nil when there are no
// sinks.
func (t *Telemetry) Requests() server.Observer {
	if !t.measures && t.tracer == nil {
		return nil
	}
	return newRequests(t)
}

func newRequests(t *Telemetry) *requests {
	q := &requests{tracer: t.tracer}
	q.labels.Store(&map[series][]metric.RecordOption{})
	if t.measures {
		q.duration = t.seconds("http.server.request.duration", "Time to answer requests.")
	}
	return q
}

// Server has the numbers of a server read.
func (t *Telemetry) Server(s *server.Server) {
	t.level("http.server.active_requests", "{request}", "Requests in flight.", func(note note) { note(s.Active()) })
	t.counter("server.panics", "Handlers that panicked.", func(note note) { note(s.Panics()) })
}

// methods are those that are told apart; there is no end to what clients can send.
var methods = map[string]string{
	http.MethodGet: http.MethodGet, http.MethodHead: http.MethodHead, http.MethodPost: http.MethodPost,
	http.MethodPut: http.MethodPut, http.MethodPatch: http.MethodPatch, http.MethodDelete: http.MethodDelete,
	http.MethodConnect: http.MethodConnect, http.MethodOptions: http.MethodOptions, http.MethodTrace: http.MethodTrace,
}

func methodOf(r *http.Request) string {
	if m, ok := methods[r.Method]; ok {
		return m
	}
	return "_OTHER"
}

// Begin implements [server.Observer]. It goes on with the trace of a traceparent field.
func (q *requests) Begin(ctx context.Context, r *http.Request) context.Context {
	if q.tracer == nil {
		return ctx
	}
	if len(r.Header["Traceparent"]) > 0 {
		ctx = propagation.TraceContext{}.Extract(ctx, propagation.HeaderCarrier(r.Header))
	}
	ctx, _ = q.tracer.Start(ctx, methodOf(r), trace.WithSpanKind(trace.SpanKindServer))
	return ctx
}

// End implements [server.Observer].
func (q *requests) End(ctx context.Context, r *http.Request, a server.Answer) {
	method := methodOf(r)
	if q.duration != nil {
		q.duration.Record(ctx, a.Took.Seconds(), q.record(series{a.Operation, method, a.Status})...)
	}
	if q.tracer == nil {
		return
	}
	span := trace.SpanFromContext(ctx)
	if !span.IsRecording() {
		span.End()
		return
	}
	if r.Pattern != "" {
		span.SetName(method + " " + r.Pattern)
	}
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	// The query is left out: keys and tokens travel in it.
	span.SetAttributes(
		attribute.String("http.route", r.Pattern), attribute.String("operation", operation(a.Operation)), attribute.String("http.request.method", method),
		attribute.String("url.path", r.URL.Path), attribute.String("url.scheme", scheme),
		attribute.String("client.address", server.Client(ctx).String()), attribute.String("user_agent.original", r.UserAgent()),
		attribute.Int("http.response.status_code", a.Status), attribute.Int64("http.response.body.size", a.Bytes),
	)
	if a.Status >= http.StatusInternalServerError {
		span.SetStatus(codes.Error, http.StatusText(a.Status))
	}
	span.End()
}

// operation is the label for an operation: requests that are for none share one.
func operation(id string) string {
	if id == "" {
		return "none"
	}
	return id
}

// record returns the labels of a request.
func (q *requests) record(s series) []metric.RecordOption {
	if known, ok := (*q.labels.Load())[s]; ok {
		return known
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	all := maps.Clone(*q.labels.Load())
	all[s] = []metric.RecordOption{metric.WithAttributeSet(attribute.NewSet(
		attribute.String("operation", operation(s.operation)),
		attribute.String("http.request.method", s.method),
		attribute.Int("http.response.status_code", s.status),
	))}
	q.labels.Store(&all)
	return all[s]
}
