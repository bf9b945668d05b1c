package handler

import (
	"context"
	"os"
	"time"

	"example.com/work/internal/api"
)

// spent is how much processor time Compute takes.
var spent = duration("WORK_COMPUTE", 2*time.Millisecond)

// Wait has 20 slots, each of them for 20 ms at a time.
var (
	slots = make(chan struct{}, 20)
	held  = duration("WORK_WAIT", 20*time.Millisecond)
)

func duration(name string, def time.Duration) time.Duration {
	if d, err := time.ParseDuration(os.Getenv(name)); err == nil {
		return d
	}
	return def
}

// rounds is how much of the computation takes spent on this machine when it is idle.
var rounds = calibrate()

func calibrate() int {
	best := time.Hour
	const n = 100_000
	for range 20 {
		start := time.Now()
		burn(n)
		best = min(best, time.Since(start))
	}
	return int(float64(n) * float64(spent) / float64(best))
}

var sink uint64

func burn(n int) {
	x := uint64(n)
	for range n {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
	}
	if x == 0 {
		sink = x
	}
}

func wait(ctx context.Context) error {
	select {
	case slots <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-slots }()
	time.Sleep(held)
	return nil
}

// Compute serves GET /compute.
func (h *Handler) Compute(context.Context, api.ComputeRequest) error {
	burn(rounds)
	return nil
}

// ComputeCritical serves GET /compute/critical.
func (h *Handler) ComputeCritical(context.Context, api.ComputeCriticalRequest) error {
	burn(rounds)
	return nil
}

// ComputeLow serves GET /compute/low.
func (h *Handler) ComputeLow(context.Context, api.ComputeLowRequest) error {
	burn(rounds)
	return nil
}

// Wait serves GET /wait.
func (h *Handler) Wait(ctx context.Context, _ api.WaitRequest) error { return wait(ctx) }

// WaitCritical serves GET /wait/critical.
func (h *Handler) WaitCritical(ctx context.Context, _ api.WaitCriticalRequest) error {
	return wait(ctx)
}

// WaitLow serves GET /wait/low.
func (h *Handler) WaitLow(ctx context.Context, _ api.WaitLowRequest) error { return wait(ctx) }

// Free serves GET /free.
func (h *Handler) Free(context.Context, api.FreeRequest) error { return nil }

// Hang serves GET /hang.
func (h *Handler) Hang(ctx context.Context, _ api.HangRequest) error {
	<-ctx.Done()
	return ctx.Err()
}

// Panic serves GET /panic.
func (h *Handler) Panic(context.Context, api.PanicRequest) error { panic("no luck") }

// EchoValue serves POST /values.
func (h *Handler) EchoValue(_ context.Context, req api.EchoValueRequest) (*api.Value, error) {
	return &req.Body, nil
}
