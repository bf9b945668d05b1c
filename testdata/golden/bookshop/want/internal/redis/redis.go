// Package redis connects the service to Redis, or a server that speaks its protocol,
// from version 6 on. The service works without it: a call has a short deadline, and
// once several have failed in a row the next fail at once, until a new connection
// answers.
package redis

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"
)

const (
	dialTimeout = 500 * time.Millisecond // to connect, and that Open waits for the first connection
	retryLeast  = 500 * time.Millisecond // between attempts to connect,
	retryMost   = 4 * time.Second        // doubled while connections fail soon
	stable      = 5 * time.Second        // that a connection must last to count as good
	failures    = 3                      // one after the other, that end a connection
	bufferBytes = 64 << 10               // of each connection and direction
)

// ErrDown is the answer of a call while there is no connection.
var ErrDown = errors.New("redis is down")

// Config says where Redis is.
type Config struct {
	// URL is redis://[user:password@]host:port[/db], rediss:// for TLS, unix:// for a
	// socket. ?addr=host:port, which may be repeated, names further nodes of a
	// cluster, and with &master_set=NAME the addresses are those of sentinels. Empty:
	// there is no Redis.
	URL     string
	Timeout time.Duration // of a call

	// Observe is called before each command with the context and the name of it, such as
	// GET, or pipeline for several at once, and what it returns with the error at its
	// end. Nil: nobody looks.
	Observe func(ctx context.Context, command string) (context.Context, func(error))
}

// ParseURL returns the URL if it is right, or empty.
func ParseURL(url string) (string, error) {
	if _, err := rueidis.ParseURL(url); err != nil && url != "" {
		return "", errors.New("want redis://host:port, rediss://host:port or unix:///path") // err may hold the password
	}
	return url, nil
}

// Client is a connection to Redis that is made anew when it breaks. It is safe for
// concurrent use.
type Client struct {
	opt     rueidis.ClientOption
	timeout time.Duration
	log     *slog.Logger
	observe func(context.Context, string) (context.Context, func(error)) // may be nil
	current atomic.Pointer[link]                                         // nil while Redis is down
	life    context.Context                                              // ends with Close
	stop    context.CancelFunc
	stopped chan struct{}
	group   sync.WaitGroup // of listeners
}

// link is one connection to a server, a cluster or a set of sentinels.
type link struct {
	client rueidis.Client
	broken chan error // gets the reason to give it up

	mu     sync.Mutex   // held to count a failure
	failed atomic.Int32 // calls in a row
	last   time.Time    // when the last of them failed
}

// fail counts a call that failed and reports whether it was one too many. Calls that
// were under way when another failed do not count: they were hit by the same pause.
func (l *link) fail(start time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if start.Before(l.last) {
		return false
	}
	l.last = time.Now()
	return l.failed.Add(1) == failures
}

// Open connects to Redis and returns soon, connected or not: a Redis that does not
// answer is no error. It logs one line whenever Redis comes or goes. The error is
// that of a bad URL.
func Open(cfg Config, log *slog.Logger) (*Client, error) {
	opt, err := rueidis.ParseURL(cfg.URL)
	if err != nil {
		return nil, errors.New("open redis: the URL is wrong") // err may hold the password
	}
	opt.Dialer.Timeout = dialTimeout
	opt.ConnWriteTimeout = dialTimeout
	opt.ReadBufferEachConn, opt.WriteBufferEachConn = bufferBytes, bufferBytes
	opt.DisableRetry = true // what is not idempotent must not run twice
	opt.Sentinel.TopologyRefreshInterval = stable
	opt.Sentinel.Dialer, opt.Sentinel.TLSConfig = opt.Dialer, opt.TLSConfig
	ctx, stop := context.WithCancel(context.Background())
	c := &Client{opt: opt, timeout: cfg.Timeout, log: log, observe: cfg.Observe, life: ctx, stop: stop, stopped: make(chan struct{})}
	tried := make(chan struct{})
	go c.run(ctx, tried)
	select {
	case <-tried:
	case <-time.After(dialTimeout):
	}
	return c, nil
}

// run keeps a connection until ctx is done. It closes tried after its first attempt.
func (c *Client) run(ctx context.Context, tried chan struct{}) {
	defer close(c.stopped)
	retry, told := retryLeast, false
	for {
		l, err := c.connect(ctx)
		if err == nil {
			c.log.Info("redis answers", "addr", c.opt.InitAddress)
			c.current.Store(l)
			told = false
		}
		if tried != nil {
			close(tried)
			tried = nil
		}
		if l != nil {
			start := time.Now()
			select {
			case err = <-l.broken:
				go l.client.Close() // it waits for calls under way
			case <-ctx.Done():
				l.client.Close()
			}
			c.current.Store(nil)
			if retry = min(2*retry, retryMost); time.Since(start) > stable {
				retry = retryLeast
			}
		}
		if ctx.Err() != nil {
			return
		}
		if !told {
			c.log.Warn("redis does not answer; the service goes on without it", "addr", c.opt.InitAddress, "error", err)
			told = true
		}
		select {
		case <-time.After(retry):
		case <-ctx.Done():
		}
	}
}

// connect makes a connection that answers in half of the time that a call has, so
// that a server at the edge of being too slow is not taken for a good one.
func (c *Client) connect(ctx context.Context) (*link, error) {
	client, err := rueidis.NewClient(c.opt)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout/2)
	defer cancel()
	if err := client.Do(ctx, client.B().Ping().Build()).Error(); err != nil {
		go client.Close()
		return nil, fmt.Errorf("ping: %w", err)
	}
	if c.observe != nil {
		client = observed{client, c.observe}
	}
	return &link{client: client, broken: make(chan error, 1)}, nil
}

// Do calls f with the connection. It returns [ErrDown] at once when there is none,
// else what f does. The context of f ends with ctx or the time of a call. An error of
// f counts against the connection, but for the answer that there is no such key.
func (c *Client) Do(ctx context.Context, f func(context.Context, rueidis.Client) error) error {
	l := c.current.Load()
	if l == nil {
		return ErrDown
	}
	start := time.Now()
	limited, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	err := f(limited, l.client)
	switch {
	case err == nil || rueidis.IsRedisNil(err):
		if l.failed.Load() != 0 {
			l.failed.Store(0)
		}
	case ctx.Err() != nil: // the caller gave up
	case l.fail(start):
		c.current.CompareAndSwap(l, nil)
		select {
		case l.broken <- err:
		default: // it is given up already
		}
	}
	return err
}

// Up reports whether Redis answers, as far as is known.
func (c *Client) Up() bool { return c.current.Load() != nil }

// Listen calls message with what is published on a channel, until Close. Whenever
// Redis comes back, up is called once messages arrive again: some were missed then.
// Neither may wait for long, and they may run at the same time.
func (c *Client) Listen(channel string, up func(), message func(string)) {
	c.group.Go(func() {
		for c.life.Err() == nil {
			if l := c.current.Load(); l != nil {
				ctx := rueidis.WithOnSubscriptionHook(c.life, func(s rueidis.PubSubSubscription) {
					if s.Kind == "subscribe" {
						go up()
					}
				})
				_ = l.client.Receive(ctx, l.client.B().Subscribe().Channel(channel).Build(), func(m rueidis.PubSubMessage) {
					message(m.Message)
				}) // its error is one of the connection, which calls notice too
			}
			select {
			case <-time.After(retryLeast / 5):
			case <-c.life.Done():
			}
		}
	})
}

// Close ends the connection and what listens on it.
func (c *Client) Close() {
	c.stop()
	<-c.stopped
	c.group.Wait()
}
