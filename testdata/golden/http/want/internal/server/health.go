package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"example.com/http/internal/codec"
	"example.com/http/internal/problem"
)

// checkTimeout bounds all readiness checks together; probes give up soon after.
const checkTimeout = 2 * time.Second

// health answers /healthz and /readyz. Probes come often and from inside: they are
// neither logged nor limited.
//
//   - /healthz: the process runs. Restart it when this fails.
//   - /readyz: it can do its work and is not stopping. Send no requests when this fails.
func (s *Server) health(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/healthz":
			w.Header().Set("Cache-Control", "no-store")
			codec.WriteText(w, http.StatusOK, "text/plain", "ok\n")
		case "/readyz":
			w.Header().Set("Cache-Control", "no-store")
			if err := s.ready(r.Context()); err != nil {
				codec.WriteProblem(w, problem.New(http.StatusServiceUnavailable, err.Error()))
				return
			}
			codec.WriteText(w, http.StatusOK, "text/plain", "ok\n")
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// Health answers /healthz and /readyz alone, for a listener of their own.
func (s *Server) Health() http.Handler { return s.health(http.NotFoundHandler()) }

// ready returns why the service should get no requests, or nil. Causes go to the
// log, not to whoever asks.
func (s *Server) ready(ctx context.Context) error {
	if s.stopping.Load() {
		return errors.New("the service is stopping")
	}
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	for _, check := range s.checks {
		if err := check.Run(ctx); err != nil {
			s.log.WarnContext(ctx, "not ready", "check", check.Name, "error", err)
			return fmt.Errorf("%s is not ready", check.Name)
		}
	}
	return nil
}

// Probe asks the service with this configuration on this machine whether it is
// healthy. Containers have no other program to do that with.
func Probe(ctx context.Context, cfg Config) error {
	host, port, err := net.SplitHostPort(cfg.Addr)
	if err != nil {
		return fmt.Errorf("probe: %w", err)
	}
	if ip := net.ParseIP(host); host == "" || ip.IsUnspecified() {
		host = "localhost"
	}
	scheme, client := "http", http.DefaultClient
	if cfg.CertFile != "" {
		// The certificate is for the name that clients use, not for this machine.
		local := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: true} //nolint:gosec // see above
		scheme, client = "https", &http.Client{Transport: &http.Transport{TLSClientConfig: local}}
	}
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+"://"+net.JoinHostPort(host, port)+"/healthz", nil)
	if err != nil {
		return fmt.Errorf("probe: %w", err)
	}
	resp, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("probe: %w", err)
	}
	_, err = io.Copy(io.Discard, resp.Body)
	if err = errors.Join(err, resp.Body.Close()); err == nil && resp.StatusCode != http.StatusOK {
		err = errors.New(resp.Status)
	}
	if err != nil {
		return fmt.Errorf("probe: %w", err)
	}
	return nil
}
