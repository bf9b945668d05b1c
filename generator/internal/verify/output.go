package verify

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// problem is one error that the go command reports at a place.
type problem struct {
	file      string // slash separated, relative to the project
	line, col int
	msg       string
}

// positioned matches "file:line:col: message" and "file:line: message".
var positioned = regexp.MustCompile(`^(?:vet: )?([^:\s][^:]*\.(?:go|mod|sum|s)):(\d+)(?::(\d+))?: (.*)$`)

// unfetched matches the messages about a module that could not be downloaded.
var unfetched = regexp.MustCompile(`^(?:[^\s:]+@v[^\s:]+: |module lookup disabled|Get "|reading https?://|verifying |dial |unrecognized import path)`)

// runGo has go build or go vet check all packages in dir. What it complains about with
// a place is returned; when it fails in another way, that is the error.
func runGo(ctx context.Context, dir, command string, progress func(string)) ([]problem, error) {
	// -e has the compiler report every error. Both commands get it, so that what one
	// compiled serves the other. A repository that the stage happens to lie in is not its own.
	cmd := exec.CommandContext(ctx, "go", command, "-mod=readonly", "-buildvcs=false", "-gcflags=-e", "-v", "./...")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off", "PWD="+dir)
	out := &output{dir: dir, progress: progress}
	pipe, err := cmd.StderrPipe()
	if err != nil {
		return nil, fmt.Errorf("run go %s: %w", command, err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("run go %s: %w", command, err)
	}
	readErr := out.read(pipe)
	err = cmd.Wait()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	var exit *exec.ExitError
	switch {
	case err == nil:
		return nil, readErr
	case !errors.As(err, &exit):
		return nil, fmt.Errorf("run go %s: %w", command, err)
	case len(out.problems) == 0 || out.unfetched:
		return nil, fmt.Errorf("go %s cannot check the project (--no-verify skips this step):\n%s", command, strings.TrimSpace(out.rest.String()))
	}
	return out.problems, readErr
}

// output sorts what the go command writes.
type output struct {
	dir      string
	progress func(string)
	problems []problem
	rest     bytes.Buffer // what is neither a problem nor progress

	unfetched bool // a module could not be had: nothing is known about the code
}

func (o *output) read(r io.Reader) error {
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadString('\n')
		if line != "" {
			o.line(strings.TrimRight(line, "\r\n"))
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read output of go: %w", err)
		}
	}
}

func (o *output) line(line string) {
	switch m := positioned.FindStringSubmatch(line); {
	case m != nil && unfetched.MatchString(m[4]):
		o.unfetched = true
		o.rest.WriteString(m[4] + "\n")
	case m != nil:
		lineNo, _ := strconv.Atoi(m[2])
		col, _ := strconv.Atoi(m[3])
		o.problems = append(o.problems, problem{o.relative(m[1]), lineNo, col, m[4]})
	case strings.HasPrefix(line, "\t") && len(o.problems) > 0:
		last := &o.problems[len(o.problems)-1]
		last.msg += "; " + strings.TrimSpace(line)
	case strings.HasPrefix(line, "go: downloading "):
		o.progress(strings.TrimPrefix(line, "go: "))
	case line != "" && !strings.ContainsAny(line, " :\t"):
		o.progress("compiling " + line)
	case strings.HasPrefix(line, "# "):
		// The package that the next lines are about; they have their files.
	default:
		o.rest.WriteString(line + "\n")
	}
}

// relative returns the path of a file in the project.
func (o *output) relative(name string) string {
	if rel, err := filepath.Rel(o.dir, name); err == nil && filepath.IsAbs(name) {
		name = rel
	}
	return path.Clean(filepath.ToSlash(name))
}
