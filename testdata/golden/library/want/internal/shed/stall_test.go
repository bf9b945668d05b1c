package shed

import (
	"container/heap"
	"testing"
	"time"
)

// loop has so many clients send one request after the other for a time: the next one
// when the last is answered, or a moment after it was refused. It counts both.
func (st *station) loop(clients int, lasts time.Duration) (served, refused int) {
	end := st.now + lasts
	arrive := func(at time.Duration) { heap.Push(&st.events, event{at, &job{kind: int(Normal), arrived: at}}) }
	if len(st.events) == 0 {
		for range clients {
			arrive(st.now)
		}
	}
	for st.events[0].at < end {
		e := heap.Pop(&st.events).(event)
		st.now = e.at
		switch {
		case e.job.leaves:
			st.busy--
			st.gone(e.job)
			served++
			arrive(st.now + 100*time.Microsecond)
		case st.let(e.job):
			st.queue = append(st.queue, e.job)
		default:
			refused++
			arrive(st.now + time.Millisecond)
		}
		st.work()
	}
	st.now = end
	return served, refused
}

// TestStallIsNotOverload: a few clients, each of which waits for its answer, are
// refused nothing for long after the service or what is behind it stood still.
func TestStallIsNotOverload(t *testing.T) {
	if testing.Short() {
		t.Skip("nothing of it is concurrent")
	}
	many := setting{name: "20 connections, 2 ms, 30 operations", servers: 20, takes: 2 * time.Millisecond, shed: operations(10)}
	for _, tt := range append(settings, many) {
		t.Run(tt.name, func(t *testing.T) {
			st := newStation(tt.servers, tt.takes)
			tt.shed(st)
			// They wait for 20 ms, which is more than is let in at overload.
			clients := tt.servers + int(st.capacity()*0.02) + 1
			st.loop(clients, 10*time.Second)
			_, before := st.loop(clients, 10*time.Second)
			st.takes = 500 * time.Millisecond
			_, stall := st.loop(clients, 3*time.Second)
			st.takes = tt.takes
			_, soon := st.loop(clients, 10*time.Second)
			served, later := st.loop(clients, 20*time.Second)
			t.Logf("%d clients: refused %d before, %d while it stood, %d in 10 s from then on, %d of %d later", clients, before, stall, soon, later, served)
			if before > 0 || later > 0 {
				t.Error("want 0 before and later")
			}
		})
	}
}
