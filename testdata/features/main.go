//go:build unix

// Command features measures what the features of a project cost: for the bookshop
// with none, the default and all of them it prints files, lines, modules, the size
// of the binary, how long it takes to build with an empty and a warm cache, and the
// time from the start of the service until it is healthy. Modules come from the module cache.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// sets are what --feature chooses.
var sets = []string{"none", "default", "all"}

const document = "testdata/specs/bookshop.yaml"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "features:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	work, err := os.MkdirTemp("", "apigen-features-")
	if err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	defer os.RemoveAll(work)
	apigen := filepath.Join(work, "apigen")
	if _, err := command(ctx, ".", nil, "go", "build", "-o", apigen, "./cmd/apigen"); err != nil {
		return err
	}
	fmt.Println("features  files  lines of Go  direct modules  linked modules  binary MB  cold build CPU s  warm build CPU s  start ms")
	for _, set := range sets {
		dir := filepath.Join(work, set)
		if _, err := command(ctx, ".", nil, apigen, "new", "bookshop", "--spec", document, "--dir", dir, "--feature", set, "--no-verify"); err != nil {
			return err
		}
		r, err := measure(ctx, dir)
		if err != nil {
			return fmt.Errorf("%s: %w", set, err)
		}
		fmt.Printf("%-8s  %s\n", set, r)
	}
	return nil
}

// result is what was measured of one project.
type result struct {
	files, lines    int
	direct, modules int
	binary          int64
	cold, warm      time.Duration // processor time
	start           time.Duration
}

func (r result) String() string {
	return fmt.Sprintf("%5d  %11d  %14d  %14d  %9.1f  %16.1f  %16.1f  %8d", r.files, r.lines, r.direct, r.modules,
		float64(r.binary)/1e6, r.cold.Seconds(), r.warm.Seconds(), r.start.Milliseconds())
}

func measure(ctx context.Context, dir string) (r result, err error) {
	if r.files, r.lines, err = count(dir); err != nil {
		return r, err
	}
	list, err := command(ctx, dir, nil, "go", "list", "-m", "-f", "{{if not .Main}}{{if .Indirect}}indirect{{else}}direct{{end}}{{end}}", "all")
	if err != nil {
		return r, err
	}
	for line := range bytes.Lines(list.out) {
		if string(bytes.TrimSpace(line)) == "direct" {
			r.direct++
		}
	}
	if r.modules, err = linked(ctx, dir); err != nil {
		return r, err
	}
	binary := filepath.Join(dir, "service")
	build := []string{"go", "build", "-trimpath", "-ldflags=-s", "-o", binary, "./cmd/bookshop"}
	cache := []string{"GOCACHE=" + filepath.Join(dir, "cache"), "CGO_ENABLED=0"}
	cold, err := command(ctx, dir, cache, build...)
	if err != nil {
		return r, err
	}
	if err := touch(filepath.Join(dir, "internal", "handler")); err != nil {
		return r, err
	}
	warm, err := command(ctx, dir, cache, build...)
	if err != nil {
		return r, err
	}
	r.cold, r.warm = cold.cpu, warm.cpu
	info, err := os.Stat(binary)
	if err != nil {
		return r, fmt.Errorf("measure binary: %w", err)
	}
	r.binary = info.Size()
	var starts []time.Duration
	for range 5 {
		took, err := start(ctx, binary)
		if err != nil {
			return r, err
		}
		starts = append(starts, took)
	}
	slices.Sort(starts)
	r.start = starts[len(starts)/2]
	return r, nil
}

// count counts the files of a project and the lines of its Go files.
func count(dir string) (files, lines int, err error) {
	err = filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files++
		if filepath.Ext(path) == ".go" {
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			lines += bytes.Count(text, []byte("\n"))
		}
		return nil
	})
	if err != nil {
		return 0, 0, fmt.Errorf("count files: %w", err)
	}
	return files, lines, nil
}

// linked counts the modules that packages of the service come from.
func linked(ctx context.Context, dir string) (int, error) {
	deps, err := command(ctx, dir, nil, "go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}}{{end}}{{end}}", "./cmd/bookshop")
	if err != nil {
		return 0, err
	}
	paths := strings.Fields(string(deps.out))
	slices.Sort(paths)
	return len(slices.Compact(paths)), nil
}

// touch changes a package as its owner would.
func touch(dir string) error {
	return os.WriteFile(filepath.Join(dir, "touched.go"), []byte("package handler\n\nvar _ = 1\n"), 0o600)
}

// start starts the service with a new database and returns after how long it is healthy.
func start(ctx context.Context, binary string) (time.Duration, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a port: %w", err)
	}
	addr := listener.Addr().String()
	if err := listener.Close(); err != nil {
		return 0, fmt.Errorf("free the port: %w", err)
	}
	dir, err := os.MkdirTemp("", "apigen-start-")
	if err != nil {
		return 0, fmt.Errorf("make folder: %w", err)
	}
	defer os.RemoveAll(dir)
	cmd := exec.CommandContext(ctx, binary)
	cmd.Env = append(os.Environ(), "ADDR="+addr, "ADMIN_ADDR=127.0.0.1:0", "SESSION_DEV=insecure", "DATABASE_URL=file:"+filepath.Join(dir, "start.db"))
	begun := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, fmt.Errorf("start service: %w", err)
	}
	defer func() { _ = cmd.Wait() }()
	defer func() { _ = cmd.Process.Signal(syscall.SIGTERM) }()
	for time.Since(begun) < 10*time.Second {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/healthz", http.NoBody)
		if err != nil {
			return 0, fmt.Errorf("ask for health: %w", err)
		}
		if resp, err := http.DefaultClient.Do(req); err == nil {
			took := time.Since(begun)
			return took, resp.Body.Close()
		}
		time.Sleep(time.Millisecond)
	}
	return 0, errors.New("the service does not become healthy")
}

// done is a command that has ended.
type done struct {
	out []byte
	cpu time.Duration
}

func command(ctx context.Context, dir string, env []string, args ...string) (done, error) {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return done{}, fmt.Errorf("%s: %w\n%s", strings.Join(args, " "), err, stderr.Bytes())
	}
	return done{out, cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()}, nil
}
