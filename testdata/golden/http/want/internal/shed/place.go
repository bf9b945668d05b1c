package shed

import (
	"io"
	"net/http"
	"time"
)

// Place is what a request that was let in occupies. It counts as work of the
// operation from the end of the request's body to the begin of the answer: how
// fast a client sends and reads says nothing about the service.
type Place struct {
	http.ResponseWriter
	op    *Operation
	body  io.ReadCloser
	state int           // of the work: idle, working, done
	begun time.Duration // begin of the work
}

const (
	idle = iota
	working
	done
)

// begin marks the begin of the work.
func (p *Place) begin(now time.Duration) {
	if p.state == idle {
		p.state, p.begun = working, now
		p.op.s.cpu.join(p.op.priority)
		p.op.load.begin(now)
	}
}

// end marks its end.
func (p *Place) end() {
	if p.state == working {
		p.op.s.cpu.leave(p.op.priority)
		now := p.op.s.now()
		p.op.load.end(now, now-p.begun)
	}
	p.state = done
}

// Leave gives the place free.
func (p *Place) Leave() { p.end() }

// Read implements [io.Reader] for the body of the request.
func (p *Place) Read(b []byte) (int, error) {
	n, err := p.body.Read(b)
	if err != nil {
		p.begin(p.op.s.now())
	}
	return n, err
}

// Close implements [io.Closer] for the body of the request.
func (p *Place) Close() error { return p.body.Close() }

// WriteHeader implements [http.ResponseWriter].
func (p *Place) WriteHeader(status int) {
	if status >= http.StatusOK {
		p.end()
	}
	p.ResponseWriter.WriteHeader(status)
}

// Write implements [http.ResponseWriter].
func (p *Place) Write(b []byte) (int, error) {
	if p.state != done {
		p.end()
	}
	return p.ResponseWriter.Write(b)
}

// Unwrap is for [http.ResponseController].
func (p *Place) Unwrap() http.ResponseWriter { return p.ResponseWriter }
