// Package ratelimit bounds how many requests a client can make in a span of time.
// No span of the length of a window ever sees more than the limit. Counts are kept in
// this process, and in a [Shared] store as well where several instances serve
// together: when that does not answer, each instance goes on with its own counts.
package ratelimit

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"hash/maphash"
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"example.com/library/internal/clientip"
)

// Config is what can be set from outside.
type Config struct {
	Rate    Rate // of operations without one of their own; Limit 0 turns all limits off
	Headers Headers
	Skip    Skip
}

// Options are what a limiter works with.
type Options struct {
	Log     *slog.Logger
	Proxies clientip.Proxies // whose word on the client's address is taken

	// Shared counts for all instances. Nil: this one serves alone.
	Shared Shared

	// Principal, when set, says who sends a request: the requests of one key are
	// counted together, wherever they come from. An empty key stands for the
	// client's address, a limit of 0 for that of the policy.
	Principal func(r *http.Request) (key string, limit int)
}

// Shared counts requests for several instances of the service. Implementations
// must be safe for concurrent use and answer within a tenth of a second.
type Shared interface {
	// Take counts a request of a key unless limit were counted within the window
	// already. An error means that the store does not answer.
	Take(ctx context.Context, key string, limit int, window time.Duration) (Result, error)

	// GiveBack takes back the request of a key that was counted at the time at.
	GiveBack(ctx context.Context, key string, at int64, window time.Duration)
}

// Result is the answer of a [Shared] store.
type Result struct {
	OK        bool
	Remaining int           // requests left
	Reset     time.Duration // until there are more; when not OK, until a request can pass
	At        int64         // when the request was counted, in the store's own time
}

// Limiter holds the counts. It is safe for concurrent use.
type Limiter struct {
	cfg     Config
	opt     Options
	start   time.Time
	table   *table
	initial *Guard
	hint    sync.Once

	allowed, refused atomic.Int64
	degraded         atomic.Bool
}

// Stats is what a limiter has done since the start.
type Stats struct {
	Allowed, Refused int64 // requests
	Degraded         bool  // the shared store did not answer when it was asked last
}

// Stats returns the numbers of this moment.
func (l *Limiter) Stats() Stats { return Stats{l.allowed.Load(), l.refused.Load(), l.degraded.Load()} }

// New returns a limiter, or nil when limits are off.
func New(cfg Config, opt Options) *Limiter {
	if cfg.Rate.Limit == 0 {
		return nil
	}
	l := &Limiter{cfg: cfg, opt: opt, start: time.Now(), table: newTable()}
	l.initial = l.guard(Policy{Name: "default", Rate: cfg.Rate})
	return l
}

// Policy is a limit with the name that clients see.
type Policy struct {
	Name string // printable ASCII without quotation marks and backslashes
	Rate
}

// Guard lets the requests through that one policy allows.
type Guard struct {
	Policy
	l      *Limiter
	size   int64 // of the window in milliseconds
	text   headerText
	byAddr maphash.Seed
	byKey  maphash.Seed
}

// Guard returns the guard of a policy; the counts of guards are apart. Nil stands
// for the policy of the configuration, which has one guard.
func (l *Limiter) Guard(p *Policy) *Guard {
	if p == nil {
		return l.initial
	}
	return l.guard(*p)
}

func (l *Limiter) guard(p Policy) *Guard {
	return &Guard{
		Policy: p, l: l, size: p.Window.Milliseconds(), text: newHeaderText(p, l.cfg.Headers),
		byAddr: maphash.MakeSeed(), byKey: maphash.MakeSeed(),
	}
}

// now is the time in milliseconds since the start, which no change of the clock moves.
func (l *Limiter) now() int64 { return time.Since(l.start).Milliseconds() }

// client is whose requests are counted together.
type client struct {
	addr  netip.Addr // where key is empty
	key   string
	hash  uint64 // never 0
	limit int
}

// client finds out who sends a request.
func (g *Guard) client(r *http.Request) client {
	c := client{limit: g.Limit}
	if g.l.opt.Principal != nil {
		key, limit := g.l.opt.Principal(r)
		if limit > 0 {
			c.limit = limit
		}
		if c.key = key; key != "" {
			c.hash = maphash.String(g.byKey, key) | 1
			return c
		}
	}
	if g.l.opt.Proxies.None() && (len(r.Header["X-Forwarded-For"]) > 0 || len(r.Header["Forwarded"]) > 0) {
		g.l.hint.Do(func() {
			g.l.opt.Log.Warn("a request came through a proxy, whose clients share one limit; TRUSTED_PROXIES tells which proxies to believe", "peer", r.RemoteAddr)
		})
	}
	c.addr = clientip.Network(g.l.opt.Proxies.Client(r))
	bytes := c.addr.As16()
	c.hash = maphash.Bytes(g.byAddr, bytes[:]) | 1
	return c
}

// name is the key of a client in a shared store. What stands between braces decides
// which node of a cluster keeps it. Keys may be secrets, so they are hashed.
func (g *Guard) name(c client) string {
	text := make([]byte, 0, 96)
	text = append(append(append(text, '{'), g.Name...), ':')
	if c.key != "" {
		sum := sha256.Sum256([]byte(c.key))
		text = hex.AppendEncode(append(text, "key:"...), sum[:16])
	} else {
		text = c.addr.AppendTo(append(text, "addr:"...))
	}
	return string(append(text, '}'))
}

// ticket is a request that was counted.
type ticket struct {
	client client
	local  int64 // when this process counted it
	shared int64 // when the shared store did, 0: it did not
}

// take counts a request here, and if it may pass in the shared store too. So this
// process limits its own clients whatever the store says or has forgotten, and
// asks nobody about those that are beyond their limit here.
func (g *Guard) take(ctx context.Context, c client) (verdict, ticket) {
	now := g.l.now()
	v := g.l.table.take(c.hash, now, g.size, c.limit)
	t := ticket{client: c, local: v.at}
	if !v.ok || g.l.opt.Shared == nil {
		return v, t
	}
	res, err := g.l.opt.Shared.Take(ctx, g.name(c), c.limit, g.Window)
	if degraded := err != nil; degraded != g.l.degraded.Load() && ctx.Err() == nil {
		g.l.degraded.Store(degraded)
	}
	if err != nil {
		return v, t // the store has told the log
	}
	if !res.OK {
		g.l.table.giveBack(c.hash, now, g.size, v.at)
	}
	t.shared = res.At
	return verdict{ok: res.OK, remaining: res.Remaining, reset: res.Reset.Milliseconds()}, t
}

// giveBack takes back a request that was counted.
func (g *Guard) giveBack(ctx context.Context, t ticket) {
	g.l.table.giveBack(t.client.hash, g.l.now(), g.size, t.local)
	if t.shared != 0 {
		g.l.opt.Shared.GiveBack(context.WithoutCancel(ctx), g.name(t.client), t.shared, g.Window)
	}
}
