//go:build unix

// Command giants measures apigen on the largest documents of APIGEN_SHARED
// (default ../shared) beside oapi-codegen and ogen: CPU time and peak memory of
// generating and of compiling the package of the API, and its lines. It fails when
// apigen goes over its budget. ONLY=github,stripe picks documents.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"
)

var giants = []string{
	"github-rest-3.0.json", "stripe-3.0.yaml", "openai-3.1.yaml", "kubernetes-2.0.json", "datadog-v1-3.0.yaml", "discord-3.1.json", "box-3.0.json",
}

// warmUp is generated first, unmeasured, to have what all depend on compiled.
const warmUp = "petstore-3.0.yaml"

const (
	maxMemory       = 512 << 20 // of generating anything
	maxGitHub       = 3 * time.Second
	maxGitHubLines  = 150_000
	maxGitHubBuild  = 30 * time.Second
	maxGitHubMemory = 1536 << 20 // of compiling it

	// Times are those of a machine on which compiling what ogen makes of GitHub takes
	// so long: where it takes longer, apigen may too.
	ogenGitHubBuild = 99 * time.Second
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "giants:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	shared := os.Getenv("APIGEN_SHARED")
	if shared == "" {
		shared = filepath.Join("..", "shared")
	}
	shared, err := filepath.Abs(shared)
	if err != nil {
		return fmt.Errorf("find documents: %w", err)
	}
	work, err := os.MkdirTemp("", "apigen-giants-")
	if err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	defer os.RemoveAll(work)
	tools, err := install(ctx, shared, work)
	if err != nil {
		return err
	}
	for _, tool := range tools {
		if r := tool.try(ctx, work, filepath.Join(shared, "specs", warmUp)); r.failed != "" {
			return fmt.Errorf("warm up %s: %s", tool.name, r.failed)
		}
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "document\ttool\tgenerate CPU\tpeak MB\tlines\tcompile CPU\tpeak MB\t")
	var over []error
	for _, giant := range giants {
		name, _, _ := strings.Cut(giant, "-")
		if only := os.Getenv("ONLY"); only != "" && !strings.Contains(","+only+",", ","+name+",") {
			continue
		}
		results := map[string]result{}
		for _, tool := range tools {
			r := tool.try(ctx, work, filepath.Join(shared, "specs", giant))
			fmt.Fprintf(w, "%s\t%s\t%s\n", name, tool.name, r)
			results[tool.name] = r
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		slower := max(1, results["ogen"].compile.cpu.Seconds()/ogenGitHubBuild.Seconds()) // only asked for GitHub
		over = append(over, results["apigen"].budget(name, slower))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return errors.Join(over...)
}

// tool is a generator: how it is called and what is compiled afterwards.
type tool struct {
	name    string
	command func(document, name string) []string
	folder  string // in which it runs, below the working folder
	target  func(name string) string
}

// install builds the tools and the module that the peers' code goes into.
func install(ctx context.Context, shared, work string) ([]tool, error) {
	bin := filepath.Join(work, "bin")
	peers := filepath.Join(work, "peers")
	for _, dir := range []string{bin, peers} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			return nil, fmt.Errorf("make folder: %w", err)
		}
	}
	for _, name := range []string{"go.mod", "go.sum"} {
		text, err := os.ReadFile(filepath.Join(shared, "bench", name))
		if err != nil {
			return nil, fmt.Errorf("read versions of the peers: %w", err)
		}
		if err := os.WriteFile(filepath.Join(peers, name), text, 0o644); err != nil {
			return nil, fmt.Errorf("write versions of the peers: %w", err)
		}
	}
	for name, text := range map[string]string{
		"oapi.yaml": "package: api\ngenerate: {std-http-server: true, strict-server: true, models: true}\n",
		"ogen.yaml": "generator: {ignore_not_implemented: [all]}\n",
	} {
		if err := os.WriteFile(filepath.Join(peers, name), []byte(text), 0o644); err != nil {
			return nil, fmt.Errorf("write settings of the peers: %w", err)
		}
	}
	// Ogen is built in the module that requires it, as shared/bench does.
	for _, build := range []struct {
		dir  string
		args []string
	}{
		{".", []string{"build", "-o", filepath.Join(bin, "apigen"), "./cmd/apigen"}},
		{".", []string{"install", "github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2"}},
		{peers, []string{"build", "-mod=mod", "-o", filepath.Join(bin, "ogen"), "github.com/ogen-go/ogen/cmd/ogen"}},
	} {
		cmd := exec.CommandContext(ctx, "go", build.args...)
		cmd.Dir = build.dir
		cmd.Env = append(os.Environ(), "GOBIN="+bin)
		if out, err := cmd.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("go %s: %w\n%s", strings.Join(build.args, " "), err, out)
		}
	}
	return []tool{
		{"apigen", func(document, name string) []string {
			return []string{filepath.Join(bin, "apigen"), "new", name, "--spec", document, "--no-verify"}
		}, ".", func(name string) string { return name + "/internal/api" }},
		{"oapi-codegen", func(document, name string) []string {
			return []string{filepath.Join(bin, "oapi-codegen"), "-config", "oapi.yaml", "-o", "oapi/" + name + "/api.gen.go", document}
		}, "peers", func(name string) string { return "peers/oapi/" + name }},
		{"ogen", func(document, name string) []string {
			return []string{filepath.Join(bin, "ogen"), "--config", "ogen.yaml", "--target", "ogen/" + name, "--package", "api", document}
		}, "peers", func(name string) string { return "peers/ogen/" + name }},
	}, nil
}

// result is what one tool made of one document.
type result struct {
	generate, compile usage
	lines             int
	failed            string
}

func (r result) String() string {
	switch {
	case r.failed != "" && r.lines == 0:
		return "fails: " + r.failed
	case r.failed != "":
		return fmt.Sprintf("%s\t%d\tdoes not compile: %s", r.generate, r.lines, r.failed)
	}
	return fmt.Sprintf("%s\t%d\t%s", r.generate, r.lines, r.compile)
}

// budget says where apigen takes more than it may, on a machine that is so many times
// slower than the one that the budget was made for.
func (r result) budget(name string, slower float64) error {
	limit := func(d time.Duration) time.Duration { return time.Duration(slower * float64(d)) }
	switch {
	case r.failed != "":
		return fmt.Errorf("%s: %s", name, r.failed)
	case r.generate.peak > maxMemory:
		return fmt.Errorf("%s: generating holds %d MB", name, r.generate.peak>>20)
	case name != "github":
		return nil
	case r.generate.cpu > limit(maxGitHub), r.lines > maxGitHubLines, r.compile.cpu > limit(maxGitHubBuild), r.compile.peak > maxGitHubMemory:
		return fmt.Errorf("%s is over its budget, on a machine %.1f times slower than that of the budget", name, slower)
	}
	return nil
}

// try has the tool generate a document and compiles the result.
func (t tool) try(ctx context.Context, work, document string) (r result) {
	name, _, _ := strings.Cut(filepath.Base(document), "-")
	dir := filepath.Join(work, t.target(name))
	if t.folder == "peers" {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			r.failed = err.Error()
			return r
		}
	}
	args := t.command(document, name)
	if r.generate, r.failed = measure(ctx, filepath.Join(work, t.folder), args...); r.failed != "" {
		return r
	}
	r.lines = lines(dir)
	r.compile, r.failed = measure(ctx, dir, "go", "build", ".")
	return r
}

// lines counts the lines of the Go files in dir.
func lines(dir string) int {
	files, _ := filepath.Glob(filepath.Join(dir, "*.go")) // the pattern is well formed
	n := 0
	for _, file := range files {
		if text, err := os.ReadFile(file); err == nil {
			n += bytes.Count(text, []byte("\n"))
		}
	}
	return n
}

// usage is what a process and those it waited for took: CPU time of all, memory
// of the largest.
type usage struct {
	cpu  time.Duration
	peak int64
}

func (u usage) String() string { return fmt.Sprintf("%.1f s\t%d", u.cpu.Seconds(), u.peak>>20) }

// measure runs a command. When it fails, failed is the first line it wrote that
// is no remark.
func measure(ctx context.Context, dir string, args ...string) (u usage, failed string) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off")
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState != nil {
		u.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
		if r, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
			u.peak = int64(r.Maxrss)
			if runtime.GOOS != "darwin" { // which counts bytes, others KiB
				u.peak <<= 10
			}
		}
	}
	if err == nil {
		return u, ""
	}
	for line := range strings.Lines(string(out)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") && !strings.HasPrefix(line, "INFO") {
			if len(line) > 100 {
				line = line[:100] + "…"
			}
			return u, line
		}
	}
	return u, err.Error()
}
