// Package server runs the API over HTTP: the middleware around it, the health
// endpoints and the graceful stop.
package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"syscall"
	"time"

	"example.com/tiny/internal/clientip"
)

// Config is how the server behaves. All times must be positive but ShutdownDelay.
type Config struct {
	Addr              string           // HOST:PORT to listen on
	BasePath          string           // path prefix of the API, "" or /v1
	Proxies           clientip.Proxies // whose word on the address of a client is taken
	CertFile, KeyFile string           // PEM files of the service's certificate and its key; empty: no TLS
	ClientCAs         string           // PEM file with the authorities of clients' certificates; empty: none is asked for
	CORS              CORS             // which web pages may read answers
	MaxBody           int64            // largest request body in bytes
	MaxConns          int              // client connections at the same time; 0: any number
	ReadHeaderTimeout time.Duration    // to read the header of a request
	ReadTimeout       time.Duration    // to read a whole request
	RequestTimeout    time.Duration    // deadline of a handler's context
	WriteTimeout      time.Duration    // to read the body, handle the request and answer
	IdleTimeout       time.Duration    // that an unused connection is kept
	ShutdownDelay     time.Duration    // between not being ready and the stop
	ShutdownTimeout   time.Duration    // that requests in flight have to finish

	LogSkip  float64  // part of the requests answered below 400 that have no line in the log
	Observer Observer // follows requests; nil: nobody does

	// Operation returns the id of the operation with a method and the template of a path,
	// "" for none. Nil: requests are told apart by those alone.
	Operation func(method, route string) string
}

// Observer follows requests, but for those for /healthz and /readyz. Implementations
// must be safe for concurrent use.
type Observer interface {
	// Begin is called when a request has come. What it returns is its context from then on.
	Begin(ctx context.Context, r *http.Request) context.Context

	// End is called with that context when the request is answered.
	End(ctx context.Context, r *http.Request, a Answer)
}

// Answer is what became of a request.
type Answer struct {
	Operation string // id, "" when it was for none
	Status    int
	Bytes     int64
	Took      time.Duration
}

// Check is something the service cannot work without, such as its database.
type Check struct {
	Name string
	Run  func(context.Context) error
}

// Server serves an API.
type Server struct {
	cfg      Config
	log      *slog.Logger
	handler  http.Handler
	checks   []Check
	stopping atomic.Bool
	panics   atomic.Int64
	streams  streams
	active   atomic.Int64 // requests in flight
}

// New returns a server for the API. It is ready while every check passes.
func New(cfg Config, log *slog.Logger, api http.Handler, checks ...Check) *Server {
	s := &Server{cfg: cfg, log: log, checks: checks}
	s.handler = chain(api, // outermost first
		s.guard,
		s.health,
		s.identify,
		s.logRequests,
		s.recoverPanics,
		s.limit,
		s.stripBase,
	)
	return s
}

// Panics returns how many handlers have panicked since the start.
func (s *Server) Panics() int64 { return s.panics.Load() }

// Active returns how many requests are in flight.
func (s *Server) Active() int64 { return s.active.Load() }

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.active.Add(1)
	defer s.active.Add(-1)
	if s.stopping.Load() {
		// Clients that keep the connection could send a request while it is closed.
		w.Header().Set("Connection", "close")
	}
	s.handler.ServeHTTP(w, r)
}

// Run listens on the configured address and serves until ctx is done.
func (s *Server) Run(ctx context.Context) error {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", s.cfg.Addr)
	if err != nil {
		// The reason alone: the rest of the message repeats the address.
		if errno, ok := errors.AsType[syscall.Errno](err); ok {
			err = errno
		}
		return fmt.Errorf("listen on %s: %w", s.cfg.Addr, err)
	}
	return s.Serve(ctx, l)
}

// Serve serves on l until ctx is done, then stops: it reports not to be ready,
// waits for the configured delay, ends event streams and lets the other requests in
// flight finish. It returns nil when all of them did.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	// Requests outlive ctx; they are cut off only when the stop takes too long.
	requests, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	srv := &http.Server{
		Handler:           s,
		BaseContext:       func(net.Listener) context.Context { return requests },
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
		MaxHeaderBytes:    maxHeader - headerSlack,
		ReadHeaderTimeout: s.cfg.ReadHeaderTimeout,
		ReadTimeout:       s.cfg.ReadTimeout,
		WriteTimeout:      s.cfg.WriteTimeout,
		IdleTimeout:       s.cfg.IdleTimeout,
	}
	if s.cfg.CertFile != "" {
		var err error
		if srv.TLSConfig, err = s.cfg.tls(); err != nil {
			return errors.Join(err, l.Close())
		}
	}
	s.log.Info("listening", "addr", l.Addr().String(), "tls", srv.TLSConfig != nil)
	if s.cfg.MaxConns > 0 {
		limited := newCapped(l, s.cfg.MaxConns)
		l, srv.ConnState = limited, limited.leave
	}
	failed := make(chan error, 1)
	go func() {
		if srv.TLSConfig != nil {
			failed <- srv.ServeTLS(l, "", "")
			return
		}
		failed <- srv.Serve(l)
	}()
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	return s.stop(srv, requests, cut)
}
