package generator_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/apigen-go/apigen/generator/internal/conformance"
	"github.com/apigen-go/apigen/generator/internal/servertest"
)

const outgoingDocument = `openapi: 3.1.0
info: {title: Calls, version: "1"}
security: [{token: []}]
paths:
  /pings:
    post: {operationId: ping, security: [], responses: {"204": {description: done}}}
    delete: {operationId: forget, responses: {"204": {description: done}}}
webhooks:
  pinged: {post: {operationId: pinged, responses: {"204": {description: taken}}}}
components: {securitySchemes: {token: {type: http, scheme: bearer}}}
`

const outgoingHandler = `package handler

import (
	"context"
	"os"

	"example.com/calls/internal/api"
	"example.com/calls/internal/session"
)

func (h *Handler) Ping(ctx context.Context, _ api.PingRequest) error {
	s, err := session.From(ctx)
	if err == nil {
		err = s.Set("pinged", "canary-8d1f")
	}
	if err != nil {
		return err
	}
	return (&api.Sender{}).Pinged(ctx, os.Getenv("HOOK"))
}
`

// partners are those whom a service calls: its identity provider and a receiver of webhooks.
// It notes the traceparent of requests by their path.
type partners struct {
	*httptest.Server
	mu      sync.Mutex
	parents map[string]string
}

func newPartners(t *testing.T) *partners {
	t.Helper()
	o := &partners{parents: map[string]string{}}
	o.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.parents[r.URL.Path] = r.Header.Get("Traceparent")
		own := "http://" + r.Host
		_, _ = fmt.Fprintf(w, `{"issuer":%q,"jwks_uri":%q,"keys":[]}`, own, own+"/keys")
	}))
	t.Cleanup(o.Close)
	return o
}

func (o *partners) parent(path string) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.parents[path]
}

// TestOutgoingCallsAreTraced looks at the trace of a request that writes its session to
// Redis and sends a webhook, and at that of the keys of the identity provider: there is a
// span of each, the other side learns of it, and no address, key or value is anywhere.
func TestOutgoingCallsAreTraced(t *testing.T) {
	file, dir := filepath.Join(t.TempDir(), "calls.yaml"), filepath.Join(t.TempDir(), "calls")
	if err := os.WriteFile(file, []byte(outgoingDocument), 0o600); err != nil {
		t.Fatal(err)
	}
	create(t, dir, file, "auth", "metrics", "otlp", "session", "redis")
	if err := os.WriteFile(filepath.Join(dir, "internal/handler/default.go"), []byte(outgoingHandler), 0o600); err != nil {
		t.Fatal(err)
	}
	c, o, admin := newCollector(t), newPartners(t), freeAddr(t)
	s, err := conformance.Start(t.Context(), dir, t.TempDir(), "ADMIN_ADDR="+admin, "SESSION_DEV=insecure", "REDIS_URL="+servertest.Redis(t).URL(),
		"AUTH_ISSUER="+o.URL, "AUTH_AUDIENCE=calls", "HOOK="+o.URL+"/"+leaked+"?key="+leaked,
		"OTEL_EXPORTER_OTLP_ENDPOINT="+c.URL, "OTEL_EXPORTER_OTLP_COMPRESSION=gzip")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Kill)
	const trace = "0af7651916cd43dd8448eb211c80319c"
	if text := fetch(t, "POST", s.URL+"/pings", "", "Traceparent", "00-"+trace+"-b7ad6b7169203331-01"); text != "" {
		t.Fatal(text)
	}
	metrics := fetch(t, "GET", "http://"+admin+"/metrics", "")
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	c.await(t, "spans", func() bool { return len(c.spans) >= 5 })
	parents := map[string]string{} // what the other side has to get, by the name of the span
	spans := map[string]sentSpan{}
	for _, span := range c.spans {
		spans[span.name] = span
		parents["00-"+span.trace+"-"+span.id+"-01"] = span.name
	}
	for path, want := range map[string]string{"/" + leaked: "POST", "/.well-known/openid-configuration": "GET", "/keys": "GET"} {
		if got := parents[o.parent(path)]; got != want {
			t.Errorf("%s was asked for with %q, the span %q, want %s", path, o.parent(path), got, want)
		}
	}
	root, hook, redis := spans["POST /pings"], spans["POST"], spans["EVALSHA"]
	if root.trace != trace || hook.parent != root.id || hook.trace != trace || redis.parent != root.id || redis.trace != trace {
		t.Errorf("spans: %v", c.spans)
	}
	if hook.attributes["server.address"] != "127.0.0.1" || redis.attributes["db.operation.name"] != "EVALSHA" || redis.attributes["db.system.name"] != "redis" {
		t.Errorf("attributes: %v, %v", hook.attributes, redis.attributes)
	}
	if strings.Contains(c.raw.String(), leaked) {
		t.Error("an address or a value is in what was sent")
	}
	for _, want := range []string{`session_requests_total{result="none"} 1`, `session_changes_total{change="created"} 1`} {
		if !strings.Contains(metrics, "\n"+want) {
			t.Errorf("no %s in\n%s", want, metrics)
		}
	}
}
