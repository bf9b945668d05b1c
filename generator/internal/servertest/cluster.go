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
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
)

// PostgresServer is a PostgreSQL server of one test, a primary or a replica.
type PostgresServer struct {
	Addr string // HOST:PORT, the same after a restart

	dir      string
	attr     *syscall.SysProcAttr
	settings []string
	pid      int
	hangUp   context.CancelFunc // ends the supervisor
	gone     chan struct{}      // closed when it has ended
}

// URL is that of the database postgres.
func (s *PostgresServer) URL() string {
	return "postgres://postgres@" + s.Addr + "/postgres?sslmode=disable"
}

// PostgresPrimary starts a server that can have replicas, with settings such as
// "work_mem=1MB". It ends with the test. Without PostgreSQL on the machine the test is
// skipped, or fails when APIGEN_REQUIRE_SERVICES is 1.
func PostgresPrimary(t testing.TB, settings ...string) *PostgresServer {
	t.Helper()
	require(t, missingPostgres())
	s := newPostgresServer(t, settings)
	if err := initdb(s.dir, s.attr); err != nil {
		t.Fatal(err)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	return s
}

// Replica starts a server that follows this one.
func (s *PostgresServer) Replica(t testing.TB, settings ...string) *PostgresServer {
	t.Helper()
	r := newPostgresServer(t, settings)
	host, port, err := net.SplitHostPort(s.Addr)
	if err != nil {
		t.Fatal(err)
	}
	copyData := exec.Command(program("pg_basebackup"), "-R", "-X", "stream", "-c", "fast", "--no-sync", "-h", host, "-p", port, "-U", "postgres", "-D", filepath.Join(r.dir, "data"))
	copyData.SysProcAttr, copyData.Dir = r.attr, r.dir
	if out, err := copyData.CombinedOutput(); err != nil {
		t.Fatalf("pg_basebackup: %v\n%s", err, out)
	}
	if err := r.Start(); err != nil {
		t.Fatal(err)
	}
	return r
}

func newPostgresServer(t testing.TB, settings []string) *PostgresServer {
	t.Helper()
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	s := &PostgresServer{Addr: "127.0.0.1:" + port, settings: settings}
	if s.dir, s.attr, err = postgresFolder(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(s.Kill(), os.RemoveAll(s.dir)); err != nil {
			t.Error(err)
		}
	})
	return s
}

// superviseServer runs a program until its standard input ends, as supervise does.
const superviseServer = `dir=$1
shift
"$@" >>"$dir/log" 2>&1 &
echo $!
cat >/dev/null
kill -QUIT $!
wait $!`

// Start starts the server, after Kill as well. It returns when the server answers.
func (s *PostgresServer) Start() error {
	_, port, err := net.SplitHostPort(s.Addr)
	if err != nil {
		return err
	}
	args := []string{"-c", superviseServer, "sh", s.dir, program("postgres"), "-D", filepath.Join(s.dir, "data"), "-p", port}
	// Memory of a kind that goes with the folder, for servers that get killed.
	for _, c := range append([]string{"listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off", "dynamic_shared_memory_type=mmap"}, s.settings...) {
		args = append(args, "-c", c)
	}
	cmd := exec.Command("/bin/sh", args...)
	cmd.SysProcAttr, cmd.Dir = s.attr, s.dir
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
	s.hangUp = func() { _ = stdin.Close() }
	line, err := bufio.NewReader(stdout).ReadString('\n')
	go func() {
		_ = cmd.Wait() // its status is that of a server that was killed
		close(s.gone)
	}()
	if err == nil {
		s.pid, err = strconv.Atoi(strings.TrimSpace(line))
	}
	if err == nil {
		err = await(s.URL())
	}
	if err != nil {
		text, _ := os.ReadFile(filepath.Join(s.dir, "log"))
		return fmt.Errorf("start PostgreSQL: %w\n%s", err, text)
	}
	return nil
}

// Kill ends all processes of the server at once, as kill -9 does.
func (s *PostgresServer) Kill() error {
	if s.hangUp == nil {
		return nil
	}
	err := s.signal(syscall.SIGKILL)
	s.hangUp()
	<-s.gone
	s.hangUp = nil
	return err
}

// Freeze stops all processes of the server as SIGSTOP does: connections stay and
// nothing answers.
func (s *PostgresServer) Freeze() error { return s.signal(syscall.SIGSTOP) }

// Thaw ends what Freeze began.
func (s *PostgresServer) Thaw() error { return s.signal(syscall.SIGCONT) }

// signal sends a signal to the server and to its processes, each of which is a group
// of its own. New ones come as long as the server runs, so it is the first.
func (s *PostgresServer) signal(sig syscall.Signal) error {
	children, err := childrenOf(s.pid)
	if err != nil {
		return err
	}
	err = syscall.Kill(s.pid, sig)
	more, moreErr := childrenOf(s.pid)
	for _, pid := range append(children, more...) {
		_ = syscall.Kill(pid, sig) // it may be gone already
	}
	return errors.Join(err, moreErr)
}

// childrenOf lists the processes that a process has started.
func childrenOf(pid int) ([]int, error) {
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil || len(stats) == 0 {
		return nil, errors.Join(errors.New("list processes: there is no /proc"), err)
	}
	var out []int
	for _, name := range stats {
		text, err := os.ReadFile(name)
		if err != nil {
			continue // it has ended
		}
		// 17 (postgres) S 12 …: the name may hold anything
		_, rest, _ := strings.Cut(string(text[max(strings.LastIndexByte(string(text), ')'), 0):]), " ")
		fields := strings.Fields(rest)
		child, childErr := strconv.Atoi(filepath.Base(filepath.Dir(name)))
		if len(fields) > 1 && childErr == nil && fields[1] == strconv.Itoa(pid) {
			out = append(out, child)
		}
	}
	return out, nil
}

// Promote makes a replica the primary. It returns when it takes writes.
func (s *PostgresServer) Promote(ctx context.Context) error {
	return s.Query(ctx, new(bool), "SELECT pg_promote()")
}

// Query asks the server for one value.
func (s *PostgresServer) Query(ctx context.Context, dest any, sql string) error {
	conn, err := pgx.Connect(ctx, s.URL())
	if err != nil {
		return err
	}
	err = conn.QueryRow(ctx, sql).Scan(dest)
	return errors.Join(err, conn.Close(ctx))
}
