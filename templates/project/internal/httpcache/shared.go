package httpcache

import (
	"context"
	"net/http"
	"time"
)

// Shared keeps answers for several instances of the service. Implementations must be
// safe for concurrent use and answer within a tenth of a second.
type Shared interface {
	// Get returns what was kept under a name, nil when there is nothing.
	Get(ctx context.Context, name string) []byte

	// Set keeps data under a name for a while.
	Set(ctx context.Context, name string, data []byte, ttl time.Duration)

	// Invalidate gives slots a new version and tells all instances.
	Invalidate(ctx context.Context, slots []uint16)

	// Listen calls set with every version of a slot that is given from now on, and
	// with all of them when some may have been missed. It returns at once.
	Listen(set func(slot uint16, version uint64))
}

// sharedEntry looks for an answer in the shared store.
func (c *Cache) sharedEntry(_ *http.Request, _ key) *entry { return nil }

// share gives an answer to the other instances.
func (c *Cache) share(_ key, _ *entry) {}
