package telemetry

import (
	"go.opentelemetry.io/otel/attribute"

	"example.com/messages/internal/httpcache"
)

// Cache has the numbers of a cache read. Nil stands for none.
func (t *Telemetry) Cache(c *httpcache.Cache) {
	if c == nil {
		return
	}
	t.counter("cache.requests", "Requests that may be answered from the cache, by what became of them.", func(note note) {
		for result, n := range c.Stats().Requests {
			note(n, attribute.String("result", result))
		}
	})
	t.level("cache.size", "By", "Memory that kept answers take.", func(note note) { note(c.Stats().Bytes) })
}
