//go:build unix

package servertest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// RedisServer is a Redis server of one test.
type RedisServer struct {
	Addr string // HOST:PORT, the same after a restart

	program, dir string
	pid          int
	kill         context.CancelFunc // ends the supervisor
	gone         chan struct{}      // closed when it has ended
}

// URL is what REDIS_URL is set to.
func (s *RedisServer) URL() string { return "redis://" + s.Addr }

// Redis starts a Redis server without data on a free port; it ends with the test.
// Without Redis on the machine the test is skipped, or fails when
// APIGEN_REQUIRE_SERVICES is 1.
func Redis(t testing.TB) *RedisServer {
	t.Helper()
	program, err := exec.LookPath("redis-server")
	switch {
	case err != nil && os.Getenv("APIGEN_REQUIRE_SERVICES") == "1":
		t.Fatal("redis-server is not installed, and APIGEN_REQUIRE_SERVICES=1 asks for it")
	case err != nil:
		t.Skip("redis-server is not installed")
	}
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	s := &RedisServer{Addr: "127.0.0.1:" + port, program: program, dir: t.TempDir()}
	t.Cleanup(func() { _ = s.Kill() })
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	return s
}

// superviseRedis runs the server until its standard input ends, as supervise does.
const superviseRedis = `"$1" --bind 127.0.0.1 --port "$2" --save "" --appendonly no --dir "$3" >"$3/log" 2>&1 &
echo $!
cat >/dev/null
kill -KILL $!
wait $!`

// Start starts the server, after Kill as well. It returns when the server answers.
func (s *RedisServer) Start() error {
	_, port, err := net.SplitHostPort(s.Addr)
	if err != nil {
		return err
	}
	cmd := exec.Command("/bin/sh", "-c", superviseRedis, "sh", s.program, port, s.dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	s.gone = make(chan struct{})
	s.kill = func() { _ = stdin.Close() }
	line, err := bufio.NewReader(stdout).ReadString('\n')
	go func() {
		_ = cmd.Wait() // its status is that of a server that was killed
		close(s.gone)
	}()
	if err != nil {
		return fmt.Errorf("start redis-server: %w", err)
	}
	if s.pid, err = strconv.Atoi(strings.TrimSpace(line)); err != nil {
		return fmt.Errorf("start redis-server: %w", err)
	}
	return s.await()
}

func (s *RedisServer) await() error {
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if conn, err := net.Dial("tcp", s.Addr); err == nil {
			return conn.Close()
		}
	}
	log, err := os.ReadFile(s.dir + "/log")
	return errors.Join(fmt.Errorf("redis-server does not listen on %s\n%s", s.Addr, log), err)
}

// Kill ends the server at once, as kill -9 does.
func (s *RedisServer) Kill() error {
	if s.kill == nil {
		return nil
	}
	err := syscall.Kill(s.pid, syscall.SIGKILL)
	s.kill()
	<-s.gone
	s.kill = nil
	return err
}

// PID is the number of the server's process.
func (s *RedisServer) PID() int { return s.pid }

// Freeze stops the server as SIGSTOP does: connections stay and nothing answers.
func (s *RedisServer) Freeze() error { return syscall.Kill(s.pid, syscall.SIGSTOP) }

// Thaw ends what Freeze began.
func (s *RedisServer) Thaw() error { return syscall.Kill(s.pid, syscall.SIGCONT) }
