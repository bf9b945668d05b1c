package telemetry

import (
	"cmp"
	"fmt"
	"net/http"
	"strconv"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// Transport sends requests of the service to others by next, nil stands for
// [http.DefaultTransport]. Each carries the trace of its context in the field
// traceparent, and has a span that ends when the answer begins. The span has neither
// path nor query: both hold keys at times.
func Transport(next http.RoundTripper) http.RoundTripper {
	if next == nil {
		next = http.DefaultTransport
	}
	return transport{next}
}

type transport struct{ next http.RoundTripper }

// RoundTrip implements [http.RoundTripper].
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, span := r.Context(), trace.SpanFromContext(r.Context())
	begun := !span.SpanContext().IsValid() || span.IsRecording() // else the trace is not kept
	if begun {
		method := cmp.Or(r.Method, http.MethodGet)
		ctx, span = otel.Tracer(scope).Start(ctx, method, trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(
			attribute.String("http.request.method", method), attribute.String("server.address", r.URL.Hostname()), attribute.Int("server.port", portOf(r)),
		))
	}
	sent := r.Clone(ctx) // r is not ours to change
	if sent.Header == nil {
		sent.Header = http.Header{}
	}
	propagation.TraceContext{}.Inject(ctx, propagation.HeaderCarrier(sent.Header))
	resp, err := t.next.RoundTrip(sent)
	if begun {
		outcome(span, resp, err)
		span.End()
	}
	return resp, err
}

// outcome says how a request ended. Messages of errors hold addresses, so they stay here.
func outcome(span trace.Span, resp *http.Response, err error) {
	if err != nil {
		span.SetAttributes(attribute.String("error.type", fmt.Sprintf("%T", err)))
		span.SetStatus(codes.Error, "")
		return
	}
	span.SetAttributes(attribute.Int("http.response.status_code", resp.StatusCode))
	if resp.StatusCode >= http.StatusBadRequest {
		span.SetAttributes(attribute.String("error.type", strconv.Itoa(resp.StatusCode)))
		span.SetStatus(codes.Error, "")
	}
}

func portOf(r *http.Request) int {
	if port, err := strconv.Atoi(r.URL.Port()); err == nil {
		return port
	}
	if r.URL.Scheme == "https" {
		return 443
	}
	return 80
}
