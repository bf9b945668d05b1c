package server

import (
	"net"
	"net/http"
	"sync"
)

// capped takes so many connections at the same time and leaves the others to the
// system, which keeps them waiting.
type capped struct {
	net.Listener
	slots chan struct{}
	done  chan struct{}
	once  sync.Once
}

func newCapped(l net.Listener, limit int) *capped {
	return &capped{Listener: l, slots: make(chan struct{}, limit), done: make(chan struct{})}
}

// Accept implements [net.Listener].
func (c *capped) Accept() (net.Conn, error) {
	select {
	case c.slots <- struct{}{}:
	case <-c.done:
		return nil, net.ErrClosed
	}
	conn, err := c.Listener.Accept()
	if err != nil {
		<-c.slots
	}
	return conn, err
}

// Close implements [net.Listener].
func (c *capped) Close() error {
	c.once.Do(func() { close(c.done) })
	return c.Listener.Close()
}

// leave is called by [http.Server] when a connection changes its state.
func (c *capped) leave(_ net.Conn, state http.ConnState) {
	if state == http.StateClosed || state == http.StateHijacked {
		<-c.slots
	}
}
