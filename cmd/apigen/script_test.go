package main

import (
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "rewrite the expected output in testdata/script and docs/commands.md")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"apigen": func() { os.Exit(run()) },
	})
}

// TestScripts drives the real program as its users do.
func TestScripts(t *testing.T) {
	top, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join(top, "testdata", "script"),
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("SPECS", filepath.Join(top, "testdata", "specs"))
			env.Setenv("NO_COLOR", "1")
			env.Defer(func() {
				// There is a server only in the script that starts one.
				_ = exec.Command("tmux", "-S", filepath.Join(env.WorkDir, "tmux.sock"), "kill-server").Run()
			})
			// The compile gate needs the caches of the machine.
			for _, name := range []string{"GOCACHE", "GOMODCACHE", "GOFLAGS", "GOPROXY", "GOTOOLCHAIN"} {
				out, err := exec.Command("go", "env", name).Output()
				if err != nil {
					return err
				}
				env.Setenv(name, string(out[:len(out)-1]))
			}
			env.Setenv("GOFLAGS", strings.TrimSpace(env.Getenv("GOFLAGS")+" -trimpath")) // what projects have in common is compiled once
			return nil
		},
		Condition: func(cond string) (bool, error) {
			// Where everything must be there, a missing tool fails its script.
			if os.Getenv("APIGEN_REQUIRE_SERVICES") != "" {
				return true, nil
			}
			_, err := exec.LookPath(cond)
			return err == nil, nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"status": status,
			"keys":   keys,
			"screen": screen,
		},
	})
}

// status runs a program and expects an exit code: status CODE program args…
func status(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status CODE program args...")
	}
	code := 0
	var exit *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &exit) {
		code = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if strconv.Itoa(code) != args[0] {
		ts.Fatalf("exit code %d, want %s", code, args[0])
	}
}

// keys types on the terminal that tmux runs: keys KEY…, where a key is a name
// such as Enter or a text.
func keys(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: keys KEY...")
	}
	ts.Check(ts.Exec("tmux", append([]string{"-S", ts.MkAbs("tmux.sock"), "send-keys", "-t", "main"}, args...)...))
}

// screen waits until the tmux screen shows a text: screen TEXT
func screen(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: screen TEXT")
	}
	var shown string
	for range 600 {
		out, err := exec.Command("tmux", "-S", ts.MkAbs("tmux.sock"), "capture-pane", "-p", "-t", "main").CombinedOutput()
		shown = string(out)
		if err == nil && strings.Contains(strings.Join(strings.Fields(shown), " "), args[0]) {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	ts.Fatalf("the screen does not show %q:\n%s", args[0], shown)
}
