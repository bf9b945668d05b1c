package telemetry

import (
	"go.opentelemetry.io/otel/attribute"

	"example.com/bookshop/internal/ratelimit"
)

// Limits has the numbers of a limiter read. Nil stands for none.
func (t *Telemetry) Limits(l *ratelimit.Limiter) {
	if l == nil {
		return
	}
	allowed, refused := attribute.String("result", "allowed"), attribute.String("result", "refused")
	t.counter("ratelimit.requests", "Requests that were counted against a limit.", func(note note) {
		s := l.Stats()
		note(s.Allowed, allowed)
		note(s.Refused, refused)
	})
	t.state("ratelimit.degraded", "Whether the store that instances share did not answer, so that each counts alone.", func() bool { return l.Stats().Degraded })
}
