package generator_test

import (
	"os"
	"path/filepath"
	"testing"
)

// TestHTTP drives a generated service through every style of parameter, kind of
// body and negotiation that OpenAPI knows, with the test in testdata/http.
func TestHTTP(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "http")
	create(t, dir, filepath.Join(repository, "testdata/golden/http/openapi.yaml"), "default", "client", "check")
	test, err := os.ReadFile(filepath.Join(repository, "testdata/http/api_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "internal/api/http_test.go"), test, 0o644); err != nil {
		t.Fatal(err)
	}
	goTool(t, dir, "vet", "./internal/api")
	goTool(t, dir, "test", "./internal/api")
}
