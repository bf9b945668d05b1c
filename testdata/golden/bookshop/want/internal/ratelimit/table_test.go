package ratelimit

import (
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"
)

// TestMemoryHasABound sends requests from 1,000,000 networks.
func TestMemoryHasABound(t *testing.T) {
	l := newLimiter(t, Config{Rate: Rate{100, 15 * time.Minute}}, Options{})
	g, r := l.Guard(nil), from("192.0.2.1")
	heavy := passed(g, r, 101)
	if heavy != 100 {
		t.Fatalf("%d passed", heavy)
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := range uint64(1_000_000) {
		i++ // 0 is the client above
		if v, _ := g.take(t.Context(), client{hash: hashOf(g, i), limit: 100}); !v.ok {
			t.Fatal("a new client was refused")
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	grown := int64(after.HeapAlloc) - int64(before.HeapAlloc)
	bound := int64(sets * 1152)
	t.Logf("1,000,000 clients: %.1f MB more in use, bound %.1f MB, %d bytes a set", float64(grown)/1e6, float64(bound)/1e6, unsafe.Sizeof(set{}))
	if grown > bound+1<<20 {
		t.Errorf("the counts take %d bytes", grown)
	}
	if send(g, r, 200).status != http.StatusTooManyRequests {
		t.Error("a client at its limit was forgotten for those that sent one request")
	}
}

// hashOf is the hash of the client with a number.
func hashOf(g *Guard, i uint64) uint64 {
	r := http.Request{RemoteAddr: "192.0.2.1:1"}
	return g.client(&r).hash + i*0x9e3779b97f4a7c15
}

func TestConcurrentRequests(t *testing.T) {
	l := newLimiter(t, Config{Rate: Rate{100, time.Minute}, Skip: Skip{Failed: true}}, Options{})
	g := l.Guard(nil)
	var ok atomic.Int32
	var group sync.WaitGroup
	for i := range 1000 {
		group.Go(func() {
			r := from("192.0.2.1")
			status := http.StatusOK
			if i%2 == 0 { // others come and fail meanwhile
				r, status = from("192.0.2.2"), http.StatusBadRequest
			}
			if send(g, r, status).status == http.StatusOK {
				ok.Add(1)
			}
		})
	}
	group.Wait()
	if ok.Load() != 100 {
		t.Errorf("%d passed, want 100", ok.Load())
	}
}

func BenchmarkTake(b *testing.B) {
	l := newLimiter(b, Config{Rate: Rate{1e9, 15 * time.Minute}}, Options{})
	g, r := l.Guard(nil), from("192.0.2.1")
	b.ReportAllocs()
	for b.Loop() {
		g.take(b.Context(), g.client(r))
	}
}

func BenchmarkTakeManyClients(b *testing.B) {
	l := newLimiter(b, Config{Rate: Rate{1e9, 15 * time.Minute}}, Options{})
	g := l.Guard(nil)
	ctx := b.Context()
	b.RunParallel(func(pb *testing.PB) {
		i := hashOf(g, 0)
		for pb.Next() {
			i = i*6364136223846793005 + 1442695040888963407
			g.take(ctx, client{hash: i | 1, limit: 1e9})
		}
	})
}

// nowhere is a response that nobody reads.
type nowhere http.Header

func (n nowhere) Header() http.Header       { return http.Header(n) }
func (nowhere) Write(p []byte) (int, error) { return len(p), nil }
func (nowhere) WriteHeader(int)             {}

func benchmarkDo(b *testing.B, g *Guard) {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	w := nowhere{}
	next := func(http.ResponseWriter) {}
	b.ReportAllocs()
	for b.Loop() {
		if err := g.Do(w, r, next); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDo(b *testing.B) {
	for name, h := range map[string]Headers{"none": {}, "draft-8": {Draft8: true}, "all": {Draft8: true, Draft6: true, Legacy: true}} {
		b.Run(name, func(b *testing.B) {
			l := newLimiter(b, Config{Rate: Rate{1e9, 15 * time.Minute}, Headers: h}, Options{})
			benchmarkDo(b, l.Guard(nil))
		})
	}
}
