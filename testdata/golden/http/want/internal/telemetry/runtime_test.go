package telemetry

import (
	"testing"

	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

func TestGoRuntime(t *testing.T) {
	g, err := newGoRuntime("delta")
	if err != nil {
		t.Fatal(err)
	}
	scopes, err := g.Produce(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]metricdata.Aggregation{}
	for _, scope := range scopes {
		for _, m := range scope.Metrics {
			got[m.Name] = m.Data
		}
	}
	for _, name := range []string{"go.memory.used", "go.memory.allocated", "go.memory.gc.goal", "go.goroutine.count", "go.processor.limit"} {
		if got[name] == nil {
			t.Errorf("no %s in %v", name, got)
		}
	}
	if sum, ok := got["go.memory.allocated"].(metricdata.Sum[int64]); !ok || sum.Temporality != metricdata.DeltaTemporality || sum.DataPoints[0].Value == 0 {
		t.Errorf("go.memory.allocated: %+v", got["go.memory.allocated"])
	}
}
