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
	require(t, postgres.missing)
	if postgres.err != nil {
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

// require ends a test for which a program is missing.
func require(t testing.TB, missing string) {
	t.Helper()
	switch {
	case missing != "" && os.Getenv("APIGEN_REQUIRE_SERVICES") == "1":
		t.Fatalf("%s is not installed, and APIGEN_REQUIRE_SERVICES=1 asks for it", missing)
	case missing != "":
		t.Skipf("%s is not installed", missing)
	}
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
	if missing = missingPostgres(); missing != "" {
		return "", missing, nil
	}
	server := program("postgres")
	dir, attr, err := postgresFolder()
	if err != nil {
		return "", "", err
	}
	if err := initdb(dir, attr); err != nil {
		return "", "", err
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

// missingPostgres names a program that is not installed, if one is not.
func missingPostgres() string {
	for _, name := range []string{"initdb", "postgres", "pg_basebackup"} {
		if program(name) == "" {
			return name + " (PostgreSQL)"
		}
	}
	return ""
}

// postgresFolder makes a folder for a server, and tells how to run the programs that
// work in it.
func postgresFolder() (string, *syscall.SysProcAttr, error) {
	dir, err := os.MkdirTemp("", "apigen-postgres-")
	if err != nil {
		return "", nil, err
	}
	attr := &syscall.SysProcAttr{Setpgid: true} // so that Ctrl-C reaches the supervisor as the end of its input only
	if os.Geteuid() != 0 {
		return dir, attr, nil
	}
	if attr.Credential, err = unprivileged(); err != nil {
		return "", nil, err
	}
	return dir, attr, os.Chown(dir, int(attr.Credential.Uid), int(attr.Credential.Gid))
}

// initdb makes the data of a server.
func initdb(dir string, attr *syscall.SysProcAttr) error {
	init := exec.Command(program("initdb"), "-D", filepath.Join(dir, "data"), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
	init.SysProcAttr, init.Dir = attr, dir
	if out, err := init.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return nil
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
