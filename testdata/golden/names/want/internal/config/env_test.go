package config

import (
	"errors"
	"log/slog"
	"strconv"
	"strings"
	"testing"
	"time"
)

func newEnv(vars map[string]string) *env {
	return &env{getenv: func(name string) string { return vars[name] }}
}

func TestDefaultsHold(t *testing.T) {
	e := newEnv(nil)
	if v := e.text("T", "x", ""); v != "x" {
		t.Errorf("text: %q", v)
	}
	if v := e.count("N", 3, 1, ""); v != 3 {
		t.Errorf("count: %d", v)
	}
	if v := e.duration("D", 2*time.Minute, 0, ""); v != 2*time.Minute {
		t.Errorf("duration: %s", v)
	}
	if e.flag("F", false, "") {
		t.Error("flag is on")
	}
	if v := e.level("L", slog.LevelInfo, ""); v != slog.LevelInfo {
		t.Errorf("level: %s", v)
	}
	if v := e.addr("ADDR", ":8080", ""); v != ":8080" {
		t.Errorf("addr: %q", v)
	}
	if v := e.prefix("P", "", ""); v != "" {
		t.Errorf("prefix: %q", v)
	}
	if v := e.url("U", "file:x.db", []string{"file"}, ""); v != "file:x.db" {
		t.Errorf("url: %q", v)
	}
	if v := parse(e, "I", "7", strconv.Atoi, ""); v != 7 {
		t.Errorf("parse: %d", v)
	}
	if err := e.err(); err != nil {
		t.Error(err)
	}
	var b strings.Builder
	if err := Print(&b, e.vars); err != nil {
		t.Fatal(err)
	}
	if want := "T=x\nN=3\nD=2m\nF=false\nL=info\nADDR=:8080\nP=\nU=file:x.db\nI=7\n"; b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}
}

func TestEveryMistakeIsNamed(t *testing.T) {
	e := newEnv(map[string]string{
		"N": "many", "M": "0", "D": "15", "F": "perhaps", "L": "loud", "ADDR": "8080", "P": "v1",
		"U": "mysql://u:secret@h/d", "I": "x",
	})
	if v := e.number("N", 3, 1, ""); v != 3 {
		t.Errorf("a bad value leaves the default: %d", v)
	}
	e.count("M", 1, 1, "")
	e.duration("D", time.Second, 0, "")
	e.flag("F", false, "")
	e.level("L", slog.LevelInfo, "")
	e.addr("ADDR", ":8080", "")
	e.prefix("P", "", "")
	e.url("U", "", []string{"postgres", "file"}, "")
	parse(e, "I", "7", func(string) (int, error) { return 0, errors.New("want a digit") }, "")
	err := e.err()
	if err == nil {
		t.Fatal("no error")
	}
	want := []string{
		`N="many": want a whole number, 1 or more`,
		`M="0": want a whole number, 1 or more`,
		`D="15": want a time span such as 500ms or 15s, 0s or more`,
		`F="perhaps": want true or false`,
		`L="loud": want debug, info, warn or error`,
		`ADDR="8080": want HOST:PORT or :PORT`,
		`P="v1": want a path that begins with a slash, such as /v1`,
		`U="mysql://u:xxxxx@h/d": want a URL that begins with postgres:, file:`,
		`I="x": want a digit`,
	}
	if got := err.Error(); got != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
}

func TestPortAloneIsHonoured(t *testing.T) {
	if v := newEnv(map[string]string{"PORT": "9000"}).addr("ADDR", ":8080", ""); v != ":9000" {
		t.Errorf("got %q", v)
	}
	if v := newEnv(map[string]string{"PORT": "9000", "ADDR": "[::1]:80"}).addr("ADDR", ":8080", ""); v != "[::1]:80" {
		t.Errorf("got %q", v)
	}
}

func TestPasswordsAreMasked(t *testing.T) {
	for _, in := range []string{
		"postgres://u:secret@h:5432/d?sslmode=disable",
		"postgres://u:secret@h1:5432,h2:5432/d",
		"postgres://h/d?user=u&password=secret",
		"postgres://u:secret@h/%zz",
		"postgres://u:secret@h/d,postgres://u:secret@h1:1,h2:2/d, postgres://h/d?user=u&password=secret",
	} {
		if got := mask(in); strings.Contains(got, "secret") || !strings.HasPrefix(got, "postgres://") {
			t.Errorf("%s became %s", in, got)
		}
	}
}

func TestDescribeListsDefaults(t *testing.T) {
	e := newEnv(map[string]string{"A": "set"})
	e.text("A", "one", "the first")
	e.text("LONGER", "two", "the second")
	var b strings.Builder
	if err := Describe(&b, e.vars); err != nil {
		t.Fatal(err)
	}
	if want := "  A       one  the first\n  LONGER  two  the second\n"; b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}
}

func TestSecretsAreShownNowhere(t *testing.T) {
	e := newEnv(map[string]string{"S": " hunter2 ", "B": "hunter3"})
	if v := secret(e, "S", func(text string) (string, error) { return text, nil }, ""); v != "hunter2" {
		t.Errorf("got %q", v)
	}
	secret(e, "N", func(text string) (string, error) { return text, nil }, "")
	secret(e, "B", func(string) (string, error) { return "", errors.New("want a hash") }, "")
	var b strings.Builder
	if err := Print(&b, e.vars); err != nil {
		t.Fatal(err)
	}
	if want := "S=…\nN=\nB=…\n"; b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}
	if err := e.err(); err == nil || err.Error() != "B: want a hash" {
		t.Errorf("got %v", err)
	}
}
