//go:build unix

package servertest_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path"
	"testing"

	"github.com/apigen-go/apigen/generator/internal/servertest"
)

// TestDatabasePackages runs the tests of the packages that use a database on
// PostgreSQL, on a primary with a replica.
func TestDatabasePackages(t *testing.T) {
	primary := servertest.PostgresPrimary(t)
	t.Setenv("TEST_DATABASE_REPLICA_URL", primary.Replica(t).URL())
	testPackages(t, "TEST_DATABASE_URL="+primary.URL(), "database", "session", "store")
}

// TestRedisPackages runs the tests of the packages that use Redis on a real one.
func TestRedisPackages(t *testing.T) {
	testPackages(t, "TEST_REDIS_URL="+servertest.Redis(t).URL(), "redis", "ratelimit", "database", "httpcache", "session")
}

// testPackages runs the tests of packages of generated projects. Their folders
// cannot import servertest, so they are told by the environment.
func testPackages(t *testing.T, env string, names ...string) {
	t.Helper()
	const dir = "../../../templates/project/internal"
	args := []string{"test", "-count=1"}
	for _, name := range names {
		args = append(args, "github.com/apigen-go/apigen/templates/project/internal/"+name)
		// The files are opened so that "go test" runs this test again when one changes.
		err := fs.WalkDir(os.DirFS(dir), name, func(file string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			_, err = os.ReadFile(path.Join(dir, file))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("go", args...)
	cmd.Env = append(os.Environ(), env)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}
