package render

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/apigen-go/apigen/generator/internal/model"
)

// panel is one of the dashboard: what it shows, each as PromQL with its legend.
// JOB stands for the selector of the service, RATE for the span of rates.
type panel struct {
	title, unit string
	shows       [][2]string
	when        func(model.Features) bool
}

const latency = "histogram_quantile(%s, sum by (%s) (rate(%s_bucket{JOB}[RATE])))"

func quantile(q, by, metric string) string { return fmt.Sprintf(latency, q, by, metric) }

var panels = []panel{
	{title: "Requests by operation", unit: "reqps", shows: [][2]string{
		{"sum by (operation) (rate(http_server_request_duration_seconds_count{JOB}[RATE]))", "{{operation}}"}}},
	{title: "Errors by operation (5xx)", unit: "reqps", shows: [][2]string{
		{`sum by (operation, http_response_status_code) (rate(http_server_request_duration_seconds_count{JOB,http_response_status_code=~"5.."}[RATE]))`, "{{operation}} {{http_response_status_code}}"}}},
	{title: "Duration by operation (p95)", unit: "s", shows: [][2]string{
		{quantile("0.95", "le, operation", "http_server_request_duration_seconds"), "{{operation}}"}}},
	{title: "Duration of all", unit: "s", shows: [][2]string{
		{quantile("0.5", "le", "http_server_request_duration_seconds"), "p50"},
		{quantile("0.99", "le", "http_server_request_duration_seconds"), "p99"}}},
	{title: "Answers by status", unit: "reqps", shows: [][2]string{
		{"sum by (http_response_status_code) (rate(http_server_request_duration_seconds_count{JOB}[RATE]))", "{{http_response_status_code}}"}}},
	{title: "In flight, and panics", unit: "short", shows: [][2]string{
		{"sum by (instance) (http_server_active_requests{JOB})", "{{instance}}"},
		{"sum by (instance) (increase(server_panics_total{JOB}[RATE]))", "panics {{instance}}"}}},
	{title: "Database connections", unit: "short", when: usesStore, shows: [][2]string{
		{"sum by (state) (db_client_connection_count{JOB})", "{{state}}"},
		{"sum(db_client_connection_max{JOB})", "limit"},
		{"sum(db_client_connection_pending_requests{JOB})", "waiting"},
		{"sum(rate(db_client_connection_timeouts_total{JOB}[RATE]))", "timeouts a second"}}},
	{title: "Duration of queries", unit: "s", when: usesStore, shows: [][2]string{
		{quantile("0.5", "le", "db_client_operation_duration_seconds"), "p50"},
		{quantile("0.95", "le", "db_client_operation_duration_seconds"), "p95"}}},
	{title: "Lag of replicas", unit: "s", when: usesStore, shows: [][2]string{
		{"max by (replica) (db_replica_lag_seconds{JOB})", "{{replica}}"}}},
	{title: "Share of answers from the cache", unit: "percentunit", when: usesCache, shows: [][2]string{
		{`sum(rate(cache_requests_total{JOB,result="hit"}[RATE])) / sum(rate(cache_requests_total{JOB}[RATE]))`, "hits"}}},
	{title: "Size of the cache", unit: "bytes", when: usesCache, shows: [][2]string{
		{"sum by (instance) (cache_size_bytes{JOB})", "{{instance}}"}}},
	{title: "Rate limits", unit: "reqps", when: usesLimits, shows: [][2]string{
		{"sum by (result) (rate(ratelimit_requests_total{JOB}[RATE]))", "{{result}}"},
		{"max by (instance) (ratelimit_degraded{JOB})", "degraded {{instance}}"}}},
	{title: "Requests beyond the capacity", unit: "reqps", when: usesShed, shows: [][2]string{
		{"sum by (priority) (rate(shed_requests_total{JOB}[RATE]))", "{{priority}}"}}},
	{title: "Sessions", unit: "ops", when: usesSession, shows: [][2]string{
		{"sum by (result) (rate(session_requests_total{JOB}[RATE]))", "{{result}}"},
		{"sum by (change) (rate(session_changes_total{JOB}[RATE]))", "{{change}}"}}},
	{title: "Redis", unit: "s", when: usesRedis, shows: [][2]string{
		{quantile("0.95", "le", "redis_operation_duration_seconds"), "p95"},
		{"min by (instance) (redis_up{JOB})", "up {{instance}}"}}},
	{title: "Processor", unit: "short", shows: [][2]string{
		{"sum by (instance) (rate(process_cpu_seconds_total{JOB}[RATE]))", "{{instance}}"}}},
	{title: "Memory", unit: "bytes", shows: [][2]string{
		{"sum by (instance) (process_resident_memory_bytes{JOB})", "{{instance}}"}}},
	{title: "Goroutines and open files", unit: "short", shows: [][2]string{
		{"sum by (instance) (go_goroutines{JOB})", "goroutines {{instance}}"},
		{"sum by (instance) (process_open_fds{JOB})", "files {{instance}}"}}},
}

// promQL fills in what the expressions leave open.
func promQL(expr string, p *model.Project) string {
	return strings.NewReplacer("JOB", `job="`+p.Name+`"`, "RATE", "$__rate_interval").Replace(expr)
}

// source names the database of metrics that deploy/grafana/provisioning sets up.
type source struct {
	Type string `json:"type"`
	UID  string `json:"uid"`
}

type grafanaTarget struct {
	Datasource source `json:"datasource"`
	RefID      string `json:"refId"`
	Expr       string `json:"expr"`
	Legend     string `json:"legendFormat"`
}

type grafanaPanel struct {
	ID         int             `json:"id"`
	Type       string          `json:"type"`
	Title      string          `json:"title"`
	Datasource source          `json:"datasource"`
	Grid       map[string]int  `json:"gridPos"`
	Field      map[string]any  `json:"fieldConfig"`
	Targets    []grafanaTarget `json:"targets"`
}

// dashboard is the text of deploy/grafana/dashboard.json.
func dashboard(p *model.Project) ([]byte, error) {
	from := source{"prometheus", "prometheus"}
	var list []grafanaPanel
	for _, panel := range panels {
		if panel.when != nil && !panel.when(p.Features) {
			continue
		}
		n := len(list)
		shown := grafanaPanel{
			ID: n + 1, Type: "timeseries", Title: panel.title, Datasource: from,
			Grid:  map[string]int{"x": n % 2 * 12, "y": n / 2 * 8, "w": 12, "h": 8},
			Field: map[string]any{"defaults": map[string]any{"unit": panel.unit, "min": 0}, "overrides": []any{}},
		}
		for i, show := range panel.shows {
			shown.Targets = append(shown.Targets, grafanaTarget{from, string(rune('A' + i)), promQL(show[0], p), show[1]})
		}
		list = append(list, shown)
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(struct {
		UID         string            `json:"uid"`
		Title       string            `json:"title"`
		Description string            `json:"description"`
		Schema      int               `json:"schemaVersion"`
		Refresh     string            `json:"refresh"`
		Time        map[string]string `json:"time"`
		Panels      []grafanaPanel    `json:"panels"`
	}{p.Name[:min(len(p.Name), 40)], p.Name, oneLine(p.Title), 39, "30s", map[string]string{"from": "now-6h", "to": "now"}, list})
	if err != nil {
		return nil, fmt.Errorf("write dashboard: %w", err)
	}
	return out.Bytes(), nil
}
