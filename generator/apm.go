package generator

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/apigen-go/apigen/generator/internal/model"
)

// noAPM is the choice of who wants no telemetry to be sent.
const noAPM = "none"

// APMs returns what [Config].APM chooses from.
func APMs() []string { return []string{"newrelic", "datadog", "otlp", noAPM} }

// chooseAPM takes away the feature that the choice rules out, and reports what the choice
// contradicts.
func (c Config) chooseAPM(on *model.Features) error {
	if c.APM == "" {
		return nil
	}
	if c.APM == noAPM && !slices.Contains(c.Features, "otlp") {
		on.OTLP = false
	}
	return cmp.Or(checkAPM(c.APM), checkSender(c.APM, *on))
}

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
