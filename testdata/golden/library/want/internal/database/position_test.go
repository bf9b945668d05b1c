package database

import (
	"strconv"
	"testing"
	"time"
)

func TestPositionsForgetNothing(t *testing.T) {
	p := newPositions(time.Hour)
	p.note("a", 5)
	p.note("a", 3)
	p.note("b", 9)
	p.note("c", unknown)
	for client, want := range map[string]position{"a": 5, "b": 9, "c": unknown, "d": 0} {
		if got := p.get(client); got != want {
			t.Errorf("%s: %d, want %d", client, got, want)
		}
	}
	p.turn(time.Now().Add(2 * time.Hour))
	p.turned = time.Now()
	if got := p.get("a"); got != 5 {
		t.Errorf("after one turn: %d", got)
	}
	p.turn(time.Now().Add(2 * time.Hour))
	p.turned = time.Now()
	for _, client := range []string{"a", "c", "d"} {
		if got := p.get(client); got != 9 { // what nobody knows the place of is given up
			t.Errorf("%s after two turns: %d", client, got)
		}
	}
	p.restart(2)
	if got := p.get("a"); got != 2 {
		t.Errorf("after a restart: %d", got)
	}
}

func TestPositionsAreBounded(t *testing.T) {
	p := newPositions(time.Hour)
	const clients = 5 * mostPositions
	for i := range clients {
		p.note(strconv.Itoa(i), position(i+1))
		if n := len(p.new) + len(p.old); n > 2*mostPositions {
			t.Fatalf("%d clients are kept", n)
		}
	}
	for i := 0; i < clients; i += 997 {
		if got := p.get(strconv.Itoa(i)); got < position(i+1) {
			t.Fatalf("client %d has to see %d only", i, got)
		}
	}
}

func TestLag(t *testing.T) {
	start := time.Now()
	at := func(s int) time.Time { return start.Add(time.Duration(s) * time.Second) }
	h := &history{keep: 10 * time.Second}
	check := func(place position, now int, want time.Duration, known bool) {
		t.Helper()
		if got, ok := h.lag(place, at(now)); got != want || ok != known {
			t.Errorf("at %d after %d s: %s, %v; want %s, %v", place, now, got, ok, want, known)
		}
	}
	check(100, 0, 0, false)
	h.add(sample{100, at(0)})
	h.add(sample{200, at(1)})
	h.add(sample{300, at(2)})
	h.add(sample{300, at(5)}) // nothing was written for 3 s
	check(300, 6, time.Second, true)
	check(999, 6, time.Second, true) // it is ahead of the last look
	check(299, 6, 5*time.Second, true)
	check(100, 6, 6*time.Second, true)
	check(99, 6, 6*time.Second, false) // how much before 100 is not known
	check(99, 11, 11*time.Second, true)
	h.lose()
	check(300, 60, 0, true) // the primary may have done nothing since
	check(200, 60, 59*time.Second, true)
	if !h.add(sample{400, at(61)}) || len(h.samples) != 2 {
		t.Errorf("old samples are kept: %v", h.samples)
	}
	if h.add(sample{350, at(62)}) || len(h.samples) != 1 {
		t.Errorf("a log that is shorter: %v", h.samples)
	}
	check(350, 62, 0, true)
}
