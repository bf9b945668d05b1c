//go:build unix

package servertest_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/apigen-go/apigen/generator/internal/servertest"
)

// TestDatabasePackage runs the tests of the platform package on PostgreSQL. Its
// folder cannot import this one, so it is told by the environment.
func TestDatabasePackage(t *testing.T) {
	url := servertest.Postgres(t)
	// The files are opened so that "go test" runs this test again when one changes.
	const dir = "../../../templates/project/internal/database"
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		_, err = os.ReadFile(filepath.Join(dir, name))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "test", "-count=1", "github.com/apigen-go/apigen/templates/project/internal/database")
	cmd.Env = append(os.Environ(), "TEST_DATABASE_URL="+url)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}
