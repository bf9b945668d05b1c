package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// profile loads the service with everything on for ten seconds and prints where the time
// of the processor goes.
func profile(ctx context.Context, work string) error {
	const port = "18189"
	out := filepath.Join(work, "out", "cpu.prof")
	if err := os.MkdirAll(filepath.Dir(out), 0o755); err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	service := exec.CommandContext(ctx, filepath.Join(work, "bin", "apigen"))
	service.Dir = work
	service.Env = append(os.Environ(), "PORT="+port, "EVERYTHING=1", "CACHE_TTL=1m", "RATE_LIMIT=1000000000/1h", "PROFILE="+out)
	service.Stderr = os.Stderr
	if err := service.Start(); err != nil {
		return fmt.Errorf("start service: %w", err)
	}
	time.Sleep(time.Second) // it reads its pets
	err := command(ctx, work, "wrk", "-t1", "-c64", "-d10s", "http://127.0.0.1:"+port+"/pets/42")
	if err := service.Process.Signal(os.Interrupt); err != nil {
		return fmt.Errorf("stop service: %w", err)
	}
	if err := errors.Join(err, service.Wait()); err != nil {
		return err
	}
	return command(ctx, work, "go", "tool", "pprof", "-top", "-cum", "-nodecount=60", filepath.Join("bin", "apigen"), out)
}
