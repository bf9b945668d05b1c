//go:build unix

// Package servertest starts the servers that tests need: real ones, on a free
// port, with their data in a temporary folder.
package servertest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// postgres is the one server of the test process.
var postgres struct {
	once      sync.Once
	admin     string // URL of the database postgres
	err       error
	missing   string // the program that is not installed
	mu        sync.Mutex
	databases int
	lifeline  io.WriteCloser // standard input of the server's supervisor
}

// Postgres returns the URL of a fresh, empty database. The first call starts a
// PostgreSQL server for the test process; it ends with the process, however that
// ends. Without PostgreSQL on the machine the test is skipped, or fails when
// APIGEN_REQUIRE_SERVICES is 1.
func Postgres(t testing.TB) string {
	t.Helper()
	postgres.once.Do(func() { postgres.admin, postgres.missing, postgres.err = startPostgres() })
	switch {
	case postgres.missing != "" && os.Getenv("APIGEN_REQUIRE_SERVICES") == "1":
		t.Fatalf("%s is not installed, and APIGEN_REQUIRE_SERVICES=1 asks for it", postgres.missing)
	case postgres.missing != "":
		t.Skipf("%s is not installed", postgres.missing)
	case postgres.err != nil:
		t.Fatalf("start PostgreSQL: %v", postgres.err)
	}
	postgres.mu.Lock()
	defer postgres.mu.Unlock()
	postgres.databases++
	name := "test" + strconv.Itoa(postgres.databases)
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, postgres.admin)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(postgres.admin)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = name
	return u.String()
}

// supervise runs the server until its standard input ends, which it does with the
// test process even when that is killed, and removes the folder.
const supervise = `"$1" -D "$2/data" -c listen_addresses=127.0.0.1 -p "$3" -c unix_socket_directories= \
	-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=300 &
cat >/dev/null
kill -INT $!
wait $!
rm -rf "$2"`

// startPostgres returns the URL of a new server, or the name of a program that is
// missing.
func startPostgres() (admin, missing string, err error) {
	initdb, server := program("initdb"), program("postgres")
	switch {
	case initdb == "":
		return "", "initdb (PostgreSQL)", nil
	case server == "":
		return "", "postgres (PostgreSQL)", nil
	}
	dir, err := os.MkdirTemp("", "apigen-postgres-")
	if err != nil {
		return "", "", err
	}
	attr := &syscall.SysProcAttr{Setpgid: true} // so that Ctrl-C reaches the supervisor as the end of its input only
	if os.Geteuid() == 0 {
		if attr.Credential, err = unprivileged(); err != nil {
			return "", "", err
		}
		if err := os.Chown(dir, int(attr.Credential.Uid), int(attr.Credential.Gid)); err != nil {
			return "", "", err
		}
	}
	init := exec.Command(initdb, "-D", filepath.Join(dir, "data"), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
	init.SysProcAttr, init.Dir = attr, dir
	if out, err := init.CombinedOutput(); err != nil {
		return "", "", fmt.Errorf("initdb: %w\n%s", err, out)
	}
	port, err := freePort()
	if err != nil {
		return "", "", err
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return "", "", err
	}
	defer func() { _ = log.Close() }()
	cmd := exec.Command("/bin/sh", "-c", supervise, "sh", server, dir, port)
	cmd.SysProcAttr, cmd.Dir, cmd.Stdout, cmd.Stderr = attr, dir, log, log
	// Never closed by us, see supervise. It is kept because a file that nothing
	// refers to is closed when it is collected as garbage.
	if postgres.lifeline, err = cmd.StdinPipe(); err != nil {
		return "", "", err
	}
	if err := cmd.Start(); err != nil {
		return "", "", err
	}
	admin = "postgres://postgres@127.0.0.1:" + port + "/postgres?sslmode=disable"
	if err := await(admin); err != nil {
		text, _ := os.ReadFile(log.Name())
		return "", "", fmt.Errorf("%w\n%s", err, bytes.TrimSpace(text))
	}
	return admin, "", nil
}

// program finds a PostgreSQL program in the PATH or where Debian keeps it.
func program(name string) string {
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name) // the pattern is well formed
	if len(found) == 0 {
		return ""
	}
	return found[len(found)-1]
}

// unprivileged returns whom to run the server as: PostgreSQL refuses to be root.
func unprivileged() (*syscall.Credential, error) {
	var errs []error
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		uid, uidErr := strconv.ParseUint(u.Uid, 10, 32)
		gid, gidErr := strconv.ParseUint(u.Gid, 10, 32)
		if err := errors.Join(uidErr, gidErr); err != nil {
			return nil, err
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
	}
	return nil, errors.Join(errs...)
}

func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, errors.Join(err, l.Close())
}

// await waits until the server answers.
func await(admin string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, admin)
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(50 * time.Millisecond):
		}
	}
}
