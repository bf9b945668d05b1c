// Command demo shows apigen at work: it builds apigen, creates the bookshop
// service from testdata/specs/bookshop.yaml in a temporary folder, starts it on
// SQLite and talks to it. It leaves the service running until Ctrl-C; with
// -check it stops by itself and fails on any answer it did not expect. Run it
// from the top of the repository.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
)

func main() {
	check := flag.Bool("check", false, "exit after the requests, non-zero if an answer is wrong")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *check); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

// run is the whole demonstration.
func run(ctx context.Context, check bool) (err error) {
	temp, err := os.MkdirTemp("", "apigen-demo-")
	if err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(temp) }()

	apigen, project := filepath.Join(temp, "apigen"), filepath.Join(temp, "bookshop")
	const spec = "testdata/specs/bookshop.yaml"
	if err := command(ctx, ".", "go", "build", "-o", apigen, "./cmd/apigen"); err != nil {
		return err
	}
	if err := command(ctx, ".", apigen, "new", "bookshop", "--spec", spec, "--dir", project); err != nil {
		return err
	}
	binary := filepath.Join(temp, "bookshop-service")
	if err := command(ctx, project, "go", "build", "-o", binary, "./cmd/bookshop"); err != nil {
		return err
	}

	s := &service{binary: binary, dir: project, database: filepath.Join(temp, "bookshop.db"), logs: filepath.Join(temp, "service.log")}
	if err := s.start(ctx); err != nil {
		return err
	}
	defer func() {
		if stopErr := s.stop(); err == nil {
			err = stopErr
		}
	}()
	if err := s.converse(ctx, steps); err != nil {
		return err
	}
	if check {
		fmt.Println("\n# stop it, start it again: what was stored is still there")
		if err := s.stop(); err != nil {
			return err
		}
		if err := s.start(ctx); err != nil {
			return err
		}
		return s.converse(ctx, afterRestart)
	}
	fmt.Printf("\nThe service runs on %s, its project is in %s. Ctrl-C ends it and removes both.\n", s.url, project)
	<-ctx.Done()
	return nil
}
