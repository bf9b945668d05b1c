//go:build unix

package generator_test

import (
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"go.yaml.in/yaml/v3"
)

// replicate does what compose.yaml has two containers do, in the folder that it runs
// in: a primary with the mounted files, and a replica by its command, twice. It prints
// what the replica has read.
const replicate = `set -eu
trap 'kill -QUIT $primary $replica 2>/dev/null || true; wait || true' EXIT
primary= replica=
echo secret >password
initdb -D data -U app --pwfile=password -A scram-sha-256 --no-sync >log
postgres -D data -p $PRIMARY -k "$PWD" -c hba_file="$PWD/pg_hba.conf" -c wal_level=replica -c max_slot_wal_keep_size=1GB >>log 2>&1 &
primary=$!
until pg_isready -q -U app -h 127.0.0.1 -p $PRIMARY; do sleep 0.1; done
export PGPASSWORD=secret
createdb -h 127.0.0.1 -p $PRIMARY -U app app
psql -q -v ON_ERROR_STOP=1 -h "$PWD" -p $PRIMARY -U app -d app -f replication.sql >>log
for row in 1 2; do
	PGDATA="$PWD/copy" PGPASSWORD="$REPLICATION_PASSWORD" sh -ec "$COMMAND" >>log 2>&1 &
	replica=$!
	until pg_isready -q -U app -h 127.0.0.1 -p $REPLICA; do kill -0 $replica; sleep 0.1; done
	psql -q -h 127.0.0.1 -p $PRIMARY -U app -d app -c "CREATE TABLE t$row AS SELECT $row AS a"
	until psql -At -h 127.0.0.1 -p $REPLICA -U app -d app -c "SELECT a, pg_is_in_recovery() FROM t$row" 2>>log; do sleep 0.1; done
	kill -INT $replica
	wait $replica
	replica=
done`

// TestComposeReplica has a real PostgreSQL do what compose.yaml says of primary and
// replica. A password with a quote in it is one like any other.
func TestComposeReplica(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers")
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin") // where Debian keeps them
	path := strings.Join(append(found, os.Getenv("PATH")), ":")
	t.Setenv("PATH", path)
	program(t, "initdb")
	var file struct {
		Services map[string]struct{ Command yaml.Node }
	}
	want := filepath.Join(repository, "testdata/golden/bookshop/want")
	decodeFile(t, filepath.Join(want, "compose.yaml"), &file)
	ports := []string{freePort(t), freePort(t)}
	command := strings.NewReplacer("$$", "$", "--host postgres", "--host 127.0.0.1 --port "+ports[0],
		"exec postgres", `exec postgres -p `+ports[1]+` -k "$PWD"`).Replace(file.Services["replica"].Command.Content[0].Value)

	dir, err := os.MkdirTemp("", "apigen-replica-") // unlike those of t its parents are open to others
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	for _, name := range []string{"pg_hba.conf", "replication.sql"} {
		text, err := os.ReadFile(filepath.Join(want, "deploy/postgres", name))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), text, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), "/bin/sh", "-c", replicate)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PRIMARY="+ports[0], "REPLICA="+ports[1], "REPLICATION_PASSWORD=it's", "COMMAND="+command)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	if err := os.Mkdir(filepath.Join(dir, "copy"), 0o755); err != nil { // as the volume is, before anything is in it
		t.Fatal(err)
	}
	if os.Geteuid() == 0 {
		cmd.SysProcAttr.Credential = handOver(t, dir)
	}
	out, err := cmd.CombinedOutput()
	if err != nil || string(out) != "1|t\n2|t\n" {
		log, _ := os.ReadFile(filepath.Join(dir, "log"))
		t.Errorf("%v\n%s%s", err, out, log)
	}
}

// handOver gives a folder to the user postgres: PostgreSQL refuses to be root.
func handOver(t *testing.T, dir string) *syscall.Credential {
	t.Helper()
	u, err := user.Lookup("postgres")
	if err != nil {
		t.Skip(err)
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		t.Fatal(err)
	}
	gid, err := strconv.Atoi(u.Gid)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{dir, filepath.Join(dir, "copy")} {
		if err := os.Chown(name, uid, gid); err != nil {
			t.Fatal(err)
		}
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}

func freePort(t *testing.T) string {
	t.Helper()
	_, port, err := net.SplitHostPort(freeAddr(t))
	if err != nil {
		t.Fatal(err)
	}
	return port
}
