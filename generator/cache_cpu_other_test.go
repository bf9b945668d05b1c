//go:build unix && !linux

package generator_test

import (
	"testing"

	"github.com/apigen-go/apigen/generator/internal/conformance"
)

func rigCacheCPU(t *testing.T, _ *conformance.Service) {
	t.Skip("the processor time of another process is read on Linux only")
}
