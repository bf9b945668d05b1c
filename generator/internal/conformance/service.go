package conformance

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/apigen-go/apigen/generator/internal/servertest"
)

// Service is a generated project that runs as a process of its own.
type Service struct {
	URL  string        // "http://127.0.0.1:41234", changes with every start
	Took time.Duration // from the last start until /readyz answered 200

	program string
	env     []string
	cmd     *exec.Cmd
	done    chan struct{} // closed when the process has ended
	exit    error         // how it ended; read it after done
	log     *logBuffer
}

// Patience with a service that starts or stops.
const (
	readyTime = 20 * time.Second
	stopTime  = 10 * time.Second
)

// racing has services look for data races, which end them.
var racing = os.Getenv("APIGEN_RACE") == "1"

// Start builds the command of the project into bin and runs it, as Launch does.
func Start(ctx context.Context, project, bin string, env ...string) (*Service, error) {
	program, err := Build(ctx, project, bin)
	if err != nil {
		return nil, err
	}
	return Launch(ctx, program, env...)
}

// Build builds the command of the project into bin and returns the name of its file. Copies of
// a project share what is compiled, and nobody debugs them.
func Build(ctx context.Context, project, bin string) (string, error) {
	commands, err := filepath.Glob(filepath.Join(project, "cmd", "*"))
	if err != nil || len(commands) != 1 {
		return "", fmt.Errorf("find command of %s: %d folders in cmd", project, len(commands))
	}
	program := filepath.Join(bin, filepath.Base(commands[0]))
	args := []string{"build", "-p", "2", "-trimpath", "-ldflags=-w", "-o", program}
	if racing {
		args = append(args, "-race")
	}
	build := exec.CommandContext(ctx, "go", append(args, "./cmd/"+filepath.Base(commands[0]))...)
	build.Dir = project
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build service: %w\n%s", err, out)
	}
	return program, nil
}

// Launch runs the program of a service on a free port until Stop, in its own folder. env is
// added to a bare environment, which lifts the limit on requests and, unless env says who is let
// in, lets in everybody: a service must not depend on what the tests' own holds.
func Launch(ctx context.Context, program string, env ...string) (*Service, error) {
	s := &Service{program: program, env: env, log: &logBuffer{}}
	return s, s.start(ctx)
}

// Again starts another instance of the program, with an environment and a log of
// its own.
func (s *Service) Again(ctx context.Context, env ...string) (*Service, error) {
	return Launch(ctx, s.program, env...)
}

func (s *Service) start(ctx context.Context) error {
	addr, err := servertest.FreeAddr()
	if err != nil {
		return err
	}
	s.URL = "http://" + addr
	if slices.ContainsFunc(s.env, func(v string) bool { return strings.HasPrefix(v, "TLS_CERT_FILE=") }) {
		s.URL = "https://" + addr
	}
	s.cmd = exec.Command(s.program)
	s.cmd.Dir = filepath.Dir(s.program)
	s.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + s.cmd.Dir, "ADDR=" + addr, "ADMIN_ADDR=off", "RATE_LIMIT=off", "SESSION_DEV=insecure"}, s.env...)
	if !slices.ContainsFunc(s.env, func(v string) bool { return strings.HasPrefix(v, "AUTH_") }) {
		s.cmd.Env = append(s.cmd.Env, "AUTH_DEV=insecure")
	}
	if racing {
		s.cmd.Env = append(s.cmd.Env, "GORACE=halt_on_error=1")
	}
	s.cmd.Stdout, s.cmd.Stderr = s.log, s.log
	begin := time.Now()
	if err := s.cmd.Start(); err != nil {
		return fmt.Errorf("start service: %w", err)
	}
	s.done = make(chan struct{})
	go func() {
		s.exit = s.cmd.Wait()
		close(s.done)
	}()
	err = s.await(ctx)
	s.Took = time.Since(begin)
	return err
}

// probe asks whether a service is ready, whatever its certificate says.
var probe = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}

// await returns when /readyz answers 200.
func (s *Service) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTime)
	defer cancel()
	for {
		select {
		case <-s.done:
			s.cmd = nil
			return fmt.Errorf("start service: it stopped at once: %w\n%s", s.exit, s.Log())
		case <-ctx.Done():
			s.kill()
			return fmt.Errorf("start service: /readyz did not answer\n%s", s.Log())
		case <-time.After(5 * time.Millisecond):
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/readyz", nil)
		if err != nil {
			return err
		}
		resp, err := probe.Do(req)
		if err != nil {
			continue
		}
		resp.Body.Close()
		if resp.StatusCode == http.StatusOK {
			return nil
		}
	}
}

// Stop sends SIGTERM; a service that does not end with exit code 0 within ten
// seconds is an error.
func (s *Service) Stop() error {
	if s.cmd == nil {
		return nil
	}
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("stop service: %w", err)
	}
	select {
	case <-s.done:
		s.cmd = nil
		if s.exit != nil {
			return fmt.Errorf("stop service: %w\n%s", s.exit, s.Log())
		}
		return nil
	case <-time.After(stopTime):
		s.kill()
		return errors.New("stop service: still running after " + stopTime.String())
	}
}

// Kill ends the service without grace, for clean-up.
func (s *Service) Kill() {
	if s.cmd != nil {
		s.kill()
	}
}

func (s *Service) kill() {
	_ = s.cmd.Process.Kill() // it may be gone already
	<-s.done                 // its status says nothing more
	s.cmd = nil
}

// Restart stops the service and starts it again with the same environment. It
// returns the new address.
func (s *Service) Restart(ctx context.Context) (string, error) {
	if err := s.Stop(); err != nil {
		return "", err
	}
	err := s.start(ctx)
	return s.URL, err
}

// Output runs a command of the program, in the environment of the service, and
// returns what it prints.
func (s *Service) Output(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, s.program, args...)
	cmd.Dir, cmd.Env = filepath.Dir(s.program), s.env
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("run %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return string(out), nil
}

// PID is the number of the process.
func (s *Service) PID() int { return s.cmd.Process.Pid }

// Goroutines ends the service by SIGQUIT, which makes it say what it was doing, and
// returns how many goroutines it had.
func (s *Service) Goroutines() (int, error) {
	if err := s.cmd.Process.Signal(syscall.SIGQUIT); err != nil {
		return 0, fmt.Errorf("count goroutines: %w", err)
	}
	select {
	case <-s.done:
		s.cmd = nil
		s.log.mu.Lock()
		defer s.log.mu.Unlock()
		return bytes.Count(s.log.buf.Bytes(), []byte("\ngoroutine ")), nil
	case <-time.After(stopTime):
		s.kill()
		return 0, errors.New("count goroutines: still running after " + stopTime.String())
	}
}

// Log returns the end of what the service wrote.
func (s *Service) Log() string { return s.log.String() }

// Logged returns how often the service wrote a text.
func (s *Service) Logged(text string) int {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	return strings.Count(s.log.buf.String(), text)
}

// logBuffer keeps the last part of a log.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

const maxLog = 1 << 20

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.buf.Len() > maxLog {
		b.buf.Next(b.buf.Len() / 2)
	}
	return b.buf.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	lines := strings.Split(strings.TrimSpace(b.buf.String()), "\n")
	return strings.Join(lines[max(0, len(lines)-40):], "\n")
}

// Dependent returns the patterns of those packages of a project whose tests depend on its
// document.
func Dependent(project string) []string {
	var out []string
	for _, folder := range []string{"client", "cmd", "internal/config", "internal/handler", "internal/store"} {
		if _, err := os.Stat(filepath.Join(project, folder)); err == nil {
			out = append(out, "./"+folder+"/...")
		}
	}
	return out
}
