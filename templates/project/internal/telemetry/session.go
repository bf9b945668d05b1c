package telemetry

import (
	"go.opentelemetry.io/otel/attribute"

	"github.com/apigen-go/apigen/templates/project/internal/session"
)

// Sessions has the numbers of a manager of sessions read.
func (t *Telemetry) Sessions(m *session.Manager) {
	result, change := attribute.Key("result"), attribute.Key("change")
	t.counter("session.requests", "Requests that asked for their session, by what became of it.", func(note note) {
		s := m.Stats()
		note(s.Loaded, result.String("loaded"))
		note(s.None, result.String("none"))
		note(s.Refused, result.String("refused"))
		note(s.Failed, result.String("failed"))
	})
	t.counter("session.changes", "Sessions that began, got a new id or ended.", func(note note) {
		s := m.Stats()
		note(s.Created, change.String("created"))
		note(s.Rotated, change.String("rotated"))
		note(s.Ended, change.String("ended"))
		note(s.Revoked, change.String("revoked"))
	})
}
