package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// environment returns a getenv with a free port and a database of its own.
func environment(t *testing.T) func(string) string {
	t.Helper()
	vars := map[string]string{"ADDR": "127.0.0.1:0", "ADMIN_ADDR": "127.0.0.1:0"}
	vars["DATABASE_URL"] = "sqlite:" + filepath.Join(t.TempDir(), "test.db")
	return func(name string) string { return vars[name] }
}

func TestServeAnswersAndStops(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	logs, out := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := run(ctx, nil, environment(t), out)
		_ = out.CloseWithError(io.EOF)
		done <- err
	}()

	addr := make(chan string, 1)
	go func() {
		for lines := bufio.NewScanner(logs); lines.Scan(); {
			var record struct{ Msg, Addr string }
			if err := json.Unmarshal(lines.Bytes(), &record); err != nil {
				t.Errorf("log line is no JSON: %s", lines.Bytes())
			}
			if record.Msg == "listening" {
				addr <- record.Addr
			}
		}
	}()

	var base string
	select {
	case a := <-addr:
		base = "http://" + a
	case err := <-done:
		t.Fatalf("serve ended early: %v", err)
	case <-time.After(30 * time.Second):
		t.Fatal("serve does not listen")
	}
	for path, want := range map[string]int{
		"/healthz":            http.StatusOK,
		"/readyz":             http.StatusOK,
		"/no/such/path/there": http.StatusNotFound,
	} {
		resp, err := http.Get(base + path)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("GET %s: got %d, want %d", path, resp.StatusCode, want)
		}
	}

	stop()
	select {
	case err := <-done:
		if err != nil {
			t.Errorf("stop: %v", err)
		}
	case <-time.After(30 * time.Second):
		t.Error("serve does not stop")
	}
}

func TestCommands(t *testing.T) {
	for _, tt := range []struct {
		args string
		want string // part of the output
		code int
	}{
		{"help", "SHUTDOWN_TIMEOUT", 0},
		{"config", "ADDR=127.0.0.1:0\n", 0},
		{"migrate", "schema is up to date", 0},
		{"dance", "", 64},
		{"serve now", "", 64},
	} {
		var out strings.Builder
		err := run(t.Context(), strings.Fields(tt.args), environment(t), &out)
		if got := exitCode(err); got != tt.code {
			t.Errorf("%s: exit code %d (%v), want %d", tt.args, got, err, tt.code)
		}
		if !strings.Contains(out.String(), tt.want) {
			t.Errorf("%s: got %q, want %q in it", tt.args, out.String(), tt.want)
		}
	}
}

func TestBadSettingsStopTheStart(t *testing.T) {
	bad := func(name string) string {
		return map[string]string{"READ_TIMEOUT": "soon", "MAX_BODY_BYTES": "-1"}[name]
	}
	err := run(t.Context(), nil, bad, io.Discard)
	if err == nil || errors.Is(err, errUsage) {
		t.Fatalf("got %v", err)
	}
	for _, name := range []string{"READ_TIMEOUT", "MAX_BODY_BYTES"} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%s is not named: %v", name, err)
		}
	}
}
