package plan

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// errCrash stands for a kill: nothing of the run is executed after it.
var errCrash = errors.New("crash")

// crashAt returns a step function that crashes at the nth step and reports
// whether it came to that.
func crashAt(n int) func(string) {
	return func(string) {
		if n--; n < 0 {
			panic(errCrash)
		}
	}
}

// crashes runs f and reports whether it crashed.
func crashes(f func() error) (crashed bool, err error) {
	defer func() {
		if r := recover(); r != nil {
			if err, ok := r.(error); !ok || !errors.Is(err, errCrash) {
				panic(r)
			}
			crashed = true
		}
	}()
	return false, f()
}

// TestApplySurvivesCrashes crashes a run at every step, and the recovery at
// every step of its own: in the end the project is the old one or the new one.
func TestApplySurvivesCrashes(t *testing.T) {
	want := after(t)
	olds, news := 0, 0
	for first := 0; ; first++ {
		dir, before := project(t)
		p := planFor(t, dir, secondFiles)
		crashed, err := crashes(func() error { return p.apply(dir, crashAt(first)) })
		if err != nil {
			t.Fatal(err)
		}
		if !crashed {
			sameTree(t, "no crash", readTree(t, dir), want)
			break
		}
		for second := 0; ; second++ {
			copied := filepath.Join(t.TempDir(), "pets")
			if err := os.CopyFS(copied, os.DirFS(dir)); err != nil {
				t.Fatal(err)
			}
			root, err := os.OpenRoot(copied)
			if err != nil {
				t.Fatal(err)
			}
			again, err := crashes(func() error {
				_, err := (&txn{root, crashAt(second)}).recover()
				return err
			})
			root.Close()
			if err != nil {
				t.Fatalf("crash %d, %d: %v", first, second, err)
			}
			if _, err := Recover(copied); err != nil {
				t.Fatalf("recovery after crash %d, %d: %v", first, second, err)
			}
			got := readTree(t, copied)
			switch {
			case maps.Equal(got, before):
				olds++
			case maps.Equal(got, want):
				news++
			default:
				t.Errorf("crash %d, %d: torn tree\n%v", first, second, got)
			}
			if !again {
				break
			}
		}
	}
	t.Logf("%d runs ended with the old tree, %d with the new one", olds, news)
	if olds == 0 || news == 0 {
		t.Error("the crashes did not cover both sides of the commit")
	}
}

// What the user wrote after a crash is not overwritten by the recovery.
func TestRecoverKeepsLaterEdits(t *testing.T) {
	dir, _ := project(t)
	p := planFor(t, dir, secondFiles)
	crashed, err := crashes(func() error {
		return p.apply(dir, func(step string) {
			if step == "committed" {
				panic(errCrash)
			}
		})
	})
	if !crashed || err != nil {
		t.Fatal("no crash", err)
	}
	if !Interrupted(dir) {
		t.Error("not seen as interrupted")
	}
	tree{"internal/api/types.gen.go": "mine now\n"}.write(t, dir)
	_, err = Recover(dir)
	var lockErr *LockError
	if !errors.As(err, &lockErr) || !strings.Contains(err.Error(), "internal/api/types.gen.go") {
		t.Fatalf("got %v", err)
	}
	if got := readTree(t, dir)["internal/api/types.gen.go"]; got != "mine now\n" {
		t.Errorf("got %q", got)
	}
}

func TestRecoverDistrustsTheJournal(t *testing.T) {
	for _, text := range []string{
		"", "nonsense\n", journalHead + "\n", journalHead + "\n- x\n",
		journalHead + "\n- - ../outside\n", journalHead + "\n- - .git/config\n",
	} {
		dir := t.TempDir()
		tree{journalName: text, ".git/config": "x"}.write(t, dir)
		var lockErr *LockError
		if _, err := Recover(dir); !errors.As(err, &lockErr) {
			t.Errorf("journal %q: got %v", text, err)
		}
	}
}

// TestApplyCreates crashes the making of a new project at every step: its
// folder is not there or whole, and the next run ends well.
func TestApplyCreates(t *testing.T) {
	for _, empty := range []bool{false, true} {
		t.Run(fmt.Sprintf("empty=%v", empty), func(t *testing.T) {
			for n := 0; ; n++ {
				parent := t.TempDir()
				dir := filepath.Join(parent, "pets")
				if empty {
					if err := os.Mkdir(dir, 0o755); err != nil {
						t.Fatal(err)
					}
				}
				p := planFor(t, dir, firstFiles)
				crashed, err := crashes(func() error { return p.apply(dir, crashAt(n)) })
				if err != nil {
					t.Fatal(err)
				}
				if got := len(readTree(t, dir)); got != 0 && got != len(p.writes()) {
					t.Errorf("crash %d: %d of %d files are there", n, got, len(p.writes()))
				}
				if len(readTree(t, dir)) == 0 {
					if err := p.Apply(dir); err != nil {
						t.Fatalf("run after crash %d: %v", n, err)
					}
				}
				entries, err := os.ReadDir(parent)
				if err != nil || len(entries) != 1 || planFor(t, dir, firstFiles).Pending() {
					t.Errorf("run after crash %d: left %v, %v", n, entries, err)
				}
				if !crashed {
					break
				}
			}
		})
	}
}

// The folder that a shell stands in is filled, not replaced.
func TestApplyCreatesInWorkingDir(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "pets")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	was, err := os.Stat(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []string{"commit", ""} {
		crashed, err := crashes(func() error {
			return planFor(t, ".", firstFiles).apply(".", func(s string) {
				if s == step {
					panic(errCrash)
				}
			})
		})
		if err != nil || crashed != (step != "") {
			t.Fatal(crashed, err)
		}
		if vacant, err := Vacant("."); err != nil || vacant != crashed {
			t.Errorf("vacant after %q: %v, %v", step, vacant, err)
		}
	}
	is, err := os.Stat(dir)
	if err != nil || !os.SameFile(was, is) || planFor(t, dir, firstFiles).Pending() {
		t.Errorf("the folder was replaced or is not complete: %v", err)
	}
}

// TestApplyKilled is the crash matrix once more, with a real process and a real
// SIGKILL, for a sample of the steps.
func TestApplyKilled(t *testing.T) {
	if step := os.Getenv("APIGEN_TEST_KILL_AT"); step != "" {
		n, _ := strconv.Atoi(step)
		dir := os.Getenv("APIGEN_TEST_DIR")
		files := firstFiles
		if _, err := os.Stat(dir); err == nil {
			files = secondFiles
		}
		err := planFor(t, dir, files).apply(dir, func(string) {
			if n--; n < 0 {
				kill(t)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		return
	}
	want := after(t)
	killed := func(dir string, n int) bool {
		cmd := exec.Command(os.Args[0], "-test.run=^TestApplyKilled$")
		cmd.Env = append(os.Environ(), "APIGEN_TEST_KILL_AT="+strconv.Itoa(n), "APIGEN_TEST_DIR="+dir)
		return cmd.Run() != nil
	}
	for n := 0; ; n += 2 {
		dir, before := project(t)
		gone := killed(dir, n)
		if _, err := Recover(dir); err != nil {
			t.Fatal(err)
		}
		got := readTree(t, dir)
		if !maps.Equal(got, before) && !maps.Equal(got, want) {
			t.Errorf("killed at %d: torn tree\n%v", n, got)
		}
		if !gone {
			break
		}
	}
	for n := 0; ; n += 2 {
		dir := filepath.Join(t.TempDir(), "pets")
		gone := killed(dir, n)
		if got := len(readTree(t, dir)); got != 0 && got != 6 {
			t.Errorf("killed at %d: %d files", n, got)
		}
		if !gone {
			break
		}
	}
}

// kill ends this process the hard way.
func kill(t *testing.T) {
	self, err := os.FindProcess(os.Getpid())
	if err == nil {
		err = self.Kill()
	}
	if err != nil {
		t.Fatal(err)
	}
	select {}
}
