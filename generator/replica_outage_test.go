//go:build unix

package generator_test

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/apigen-go/apigen/generator/internal/conformance"
	"github.com/apigen-go/apigen/generator/internal/servertest"
)

// rigReplicaOutages: a replica fails under load and comes back.
func rigReplicaOutages(t *testing.T, service *conformance.Service, primary *servertest.PostgresServer) {
	lasts := 1500 * time.Millisecond
	if soaking {
		lasts = 30 * time.Second
	}
	first := startChain(t, service, 1, "DATABASE_URL="+primary.URL())
	for i := range 100 { // a page of them is more than PostgreSQL sends at once
		if id, r := first.createAuthor(0, stranger(), fmt.Sprintf("%03d %s", i, strings.Repeat("x", 90))); id == 0 {
			t.Fatalf("%d %s", r.status, r.body)
		}
	}
	replicas := []*servertest.PostgresServer{primary.Replica(t)}
	if soaking {
		replicas = append(replicas, primary.Replica(t))
	}
	for _, o := range []struct {
		name       string
		count      int
		begin, end func(*servertest.PostgresServer) error
	}{
		{"the only replica killed", 1, (*servertest.PostgresServer).Kill, (*servertest.PostgresServer).Start},
		{"the only replica frozen", 1, (*servertest.PostgresServer).Freeze, (*servertest.PostgresServer).Thaw},
		{"one of two replicas killed", 2, (*servertest.PostgresServer).Kill, (*servertest.PostgresServer).Start},
		{"one of two replicas frozen", 2, (*servertest.PostgresServer).Freeze, (*servertest.PostgresServer).Thaw},
	} {
		if o.count > len(replicas) {
			break
		}
		t.Run(o.name, func(t *testing.T) {
			urls := replicas[0].URL()
			if o.count > 1 {
				urls += "," + replicas[1].URL()
			}
			caughtUp(t, primary, replicas[0])
			s := startChain(t, service, 1, "DATABASE_URL="+primary.URL(), "DATABASE_REPLICA_URLS="+urls)
			s.readsReplica(t, replicas[0])
			m := s.readLoad(lasts, func() {
				if err := o.begin(replicas[0]); err != nil {
					t.Error(err)
				}
			})
			if r := s.send(0, http.MethodGet, "/readyz", stranger(), ""); r.status != http.StatusOK {
				t.Errorf("/readyz: %d", r.status)
			}
			if err := o.end(replicas[0]); err != nil {
				t.Fatal(err)
			}
			back := s.readsReplica(t, replicas[0])
			t.Logf("%s, %s at 200/s: %d of %d answered 200; p99 %s before and %s after, worst %s, without the database %s; back in %s; Node.js original: no replicas",
				o.name, lasts, m.ok, m.sent, ms(m.before), ms(m.after), ms(m.worst), ms(m.control), ms(back))
			if m.ok != m.sent || m.worst-m.control > mostFrozen {
				t.Errorf("want all of them, the slowest at most %s slower than without the database", mostFrozen)
			}
			if n := strings.Count(s.instances[0].Log(), "no reads go to the database replica"); n != 1 {
				t.Errorf("the log does not tell once that the replica is away:\n%s", s.instances[0].Log())
			}
		})
	}
}

// mostFrozen is how long a read may take longer that a frozen replica has begun, on a
// machine that is busy with other tests.
const mostFrozen = 2 * time.Second

// readMeasure is what a load of reads got.
type readMeasure struct {
	sent, ok             int
	before, after, worst time.Duration // p99 before and after what happened, and the slowest of all
	control              time.Duration // the slowest of requests that need no database
}

// readLoad sends 200 reads a second, pages and single rows in turn. After a third of
// the time something happens.
func (s *chain) readLoad(lasts time.Duration, happens func()) readMeasure {
	var m readMeasure
	var mu sync.Mutex
	var group sync.WaitGroup
	var took [2][]time.Duration
	var happened atomic.Int32
	group.Go(func() {
		time.Sleep(lasts / 3)
		happened.Store(1)
		happens()
	})
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for start := time.Now(); time.Since(start) < lasts; {
		<-tick.C
		i := m.sent
		m.sent++
		group.Go(func() {
			path := "/authors?limit=100"
			if i%2 == 1 {
				path = "/authors/" + strconv.Itoa(1+i%100)
			}
			when := happened.Load()
			r := s.send(i, http.MethodGet, path, stranger(), "")
			none := s.send(i, http.MethodGet, "/nowhere", stranger(), "")
			mu.Lock()
			defer mu.Unlock()
			m.control = max(m.control, none.took)
			took[when] = append(took[when], r.took)
			if r.status == http.StatusOK {
				m.ok++
			}
		})
	}
	group.Wait()
	for i, p99 := range []*time.Duration{&m.before, &m.after} {
		slices.Sort(took[i])
		*p99 = took[i][len(took[i])*99/100]
		m.worst = max(m.worst, took[i][len(took[i])-1])
	}
	return m
}

// rigReplicaLag: a replica that falls too far behind is not read from.
func rigReplicaLag(t *testing.T, service *conformance.Service, primary *servertest.PostgresServer) {
	first := startChain(t, service, 1, "DATABASE_URL="+primary.URL())
	first.createAuthor(0, stranger(), unused("Seed"))
	replica := primary.Replica(t)
	s := startChain(t, service, 1, "DATABASE_URL="+primary.URL(), "DATABASE_REPLICA_URLS="+replica.URL(), "DATABASE_REPLICA_MAX_LAG=1s")
	s.readsReplica(t, replica)
	var done bool
	if err := replica.Query(t.Context(), &done, "SELECT pg_wal_replay_pause() IS NOT NULL"); err != nil {
		t.Fatal(err)
	}
	id, _ := s.createAuthor(0, stranger(), unused("Late"))
	path, seen, misses := "/authors/"+strconv.FormatInt(id, 10), time.Duration(0), 0
	for start := time.Now(); time.Since(start) < 3*time.Second; time.Sleep(20 * time.Millisecond) {
		if s.send(0, http.MethodGet, path, stranger(), "").status == http.StatusOK {
			continue
		}
		seen = time.Since(start)
		misses++
	}
	t.Logf("a replica stands still, DATABASE_REPLICA_MAX_LAG=1s: others missed a new row for the last time %s after it was there (%d reads)", ms(seen), misses)
	if seen > 2500*time.Millisecond || misses == 0 || !strings.Contains(s.instances[0].Log(), "more than 1s behind") {
		t.Errorf("want 1 s and a little; the log:\n%s", s.instances[0].Log())
	}
	if err := replica.Query(t.Context(), &done, "SELECT pg_wal_replay_resume() IS NOT NULL"); err != nil {
		t.Fatal(err)
	}
	s.readsReplica(t, replica)
}

// rigFailover: the primary is killed while 100 writes a second come in, and the
// replica, which has every acknowledged write, becomes the primary.
func rigFailover(t *testing.T, service *conformance.Service, _ *servertest.PostgresServer) {
	before, after := 500*time.Millisecond, 1500*time.Millisecond
	if soaking {
		before, after = 10*time.Second, 20*time.Second
	}
	primary := servertest.PostgresPrimary(t, "synchronous_standby_names=*")
	replica := primary.Replica(t)
	both := strings.Replace(primary.URL(), primary.Addr, primary.Addr+","+replica.Addr, 1)
	s := startChain(t, service, 2, "DATABASE_URL="+both, "DATABASE_REPLICA_URLS="+primary.URL()+","+replica.URL())
	s.failover(t, primary, replica, before, after)
}

func (s *chain) failover(t *testing.T, primary, replica *servertest.PostgresServer, before, after time.Duration) {
	t.Helper()
	var mu sync.Mutex
	var acknowledged []int64
	var times []time.Time
	statuses := map[int]int{}
	var group sync.WaitGroup
	var killed, promoted time.Time
	const reads = 50
	read := 0 // while there is no primary
	over := make(chan struct{})
	time.AfterFunc(before, func() {
		defer time.AfterFunc(after, func() { close(over) })
		if err := primary.Kill(); err != nil {
			t.Error(err)
		}
		killed = time.Now()
		for i := range reads {
			if r := s.send(i, http.MethodGet, "/authors?limit=1", stranger(), ""); r.status == http.StatusOK {
				read++
			}
		}
		if err := replica.Promote(t.Context()); err != nil {
			t.Error(err)
		}
		promoted = time.Now()
	})
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	sent := 0
	for running := true; running; sent++ {
		select {
		case <-tick.C:
		case <-over:
			running = false
		}
		i := sent
		group.Go(func() {
			id, r := s.createAuthor(i, stranger(), unused("Writer"))
			mu.Lock()
			defer mu.Unlock()
			statuses[r.status]++
			if id != 0 {
				acknowledged = append(acknowledged, id)
				times = append(times, time.Now())
			}
		})
	}
	group.Wait()
	slices.SortFunc(times, time.Time.Compare)
	gap := time.Duration(0)
	for i := 1; i < len(times); i++ {
		gap = max(gap, times[i].Sub(times[i-1]))
	}
	lost := 0
	for i, id := range acknowledged {
		if r := s.send(i, http.MethodGet, "/authors/"+strconv.FormatInt(id, 10), stranger(), ""); r.status != http.StatusOK {
			lost++
		}
	}
	t.Logf("primary killed under 100 writes/s, replica promoted in %s: %d of %d acknowledged, %v; %s without a write, want 5 s at most; %d acknowledged writes lost, want 0; %d of %d reads answered without a primary; Node.js original: one host, no failover",
		ms(promoted.Sub(killed)), len(acknowledged), sent, statuses, ms(gap), lost, read, reads)
	if gap > 5*time.Second || lost > 0 || read < reads || len(times) == 0 || !times[len(times)-1].After(promoted) {
		t.Errorf("the log:\n%s", s.instances[0].Log())
	}
	for status := range statuses {
		if status != http.StatusCreated && status < http.StatusInternalServerError {
			t.Errorf("a write was answered with %d", status)
		}
	}
}

// rigDemoted: the address of the database leads to a replica for a while, as when a
// name moves too early. Connections to the replica do not stay.
func rigDemoted(t *testing.T, service *conformance.Service, primary *servertest.PostgresServer) {
	replica := primary.Replica(t)
	proxy := servertest.NewProxy(t, primary.Addr)
	s := startChain(t, service, 1, "DATABASE_URL="+strings.Replace(primary.URL(), primary.Addr, proxy.Addr, 1))
	write := func() int {
		_, r := s.createAuthor(0, stranger(), unused("Any"))
		return r.status
	}
	if got := write(); got != http.StatusCreated {
		t.Fatal(got)
	}
	proxy.Lead(replica.Addr)
	for range 5 { // each is tried for a while
		if got := write(); got < http.StatusInternalServerError {
			t.Fatalf("the replica took a write: %d", got)
		}
	}
	proxy.Lead(primary.Addr)
	start := time.Now()
	for write() != http.StatusCreated {
		if time.Since(start) > 10*time.Second {
			t.Fatal("writes do not come back")
		}
	}
	t.Logf("the address of the primary led to a replica: writes are back %s after it was right again", ms(time.Since(start)))
}
