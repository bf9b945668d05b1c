package generator

import (
	"fmt"
	"slices"
	"strings"

	"github.com/apigen-go/apigen/generator/internal/model"
)

// noAPM is the choice of who wants no telemetry to be sent.
const noAPM = "none"

// APMs returns what [Config].APM chooses from.
func APMs() []string { return []string{"newrelic", "datadog", "otlp", noAPM} }

// checkAPM reports that there is no such choice.
func checkAPM(apm string) error {
	if !slices.Contains(APMs(), apm) {
		return fmt.Errorf("there is no apm %q; choose from %s", apm, strings.Join(APMs(), ", "))
	}
	return nil
}

// checkSender reports features that a choice contradicts.
func checkSender(apm string, f model.Features) error {
	switch {
	case apm == "":
	case apm == noAPM && f.OTLP:
		return fmt.Errorf("apm %s and the feature otlp exclude each other", apm)
	case apm != noAPM && !f.OTLP:
		return fmt.Errorf("apm %s is of no use without the feature otlp, which sends the telemetry", apm)
	}
	return nil
}
