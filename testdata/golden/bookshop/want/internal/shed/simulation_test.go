package shed

import (
	"container/heap"
	"math"
	"math/rand/v2"
	"net/http"
	"slices"
	"testing"
	"time"
)

// station is a queue of requests before a number of servers, in simulated time:
// what a database with few connections or a machine with few processors is.
type station struct {
	servers int
	takes   time.Duration
	busy    int
	queue   []*job
	events  events
	now     time.Duration
	rand    *rand.Rand

	let  func(*job) bool // whether a job is let in
	gone func(*job)      // a job has left
	turn func(*job)      // a job's turn has come
}

type job struct {
	kind    int
	arrived time.Duration
	leaves  bool

	operation *load
}

type event struct {
	at  time.Duration
	job *job
}

type events []event

func (e events) Len() int           { return len(e) }
func (e events) Less(i, j int) bool { return e[i].at < e[j].at }
func (e events) Swap(i, j int)      { e[i], e[j] = e[j], e[i] }
func (e *events) Push(x any)        { *e = append(*e, x.(event)) }
func (e *events) Pop() any {
	old := *e
	last := old[len(old)-1]
	*e = old[:len(old)-1]
	return last
}

// outcome is what came of the jobs of one kind.
type outcome struct {
	offered int
	took    []time.Duration
}

func (o *outcome) p99() time.Duration {
	slices.Sort(o.took)
	return o.took[len(o.took)*99/100]
}

// run offers jobs of each kind at the rates for a time, at random moments, and
// counts those that leave within it. Those that are inside then stay.
func (st *station) run(lasts time.Duration, rates ...float64) []outcome {
	out := make([]outcome, len(rates))
	end := st.now + lasts
	arrive := func(kind int) {
		if rates[kind] > 0 {
			wait := time.Duration(st.rand.ExpFloat64() / rates[kind] * float64(time.Second))
			heap.Push(&st.events, event{st.now + wait, &job{kind: kind, arrived: st.now + wait}})
		}
	}
	st.events = slices.DeleteFunc(st.events, func(e event) bool { return !e.job.leaves })
	heap.Init(&st.events)
	for kind := range rates {
		arrive(kind)
	}
	for st.events[0].at < end {
		e := heap.Pop(&st.events).(event)
		st.now = e.at
		if e.job.leaves {
			st.busy--
			st.gone(e.job)
			out[e.job.kind].took = append(out[e.job.kind].took, st.now-e.job.arrived)
		} else {
			arrive(e.job.kind)
			out[e.job.kind].offered++
			if !st.let(e.job) {
				continue
			}
			st.queue = append(st.queue, e.job)
		}
		st.work()
	}
	st.now = end
	return out
}

// work has every server that is free begin with the next job.
func (st *station) work() {
	for st.busy < st.servers && len(st.queue) > 0 {
		next := st.queue[0]
		st.queue = st.queue[1:]
		st.busy++
		next.leaves = true
		st.turn(next)
		heap.Push(&st.events, event{st.now + st.takes, next})
	}
}

func (st *station) capacity() float64 { return float64(st.servers) / st.takes.Seconds() }

func newStation(servers int, takes time.Duration) *station {
	return &station{servers: servers, takes: takes, rand: rand.New(rand.NewPCG(1, 2)), gone: func(*job) {}, turn: func(*job) {}}
}

// byLoad lets in what the loads of operations do; a job is for one of those that
// have its priority.
func byLoad(st *station, loads ...*load) {
	st.let = func(j *job) bool {
		j.operation = loads[j.kind+priorities*st.rand.IntN(len(loads)/priorities)]
		if j.operation.full() {
			return false
		}
		j.operation.begin(st.now)
		return true
	}
	st.gone = func(j *job) { j.operation.end(st.now, st.now-j.arrived) }
}

// byProcessors lets in what processors do.
func byProcessors(st *station, cpus int) *processors {
	c := &processors{}
	c.init(cpus)
	start := map[*job]time.Duration{}
	st.let = func(j *job) bool {
		if !c.enter(Priority(j.kind)) {
			c.leave(Priority(j.kind))
			return false
		}
		start[j] = st.now
		return true
	}
	st.turn = func(j *job) { c.waited(st.now, st.now-start[j]) }
	st.gone = func(j *job) { c.leave(Priority(j.kind)); delete(start, j) }
	return c
}

// setting is a bottleneck and what keeps its queue short.
type setting struct {
	name    string
	servers int
	takes   time.Duration
	shed    func(*station)

	slower   float64 // at the 99th percentile, at most
	critical float64 // percent of the critical requests that are served, at least
}

// operations is so many operations of each priority that wait for the same.
func operations(n int) func(*station) {
	return func(st *station) {
		var all loads
		var out []*load
		for i := range n * priorities {
			out = append(out, &load{})
			out[i].init(Priority(i%priorities), &all)
		}
		byLoad(st, out...)
	}
}

var settings = []setting{
	{"1 processor, 2 ms", 1, 2 * time.Millisecond, func(st *station) { byProcessors(st, 1) }, 2, 99},
	{"1 processor, 20 ms", 1, 20 * time.Millisecond, func(st *station) { byProcessors(st, 1) }, 2, 99},
	{"1 processor, 200 µs", 1, 200 * time.Microsecond, func(st *station) { byProcessors(st, 1) }, 2, 99},
	{"8 processors, 2 ms", 8, 2 * time.Millisecond, func(st *station) { byProcessors(st, 8) }, 2, 99},
	{"20 connections, 20 ms", 20, 20 * time.Millisecond, operations(1), 2, 99},
	{"20 connections, 2 ms", 20, 2 * time.Millisecond, operations(1), 2, 99},
	{"200 connections, 100 ms", 200, 100 * time.Millisecond, operations(1), 2, 99},
	{"20 connections, 2 ms, 9 operations", 20, 2 * time.Millisecond, operations(3), 5, 98},
	{"20 connections, 20 ms, 30 operations", 20, 20 * time.Millisecond, operations(10), 5, 98},
}

// TestOverload sends three times of what a bottleneck can do.
func TestOverload(t *testing.T) {
	if testing.Short() {
		t.Skip("nothing of it is concurrent")
	}
	for _, tt := range settings {
		t.Run(tt.name, func(t *testing.T) {
			st := newStation(tt.servers, tt.takes)
			tt.shed(st)
			c := st.capacity()
			cold := st.run(5*time.Second, 0.8*c)[0]
			calm := st.run(20*time.Second, 0.8*c)[0]
			onset := st.run(2*time.Second, 3*c)[0]
			storm := st.run(30*time.Second, 3*c)[0]
			after := st.run(5*time.Second, 0.8*c)[0]
			goodput := float64(len(storm.took)) / 30 / c
			slower := float64(storm.p99()) / float64(calm.p99())
			t.Logf("at 0.8 C %.2f %% served in the first 5 s, then %.2f %%, p99 %s; at 3 C p99 of the first 2 s %s, then goodput %.2f C, p99 %s, %.1f x; afterwards %.2f %% served, p99 %s",
				percent(cold), percent(calm), calm.p99(), onset.p99(), goodput, storm.p99(), slower, percent(after), after.p99())
			if percent(cold) < 94 || percent(calm) < 99 || goodput < 0.9 || slower > tt.slower || percent(after) < 95 {
				t.Errorf("want 94 %%, 99 %%, 0.9 C, %.0f x, 95 %%", tt.slower)
			}
		})
	}
}

func percent(o outcome) float64 { return 100 * float64(len(o.took)) / float64(o.offered) }

// TestPriorities sends three times of what a bottleneck can do, a tenth of it critical
// and a tenth of low priority.
func TestPriorities(t *testing.T) {
	if testing.Short() {
		t.Skip("nothing of it is concurrent")
	}
	for _, tt := range settings {
		t.Run(tt.name, func(t *testing.T) {
			st := newStation(tt.servers, tt.takes)
			tt.shed(st)
			c := st.capacity()
			st.run(10*time.Second, 0.6*c, 0.1*c, 0.1*c)
			onset := st.run(2*time.Second, 2.4*c, 0.3*c, 0.3*c)
			out := st.run(30*time.Second, 2.4*c, 0.3*c, 0.3*c)
			first, all := onset[Critical], out[Critical]
			all.offered += first.offered
			all.took = append(all.took, first.took...)
			t.Logf("served: critical %.2f %% from the first moment on, then %.2f %%, normal %.1f %%, low %.1f %%", percent(all), percent(out[Critical]), percent(out[Normal]), percent(out[Low]))
			if percent(all) < tt.critical || percent(out[Low]) > percent(out[Normal])+1 {
				t.Errorf("want %.0f %% of the critical ones and least of the low ones", tt.critical)
			}
		})
	}
}

// TestSlowerIsNotOverload: what is behind an operation takes ten times as long from
// now on, without a queue. After a moment everything is served again.
func TestSlowerIsNotOverload(t *testing.T) {
	st := newStation(10_000, 20*time.Millisecond)
	operations(1)(st)
	st.run(10*time.Second, 500)
	st.takes = 200 * time.Millisecond
	first := st.run(10*time.Second, 500)[0]
	later := st.run(10*time.Second, 500)[0]
	t.Logf("%.1f %% served in the first 10 s, then %.2f %%", percent(first), percent(later))
	if percent(first) < 50 || percent(later) < 99.9 {
		t.Error("want 50 %, 99.9 %")
	}
}

// TestMixedTimes: an operation that is quick for some requests and slow for others is
// left alone while nothing waits, whatever the slow ones happen to be.
func TestMixedTimes(t *testing.T) {
	if testing.Short() {
		t.Skip("nothing of it is concurrent")
	}
	worst := 100.0
	for seed := range uint64(40) {
		st := newStation(10_000, 0)
		st.rand = rand.New(rand.NewPCG(seed, 0))
		operations(1)(st)
		turn := st.turn
		st.turn = func(j *job) {
			turn(j)
			st.takes = time.Millisecond
			if st.rand.IntN(10) == 0 {
				st.takes = time.Duration(math.Exp(st.rand.NormFloat64()) * float64(300*time.Millisecond))
			}
		}
		st.run(5*time.Second, 300)
		worst = min(worst, percent(st.run(120*time.Second, 300)[0]))
	}
	t.Logf("%.3f %% served, the worst of 40 times", worst)
	if worst < 99.9 {
		t.Error("want 99.9 %")
	}
}

// BenchmarkEnter is what a request pays when there is capacity.
func BenchmarkEnter(b *testing.B) {
	o := New(On, nil).Operation(Normal)
	r := &http.Request{Body: http.NoBody}
	b.ReportAllocs()
	for b.Loop() {
		p, err := o.Enter(nil, r)
		if err != nil {
			b.Fatal(err)
		}
		p.Leave()
	}
}
