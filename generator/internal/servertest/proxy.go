//go:build unix

package servertest

import (
	"errors"
	"net"
	"sync"
	"testing"
	"time"
)

// Proxy passes connections on to a server, and fails them as networks do when it
// is told to.
type Proxy struct {
	Addr string // HOST:PORT to connect to

	target   string
	listener net.Listener
	mu       sync.Mutex
	fault    Fault
	changed  chan struct{} // closed when the fault is another one
	conns    map[net.Conn]bool
}

// Fault is what is wrong with the network. The zero value is nothing.
type Fault struct {
	Delay  time.Duration // of what is sent, each way
	Silent bool          // connections stay, new ones too, and nothing arrives; it does later
	Reset  bool          // connections are reset, new ones too
}

// NewProxy returns a proxy for the server at HOST:PORT. It ends with the test.
func NewProxy(t testing.TB, target string) *Proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{Addr: l.Addr().String(), target: target, listener: l, changed: make(chan struct{}), conns: map[net.Conn]bool{}}
	go p.accept()
	t.Cleanup(func() {
		_ = l.Close()
		p.Fail(Fault{Reset: true})
	})
	return p
}

// Fail makes the network fail like this from now on, for connections that are
// there as well.
func (p *Proxy) Fail(f Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault = f
	close(p.changed)
	p.changed = make(chan struct{})
	if f.Reset {
		for c := range p.conns {
			reset(c)
		}
	}
}

// Lead resets all connections and has new ones lead to another server at HOST:PORT.
func (p *Proxy) Lead(target string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.target = target
	for c := range p.conns {
		reset(c)
	}
}

// reset closes a connection without the courtesies of TCP.
func reset(c net.Conn) {
	_ = c.(*net.TCPConn).SetLinger(0)
	_ = c.Close()
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil {
			go p.serve(client)
		}
	}
}

func (p *Proxy) serve(client net.Conn) {
	p.mu.Lock()
	target := p.target
	p.mu.Unlock()
	server, err := net.Dial("tcp", target)
	if err != nil {
		reset(client)
		return
	}
	p.mu.Lock()
	refused := p.fault.Reset
	p.conns[client], p.conns[server] = true, true
	p.mu.Unlock()
	if refused {
		reset(client)
	}
	var group sync.WaitGroup
	group.Go(func() { p.pass(client, server) })
	group.Go(func() { p.pass(server, client) })
	group.Wait()
	p.mu.Lock()
	delete(p.conns, client)
	delete(p.conns, server)
	p.mu.Unlock()
}

// pass sends on what arrives, when the network lets it.
func (p *Proxy) pass(from, to net.Conn) {
	defer func() { _ = to.Close() }()
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		p.wait()
		if _, err := to.Write(buf[:n]); err != nil {
			_ = from.Close()
			return
		}
	}
}

// wait takes as long as the network does.
func (p *Proxy) wait() {
	for {
		p.mu.Lock()
		f, changed := p.fault, p.changed
		p.mu.Unlock()
		if !f.Silent {
			time.Sleep(f.Delay)
			return
		}
		<-changed
	}
}
