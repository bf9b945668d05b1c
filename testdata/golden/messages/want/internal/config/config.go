// Package config reads the settings of the service from the environment.
package config

import (
	"errors"
	"example.com/messages/internal/auth"
	"example.com/messages/internal/clientip"
	"example.com/messages/internal/database"
	"example.com/messages/internal/httpcache"
	"example.com/messages/internal/ratelimit"
	"example.com/messages/internal/redis"
	"example.com/messages/internal/server"
	"example.com/messages/internal/shed"
	"example.com/messages/internal/telemetry"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"
)

// Config is everything that can be set.
type Config struct {
	LogLevel slog.Level

	// CheckAnswers holds answers to the document before they are sent.
	CheckAnswers bool

	Docs      bool // the page about the API is shown
	Server    server.Config
	Admin     string // address of the admin listener, "" for none
	Telemetry telemetry.Config
	OTLP      telemetry.OTLP
	Auth      auth.Config
	RateLimit ratelimit.Config
	Cache     httpcache.Config
	Shed      shed.Mode
	Redis     redis.Config
	Database  database.Config

	Vars []Var // every setting as it takes effect, in the order of the list below
}

// othersReach are the settings that tell a service from one that runs for its developer.
var othersReach = []string{
	"AUTH_ISSUER", "AUTH_API_KEYS", "AUTH_API_KEYS_FILE", "AUTH_USERS", "AUTH_USERS_FILE",
	"TLS_CERT_FILE", "TLS_CLIENT_CA_FILE", "TRUSTED_PROXIES", "KUBERNETES_SERVICE_HOST",
}

// Load reads the settings. Its error names every setting that is wrong; the
// Config is good for printing all the same.
func Load(getenv func(string) string) (*Config, error) {
	e := &env{getenv: getenv}
	cfg := &Config{
		LogLevel:     e.level("LOG_LEVEL", slog.LevelInfo, "least level that is logged: debug, info, warn or error"),
		CheckAnswers: e.flag("CHECK_ANSWERS", false, "hold every answer to the document before it is sent; for development, it costs time"),
		Docs:         e.flag("DOCS", true, "show a page about the API at /docs, and its document at /openapi.json and .yaml"),
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
		Admin: parse(e, "ADMIN_ADDR", telemetry.DefaultAdmin, telemetry.ParseAdmin, "address of /metrics, /debug/pprof/, /healthz and /readyz for those who run the service, or off"),
		Telemetry: telemetry.Config{
			Name:       "messages",
			Service:    e.text("OTEL_SERVICE_NAME", "", "name of the service in telemetry, when it is not messages"),
			Attributes: parse(e, "OTEL_RESOURCE_ATTRIBUTES", "", telemetry.ParseAttributes, "more about it, such as deployment.environment.name=production,service.version=1.2.3"),
		},
		OTLP: telemetry.OTLP{
			Disabled: e.flag("OTEL_SDK_DISABLED", false, "send no telemetry, whatever the following say"),
			Protocol: parse(e, "OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf", telemetry.ParseProtocol, "how telemetry is sent; there is no other way"),
			Endpoint: parse(e, "OTEL_EXPORTER_OTLP_ENDPOINT", "", telemetry.ParseEndpoint, "URL of a collector, such as http://localhost:4318; without one nothing is sent"),
			Headers:  secret(e, "OTEL_EXPORTER_OTLP_HEADERS", telemetry.ParseHeaders, "header fields for it, as NAME=VALUE with commas between them"),
			Traces: telemetry.Signal{
				Off:      parse(e, "OTEL_TRACES_EXPORTER", "otlp", telemetry.ParseExporter, "none: no traces are sent"),
				Endpoint: parse(e, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "", telemetry.ParseEndpoint, "whole URL for traces, when they go elsewhere"),
				Headers:  secret(e, "OTEL_EXPORTER_OTLP_TRACES_HEADERS", telemetry.ParseHeaders, "header fields for traces, in place of those above"),
			},
			Metrics: telemetry.Signal{
				Off:      parse(e, "OTEL_METRICS_EXPORTER", "otlp", telemetry.ParseExporter, "none: no metrics are sent"),
				Endpoint: parse(e, "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "", telemetry.ParseEndpoint, "whole URL for metrics, when they go elsewhere"),
				Headers:  secret(e, "OTEL_EXPORTER_OTLP_METRICS_HEADERS", telemetry.ParseHeaders, "header fields for metrics, in place of those above"),
			},
			Logs: telemetry.Signal{
				Off:      parse(e, "OTEL_LOGS_EXPORTER", "otlp", telemetry.ParseExporter, "none: no logs are sent"),
				Endpoint: parse(e, "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "", telemetry.ParseEndpoint, "whole URL for logs, when they go elsewhere"),
				Headers:  secret(e, "OTEL_EXPORTER_OTLP_LOGS_HEADERS", telemetry.ParseHeaders, "header fields for logs, in place of those above"),
			},
			Interval:    parse(e, "OTEL_METRIC_EXPORT_INTERVAL", "60000", telemetry.ParseInterval, "milliseconds between two sets of metrics"),
			Temporality: parse(e, "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "cumulative", telemetry.ParseTemporality, "whether metrics tell totals or what they grew by: cumulative, delta or lowmemory"),
			Sampler:     parse(e, "OTEL_TRACES_SAMPLER", "parentbased_always_on", telemetry.ParseSampler, "which traces are kept: always_on, always_off or traceidratio, or parentbased_ before them to do as the client did"),
			SamplerArg:  parse(e, "OTEL_TRACES_SAMPLER_ARG", "", telemetry.ParseRatio, "part of the traces that traceidratio keeps, such as 0.01; 1 without it"),
		},
		Auth: auth.Config{
			Dev: parse(e, "AUTH_DEV", "", auth.ParseDev, "insecure: everybody is let in, for development only"),
			Tokens: auth.TokenConfig{
				Issuer:     e.text("AUTH_ISSUER", "", "identity provider whose bearer tokens are good: their claim iss"),
				Audience:   parse(e, "AUTH_AUDIENCE", "", auth.ParseList, "name of this service in tokens: one that their claim aud must hold"),
				JWKSURL:    e.text("AUTH_JWKS_URL", "", "where the keys of the issuer are, if its discovery document does not say so"),
				Algorithms: parse(e, "AUTH_ALGORITHMS", "RS256,PS256,ES256,EdDSA", auth.ParseAlgorithms, "algorithms of signatures that are good"),
				Secret:     secret(e, "AUTH_JWT_SECRET", auth.ParseText, "secret that tokens are signed with (HS256), in place of keys"),
				Leeway:     e.duration("AUTH_LEEWAY", 30*time.Second, 0, "time by which clocks may differ"),
				Refresh:    e.duration("AUTH_JWKS_REFRESH", 15*time.Minute, time.Second, "time after which the keys of the issuer are fetched again"),
				Stale:      e.duration("AUTH_JWKS_STALE", 24*time.Hour, time.Second, "time for which keys are used on while they cannot be fetched"),
			},
			Keys: slices.Concat(
				hidden(e, "AUTH_API_KEYS", strings.TrimSpace(getenv("AUTH_API_KEYS")), auth.ParseKeys, "API keys, as NAME:HASH or NAME:HASH:SCOPE,SCOPE with spaces between them"),
				parse(e, "AUTH_API_KEYS_FILE", "", auth.ReadKeys, "file with more of them, one a line"),
			),
		},
		RateLimit: ratelimit.Config{
			Rate:    parse(e, "RATE_LIMIT", "100/15m", ratelimit.ParseRate, "requests of one client in a span of time, or off"),
			Headers: parse(e, "RATE_LIMIT_HEADERS", "draft-8", ratelimit.ParseHeaders, "how answers tell the quota: draft-8, draft-7, draft-6, legacy, several of them, or none"),
			Skip:    parse(e, "RATE_LIMIT_SKIP", "none", ratelimit.ParseSkip, "requests that do not count: successful, failed, or none"),
		},
		Cache: httpcache.Config{
			MaxBytes:             e.number("CACHE_MAX_BYTES", 64<<20, 0, "memory for answers that are kept; 0 turns the cache off"),
			TTL:                  parse(e, "CACHE_TTL", "off", httpcache.ParseTTL, "time that answers to GET are kept where the document does not say, or off"),
			StaleWhileRevalidate: e.duration("CACHE_STALE_WHILE_REVALIDATE", 0, 0, "time after that in which an old answer is sent while a new one is made"),
			StaleIfError:         e.duration("CACHE_STALE_IF_ERROR", 0, 0, "time after that in which an old answer is sent when no new one can be made"),
		},
		Shed: parse(e, "SHED", "on", shed.ParseMode, "whether requests beyond the capacity are refused: on, dry-run (counted only) or off"),
		Redis: redis.Config{
			URL:     parse(e, "REDIS_URL", "", redis.ParseURL, "Redis that all instances share: redis://…, rediss://… or unix://…"),
			Timeout: e.duration("REDIS_TIMEOUT", 50*time.Millisecond, time.Millisecond, "time Redis has to answer"),
		},
		Database: database.Config{
			URL:            e.url("DATABASE_URL", "file:messages.db", []string{"postgres", "postgresql", "sqlite", "file"}, "database: postgres://… or file:NAME.db (SQLite)"),
			MaxConns:       e.count("DATABASE_MAX_CONNS", 20, 1, "database connections at most"),
			IdleTimeout:    e.duration("DATABASE_IDLE_TIMEOUT", 30*time.Second, time.Second, "time an unused database connection is kept"),
			ConnectTimeout: e.duration("DATABASE_CONNECT_TIMEOUT", 2*time.Second, time.Millisecond, "time to connect to the database"),
			AcquireTimeout: e.duration("DATABASE_ACQUIRE_TIMEOUT", 2*time.Second, time.Millisecond, "time a query waits for a free connection"),
			MaxLifetime:    e.duration("DATABASE_MAX_LIFETIME", time.Hour, time.Second, "age at which a connection to PostgreSQL is replaced, or up to a tenth later"),
			Pooler:         parse(e, "DATABASE_PGBOUNCER", "auto", database.ParsePooler, "whether PgBouncer or another pooler stands in front of PostgreSQL: true, false, or auto to find out"),

			ReplicaURLs:   parse(e, "DATABASE_REPLICA_URLS", "", database.ParseReplicaURLs, "PostgreSQL replicas to read from: postgres://… with commas between them"),
			ReplicaMaxLag: e.duration("DATABASE_REPLICA_MAX_LAG", 10*time.Second, time.Second, "how far behind a replica may be that is read from"),
			ReplicaCheck:  e.duration("DATABASE_REPLICA_CHECK", 250*time.Millisecond, 10*time.Millisecond, "time between two looks at a replica, and the time a look may take"),
		},
	}
	if (cfg.Server.CertFile == "") != (cfg.Server.KeyFile == "") {
		e.errs = append(e.errs, errors.New("TLS_CERT_FILE and TLS_KEY_FILE: want both or none"))
	}
	if s := cfg.Server; s.WriteTimeout <= s.RequestTimeout {
		e.errs = append(e.errs, fmt.Errorf("WRITE_TIMEOUT=%s: want more than REQUEST_TIMEOUT (%s), or a slow handler's answer is never sent",
			s.WriteTimeout, s.RequestTimeout))
	}
	if err := cfg.Database.CheckReplicas(); err != nil {
		e.errs = append(e.errs, fmt.Errorf("DATABASE_REPLICA_URLS: %w", err))
	}
	for _, name := range othersReach {
		if cfg.Auth.Dev && e.getenv(name) != "" {
			e.errs = append(e.errs, fmt.Errorf("AUTH_DEV=insecure lets everybody in, but %s is set: that is for a service that others reach", name))
		}
	}
	if err := cfg.Server.CORS.Check(); err != nil {
		e.errs = append(e.errs, fmt.Errorf("CORS_CREDENTIALS=true: %w", err))
	}
	cfg.Vars = e.vars
	return cfg, e.err()
}
