package telemetry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"strconv"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	exporter "go.opentelemetry.io/otel/exporters/prometheus"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
)

// DefaultAdmin is where the admin listener is when nobody says.
const DefaultAdmin = "127.0.0.1:9090"

// ParseAdmin reads HOST:PORT, or off, which it returns as "".
func ParseAdmin(text string) (string, error) {
	if text == "off" {
		return "", nil
	}
	_, port, err := net.SplitHostPort(text)
	if _, portErr := strconv.ParseUint(port, 10, 16); err != nil || portErr != nil {
		return "", errors.New("want HOST:PORT, :PORT or off")
	}
	return text, nil
}

// Page is a [Sink] from which Prometheus reads measurements. It has those of the process
// and of Go's runtime too.
type Page struct {
	addr     string
	registry *prometheus.Registry
}

// NewPage returns a page to serve on an address. Where that is "" nobody can read it, so
// nothing is measured for it.
func NewPage(addr string) *Page {
	p := &Page{addr, prometheus.NewRegistry()}
	p.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return p
}

func (p *Page) attach(s *setup) error {
	if p.addr == "" {
		return nil
	}
	reader, err := exporter.New(exporter.WithRegisterer(p.registry), exporter.WithoutScopeInfo())
	if err != nil {
		return fmt.Errorf("metrics: %w", err)
	}
	s.metrics = append(s.metrics, sdkmetric.WithReader(reader))
	return nil
}

// Admin serves those who run the service, on an address of its own.
type Admin struct {
	server *http.Server
	done   chan struct{}
}

// How long the admin listener waits. Profiles take as long as who asks for them says.
const (
	adminHeaderTime = 5 * time.Second
	adminTime       = 5 * time.Minute
)

// Serve listens on the address of the page, if it has one: /metrics is the page,
// /debug/pprof/ are the profiles of Go, the rest is up to health. Another program on the
// address is an error; on the one that nobody asked for it is only worth a warning, so that
// two services can be tried on one machine.
func (p *Page) Serve(health http.Handler, log *slog.Logger) (*Admin, error) {
	if p.addr == "" {
		return &Admin{}, nil
	}
	var lc net.ListenConfig
	l, err := lc.Listen(context.Background(), "tcp", p.addr)
	switch {
	case err == nil:
	case p.addr == DefaultAdmin && errors.Is(err, syscall.EADDRINUSE):
		log.Warn("there is no /metrics: the address is in use; ADMIN_ADDR names another one, or off", "addr", p.addr)
		return &Admin{}, nil
	default:
		if errno, ok := errors.AsType[syscall.Errno](err); ok {
			err = errno // the rest of the message repeats the address
		}
		return nil, fmt.Errorf("admin: listen on %s: %w", p.addr, err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(p.registry, promhttp.HandlerOpts{EnableOpenMetrics: true}))
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	mux.Handle("/", health)
	a := &Admin{done: make(chan struct{}), server: &http.Server{
		Handler: mux, ReadHeaderTimeout: adminHeaderTime, ReadTimeout: adminHeaderTime, WriteTimeout: adminTime,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}}
	log.Info("admin listens", "admin", l.Addr().String())
	go func() {
		defer close(a.done)
		if err := a.server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			log.Error("admin listener failed", "error", err)
		}
	}()
	return a, nil
}

// Close ends the listener and what it is sending.
func (a *Admin) Close() {
	if a.server != nil {
		_ = a.server.Close() // nothing of use can be done about it at the stop
		<-a.done
	}
}
