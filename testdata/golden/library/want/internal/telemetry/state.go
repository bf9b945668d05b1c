package telemetry

import "go.opentelemetry.io/otel/metric"

// state has something that is so or not read whenever somebody asks.
func (t *Telemetry) state(name, about string, read func() bool) {
	_, err := t.meter.Int64ObservableGauge(name, metric.WithDescription(about), callback(func(note note) {
		var value int64
		if read() {
			value = 1
		}
		note(value)
	}))
	t.check(err)
}
