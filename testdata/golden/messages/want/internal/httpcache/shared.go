package httpcache

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// Shared keeps answers for several instances of the service. Implementations must be
// safe for concurrent use and answer within a tenth of a second.
type Shared interface {
	// Get returns what was kept under a name, nil when there is nothing.
	Get(ctx context.Context, name string) []byte

	// Set keeps data under a name for a while.
	Set(ctx context.Context, name string, data []byte, ttl time.Duration)

	// Invalidate gives slots a new version, higher than those they had, and tells all
	// instances. When it fails it does so once that is possible again.
	Invalidate(ctx context.Context, slots []uint16) (version uint64, err error)

	// Listen calls set with the versions of slots that are given from now on, and with
	// all there are whenever some may have been missed. It returns at once.
	Listen(set func(slot uint16, version uint64))
}

// record is an entry in the shared store, with the body behind it. One that has Vary
// alone says which fields of the request the names of the entries are made of.
type record struct {
	Vary     []string    `json:",omitempty"`
	Values   []string    `json:",omitempty"`
	Status   int         `json:",omitempty"`
	Header   http.Header `json:",omitempty"`
	Pattern  string      `json:",omitempty"`
	Marks    []mark      `json:",omitempty"`
	Came     int64       // Unix nanoseconds
	Took     time.Duration
	Begin    time.Duration
	Lifetime time.Duration
	SWR, SIE time.Duration
	NoCache  bool `json:",omitempty"`
	Strict   bool `json:",omitempty"`
}

func (e *entry) encode() []byte {
	text, err := json.Marshal(record{
		e.names, e.values, e.status, e.header, e.pattern, e.marks, e.came.UnixNano(), e.took, e.begin, e.lifetime, e.swr, e.sie, e.noCache, e.strict,
	})
	if err != nil {
		return nil // cannot be: there are texts and numbers only
	}
	return append(append(text, '\n'), e.body...)
}

func decode(data []byte) (r record, body []byte, ok bool) {
	text, body, found := bytes.Cut(data, []byte{'\n'})
	if !found || json.Unmarshal(text, &r) != nil {
		return record{}, nil, false
	}
	return r, body, true
}

func (r record) entry(body []byte) *entry {
	return &entry{
		status: r.Status, header: r.Header, body: body, pattern: r.Pattern, names: r.Vary, values: r.Values, marks: r.Marks,
		came: time.Unix(0, r.Came), took: r.Took, begin: r.Begin, lifetime: r.Lifetime, swr: r.SWR, sie: r.SIE,
		noCache: r.NoCache, strict: r.Strict,
	}
}

// recordName is what an answer is kept under.
func recordName(k key, values []string) string {
	sum := sha256.Sum256([]byte(k.text() + "\n" + strings.Join(values, "\n")))
	return hex.EncodeToString(sum[:16])
}

// sharedEntry looks for an answer in the shared store that is better than the old one.
func (c *Cache) sharedEntry(r *http.Request, k key, old *entry) *entry {
	got, body, ok := decode(c.shared.Get(r.Context(), recordName(k, nil)))
	if ok && got.Status == 0 {
		var values []string
		for _, name := range got.Vary {
			values = append(values, selecting(name, r.Header))
		}
		got, body, ok = decode(c.shared.Get(r.Context(), recordName(k, values)))
	}
	if !ok || got.Status == 0 {
		return nil
	}
	e := got.entry(body)
	if !e.selects(r.Header) || !e.isFresh(time.Now()) || !c.versions.current(e.marks) || old != nil && !e.came.After(old.came) {
		return nil
	}
	return e
}

// share gives an answer to the other instances.
func (c *Cache) share(ctx context.Context, k key, e *entry) {
	ttl := e.lifetime - e.begin + max(e.swr, e.sie)
	if ttl <= 0 {
		return
	}
	ctx = context.WithoutCancel(ctx)
	if len(e.names) > 0 {
		text, _ := json.Marshal(record{Vary: e.names})
		c.shared.Set(ctx, recordName(k, nil), append(text, '\n'), ttl)
	}
	c.shared.Set(ctx, recordName(k, e.values), e.encode(), ttl)
}
