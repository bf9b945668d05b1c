package telemetry

import (
	"context"

	"go.opentelemetry.io/contrib/instrumentation/runtime"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/resource"
)

// goRuntime measures the runtime of Go for a single reader. As instruments of the meter
// its numbers would be on the page for Prometheus too, which has its own.
type goRuntime struct{ reader *sdkmetric.ManualReader }

func newGoRuntime(t Temporality) (*goRuntime, error) {
	g := &goRuntime{sdkmetric.NewManualReader(sdkmetric.WithTemporalitySelector(t.of))}
	provider := sdkmetric.NewMeterProvider(sdkmetric.WithReader(g.reader), sdkmetric.WithResource(resource.Empty()))
	return g, runtime.Start(runtime.WithMeterProvider(provider))
}

// Produce implements [sdkmetric.Producer].
func (g *goRuntime) Produce(ctx context.Context) ([]metricdata.ScopeMetrics, error) {
	var all metricdata.ResourceMetrics
	err := g.reader.Collect(ctx, &all)
	return all.ScopeMetrics, err
}
