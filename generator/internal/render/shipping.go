package render

import (
	"regexp"
	"slices"
	"strings"

	"github.com/apigen-go/apigen/generator/internal/model"
)

// shippingTable are the files that bring a service to where it runs and watch it there.
var shippingTable = []projectFile{
	{path: "compose.yaml", class: Managed, when: hasCompose},
	{path: ".env.example", class: Managed, when: hasCompose},
	{path: "deploy/postgres/pg_hba.conf", class: Managed, when: both(hasCompose, hasStore)},
	{path: "deploy/postgres/replication.sql", class: Managed, when: both(hasCompose, hasStore)},
	{path: "deploy/otel/collector.yaml", class: Managed, when: both(hasCompose, (*model.Project).Collector)},
	{path: "deploy/kubernetes/kustomization.yaml", class: Managed, when: hasKubernetes},
	{path: "deploy/kubernetes/deployment.yaml", class: Managed, when: hasKubernetes},
	{path: "deploy/kubernetes/service.yaml", class: Managed, when: hasKubernetes},
	{path: "deploy/kubernetes/autoscaler.yaml", class: Managed, when: hasKubernetes},
	{path: "deploy/kubernetes/disruption.yaml", class: Managed, when: hasKubernetes},
	{path: "deploy/kubernetes/network.yaml", class: Managed, when: hasKubernetes},
	{path: "deploy/kubernetes/migration.yaml", class: Managed, when: both(hasKubernetes, hasStore)},
	{path: "deploy/kubernetes/secret.env.example", class: Managed, when: hasKubernetes},
	{path: "deploy/prometheus/prometheus.yaml", class: Managed, when: hasMonitoring},
	{path: "deploy/prometheus/alerts.yaml", class: Managed, when: hasMonitoring},
	{path: "deploy/prometheus/alerts_test.yaml", class: Managed, when: hasMonitoring},
	{path: "deploy/grafana/provisioning/datasources/prometheus.yaml", class: Managed, when: hasMonitoring},
	{path: "deploy/grafana/provisioning/dashboards/files.yaml", class: Managed, when: hasMonitoring},
	{path: "deploy/load/load.js", class: Managed, when: hasLoad},
}

func hasCompose(p *model.Project) bool { return p.Features.Compose }

func hasKubernetes(p *model.Project) bool { return p.Features.Kubernetes }

func hasMonitoring(p *model.Project) bool { return p.Features.Monitoring }

func hasLoad(p *model.Project) bool { return p.Features.Load }

// shipping is what the templates of these files are made of.
type shipping struct {
	*model.Project
	Settings []setting
	SLOs     []slo
	Alerts   []alert
	Requests []loadRequest
}

// shippingFiles makes the files of the table, and the dashboard, which is no template:
// its text is JSON from Go values.
func shippingFiles(e *engine) ([]File, error) {
	data := shipping{Project: e.project}
	if hasCompose(e.project) {
		readme, err := e.projectFile("README.md")
		if err != nil {
			return nil, err
		}
		data.Settings = settingsOf(string(readme))
	}
	if hasMonitoring(e.project) {
		data.SLOs, data.Alerts = slos(e.project), alerts(e.project)
	}
	if hasLoad(e.project) {
		data.Requests = loadRequests(e.project)
	}
	var files []File
	for _, row := range shippingTable {
		if !row.when(e.project) {
			continue
		}
		text, err := e.shippingFile(row.path, data)
		if err != nil {
			return nil, err
		}
		files = append(files, File{Path: row.path, Class: row.class, Data: text})
	}
	if hasMonitoring(e.project) {
		text, err := dashboard(e.project)
		if err != nil {
			return nil, err
		}
		files = append(files, File{Path: "deploy/grafana/dashboard.json", Class: Managed, Data: text})
	}
	return files, nil
}

func (e *engine) shippingFile(name string, data shipping) ([]byte, error) {
	if exists(name) {
		return e.copy(name)
	}
	return e.text(name+".tmpl", data)
}

// Host is the name of the service where names are labels of DNS: short enough for
// what is put behind it.
func (s shipping) Host() string {
	host := strings.ReplaceAll(s.Name, "_", "-")
	return strings.TrimRight(host[:min(len(host), 40)], "-")
}

// Times in seconds of a stop in a cluster: until balancers have noticed, and for
// requests in flight.
const (
	stopDelay   = 10
	stopTimeout = 20
)

// StopDelay is SHUTDOWN_DELAY in seconds.
func (shipping) StopDelay() int { return stopDelay }

// StopTimeout is SHUTDOWN_TIMEOUT in seconds.
func (shipping) StopTimeout() int { return stopTimeout }

// Grace is the time in seconds after which a service that was told to stop is killed:
// more than the stop takes.
func (shipping) Grace() int { return stopDelay + stopTimeout + 5 }

// setting is one setting of the service, as the README lists it.
type setting struct{ Name, Default, Meaning string }

// Line sets the default.
func (s setting) Line() string {
	if strings.ContainsAny(s.Default, " $'\"#\\") {
		return s.Name + "='" + s.Default + "'"
	}
	return s.Name + "=" + s.Default
}

var settingRow = regexp.MustCompile("(?m)^\\| `([A-Z][A-Z0-9_]*)` \\|(?: `([^`]*)`)? \\| (.*) \\|$")

// settingsOf reads the table in the README of a project, which tests hold to what the
// service itself says.
func settingsOf(readme string) []setting {
	var out []setting
	for _, m := range settingRow.FindAllStringSubmatch(readme, -1) {
		out = append(out, setting{m[1], m[2], oneLine(strings.ReplaceAll(m[3], "`", ""))})
	}
	return out
}

// composed are the settings that compose.yaml makes itself, and the one that has a line
// of its own in .env.example.
var composed = []string{"ADDR", "ADMIN_ADDR", "DATABASE_URL", "DATABASE_REPLICA_URLS", "REDIS_URL", "SESSION_SECRETS"}

// Optional are the settings that somebody who starts compose.yaml may change.
func (s shipping) Optional() []setting {
	return slices.DeleteFunc(slices.Clone(s.Settings), func(v setting) bool {
		return slices.Contains(composed, v.Name) || s.Collector() && v.Name == "OTEL_EXPORTER_OTLP_ENDPOINT" || s.preset(v.Name)
	})
}

// preset reports whether .env.example has a line for a setting that the vendor asks for.
func (s shipping) preset(name string) bool {
	return s.Vendor != nil && (name == "OTEL_RESOURCE_ATTRIBUTES" ||
		slices.ContainsFunc(s.Vendor.Settings, func(v model.Setting) bool { return v.Name == name }))
}

// NodeAgent reports whether an agent on each node of a cluster takes telemetry.
func (s shipping) NodeAgent() bool { return s.Vendor != nil && s.Vendor.Agent != nil }

// Issuer reports whether the service fetches the keys of who issues tokens.
func (s shipping) Issuer() bool { return s.Features.Auth && s.Guard != nil && s.Guard.Tokens() }

// Secret says what else a secret of the service holds: the names of settings.
func (s shipping) Secret() []string {
	var out []string
	if s.Features.Session {
		out = append(out, "SESSION_SECRETS")
	}
	if s.Features.Auth && s.Guard != nil {
		for _, v := range []struct {
			name string
			when bool
		}{{"AUTH_ISSUER", s.Guard.Tokens()}, {"AUTH_AUDIENCE", s.Guard.Tokens()}, {"AUTH_API_KEYS", s.Guard.Keys()}, {"AUTH_USERS", s.Guard.Passwords()}} {
			if v.when {
				out = append(out, v.name)
			}
		}
	}
	return out
}
