// Package shed refuses requests that the service has no capacity for, so that it
// answers the others in time. Two things run out: processors, which all operations
// share, and whatever a single operation waits for, such as a database. Each is
// found out by how long requests wait, without a setting for how much there is.
package shed

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"runtime"
	"sync/atomic"
	"time"

	"example.com/library/internal/problem"
)

// Mode says what becomes of requests beyond the capacity.
type Mode int

// The modes.
const (
	Off    Mode = iota // they are served
	DryRun             // they are served and counted
	On                 // they are refused
)

// ParseMode reads on, dry-run or off.
func ParseMode(text string) (Mode, error) {
	for mode, name := range []string{"off", "dry-run", "on"} {
		if text == name {
			return Mode(mode), nil
		}
	}
	return Off, fmt.Errorf("want on, dry-run or off")
}

// Priority says which operations are served when not all can be.
type Priority int

// The priorities.
const (
	Normal Priority = iota
	Critical
	Low
)

// priorities are how many there are.
const priorities = 3

var names = [priorities]string{"normal", "critical", "low"}

// Shedder watches the load of a service. It is safe for concurrent use.
type Shedder struct {
	mode  Mode
	log   *slog.Logger
	start time.Time
	cpu   processors
	loads loads
	count [priorities]atomic.Int64
	told  atomic.Int64 // when the log was told last
}

// New returns a shedder, or nil when mode is [Off].
func New(mode Mode, log *slog.Logger) *Shedder {
	if mode == Off {
		return nil
	}
	s := &Shedder{mode: mode, log: log, start: time.Now()}
	s.cpu.init(runtime.GOMAXPROCS(0))
	return s
}

// Counts returns how many requests of each priority were refused since the start,
// or in a dry run would have been.
func (s *Shedder) Counts() (critical, normal, low int64) {
	return s.count[Critical].Load(), s.count[Normal].Load(), s.count[Low].Load()
}

// now is the time since the start, which no change of the clock moves.
func (s *Shedder) now() time.Duration { return time.Since(s.start) }

// Operation returns what keeps count of the requests for one operation.
func (s *Shedder) Operation(p Priority) *Operation {
	o := &Operation{s: s, priority: p}
	o.load.init(p, &s.loads)
	return o
}

// Operation keeps count of the requests for one operation.
type Operation struct {
	s        *Shedder
	priority Priority
	load     load
}

// Enter lets a request in, or returns the problem to answer with: a 503. The
// handler must write to the place, read the body from the request as it is
// afterwards, and call Leave at its end.
func (o *Operation) Enter(w http.ResponseWriter, r *http.Request) (*Place, error) {
	s := o.s
	if !s.cpu.enter(o.priority) || o.load.full() {
		if s.refuse(o.priority) {
			s.cpu.leave(o.priority)
			quiet(w)
			return nil, refusals[rand.IntN(len(refusals))]
		}
	}
	before := s.now()
	s.cpu.queue()
	p := &Place{ResponseWriter: w, op: o}
	now := s.now()
	s.cpu.waited(now, now-before)
	s.cpu.leave(o.priority) // the work begins after the body
	if r.Body == nil || r.Body == http.NoBody {
		p.begin(now)
	} else {
		p.body, r.Body = r.Body, p
	}
	return p, nil
}

// reducedCapacity is the type of the problem, draft-ietf-httpapi-ratelimit-headers
// section "Problem Types".
const reducedCapacity = "https://iana.org/assignments/http-problem-types#temporary-reduced-capacity"

// refusals ask to try again at different times, or all clients would come back at once.
var refusals = [3]*problem.Problem{refusal(1), refusal(2), refusal(3)}

func refusal(seconds int) *problem.Problem {
	p := problem.New(http.StatusServiceUnavailable, "the service has more requests than it can answer now")
	p.Type = reducedCapacity
	p.RetryAfter = seconds
	return p
}

// tellEvery is the time between two lines in the log.
const tellEvery = 10 * time.Second

// refuse counts a request that is one too many, tells the log from time to time,
// and reports whether to refuse it.
func (s *Shedder) refuse(p Priority) bool {
	s.count[p].Add(1)
	now, told := int64(s.now()), s.told.Load()
	if (told == 0 || now-told > int64(tellEvery)) && s.told.CompareAndSwap(told, now) {
		critical, normal, low := s.Counts()
		s.log.Warn("more requests than the service has capacity for", "refused", s.mode == On, "limit", s.cpu.limit.Load(),
			names[Critical], critical, names[Normal], normal, names[Low], low)
	}
	return s.mode == On
}

// quiet keeps the access log out of it: lines would cost as much as what is refused.
func quiet(w http.ResponseWriter) {
	for w != nil {
		switch v := w.(type) {
		case interface{ Quiet() }:
			v.Quiet()
			return
		case interface{ Unwrap() http.ResponseWriter }:
			w = v.Unwrap()
		default:
			return
		}
	}
}
