package render

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/apigen-go/apigen/generator/internal/model"
)

// Metric is one that services expose. Alerts and dashboards name no other.
type Metric struct {
	Name   string
	Kind   string // counter, gauge or histogram
	Labels []string
}

// Metrics are all of them: what the service has to expose for its alerts and its
// dashboard to mean something. up is made by Prometheus.
var Metrics = []Metric{
	{"up", "gauge", nil},
	{"http_server_request_duration_seconds", "histogram", []string{"operation", "http_request_method", "http_response_status_code"}},
	{"http_server_active_requests", "gauge", nil},
	{"db_client_connection_count", "gauge", []string{"state"}},
	{"db_client_connection_max", "gauge", nil},
	{"db_client_connection_pending_requests", "gauge", nil},
	{"db_client_connection_timeouts_total", "counter", nil},
	{"db_client_operation_duration_seconds", "histogram", nil},
	{"db_replica_lag_seconds", "gauge", []string{"replica"}},
	{"redis_up", "gauge", nil},
	{"redis_operation_duration_seconds", "histogram", nil},
	{"cache_requests_total", "counter", []string{"result"}},
	{"cache_size_bytes", "gauge", nil},
	{"ratelimit_requests_total", "counter", []string{"result"}},
	{"ratelimit_degraded", "gauge", nil},
	{"shed_requests_total", "counter", []string{"priority"}},
	{"session_requests_total", "counter", []string{"result"}},
	{"session_changes_total", "counter", []string{"change"}},
	{"server_panics_total", "counter", nil},
	{"go_goroutines", "gauge", nil},
	{"process_cpu_seconds_total", "counter", nil},
	{"process_resident_memory_bytes", "gauge", nil},
	{"process_open_fds", "gauge", nil},
	{"process_max_fds", "gauge", nil},
}

// slo is what users are promised: a share of requests that may go wrong, and how to
// tell which did.
type slo struct {
	Name   string
	Goal   string // for people
	Budget string // the share that may go wrong
	wrong  func(window string) string
}

// burnWindows are the spans of time that error ratios are recorded over.
var burnWindows = []string{"5m", "30m", "1h", "2h", "6h", "1d", "3d"}

// Windows are the spans of time that error ratios are recorded over.
func (slo) Windows() []string { return burnWindows }

// Wrong is the share of requests that went wrong in a span of time.
func (s slo) Wrong(window string) string { return s.wrong(window) }

// slos are the two promises of a service. An operation that nobody has written yet
// (501) breaks none, and one that streams is slow on purpose.
func slos(p *model.Project) []slo {
	const requests = "http_server_request_duration_seconds"
	series := func(name, labels, window string) string {
		return fmt.Sprintf("sum by (job) (rate(%s{job=%q%s}[%s]))", name, p.Name, labels, window)
	}
	quick := ""
	if names := streams(p); len(names) > 0 {
		quick = ",operation!~" + strconv.QuoteToASCII(strings.Join(names, "|"))
	}
	return []slo{
		{"availability", "99.9 % of requests get no 5xx", "0.001", func(window string) string {
			return series(requests+"_count", `,http_response_status_code=~"5..",http_response_status_code!="501"`, window) +
				"\n/ " + series(requests+"_count", "", window)
		}},
		{"latency", "99 % of requests are answered within 500 ms", "0.01", func(window string) string {
			return "1 - " + series(requests+"_bucket", quick+`,le="0.5"`, window) +
				"\n/ " + series(requests+"_count", quick, window)
		}},
	}
}

// streams are patterns for the operations whose answers take as long as the client
// listens.
func streams(p *model.Project) []string {
	var out []string
	for _, op := range p.Operations {
		if streaming(op) {
			out = append(out, regexp.QuoteMeta(op.ID))
		}
	}
	return out
}

// streaming reports whether an answer has no end that is known when it begins.
func streaming(op *model.Operation) bool {
	return slices.ContainsFunc(op.Successes, func(s *model.Success) bool {
		return s.Body != nil && (s.Body.Kind == model.EventBody || s.Body.Kind == model.LinesBody)
	})
}

// alert is a symptom that somebody should look at, with series that make it fire
// within ten minutes.
type alert struct {
	Name, Expr, For, Severity string
	Summary, Runbook          string
	Keeps                     string // a label beside job and instance, as name: value
	Series                    [][2]string
	when                      func(model.Features) bool
}

// alerts are those of the parts that the project has.
func alerts(p *model.Project) []alert {
	job := `{job="` + p.Name + `"}`
	all := []alert{
		{Name: "TargetDown", Expr: "max by (job, instance) (up" + job + ") == 0", For: "2m", Severity: "page",
			Summary: "An instance cannot be asked for its metrics.",
			Runbook: "Is the process there, and is ADMIN_ADDR an address that Prometheus reaches? Its log ends with why it stopped.",
			Series:  [][2]string{{"up", "0x20"}}},
		{Name: "Panics", Expr: "sum by (job, instance) (increase(server_panics_total" + job + "[10m])) > 0", For: "0m", Severity: "ticket",
			Summary: "A handler panicked; its request got a 500.",
			Runbook: "Look for the stack in the log, and for the operation in its line.",
			Series:  [][2]string{{"server_panics_total", "0+1x20"}}},
		{Name: "FileDescriptors", Expr: "max by (job, instance) (process_open_fds" + job + " / process_max_fds" + job + ") > 0.8", For: "5m", Severity: "ticket",
			Summary: "More than 80 % of the file descriptors are open.",
			Runbook: "Compare with open connections; raise the limit of the process, or lower MAX_CONNECTIONS.",
			Series:  [][2]string{{"process_open_fds", "900x20"}, {"process_max_fds", "1000x20"}}},
		{Name: "PoolWaiters", Expr: "max by (job, instance) (db_client_connection_pending_requests" + job + ") > 0", For: "5m", Severity: "ticket",
			Summary: "Queries have been waiting for database connections for five minutes.",
			Runbook: "Look for slow queries first; then raise DATABASE_MAX_CONNS as far as the server allows.",
			Series:  [][2]string{{"db_client_connection_pending_requests", "3x20"}}, when: usesStore},
		{Name: "PoolTimeouts", Expr: "sum by (job, instance) (rate(db_client_connection_timeouts_total" + job + "[5m])) > 0", For: "2m", Severity: "ticket",
			Summary: "Queries got no database connection in time; their requests got a 503.",
			Runbook: "See PoolWaiters. Is the database up?",
			Series:  [][2]string{{"db_client_connection_timeouts_total", "0+6x20"}}, when: usesStore},
		{Name: "ReplicaLag", Expr: "max by (job, instance, replica) (db_replica_lag_seconds" + job + ") > 10", For: "2m", Severity: "ticket",
			Summary: "A replica is more than 10 seconds behind; reads go to the primary.",
			Runbook: "Look at the replication of the replica, and at long transactions on it.",
			Keeps:   "replica: one", Series: [][2]string{{"db_replica_lag_seconds", "60x20"}}, when: usesStore},
		{Name: "RedisDown", Expr: "max by (job, instance) (redis_up" + job + ") == 0", For: "2m", Severity: "ticket",
			Summary: "An instance does not reach Redis; what instances share is each one's own.",
			Runbook: "Is Redis up, and does it answer within REDIS_TIMEOUT?",
			Series:  [][2]string{{"redis_up", "0x20"}}, when: usesRedis},
		{Name: "LimiterDegraded", Expr: "max by (job, instance) (ratelimit_degraded" + job + ") == 1", For: "5m", Severity: "ticket",
			Summary: "Rate limits are counted by each instance alone.",
			Runbook: "See RedisDown. Until then a client may send its quota to every instance.",
			Series:  [][2]string{{"ratelimit_degraded", "1x20"}}, when: func(f model.Features) bool { return f.Redis && f.RateLimit }},
		{Name: "Shedding", Expr: "sum by (job, instance) (rate(shed_requests_total" + job + "[5m]))\n/ sum by (job, instance) (rate(http_server_request_duration_seconds_count" + job + "[5m])) > 0.01",
			For: "5m", Severity: "ticket",
			Summary: "More than 1 % of requests are beyond the capacity of an instance.",
			Runbook: "Add instances, or find what has become slower. With SHED=dry-run they are still served.",
			Series:  [][2]string{{"shed_requests_total", "0+6x20"}, {"http_server_request_duration_seconds_count", "0+60x20"}}, when: usesShed},
	}
	return slices.DeleteFunc(all, func(a alert) bool { return a.when != nil && !a.when(p.Features) })
}

func usesStore(f model.Features) bool { return f.Store }

func usesRedis(f model.Features) bool { return f.Redis }

func usesCache(f model.Features) bool { return f.Cache }

func usesLimits(f model.Features) bool { return f.RateLimit }

func usesShed(f model.Features) bool { return f.Shed }

func usesSession(f model.Features) bool { return f.Session }

// Labels are those of a series that the test of an alert gives it.
func (a alert) Labels(job string) string {
	more := ""
	if name, value, ok := strings.Cut(a.Keeps, ": "); ok {
		more = fmt.Sprintf(",%s=%q", name, value)
	}
	return fmt.Sprintf(`{job=%q,instance="one:9090"%s}`, job, more)
}
