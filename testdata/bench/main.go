// Command bench sets a generated service beside its peers: it copies the bench of
// APIGEN_SHARED (default ../shared) into the user's cache, builds the peers there
// once, generates the pets service, builds it and runs wrk against all of them in
// turn: first with the pets in memory, each server on a core of its own, then, with the
// argument "stack", on PostgreSQL and Redis beside Express and Go written by hand; with
// "profile" it shows where the time of a service with everything on goes. ROUNDS, SECS,
// SCEN, CONNS and ONLY are passed on to the bench.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"

	"github.com/apigen-go/apigen/generator"
)

// servers are the lines that join those of the peers; see bench/run.sh.
const servers = "apigen bare\tenv BARE=1 bin/apigen\napigen server\tbin/apigen\n" +
	"apigen everything\tenv EVERYTHING=1 CACHE_TTL=1m RATE_LIMIT=1000000000/1h bin/apigen\n"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	mode := ""
	if len(os.Args) > 1 {
		mode = os.Args[1]
	}
	if err := run(ctx, mode); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, mode string) error {
	shared := os.Getenv("APIGEN_SHARED")
	if shared == "" {
		shared = filepath.Join("..", "shared")
	}
	rig := filepath.Join(shared, "bench")
	if _, err := os.Stat(rig); err != nil {
		fmt.Printf("side-by-side bench not run: %v\n", err)
		return nil
	}
	for _, tool := range []string{"wrk", "taskset", "python3", "node", "npm"} {
		if _, err := exec.LookPath(tool); err != nil {
			fmt.Printf("side-by-side bench not run: %v\n", err)
			return nil
		}
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return fmt.Errorf("find cache: %w", err)
	}
	if os.Getuid() == 0 {
		cache = "/var/tmp" // PostgreSQL runs as another user then, who must get there
	}
	work := filepath.Join(cache, "apigen-bench")
	if err := prepare(ctx, rig, work); err != nil {
		return err
	}
	if err := service(ctx, work); err != nil {
		return err
	}
	switch mode {
	case "stack":
		return stack(ctx, work)
	case "profile":
		return profile(ctx, work)
	}
	if err := join(work, "servers.tsv", servers); err != nil {
		return err
	}
	return command(ctx, work, "./run.sh", "pinned", joined)
}

// joined is the file in the bench's folder that has the peers and what is beside them.
const joined = "all.tsv"

// join writes it.
func join(work, peers, ours string) error {
	text, err := os.ReadFile(filepath.Join(work, peers))
	if err != nil {
		return fmt.Errorf("read servers: %w", err)
	}
	if err := os.WriteFile(filepath.Join(work, joined), append(text, ours...), 0o644); err != nil {
		return fmt.Errorf("write servers: %w", err)
	}
	return nil
}

// prepare copies the bench and builds the peers, unless that was done before.
func prepare(ctx context.Context, rig, work string) error {
	if _, err := os.Stat(filepath.Join(work, "bin", "floor")); err == nil {
		return nil
	}
	if err := os.RemoveAll(work); err != nil {
		return fmt.Errorf("clear cache: %w", err)
	}
	if err := os.CopyFS(work, os.DirFS(rig)); err != nil {
		return fmt.Errorf("copy bench: %w", err)
	}
	if err := exec.CommandContext(ctx, "chmod", "-R", "u+w", work).Run(); err != nil {
		return fmt.Errorf("make copy writable: %w", err)
	}
	return command(ctx, work, "bash", "run.sh", "build")
}

// service generates the pets service and builds it with a handler that keeps the
// pets in memory, as those of the peers do.
func service(ctx context.Context, work string) error {
	dir := filepath.Join(work, "apigen")
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("clear project: %w", err)
	}
	p, err := generator.NewPlan(ctx, generator.Config{
		Dir: dir, Name: "pets", Module: "example.com/pets", Spec: filepath.Join(work, "spec", "pets.yaml"),
	})
	if err != nil {
		return err
	}
	if err := p.Apply(); err != nil {
		return err
	}
	handler, err := os.ReadFile(filepath.Join("testdata", "bench", "service", "main.go"))
	if err == nil {
		err = os.MkdirAll(filepath.Join(dir, "cmd", "bench"), 0o755)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "cmd", "bench", "main.go"), handler, 0o644)
	}
	if err != nil {
		return errors.Join(errors.New("copy handler"), err)
	}
	return errors.Join(
		command(ctx, dir, "go", "build", "-o", filepath.Join(work, "bin", "apigen"), "./cmd/bench"),
		command(ctx, dir, "go", "build", "-o", filepath.Join(work, "bin", "apigen-pets"), "./cmd/pets"),
	)
}

func command(ctx context.Context, dir, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("run %s: %w", name, err)
	}
	return nil
}
