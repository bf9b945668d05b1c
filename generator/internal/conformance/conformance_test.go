package conformance

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/apigen-go/apigen/generator/internal/servertest"
	"github.com/apigen-go/apigen/generator/internal/spec"
)

// TestConformance makes a project of every document and holds the service to
// the document, on SQLite and on PostgreSQL:
//
//	go test ./generator/internal/conformance -run 'Conformance/train-travel' -v
func TestConformance(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and runs a project per document")
	}
	paths := documents(t)
	for _, title := range slices.Concat(golden, acceptance) {
		path, ok := paths[title]
		if !ok {
			continue
		}
		t.Run(title, func(t *testing.T) {
			project, stubs := newProject(t, "--spec", path)
			holdEverywhere(t, project, path, stubs, title == "bookshop")
		})
	}
}

// TestConformanceOfResources makes a project of resources that are given by flags.
func TestConformanceOfResources(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and runs a project")
	}
	project, stubs := newProject(t,
		"--resource", "author name:string!:unique born:date email:email website:url",
		"--resource", "book title:string! price:decimal pages:int:min=1 weight:float isbn:string:unique "+
			"status:enum(draft|published):default=draft author:ref(author)!",
		"--resource", "review book:ref(book)! rating:int!:min=1:max=5 text:text tags:list(string) "+
			"spoils:bool:default=false written:datetime extra:json")
	if len(stubs) > 0 {
		t.Errorf("stubs are left: %v", stubs)
	}
	holdEverywhere(t, project, filepath.Join(project, "api", "openapi.yaml"), stubs, true)
}

// TestConformanceOfShards makes a project whose tables are divided.
func TestConformanceOfShards(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and runs a project")
	}
	path := filepath.Join(root, "testdata", "shard", "openapi.yaml")
	project, stubs := newProject(t, "--spec", path)
	if len(stubs) != 1 || !stubs["GET /books/{bookId}"] {
		t.Errorf("the stubs are %v", stubs)
	}
	holdEverywhere(t, project, path, stubs, true)
}

// TestConformanceOfSeveral makes one project of two documents and holds the service
// to each of them. What one of them creates the other one shows, because the two
// describe the rows alike.
func TestConformanceOfSeveral(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and runs a project")
	}
	folder := filepath.Join(root, "testdata", "golden", "library")
	public, admin := filepath.Join(folder, "openapi.yaml"), filepath.Join(folder, "admin.yaml")
	project, stubs := newProject(t, "--spec", public, "--spec", admin, "--base", "admin=/admin")
	if len(stubs) > 0 {
		t.Errorf("stubs are left: %v", stubs)
	}
	prove(t, project)
	service, err := Start(t.Context(), project, t.TempDir(), "DATABASE_URL="+sqlite(t), "LOG_LEVEL=warn")
	if err != nil {
		t.Fatal(err)
	}
	defer service.Kill()
	made := ask(t, http.MethodPost, service.URL+"/admin/books", `{"title": "Emma", "shelf": "hall"}`, http.StatusCreated)
	id, _ := made["id"].(string)
	if seen := ask(t, http.MethodGet, service.URL+"/books/"+id, "", http.StatusOK); !reflect.DeepEqual(seen, made) {
		t.Errorf("created %v, read %v", made, seen)
	}
	ask(t, http.MethodPost, service.URL+"/reservations", `{"reader": "Ada", "book_id": "`+id+`"}`, http.StatusCreated)
	ask(t, http.MethodPost, service.URL+"/admin/fines", `{"reader": "Ada", "cents": 50}`, http.StatusCreated)
	ask(t, http.MethodPost, service.URL+"/admin/fines", `{"reader": "Ada"}`, http.StatusBadRequest)
	ask(t, http.MethodDelete, service.URL+"/admin/books/"+id, "", http.StatusConflict)
	ask(t, http.MethodPost, service.URL+"/books", `{"title": "Emma"}`, http.StatusMethodNotAllowed)
	for document, base := range map[string]string{public: "", admin: "/admin"} {
		t.Run(filepath.Base(document), func(t *testing.T) {
			report, err := Run(t.Context(), service.URL+base, load(t, document), Options{})
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%s\n%s", report.Summary(), report.Table())
			if len(report.Failures) > 0 {
				t.Error("\n" + report.Text())
			}
		})
	}
	if err := service.Stop(); err != nil {
		t.Error(err)
	}
}

// prove vets a project, which compiles it, and runs the tests that depend on its document.
// Those of other packages run where they are written, in templates/project.
func prove(t *testing.T, project string) {
	t.Helper()
	run(t, project, "go", "vet", "-p", "2", "./...")
	run(t, project, "go", append([]string{"test", "-p", "2"}, Dependent(project)...)...)
}

// ask sends a request and returns the object that answers it.
func ask(t *testing.T, method, url, body string, status int) map[string]any {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var answer map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || resp.StatusCode != status {
		t.Fatalf("%s %s answers %d, want %d: %v %v", method, url, resp.StatusCode, status, answer, err)
	}
	return answer
}

// holdEverywhere builds and tests a project and holds its service to the document
// on both engines. With all set every operation must have succeeded once.
func holdEverywhere(t *testing.T, project, document string, stubs map[string]bool, all bool) {
	t.Helper()
	doc := load(t, document)
	prove(t, project)
	for _, engine := range []struct {
		name     string
		database func(testing.TB) string
	}{{"sqlite", sqlite}, {"postgres", servertest.Postgres}} {
		t.Run(engine.name, func(t *testing.T) {
			report := hold(t, doc, stubs, project, engine.database(t))
			if all && report.Reached < report.Implemented {
				t.Errorf("%d of %d implemented operations never succeeded",
					report.Implemented-report.Reached, report.Implemented)
			}
		})
	}
}

func sqlite(t testing.TB) string { return "sqlite:" + filepath.Join(t.TempDir(), "service.db") }

// hold starts the service on an empty database and reports what it does wrong.
func hold(t *testing.T, doc *spec.Document, stubs map[string]bool, project, database string) *Report {
	t.Helper()
	access, err := NewAccess(doc)
	if err != nil {
		t.Fatal(err)
	}
	defer access.Close()
	env := append(access.Env(), "DATABASE_URL="+database, "LOG_LEVEL=warn")
	service, err := Start(t.Context(), project, t.TempDir(), env...)
	if err != nil {
		t.Fatal(err)
	}
	defer service.Kill()
	report, err := Run(t.Context(), service.URL, doc, Options{Stubs: stubs, Restart: service.Restart, Access: access})
	t.Logf("%s\n%s", report.Summary(), report.Table())
	if err != nil {
		t.Errorf("%v\n%s", err, service.Log())
	}
	if len(report.Failures) > 0 {
		t.Error("\n" + report.Text())
	}
	if err := service.Stop(); err != nil {
		t.Error(err)
	}
	return report
}

// newProject runs apigen new with flags that say what to make. It returns the
// folder and the operations that are stubs.
func newProject(t *testing.T, flags ...string) (dir string, stubs map[string]bool) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "service")
	out := run(t, ".", apigen(t), append([]string{"new", "service", "--module", "example.com/service",
		"--dir", dir, "--json", "--no-verify"}, flags...)...)
	var result struct {
		Operations []struct{ Method, Path, Stub string }
	}
	if err := json.Unmarshal(out, &result); err != nil {
		t.Fatalf("read the result of apigen new: %v\n%s", err, out)
	}
	if len(result.Operations) == 0 {
		t.Fatalf("apigen new names no operations:\n%s", out)
	}
	stubs = map[string]bool{}
	for _, op := range result.Operations {
		if op.Stub != "" {
			stubs[op.Method+" "+op.Path] = true
		}
	}
	return dir, stubs
}

// programs is where the command is built; TestMain removes it.
var programs string

var buildApigen = sync.OnceValues(func() (string, error) {
	program := filepath.Join(programs, "apigen")
	cmd := exec.Command("go", "build", "-p", "2", "-o", program, "./cmd/apigen")
	cmd.Dir = root
	cmd.Stderr = os.Stderr
	return program, cmd.Run()
})

// apigen returns the path of the command, built once.
func apigen(t *testing.T) string {
	t.Helper()
	program, err := buildApigen()
	if err != nil {
		t.Fatalf("build apigen: %v", err)
	}
	return program
}

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "apigen-conformance-")
	if err != nil {
		panic(err)
	}
	programs = dir
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// run runs a command without network and returns its standard output.
func run(t *testing.T, dir, name string, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=readonly -buildvcs=false -trimpath", "GOPROXY=off", "GOWORK=off")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s %s: %v\n%s%s", filepath.Base(name), strings.Join(args, " "), err, tail(stdout.String()), tail(stderr.String()))
	}
	return stdout.Bytes()
}

// tail returns the last lines of an output.
func tail(s string) string {
	lines := strings.Split(s, "\n")
	return strings.Join(lines[max(0, len(lines)-60):], "\n")
}
