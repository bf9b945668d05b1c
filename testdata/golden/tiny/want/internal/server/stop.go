package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// stop takes the server out of service: it reports not to be ready and ends each
// connection with its next answer, waits for the configured delay, ends event streams,
// takes no more connections and lets the requests in flight finish. cut ends the
// contexts of those that take too long.
func (s *Server) stop(srv *http.Server, requests context.Context, cut func()) error {
	s.stopping.Store(true)
	s.log.Info("stopping", "delay", s.cfg.ShutdownDelay.String(), "timeout", s.cfg.ShutdownTimeout.String())
	time.Sleep(s.cfg.ShutdownDelay)
	s.streams.end()
	grace, cancel := context.WithTimeout(requests, s.cfg.ShutdownTimeout)
	defer cancel()
	if err := s.drain(grace, srv); err != nil {
		cut()
		return errors.Join(fmt.Errorf("stop: requests were still running after %s", s.cfg.ShutdownTimeout), srv.Close())
	}
	s.log.Info("stopped")
	return nil
}

// quiet is how long connections that have sent nothing yet are waited for when all
// requests are answered. [http.Server.Shutdown] alone gives them 5 s.
const quiet = 500 * time.Millisecond

// drain takes no more connections and waits for the requests in flight.
func (s *Server) drain(ctx context.Context, srv *http.Server) error {
	done := make(chan error, 1)
	go func() { done <- srv.Shutdown(ctx) }()
	const step = quiet / 10
	for calm := time.Duration(0); calm < quiet; calm += step {
		select {
		case err := <-done:
			return err
		case <-time.After(step):
		}
		if s.active.Load() > 0 {
			calm = -step
		}
	}
	return srv.Close()
}

// errStopping ends what is written to event streams at the stop.
var errStopping = errors.New("the service is stopping")

// streams are the answers in flight that have no end of their own: event streams. Their
// clients come back when one ends.
type streams struct {
	mu    sync.Mutex
	ended bool
	open  map[*recorder]struct{}
}

func (s *streams) add(r *recorder) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		r.leave()
	}
	if s.open == nil {
		s.open = map[*recorder]struct{}{}
	}
	s.open[r] = struct{}{}
}

func (s *streams) remove(r *recorder) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, r)
}

// end has every stream end: its handler's context is done and what the handler
// still writes fails.
func (s *streams) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	for r := range s.open {
		r.leave()
	}
}

// leave ends the context of the handler and what it writes.
func (r *recorder) leave() {
	r.left.Store(true)
	if r.cancel != nil {
		r.cancel()
	}
}
