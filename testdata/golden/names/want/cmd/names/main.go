// Command names serves the API that api/openapi.yaml describes.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"example.com/names/internal/api"
	"example.com/names/internal/config"
	"example.com/names/internal/handler"
	"example.com/names/internal/server"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	err := run(ctx, os.Args[1:], os.Getenv, os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "names:", err)
	}
	os.Exit(exitCode(err))
}

// errUsage is a command line that means nothing.
var errUsage = errors.New(`see "names help"`)

func exitCode(err error) int {
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errUsage):
		return 64
	}
	return 1
}

// commands are what the first argument chooses from.
var commands = []struct {
	name, doc string
	run       func(context.Context, *config.Config, io.Writer) error
}{
	{"serve", "serve the API; this is what happens without a command", serve},
	{"config", "print the settings as they take effect", printConfig},
	{"healthcheck", "ask the service that runs on this machine whether it is healthy", probe},
}

// run runs one command until it is done or ctx is. Tests call it as main does.
func run(ctx context.Context, args []string, getenv func(string) string, out io.Writer) error {
	name := "serve"
	if len(args) > 0 {
		name = args[0]
	}
	if len(args) > 1 {
		return fmt.Errorf("unexpected argument %q: %w", args[1], errUsage)
	}
	cfg, err := config.Load(getenv)
	switch name {
	case "help", "-h", "--help":
		return help(out, cfg)
	}
	for _, c := range commands {
		if c.name != name {
			continue
		}
		if err != nil {
			return fmt.Errorf("read settings:\n%w", err)
		}
		return c.run(ctx, cfg, out)
	}
	return fmt.Errorf("unknown command %q: %w", name, errUsage)
}

func serve(ctx context.Context, cfg *config.Config, out io.Writer) error {
	log := server.NewLogger(out, cfg.LogLevel)
	for _, hint := range config.Unknown(os.Environ(), cfg.Vars) {
		log.Warn(hint)
	}
	options := api.Options{Log: log}
	routes := api.New(handler.New(), options)
	srv := server.New(cfg.Server, log, routes)
	return srv.Run(ctx)
}

func printConfig(_ context.Context, cfg *config.Config, out io.Writer) error {
	for _, hint := range config.Unknown(os.Environ(), cfg.Vars) {
		if _, err := fmt.Fprintln(out, "#", hint); err != nil {
			return err
		}
	}
	return config.Print(out, cfg.Vars)
}

func probe(ctx context.Context, cfg *config.Config, _ io.Writer) error {
	return server.Probe(ctx, cfg.Server)
}

func help(out io.Writer, cfg *config.Config) error {
	text := "Usage: names [command]\n\nCommands:\n"
	for _, c := range commands {
		text += fmt.Sprintf("  %-12s %s\n", c.name, c.doc)
	}
	text += "\nSettings from the environment, or as NAME_FILE from a file, with their defaults:\n"
	if _, err := io.WriteString(out, text); err != nil {
		return err
	}
	return config.Describe(out, cfg.Vars)
}
