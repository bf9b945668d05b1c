// Command messages serves the API that api/openapi.yaml describes.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"example.com/messages/internal/api"
	"example.com/messages/internal/auth"
	"example.com/messages/internal/config"
	"example.com/messages/internal/database"
	"example.com/messages/internal/docs"
	"example.com/messages/internal/handler"
	"example.com/messages/internal/httpcache"
	"example.com/messages/internal/ratelimit"
	"example.com/messages/internal/redis"
	"example.com/messages/internal/server"
	"example.com/messages/internal/shed"
	"example.com/messages/internal/store"
	"example.com/messages/internal/telemetry"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	err := run(ctx, os.Args[1:], os.Getenv, os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "messages:", err)
	}
	os.Exit(exitCode(err))
}

// errUsage is a command line that means nothing.
var errUsage = errors.New(`see "messages help"`)

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
	{"migrate", "bring the database schema up to date and exit; serve does so too", migrate},
	{"config", "print the settings as they take effect", printConfig},
	{"healthcheck", "ask the service that runs on this machine whether it is healthy", probe},
}

// run runs one command until it is done or ctx is. Tests call it as main does.
func run(ctx context.Context, args []string, getenv func(string) string, out io.Writer) error {
	name := "serve"
	if len(args) > 0 {
		name = args[0]
	}
	if name == "apikey" && len(args) == 2 {
		return auth.NewKey(out, args[1])
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
	page := telemetry.NewPage(cfg.Admin)
	tel, err := telemetry.New(cfg.Telemetry, page, cfg.OTLP)
	if err != nil {
		return err
	}
	defer tel.Close()
	log := server.NewLogger(out, cfg.LogLevel, tel.Handler)
	tel.Report(log)
	cfg.Server.Observer, cfg.Server.Operation = tel.Requests(), api.OperationOf
	for _, hint := range config.Unknown(os.Environ(), cfg.Vars) {
		log.Warn(hint)
	}
	options := api.Options{Log: log, CheckAnswers: cfg.CheckAnswers}
	api.SenderClient.Transport = telemetry.Transport(nil)
	cfg.Auth.Tokens.Transport = telemetry.Transport(nil)
	guard, err := auth.New(ctx, cfg.Auth, log)
	if err != nil {
		return err
	}
	if !cfg.Auth.Dev {
		options.Guard = guard
	}
	limits := ratelimit.Options{Log: log, Proxies: cfg.Server.Proxies, Principal: guard.Principal}
	answers := httpcache.Options{Name: "messages", Context: database.Current}
	if cfg.Redis.URL != "" {
		cfg.Redis.Observe = tel.Calls()
		client, err := redis.Open(cfg.Redis, log)
		if err != nil {
			return err
		}
		defer client.Close()
		tel.Redis(client)
		limits.Shared = ratelimit.NewRedis(client, "messages")
		cfg.Database.Positions = database.NewRedisPositions(client, "messages", cfg.Database)
		answers.Shared = httpcache.NewRedis(client, "messages")
	}
	options.Limiter = ratelimit.New(cfg.RateLimit, limits)
	tel.Limits(options.Limiter)
	options.Cache = httpcache.New(cfg.Cache, answers)
	tel.Cache(options.Cache)
	options.Shedder = shed.New(cfg.Shed, log)
	tel.Shed(options.Shedder)
	cfg.Database.Observe = tel.Statements(cfg.Database.URL)
	db, err := openDatabase(ctx, cfg, log)
	if err != nil {
		return err
	}
	tel.Database(db)
	options.Atomic = db.Atomically
	routes := api.New(handler.New(store.New(db)), options)
	routes = guard.Wrap(routes)
	if cfg.Docs {
		routes = docs.Handler(routes, cfg.Server.BasePath, docs.Documents)
	}
	routes = db.ReadYourWrites(routes, "messages", cfg.Server.Proxies)
	srv := server.New(cfg.Server, log, routes, server.Check{Name: "database", Run: db.Ping})
	tel.Server(srv)
	admin, err := page.Serve(srv.Health(), log)
	if err != nil {
		return errors.Join(err, db.Close())
	}
	defer admin.Close()
	err = srv.Run(ctx)
	return errors.Join(err, db.Close())
}

func migrate(ctx context.Context, cfg *config.Config, out io.Writer) error {
	db, err := openDatabase(ctx, cfg, server.NewLogger(out, cfg.LogLevel))
	if err != nil {
		return err
	}
	return db.Close()
}

// openDatabase opens the database with its schema up to date.
func openDatabase(ctx context.Context, cfg *config.Config, log *slog.Logger) (*database.DB, error) {
	cfg.Database.Log = log
	db, err := database.Open(ctx, cfg.Database)
	if err != nil {
		return nil, err
	}
	applied, err := db.Migrate(ctx, store.Migrations, "migrations")
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	log.Info("schema is up to date", "applied", applied)
	return db, nil
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
	text := "Usage: messages [command]\n\nCommands:\n"
	for _, c := range commands {
		text += fmt.Sprintf("  %-12s %s\n", c.name, c.doc)
	}
	text += "  apikey NAME  make an API key for somebody and print it with its line for AUTH_API_KEYS\n"
	text += "\nSettings from the environment, or as NAME_FILE from a file, with their defaults:\n"
	if _, err := io.WriteString(out, text); err != nil {
		return err
	}
	return config.Describe(out, cfg.Vars)
}
