package telemetry

import (
	"go.opentelemetry.io/otel/attribute"

	"example.com/http/internal/shed"
)

// Shed has the numbers of a shedder read. Nil stands for none.
func (t *Telemetry) Shed(s *shed.Shedder) {
	if s == nil {
		return
	}
	priority := attribute.Key("priority")
	t.counter("shed.requests", "Requests that there was no capacity for.", func(note note) {
		critical, normal, low := s.Counts()
		note(critical, priority.String("critical"))
		note(normal, priority.String("normal"))
		note(low, priority.String("low"))
	})
}
