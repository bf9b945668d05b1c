//go:build linux

package generator_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/apigen-go/apigen/generator/internal/conformance"
)

// floorProgram writes the bytes that the service answers, fields included, and does
// nothing else.
const floorProgram = `package main

import (
	"net/http"
	"os"
)

func main() {
	body, fields := []byte(os.Args[2]), os.Args[3:]
	panic(http.ListenAndServe(os.Args[1], http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		for i := 0; i < len(fields); i += 2 {
			h[fields[i]] = fields[i+1 : i+2 : i+2]
		}
		_, _ = w.Write(body)
	})))
}
`

// rigCacheCPU compares what a hit costs in a whole service with what net/http alone
// costs: processor time of the servers, for the same requests in turn.
func rigCacheCPU(t *testing.T, service *conformance.Service) {
	if !soaking {
		t.Skip("APIGEN_SOAK is not 1; go test -bench Hit ./templates/project/internal/httpcache times a hit")
	}
	everything := []string{"RATE_LIMIT=1000000000/720h", "RATE_LIMIT_HEADERS=none"}
	f := startCached(t, service, 1, everything...)
	logging := startCached(t, service, 1, append(everything, "LOG_LEVEL=info")...)
	uncached := startCached(t, service, 1, append(everything, "CACHE_MAX_BYTES=0")...)

	for _, other := range []*fleet{f, logging, uncached} {
		other.ask(t.Context(), 0, http.MethodPut, "/labels/a", `{"color":"a shade of green"}`)
	}
	f.ask(t.Context(), 0, http.MethodGet, "/labels/a", "")
	floor := startFloor(t, f.ask(t.Context(), 0, http.MethodGet, "/labels/a", ""))
	servers := []struct {
		name, url string
		pid       int
	}{
		{"net/http alone", floor.url, floor.pid},
		{"a hit", f.instances[0].URL + "/labels/a", f.instances[0].PID()},
		{"a hit that is logged", logging.instances[0].URL + "/labels/a", logging.instances[0].PID()},
		{"without the cache, SQLite", uncached.instances[0].URL + "/labels/a", uncached.instances[0].PID()},
	}
	const requests = 40_000
	spent := make([]time.Duration, len(servers))
	for range 3 {
		for i, s := range servers {
			before := processorTime(t, s.pid)
			hammer(t, f.client, s.url, requests)
			spent[i] += processorTime(t, s.pid) - before
		}
	}
	for i, s := range servers {
		t.Logf("%-26s %5.1f µs of processor time per request, %.2f of the floor", s.name, float64(spent[i].Microseconds())/(3*requests), float64(spent[i])/float64(spent[0]))
	}
}

type floor struct {
	url string
	pid int
}

func startFloor(t *testing.T, r reply) floor {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "main.go")
	if err := os.WriteFile(file, []byte(floorProgram), 0o644); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(dir, "floor")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, file).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	addr := freeAddr(t)
	args := []string{addr, string(r.body)}
	for name, lines := range r.header {
		args = append(args, name, lines[0])
	}
	cmd := exec.CommandContext(t.Context(), program, args...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	for range 100 {
		if conn, err := net.Dial("tcp", addr); err == nil {
			_ = conn.Close()
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	return floor{"http://" + addr, cmd.Process.Pid}
}

// hammer sends requests over 16 connections.
func hammer(t *testing.T, client *http.Client, url string, n int) {
	t.Helper()
	var group sync.WaitGroup
	for range 16 {
		group.Go(func() {
			for range n / 16 {
				resp, err := client.Get(url)
				if err != nil {
					t.Error(err)
					return
				}
				if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != http.StatusOK {
					t.Errorf("status %d, %v", resp.StatusCode, err)
				}
				_ = resp.Body.Close()
			}
		})
	}
	group.Wait()
}

// processorTime is what a process has used.
func processorTime(t *testing.T, pid int) time.Duration {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	fields := strings.Fields(string(text)[strings.LastIndex(string(text), ")")+1:])
	var user, system int64
	if _, err := fmt.Sscan(fields[11]+" "+fields[12], &user, &system); err != nil {
		t.Fatal(err)
	}
	return time.Duration(user+system) * 10 * time.Millisecond // the unit of the kernel
}
