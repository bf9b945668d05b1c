package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/charmbracelet/x/term"
)

// terminal is where a command reads and writes: results go to out, everything
// said to the user goes to err.
type terminal struct {
	in       io.Reader
	out, err io.Writer
	getenv   func(string) string
	inTTY    bool // a person can answer questions
	errTTY   bool // progress may redraw its line
	colour   bool
}

func newTerminal() *terminal {
	t := &terminal{in: os.Stdin, out: os.Stdout, err: os.Stderr, getenv: os.Getenv}
	dumb := t.getenv("TERM") == "dumb"
	t.inTTY = term.IsTerminal(os.Stdin.Fd()) && term.IsTerminal(os.Stderr.Fd())
	t.errTTY = term.IsTerminal(os.Stderr.Fd()) && !dumb
	t.colour = t.errTTY && term.IsTerminal(os.Stdout.Fd()) && t.getenv("NO_COLOR") == ""
	return t
}

// say prints a line to the user.
func (t *terminal) say(format string, args ...any) {
	fmt.Fprintf(t.err, format+"\n", args...)
}

// The styles. Meaning never rests on them alone.
const (
	bold   = "1"
	dim    = "2"
	red    = "31"
	yellow = "33"
)

// paint sets s in a style where colours are on.
func (t *terminal) paint(style, s string) string {
	if !t.colour || s == "" {
		return s
	}
	return "\x1b[" + style + "m" + s + "\x1b[0m"
}

// quiet is how long a step may take before it is worth a line in a log.
const quiet = time.Second

// progress tells about the step under way: a spinner on a terminal, a line for
// each step longer than a second elsewhere.
type progress struct {
	t    *terminal
	mu   sync.Mutex
	stop chan struct{}
	done sync.WaitGroup
}

// step starts a step and ends the one before.
func (p *progress) step(what string) {
	p.end()
	p.mu.Lock()
	defer p.mu.Unlock()
	stop := make(chan struct{})
	p.stop = stop
	p.done.Go(func() {
		if p.t.errTTY {
			p.spin(what, stop)
			return
		}
		select {
		case <-stop:
		case <-time.After(quiet):
			p.t.say("%s …", what)
		}
	})
}

func (p *progress) spin(what string, stop <-chan struct{}) {
	const frames = `|/-\`
	tick := time.NewTicker(120 * time.Millisecond)
	defer tick.Stop()
	for i := 0; ; i++ {
		select {
		case <-stop:
			fmt.Fprintf(p.t.err, "\r%s\r", strings.Repeat(" ", len([]rune(what))+4))
			return
		case <-tick.C:
			fmt.Fprintf(p.t.err, "\r%c %s …", frames[i%len(frames)], what)
		}
	}
}

// end finishes the step under way, if any.
func (p *progress) end() {
	p.mu.Lock()
	stop := p.stop
	p.stop = nil
	p.mu.Unlock()
	if stop != nil {
		close(stop)
		p.done.Wait()
	}
}
