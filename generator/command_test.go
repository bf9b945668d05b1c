package generator_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/apigen-go/apigen/generator"
)

// buildCommand builds apigen and returns its file. What is measured or has to
// stand hostile input runs as a process of its own.
func buildCommand(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "apigen.exe")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", file, "./cmd/apigen")
	cmd.Dir = repository
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build apigen: %v\n%s", err, out)
	}
	return file
}

// outcome is what one run of apigen new came to.
type outcome struct {
	Applied     bool                  `json:"applied"`
	Diagnostics generator.Diagnostics `json:"diagnostics"`
	Error       string                `json:"error"`
	Exit        int                   `json:"exit"`

	cpu  time.Duration
	peak int64 // bytes, 0 where unknown
}

// refused reports whether the document was refused as a user can understand: by
// errors that all say where.
func (o *outcome) refused() bool {
	if o.Applied || o.Exit != generator.ExitError {
		return false
	}
	for _, d := range o.Diagnostics {
		if d.Severity == "error" && (d.File == "" || d.Line == 0 || d.Col == 0) {
			return false
		}
	}
	return o.Error == "" && len(o.Diagnostics) > 0
}

// runNew runs apigen new in the empty folder dir, without the compile gate. The
// project is dir/svc, of the same module every time so that projects share what
// is compiled. It fails the test if anything else came to be in dir.
func runNew(t *testing.T, command, dir, document string, args ...string) *outcome {
	t.Helper()
	args = append([]string{"new", "svc", "--spec", document, "--no-verify", "--json"}, args...)
	cmd := exec.CommandContext(t.Context(), command, args...)
	cmd.Dir = dir
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	o := &outcome{cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), peak: peakMemory(cmd.ProcessState)}
	if err := json.Unmarshal(stdout.Bytes(), o); err != nil {
		t.Fatalf("apigen new ended with %d and no result: %v\n%s", cmd.ProcessState.ExitCode(), err, head(stderr.String(), 30))
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !o.Applied || e.Name() != "svc" {
			t.Errorf("it wrote %s", e.Name())
		}
	}
	return o
}

// compileProject builds and vets the project in dir and returns what is wrong
// with it. Packages that are the same in all projects are compiled once.
func compileProject(t *testing.T, dir string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	for _, command := range []string{"build", "vet"} {
		cmd := exec.CommandContext(ctx, "go", command, "./...")
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GOFLAGS=-mod=readonly -trimpath -p=2", "GOWORK=off")
		if out, err := cmd.CombinedOutput(); err != nil {
			return "go " + command + ": " + err.Error() + "\n" + head(string(out), 12)
		}
	}
	return ""
}

// head returns the first lines of a text.
func head(text string, lines int) string {
	all := strings.Split(strings.TrimSpace(text), "\n")
	if len(all) > lines {
		all = append(all[:lines], "…")
	}
	return strings.Join(all, "\n")
}
