//go:build unix

package servertest

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// PgBouncer starts a PgBouncer in transaction mode in front of the database at a
// URL and returns the URL of the database behind it. It has so many connections to
// PostgreSQL. It ends with the test. Without PgBouncer on the machine the test is
// skipped, or fails when APIGEN_REQUIRE_SERVICES is 1.
func PgBouncer(t testing.TB, database string, conns int) string {
	t.Helper()
	program, err := exec.LookPath("pgbouncer")
	if err != nil {
		program = "/usr/sbin/pgbouncer" // outside of the PATH of ordinary users
		_, err = os.Stat(program)
	}
	switch {
	case err != nil && os.Getenv("APIGEN_REQUIRE_SERVICES") == "1":
		t.Fatal("pgbouncer is not installed, and APIGEN_REQUIRE_SERVICES=1 asks for it")
	case err != nil:
		t.Skip("pgbouncer is not installed")
	}
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "apigen-pgbouncer-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	config := filepath.Join(dir, "pgbouncer.ini")
	text := fmt.Sprintf(`[databases]
* = host=%s port=%s user=%s
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %s
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = %d
max_client_conn = 500
`, u.Hostname(), u.Port(), u.User.Username(), port, conns)
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	attr := &syscall.SysProcAttr{Setpgid: true}
	if os.Geteuid() == 0 { // PgBouncer refuses to be root, too
		if attr.Credential, err = unprivileged(); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	cmd := exec.Command("/bin/sh", "-c", supervisePgBouncer, "sh", program, config)
	cmd.SysProcAttr, cmd.Stdout, cmd.Stderr = attr, log, log
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = stdin.Close()
		_ = cmd.Wait() // its status is that of a server that was killed
	})
	u.Host = net.JoinHostPort("127.0.0.1", port)
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		conn, err := net.Dial("tcp", u.Host)
		if err == nil {
			_ = conn.Close()
			return u.String()
		}
		if time.Now().After(deadline) {
			text, _ := os.ReadFile(log.Name())
			t.Fatalf("pgbouncer does not listen: %v\n%s", err, text)
		}
	}
}

// supervisePgBouncer runs it until the standard input ends, as supervise does.
const supervisePgBouncer = `"$1" "$2" &
cat >/dev/null
kill -KILL $!
wait $!`
