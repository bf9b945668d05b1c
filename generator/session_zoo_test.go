//go:build unix

package generator_test

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/apigen-go/apigen/generator/internal/conformance"
)

// TestRigSessionsOfRealDocument runs the service of a document that others wrote, with
// a cookie among thirteen schemes.
func TestRigSessionsOfRealDocument(t *testing.T) {
	skipShort(t)
	document := filepath.Join(shared(), "specs/security-zoo-3.1.json")
	if _, err := os.Stat(document); err != nil {
		t.Skip("APIGEN_SHARED names no folder with documents")
	}
	dir := filepath.Join(t.TempDir(), "zoo")
	create(t, dir, document, "session")
	editFile(t, filepath.Join(dir, "cmd/zoo/main.go"), func(text []byte) []byte {
		return bytes.Replace(text, []byte("api.Options{Log: log"), []byte("api.Options{Guard: handler.Guard{}, Log: log"), 1)
	})
	methods := regexp.MustCompile(`(?s)\nfunc \(h \*Handler\) (PostAnythingAPIKey|PutAnythingAPIKey|PostAnythingNoAuth)\(.*?\n}\n`)
	files, err := filepath.Glob(filepath.Join(dir, "internal/handler/*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		editFile(t, file, func(text []byte) []byte { return methods.ReplaceAll(text, nil) })
	}
	ours, err := os.ReadFile(filepath.Join(repository, "testdata/sessions/zoo.go"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "internal/handler/zoo.go"), ours, 0o644); err != nil {
		t.Fatal(err)
	}
	service, err := conformance.Start(t.Context(), dir, t.TempDir(), productive, firstSecret)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(service.Kill)
	s := &site{instances: []*conformance.Service{service}, client: http.DefaultClient}
	b := s.visitor(t)
	const evil, own = "cross-site", "same-origin"
	b.want(http.StatusUnauthorized, "POST", "/anything/apiKey", "")
	b.want(http.StatusForbidden, "POST", "/anything/no-auth", "", "Sec-Fetch-Site", evil) // a login for the attacker
	b.want(http.StatusOK, "POST", "/anything/no-auth", "", "Sec-Fetch-Site", own)
	b.want(http.StatusOK, "POST", "/anything/apiKey", "", "Sec-Fetch-Site", own)
	b.want(http.StatusForbidden, "POST", "/anything/apiKey", "", "Sec-Fetch-Site", evil)
	b.want(http.StatusOK, "PUT", "/anything/apiKey", "", "Sec-Fetch-Site", evil, "X-API-KEY", "good") // the cookie counts for nothing here
	b.want(http.StatusUnauthorized, "PUT", "/anything/apiKey", "", "X-API-KEY", "bad")
	b.cookie = "api_key=" + b.cookie[len("api_key="):len(b.cookie)-1]
	b.want(http.StatusUnauthorized, "POST", "/anything/apiKey", "")
}

func editFile(t *testing.T, file string, change func([]byte) []byte) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, change(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
