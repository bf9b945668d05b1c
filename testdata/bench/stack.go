package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// The database of the service beside that of its peers, on the server that deps.sh starts.
const (
	databaseHost = "127.0.0.1"
	databasePort = "55432"
	databaseURL  = "postgres://bench@" + databaseHost + ":" + databasePort + "/apigen?sslmode=disable"
)

// stackServer is the line of the command of the generated project as its deployment runs it,
// with limits, cache, shedding, metrics and a line of log for each request.
func stackServer(name, admin, redis string) string {
	return name + "\tenv GOGC=400 GOMEMLIMIT=230MiB ADDR=127.0.0.1:$PORT ADMIN_ADDR=" + admin + " DATABASE_URL='" + databaseURL +
		"' REDIS_URL=" + redis + " CACHE_TTL=5m RATE_LIMIT=1000000000/1h bin/apigen-pets\n"
}

// stack sets the whole service beside the same API on Express and on Go written by hand.
func stack(ctx context.Context, work string) error {
	if _, err := exec.LookPath("initdb"); err != nil { // Debian keeps it out of PATH
		found, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
		if len(found) == 0 {
			fmt.Printf("side-by-side bench not run: %v\n", err)
			return nil
		}
		if err := os.Setenv("PATH", found[len(found)-1]+":"+os.Getenv("PATH")); err != nil {
			return fmt.Errorf("set PATH: %w", err)
		}
	}
	if _, err := exec.LookPath("redis-server"); err != nil {
		fmt.Printf("side-by-side bench not run: %v\n", err)
		return nil
	}
	if err := join(work, "servers.stack.tsv", stackServer("apigen-mem", "127.0.0.1:18191", "")+stackServer("apigen-redis", "127.0.0.1:18192", "redis://$REDIS_ADDR")); err != nil {
		return err
	}
	if err := command(ctx, work, "./deps.sh", "up"); err != nil {
		return err
	}
	err := seed(ctx, work)
	if err := errors.Join(err, command(ctx, work, "./deps.sh", "down")); err != nil {
		return err
	}
	for range 100 { // PostgreSQL takes the file away when it has ended
		if _, err := os.Stat(filepath.Join(work, "run", "pg", "postmaster.pid")); err != nil {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	return command(ctx, work, "./run.sh", "stack", joined)
}

// seed has the service create its tables and adds the pets that the peers have.
func seed(ctx context.Context, work string) error {
	text, err := os.ReadFile(filepath.Join(work, "data", "pets.json"))
	if err != nil {
		return fmt.Errorf("read pets: %w", err)
	}
	var pets []json.RawMessage
	if err := json.Unmarshal(text, &pets); err != nil {
		return fmt.Errorf("read pets: %w", err)
	}
	server := []string{"-h", databaseHost, "-p", databasePort, "-U", "bench"}
	if err := command(ctx, work, "dropdb", append(server, "--if-exists", "apigen")...); err != nil {
		return err
	}
	if err := command(ctx, work, "createdb", append(server, "apigen")...); err != nil {
		return err
	}
	const addr = "127.0.0.1:18190"
	service := exec.CommandContext(ctx, filepath.Join(work, "bin", "apigen-pets"))
	service.Env = append(os.Environ(), "ADDR="+addr, "ADMIN_ADDR=off", "DATABASE_URL="+databaseURL, "RATE_LIMIT=off", "LOG_LEVEL=error")
	service.Stderr = os.Stderr
	if err := service.Start(); err != nil {
		return fmt.Errorf("start service: %w", err)
	}
	err = post(ctx, "http://"+addr, pets)
	if err := service.Process.Signal(os.Interrupt); err != nil {
		return fmt.Errorf("stop service: %w", err)
	}
	return errors.Join(err, service.Wait())
}

// post waits for the service and sends it the pets, one after another so that each has the
// id that it has elsewhere.
func post(ctx context.Context, base string, pets []json.RawMessage) error {
	send := func(method, path string, body []byte) (int, error) {
		req, err := http.NewRequestWithContext(ctx, method, base+path, bytes.NewReader(body))
		if err != nil {
			return 0, err
		}
		req.Header.Set("Content-Type", "application/json")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return 0, err
		}
		return resp.StatusCode, resp.Body.Close()
	}
	for range 100 {
		if status, _ := send(http.MethodGet, "/readyz", nil); status == http.StatusOK {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	for _, pet := range pets {
		status, err := send(http.MethodPost, "/pets", pet)
		if err != nil {
			return fmt.Errorf("send pet: %w", err)
		}
		if status != http.StatusCreated {
			return fmt.Errorf("send pet: answered %d: %s", status, pet)
		}
	}
	return nil
}
