package generator_test

import (
	"bytes"
	"compress/gzip"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	collogs "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	colmetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	coltraces "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	resource "go.opentelemetry.io/proto/otlp/resource/v1"
	"google.golang.org/protobuf/proto"
)

// collector takes telemetry over OTLP/HTTP and keeps it.
type collector struct {
	*httptest.Server

	mu        sync.Mutex
	fault     string                       // what was sent that makes no sense
	headers   map[string]http.Header       // of the last request, by signal
	resources map[string]map[string]string // of the last request, by signal
	spans     []sentSpan
	logs      []sentLog
	metrics   map[string]bool // names
	raw       bytes.Buffer    // all bodies
}

// sentSpan is what a test wants to know of a span.
type sentSpan struct {
	name, trace, id, parent string
	attributes              map[string]string
}

// sentLog is a line.
type sentLog struct {
	body, trace string
	attributes  map[string]string
}

func newCollector(t *testing.T) *collector {
	t.Helper()
	c := &collector{headers: map[string]http.Header{}, resources: map[string]map[string]string{}, metrics: map[string]bool{}}
	mux := http.NewServeMux()
	for path, take := range map[string]func([]byte) error{"/v1/traces": c.takeTraces, "/v1/metrics": c.takeMetrics, "/v1/logs": c.takeLogs} {
		mux.HandleFunc("POST "+path, func(w http.ResponseWriter, r *http.Request) {
			body, err := plainBody(r)
			c.mu.Lock()
			defer c.mu.Unlock()
			c.headers[path] = r.Header
			c.raw.Write(body)
			if err == nil {
				err = take(body)
			}
			if err != nil {
				c.fault = path + ": " + err.Error()
			}
			w.Header().Set("Content-Type", "application/x-protobuf")
		})
	}
	c.Server = httptest.NewServer(mux)
	t.Cleanup(c.Close)
	return c
}

// plainBody reads what was sent, compressed or not.
func plainBody(r *http.Request) ([]byte, error) {
	if r.Header.Get("Content-Encoding") != "gzip" {
		return io.ReadAll(r.Body)
	}
	plain, err := gzip.NewReader(r.Body)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(plain)
}

func attributes(list []*common.KeyValue) map[string]string {
	out := map[string]string{}
	for _, kv := range list {
		out[kv.Key] = kv.Value.GetStringValue()
	}
	return out
}

func (c *collector) from(path string, r *resource.Resource) {
	c.resources[path] = attributes(r.GetAttributes())
}

func (c *collector) takeTraces(body []byte) error {
	var req coltraces.ExportTraceServiceRequest
	if err := proto.Unmarshal(body, &req); err != nil {
		return err
	}
	for _, r := range req.ResourceSpans {
		c.from("/v1/traces", r.Resource)
		for _, s := range r.ScopeSpans {
			for _, span := range s.Spans {
				c.spans = append(c.spans, sentSpan{
					span.Name, hex.EncodeToString(span.TraceId), hex.EncodeToString(span.SpanId), hex.EncodeToString(span.ParentSpanId), attributes(span.Attributes),
				})
			}
		}
	}
	return nil
}

func (c *collector) takeMetrics(body []byte) error {
	var req colmetrics.ExportMetricsServiceRequest
	if err := proto.Unmarshal(body, &req); err != nil {
		return err
	}
	for _, r := range req.ResourceMetrics {
		c.from("/v1/metrics", r.Resource)
		for _, s := range r.ScopeMetrics {
			for _, m := range s.Metrics {
				name := m.Name + " " + m.GetHistogram().GetAggregationTemporality().String()
				if e := m.GetExponentialHistogram(); e != nil {
					name = m.Name + " exponential " + e.GetAggregationTemporality().String()
				}
				c.metrics[name] = true
			}
		}
	}
	return nil
}

func (c *collector) takeLogs(body []byte) error {
	var req collogs.ExportLogsServiceRequest
	if err := proto.Unmarshal(body, &req); err != nil {
		return err
	}
	for _, r := range req.ResourceLogs {
		c.from("/v1/logs", r.Resource)
		for _, s := range r.ScopeLogs {
			for _, l := range s.LogRecords {
				c.logs = append(c.logs, sentLog{l.Body.GetStringValue(), hex.EncodeToString(l.TraceId), attributes(l.Attributes)})
			}
		}
	}
	return nil
}

// await returns when ok does, which is called with the lock held.
func (c *collector) await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		c.mu.Lock()
		done := ok()
		c.mu.Unlock()
		if done {
			return
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	t.Fatalf("no %s arrived; fault %q, spans %v, metrics %v, %d lines", what, c.fault, c.spans, c.metrics, len(c.logs))
}
