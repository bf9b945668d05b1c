package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// TestCommandsDoc holds docs/commands.md to what the program says of itself.
func TestCommandsDoc(t *testing.T) {
	const path = "../../docs/commands.md"
	var b bytes.Buffer
	b.WriteString("# Commands\n\nThis page is what `apigen help` prints, in one piece. `go test ./cmd/apigen -update` writes it.\n")
	root := newRoot(&terminal{out: &b, err: &b, getenv: os.Getenv})
	document(&b, root)
	if *update {
		if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(b.Bytes(), want) {
		t.Errorf("%s is out of date; run go test ./cmd/apigen -update", path)
	}
}

// TestReadmeSession holds the first command of the README's session to what it
// prints today.
func TestReadmeSession(t *testing.T) {
	const path = "../../README.md"
	spec, err := filepath.Abs("../../testdata/specs/bookshop.yaml")
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	var out, talk bytes.Buffer
	args := []string{"new", "bookshop", "--spec", spec, "--no-verify"}
	if code := execute(t.Context(), &terminal{out: &out, err: &talk, getenv: os.Getenv}, args); code != 0 {
		t.Fatalf("exit code %d\n%s", code, &talk)
	}
	before, rest, ok := strings.Cut(string(readme), "$ apigen new bookshop --spec openapi.yaml\n")
	shown, after, ok2 := strings.Cut(rest, "\nNext:\n")
	if !ok || !ok2 {
		t.Fatalf("%s shows no session", path)
	}
	if shown == out.String() {
		return
	}
	if !*update {
		t.Fatalf("%s shows another output than\n%s\nrun go test ./cmd/apigen -update", path, &out)
	}
	t.Chdir(filepath.Dir(spec)) // back into the repository
	text := before + "$ apigen new bookshop --spec openapi.yaml\n" + out.String() + "\nNext:\n" + after
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func document(b *bytes.Buffer, cmd *cobra.Command) {
	fmt.Fprintf(b, "\n## %s\n\n%s\n", cmd.CommandPath(), cmd.Short)
	text := func(s string) {
		if s = strings.Trim(s, "\n"); s != "" {
			fmt.Fprintf(b, "\n```text\n%s\n```\n", s)
		}
	}
	text(cmd.Long)
	if cmd.Runnable() && cmd.HasParent() {
		text(cmd.UseLine())
	}
	text(cmd.Example)
	text(cmd.LocalFlags().FlagUsages())
	for _, c := range cmd.Commands() {
		document(b, c)
	}
}

// TestHelpHasExamples keeps every command usable by example.
func TestHelpHasExamples(t *testing.T) {
	for _, c := range newRoot(&terminal{getenv: os.Getenv}).Commands() {
		if c.Runnable() && c.Example == "" {
			t.Errorf("%s has no example", c.CommandPath())
		}
	}
}
