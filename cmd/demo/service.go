package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// command runs a program in a folder and shows it.
func command(ctx context.Context, dir, name string, args ...string) error {
	fmt.Printf("$ %s %s\n", filepath.Base(name), strings.Join(args, " "))
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("run %s: %w", name, err)
	}
	return nil
}

// service is the generated program under way.
type service struct {
	binary, dir, database string

	url  string
	cmd  *exec.Cmd
	logs string // file
	done chan error
}

// log is what the service has logged since its last start.
func (s *service) log() []byte {
	data, err := os.ReadFile(s.logs)
	if err != nil {
		return []byte(err.Error())
	}
	return data
}

// start runs the service on a free port and waits until it is ready.
func (s *service) start(ctx context.Context) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("find port: %w", err)
	}
	addr := l.Addr().String()
	if err := l.Close(); err != nil {
		return fmt.Errorf("find port: %w", err)
	}
	logs, err := os.Create(s.logs)
	if err != nil {
		return fmt.Errorf("create log: %w", err)
	}
	defer func() { _ = logs.Close() }()
	s.url, s.done = "http://"+addr, make(chan error, 1)
	s.cmd = exec.Command(s.binary)
	s.cmd.Dir = s.dir
	s.cmd.Env = append(os.Environ(), "ADDR="+addr, "DATABASE_URL=sqlite:"+s.database)
	s.cmd.Stdout, s.cmd.Stderr = logs, logs
	s.cmd.SysProcAttr = apart()
	fmt.Printf("\n$ ADDR=%s go run ./cmd/bookshop\n", addr)
	if err := s.cmd.Start(); err != nil {
		return fmt.Errorf("start service: %w", err)
	}
	go func(cmd *exec.Cmd, done chan<- error) { done <- cmd.Wait() }(s.cmd, s.done)
	return s.ready(ctx)
}

// ready waits for the readiness probe.
func (s *service) ready(ctx context.Context) error {
	deadline := time.After(30 * time.Second)
	for {
		resp, err := http.Get(s.url + "/readyz")
		if err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case err := <-s.done:
			s.cmd = nil
			return fmt.Errorf("service ended at once: %w\n%s", err, s.log())
		case <-ctx.Done():
			return ctx.Err()
		case <-deadline:
			return errors.New("service is not ready after 30 s")
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// stop ends the service the way an orchestrator does and expects it to obey.
func (s *service) stop() error {
	if s.cmd == nil {
		return nil
	}
	cmd := s.cmd
	s.cmd = nil
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("stop service: %w", err)
	}
	select {
	case err := <-s.done:
		if err != nil {
			return fmt.Errorf("stop service: %w\n%s", err, s.log())
		}
		return nil
	case <-time.After(15 * time.Second):
		_ = cmd.Process.Kill()
		return fmt.Errorf("service did not stop within 15 s\n%s", s.log())
	}
}
