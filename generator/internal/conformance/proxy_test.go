package conformance

import (
	"context"
	"os"
	"path/filepath"
	"testing"
)

// proxied are the documents whose service is also called through its own client.
// What HTTP can carry beside is in testdata/http.
var proxied = []string{
	"bookshop", "messages", "tiny", "names",
	"petstore-expanded-3.0.yaml", "museum-3.1.yaml", "train-travel-3.1.yaml",
	"conduit-realworld-3.1.yml", "resend-3.0.yml", "petstore-full-3.1.json",
}

// proxyMain mounts the typed client as a handler: every request that the proxy
// gets is decoded, encoded, sent to the service, and the answer the other way.
const proxyMain = `package main

import (
	"log"
	"net/http"
	"os"

	"example.com/service/internal/api"
)

func main() {
	c, err := api.NewClient(os.Getenv("UPSTREAM"), api.ClientOptions{Strict: true})
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /readyz", func(http.ResponseWriter, *http.Request) {})
	mux.Handle("/", api.New(c, api.Options{CheckAnswers: true}))
	log.Fatal(http.ListenAndServe(os.Getenv("ADDR"), mux))
}
`

// TestClient holds a service to its document through a proxy that is its own
// typed client. What the runner sees must be what it sees without the proxy, with
// every answer checked on both sides.
func TestClient(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and runs a project per document")
	}
	paths := documents(t)
	for _, title := range proxied {
		path, ok := paths[title]
		if !ok {
			continue
		}
		t.Run(title, func(t *testing.T) {
			project, stubs := newProject(t, "--spec", path, "--feature", "default,client,check")
			run(t, project, "go", "vet", "./client", "./internal/api", "./internal/client", "./internal/codec")
			direct := throughProxy(t, path, project, stubs, false)
			proxied := throughProxy(t, path, project, stubs, true)
			if direct != proxied {
				t.Errorf("without the proxy\n\t%s\nthrough it\n\t%s", direct, proxied)
			}
		})
	}
}

// throughProxy runs the service, with a proxy in front of it or not, and returns
// what the runner saw.
func throughProxy(t *testing.T, path, project string, stubs map[string]bool, proxy bool) string {
	t.Helper()
	service, err := Start(t.Context(), project, t.TempDir(), "DATABASE_URL="+sqlite(t), "LOG_LEVEL=warn", "CHECK_ANSWERS=true")
	if err != nil {
		t.Fatal(err)
	}
	defer service.Kill()
	base, restart := service.URL, service.Restart
	front := service
	if proxy {
		front = newProxy(t, project)
		restart = func(ctx context.Context) (string, error) {
			front.Kill()
			upstream, err := service.Restart(ctx)
			if err != nil {
				return "", err
			}
			front.env = []string{"UPSTREAM=" + upstream}
			err = front.start(ctx)
			return front.URL, err
		}
		front.env = []string{"UPSTREAM=" + base}
		if err := front.start(t.Context()); err != nil {
			t.Fatal(err)
		}
		defer func() { front.Kill() }()
		base = front.URL
	}
	report, err := Run(t.Context(), base, load(t, path), Options{Stubs: stubs, Restart: restart})
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Failures) > 0 {
		t.Errorf("proxy %t:\n%s\n%s\n%s", proxy, report.Text(), service.Log(), front.Log())
	}
	t.Log(report.Summary())
	return report.Summary() + "\n" + report.Table()
}

// newProxy builds the proxy of a project.
func newProxy(t *testing.T, project string) *Service {
	t.Helper()
	dir := filepath.Join(project, "cmd", "proxy")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(proxyMain), 0o644); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(t.TempDir(), "proxy")
	run(t, project, "go", "build", "-p", "2", "-o", program, "./cmd/proxy")
	return &Service{program: program, log: &logBuffer{}}
}
