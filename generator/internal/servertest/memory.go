package servertest

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// Memory returns how much memory a process has in use, in bytes. Where the system
// does not tell, which is everywhere but on Linux, the test is skipped.
func Memory(t testing.TB, pid int) int64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Skip(err)
	}
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	var kb int64
	if _, err := fmt.Sscan(rest, &kb); err != nil {
		t.Fatal(err)
	}
	return kb << 10
}
