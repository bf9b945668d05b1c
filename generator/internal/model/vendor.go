package model

// Vendor is a service that telemetry is sent to, with what its documents ask of those
// who send: New Relic takes OTLP itself, Datadog has an agent on each machine take it.
type Vendor struct {
	Title string // as people write it

	// Endpoint is where a service sends its telemetry that nothing stands between, and
	// Header the field of its requests that holds the key, "" for none.
	Endpoint, Header string

	// How says in the README how telemetry gets there.
	How string

	// Cluster says it of deploy/kubernetes.
	Cluster string

	// Settings are those of the service, wherever it sends through.
	Settings []Setting

	// Key is the variable of compose.yaml that holds the key. Without one everything
	// starts, and telemetry stays on the machine.
	Key Setting

	// Place is another variable: where the account is, with the default, and what
	// accounts elsewhere write.
	Place          Setting
	PlaceElsewhere string

	// Forward is where the collector of compose.yaml sends to.
	Forward string

	// Agent is the environment of the agent that takes telemetry, nil without one.
	Agent []Setting
}

// Setting is a variable, its value and what it means.
type Setting struct{ Name, Value, Meaning string }

// vendors are those there is something to say of, by their names in apigen.yaml.
var vendors = map[string]*Vendor{
	"newrelic": {
		Title:    "New Relic",
		Endpoint: "https://otlp.nr-data.net:4318",
		Header:   "api-key",
		How: "Telemetry goes to New Relic, which takes OTLP itself, with the license key of the account. The endpoint of accounts in the EU is\n" +
			"`https://otlp.eu01.nr-data.net:4318`. A request may have 1 MB there, a text 4,095 characters.",
		Cluster: "In a cluster the key is part of `secret.env`, the rest of the settings are in `deploy/kubernetes/kustomization.yaml`.",
		Settings: []Setting{
			{"OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "delta", "metrics tell what they grew by"},
			{"OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION", "base2_exponential_bucket_histogram", "histograms have buckets that fit"},
			{"OTEL_EXPORTER_OTLP_COMPRESSION", "gzip", "a request may have 1 MB"},
			{"OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "4095", "longer texts are cut, as they would be refused"},
			{"OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT", "4095", "those of the log too"},
		},
		Key:            Setting{"NEW_RELIC_LICENSE_KEY", "", "the license key of the account"},
		Place:          Setting{"NEW_RELIC_OTLP_ENDPOINT", "https://otlp.nr-data.net", "for accounts in the EU"},
		PlaceElsewhere: "https://otlp.eu01.nr-data.net",
		Forward:        "${env:NEW_RELIC_OTLP_ENDPOINT}",
	},
	"datadog": {
		Title:    "Datadog",
		Endpoint: "http://localhost:4318",
		How: "Telemetry goes to the Datadog Agent of the machine, version 7.58 or later. It takes OTLP only with\n" +
			"`DD_OTLP_CONFIG_RECEIVER_PROTOCOLS_HTTP_ENDPOINT=0.0.0.0:4318`, and logs with `DD_LOGS_ENABLED=true` and `DD_OTLP_CONFIG_LOGS_ENABLED=true`.\n" +
			"The agent has the API key, so the service has none. `OTEL_SERVICE_NAME`, `deployment.environment.name` and `service.version` become the tags\n" +
			"`service`, `env` and `version`.",
		Cluster: "In a cluster it is the agent of the node, with its port 4318 open on the node. The labels `tags.datadoghq.com/…` in\n" +
			"`deploy/kubernetes/deployment.yaml` say service, env and version, to telemetry as well.",
		Settings: []Setting{
			{"OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "delta", "metrics tell what they grew by"},
		},
		Key:            Setting{"DD_API_KEY", "", "the API key of the organization"},
		Place:          Setting{"DD_SITE", "datadoghq.com", "for organizations in the EU"},
		PlaceElsewhere: "datadoghq.eu",
		Forward:        "http://agent:4318",
		Agent: []Setting{
			{Name: "DD_OTLP_CONFIG_RECEIVER_PROTOCOLS_HTTP_ENDPOINT", Value: "0.0.0.0:4318"},
			{Name: "DD_LOGS_ENABLED", Value: "true"},
			{Name: "DD_OTLP_CONFIG_LOGS_ENABLED", Value: "true"},
		},
	},
}

// Exporters are those of the collector of compose.yaml: what sends to the vendor is one
// of them once there is a key.
func (v *Vendor) Exporters() string { return "[debug${" + v.Key.Name + ":+, otlphttp}]" }

// Replicas says how many agents there are: one with a key, none without.
func (v *Vendor) Replicas() string { return "0${" + v.Key.Name + ":+1}" }

// Account is the environment in compose.yaml of what needs the key.
func (v *Vendor) Account() []Setting {
	return []Setting{
		{Name: v.Key.Name, Value: "${" + v.Key.Name + ":-}"},
		{Name: v.Place.Name, Value: "${" + v.Place.Name + ":-" + v.Place.Value + "}"},
	}
}

// Collector reports whether compose.yaml has a collector for what the service sends.
func (p *Project) Collector() bool {
	return p.Features.OTLP && (p.Features.Monitoring || p.Vendor != nil)
}
