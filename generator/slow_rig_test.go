//go:build unix

package generator_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/apigen-go/apigen/generator/internal/conformance"
	"github.com/apigen-go/apigen/generator/internal/servertest"
)

// rigSlow: clients that send or read as slowly as they can hold up nobody else, and
// not for long.
func rigSlow(t *testing.T, service *conformance.Service) {
	conns, header, whole, write := 150, time.Second, 2*time.Second, 3*time.Second
	if soaking {
		conns, header, whole, write = 1000, 5*time.Second, 15*time.Second, 30*time.Second // the defaults
	}
	s := again(t, service, "READ_HEADER_TIMEOUT="+header.String(), "READ_TIMEOUT="+whole.String(), "WRITE_TIMEOUT="+write.String(),
		"REQUEST_TIMEOUT="+(write-time.Second).String())
	large := `{"any":"` + strings.Repeat("x", 1_000_000) + `"}` // eight of them are more than the system takes for a client
	large = fmt.Sprintf("POST /values HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s", len(large), large)
	for _, slow := range []struct {
		name, begin, drip string
		conns             int
		most              time.Duration
	}{
		{"headers", "GET /free HTTP/1.1\r\nHost: a\r\n", "X-a: b\r\n", conns, header},
		{"bodies", "POST /values HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n", " ", conns, whole},
		{"readers", strings.Repeat(large, 8), "", conns / 10, write},
	} {
		t.Run(slow.name, func(t *testing.T) {
			g := newSender()
			var late atomic.Int64
			var worst atomic.Int64
			var group sync.WaitGroup
			for i := range slow.conns {
				group.Go(func() {
					if slow.drip == "" { // what they ask for takes a processor
						time.Sleep(time.Duration(i) * slow.most / time.Duration(2*slow.conns))
					}
					took, err := drip(s, slow.begin, slow.drip, slow.most+5*time.Second)
					if err != nil {
						t.Error(err)
					}
					worst.Store(max(worst.Load(), int64(took)))
					if took > slow.most+time.Second {
						late.Add(1)
					}
				})
			}
			honest := g.open(100, slow.most, only(s.URL+"/free"))[s.URL+"/free"]
			group.Wait()
			t.Logf("%d slow %s: the last is closed after %s, want %s; meanwhile 100 requests a second: %s", slow.conns, slow.name, ms(time.Duration(worst.Load())), slow.most+time.Second, honest)
			// A test that shares its machine sees the service refuse what it has no processor
			// for: 31 of 300 where half of all requests took longer than 114 ms.
			if honest.failed > 0 || len(honest.rejected) > len(honest.accepted)/3 || soaking && len(honest.rejected) > 0 || soaking && late.Load() > 0 {
				t.Errorf("%d were not served; %d slow ones were closed late", len(honest.rejected)+honest.failed, late.Load())
			}
		})
	}
}

// drip connects, sends a text and then a piece every 300 ms, and reads next to
// nothing. It returns after how long the service ended the connection.
func drip(s *conformance.Service, begin, piece string, patience time.Duration) (time.Duration, error) {
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
	if err != nil {
		return 0, err
	}
	defer func() { _ = conn.Close() }()
	if err := conn.(*net.TCPConn).SetReadBuffer(1 << 10); err != nil {
		return 0, err
	}
	start := time.Now()
	if _, err := io.WriteString(conn, begin); err != nil {
		return time.Since(start), nil
	}
	var b [16]byte
	for time.Since(start) < patience {
		if err := conn.SetDeadline(time.Now().Add(300 * time.Millisecond)); err != nil {
			return 0, err
		}
		_, err := io.WriteString(conn, piece)
		if err == nil {
			_, err = conn.Read(b[:])
			time.Sleep(20 * time.Millisecond)
		}
		if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			return time.Since(start), nil
		}
	}
	return 0, fmt.Errorf("the connection is open after %s", patience)
}

// rigDeadline: what a service waits for does not answer any more, and requests are
// answered in time all the same.
func rigDeadline(t *testing.T, service *conformance.Service) {
	const limit = time.Second
	_, address, _ := strings.Cut(servertest.Postgres(t), "@")
	host, rest, _ := strings.Cut(address, "/")
	postgres := servertest.NewProxy(t, host)
	redis := servertest.NewProxy(t, servertest.Redis(t).Addr)
	s := again(t, service, "REQUEST_TIMEOUT="+limit.String(), "DATABASE_URL=postgres://postgres@"+postgres.Addr+"/"+rest,
		"REDIS_URL=redis://"+redis.Addr, "RATE_LIMIT=1000000/1h")
	g := newSender()
	for _, tt := range []struct {
		name, path string
		status     int
		fail       func()
	}{
		{"all is well", "/notes", http.StatusOK, func() {}},
		{"a handler hangs", "/hang", http.StatusServiceUnavailable, func() {}},
		{"Redis is frozen", "/notes", http.StatusOK, func() { redis.Fail(servertest.Fault{Silent: true}) }},
		{"PostgreSQL is frozen", "/notes", http.StatusServiceUnavailable, func() { postgres.Fail(servertest.Fault{Silent: true}) }},
		{"PostgreSQL is back", "/notes", http.StatusOK, func() { postgres.Fail(servertest.Fault{}) }},
	} {
		tt.fail()
		var mu sync.Mutex
		var group sync.WaitGroup
		var worst time.Duration
		for range 10 {
			group.Go(func() {
				r := g.get(s.URL + tt.path)
				mu.Lock()
				defer mu.Unlock()
				worst = max(worst, r.took)
				if r.status != tt.status {
					t.Errorf("%s: status %d", tt.name, r.status)
				}
			})
		}
		group.Wait()
		t.Logf("%s: 10 requests at once, slowest after %s, REQUEST_TIMEOUT is %s", tt.name, ms(worst), limit)
		if worst > limit+2*time.Second || soaking && worst > limit+100*time.Millisecond {
			t.Errorf("%s: answered after %s", tt.name, worst)
		}
	}
}

// rigPanic: a handler panics, and the client gets an answer.
func rigPanic(t *testing.T, service *conformance.Service) {
	s := again(t, service)
	g := newSender()
	for range 3 {
		r := g.get(s.URL + "/panic")
		if r.status != http.StatusInternalServerError || r.header.Get("Content-Security-Policy") == "" || r.header.Get("Cache-Control") != "no-store" {
			t.Errorf("status %d, %v", r.status, r.header)
		}
	}
	if r := g.get(s.URL + "/free"); r.status != http.StatusNoContent {
		t.Errorf("afterwards: status %d", r.status)
	}
	if log := s.Log(); strings.Count(log, `"msg":"panic"`) != 3 || !strings.Contains(log, "handler/work.go") {
		t.Errorf("the log has not each panic with its stack once:\n%s", log)
	}
}
