// Package config reads the settings of the service from the environment.
package config

import (
	"errors"
	"example.com/tiny/internal/clientip"
	"example.com/tiny/internal/server"
	"fmt"
	"log/slog"
	"time"
)

// Config is everything that can be set.
type Config struct {
	LogLevel slog.Level
	Server   server.Config

	Vars []Var // every setting as it takes effect, in the order of the list below
}

// Load reads the settings. Its error names every setting that is wrong; the
// Config is good for printing all the same.
func Load(getenv func(string) string) (*Config, error) {
	e := &env{getenv: getenv}
	cfg := &Config{
		LogLevel: e.level("LOG_LEVEL", slog.LevelInfo, "least level that is logged: debug, info, warn or error"),
		Server: server.Config{
			Addr:     e.addr("ADDR", ":8080", "address to listen on; PORT alone is honoured too"),
			BasePath: e.prefix("BASE_PATH", "", "path prefix the API is served under, such as /v1"),
			Proxies:  parse(e, "TRUSTED_PROXIES", "", clientip.ParseProxies, "networks of the proxies in front, or how many every request passes; only theirs X-Forwarded-For and Forwarded are believed"),
			CertFile: e.text("TLS_CERT_FILE", "", "PEM file with the certificate of the service; with it the service speaks TLS"),
			KeyFile:  e.text("TLS_KEY_FILE", "", "PEM file with the key of that certificate"),
			CORS: server.CORS{
				Origins:     parse(e, "CORS_ORIGINS", "", server.ParseOrigins, "origins of the web pages that may read answers, such as https://app.example.com, or *"),
				Credentials: e.flag("CORS_CREDENTIALS", false, "whether those pages may send cookies and other credentials of the user"),
				MaxAge:      e.duration("CORS_MAX_AGE", 10*time.Minute, 0, "time browsers keep what they were told about that"),
			},
			MaxBody:           e.number("MAX_BODY_BYTES", 1<<20, 1, "largest request body"),
			MaxConns:          e.count("MAX_CONNECTIONS", 10_000, 1, "client connections at the same time; more of them wait"),
			ReadHeaderTimeout: e.duration("READ_HEADER_TIMEOUT", 5*time.Second, time.Millisecond, "time to read the header of a request"),
			ReadTimeout:       e.duration("READ_TIMEOUT", 15*time.Second, time.Millisecond, "time to read a whole request"),
			RequestTimeout:    e.duration("REQUEST_TIMEOUT", 15*time.Second, time.Millisecond, "time a handler has"),
			WriteTimeout:      e.duration("WRITE_TIMEOUT", 30*time.Second, time.Millisecond, "time from the header of a request to the end of its response"),
			IdleTimeout:       e.duration("IDLE_TIMEOUT", 2*time.Minute, time.Millisecond, "time an unused client connection is kept"),
			ShutdownDelay:     e.duration("SHUTDOWN_DELAY", 0, 0, "time between not being ready and the stop, for load balancers to notice"),
			ShutdownTimeout:   e.duration("SHUTDOWN_TIMEOUT", 20*time.Second, time.Millisecond, "time requests in flight have to finish at the stop"),
			LogSkip:           1 - parse(e, "LOG_SAMPLE", "1", server.ParseSample, "part of the requests answered below 400 that have a line in the log, such as 0.01"),
		},
	}
	if (cfg.Server.CertFile == "") != (cfg.Server.KeyFile == "") {
		e.errs = append(e.errs, errors.New("TLS_CERT_FILE and TLS_KEY_FILE: want both or none"))
	}
	if s := cfg.Server; s.WriteTimeout <= s.RequestTimeout {
		e.errs = append(e.errs, fmt.Errorf("WRITE_TIMEOUT=%s: want more than REQUEST_TIMEOUT (%s), or a slow handler's answer is never sent",
			s.WriteTimeout, s.RequestTimeout))
	}
	if err := cfg.Server.CORS.Check(); err != nil {
		e.errs = append(e.errs, fmt.Errorf("CORS_CREDENTIALS=true: %w", err))
	}
	cfg.Vars = e.vars
	return cfg, e.err()
}
