package config

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestMisspelledSettingsAreFound(t *testing.T) {
	vars := []Var{{Name: "ADDR"}, {Name: "LOG_LEVEL"}, {Name: "RATE_LIMIT"}, {Name: "RATE_LIMIT_HEADERS"}, {Name: "DATABASE_URL"}, {Name: "REDIS_URL"}, {Name: "TLS_CERT_FILE"}}
	for name, want := range map[string]string{
		"DATABSE_URL": "DATABASE_URL", "DATABASE_URI": "DATABASE_URL", "DATABASEURL": "DATABASE_URL", "DATABASE_ULR": "DATABASE_URL",
		"RATELIMIT": "RATE_LIMIT", "RATE_LIMITS": "RATE_LIMIT", "RATE_LIMIT_HEADER": "RATE_LIMIT_HEADERS", "LOGLEVEL": "LOG_LEVEL", "A_DDR": "ADDR",

		"DATABASE_URL": "", "DATABASE_URL_FILE": "", "PORT": "", "PATH": "", "HOME": "", "USER": "", "LADDR": "", "ADDER": "",
		"DATABASE_HOST": "", "DATABASE_PORT": "", "DATABASE_USER": "", "REDIS_PORT": "", "REDIS_SERVICE_HOST": "", "": "", "SSL_CERT_FILE": "",
	} {
		var hints []string
		if want != "" {
			hints = []string{name + " is no setting; did you mean " + want + "?"}
		}
		if got := Unknown([]string{name + "=x=y"}, vars); !slices.Equal(got, hints) {
			t.Errorf("%s: got %q", name, got)
		}
	}
}

func TestSettingsComeFromFiles(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	e := newEnv(map[string]string{"A_FILE": write("a", " postgres://u:secret@h/d\n")})
	if v := e.url("A", "file:x.db", []string{"postgres"}, ""); v != "postgres://u:secret@h/d" || e.err() != nil {
		t.Errorf("got %q, %v", v, e.err())
	}
	if shown := e.vars[0]; shown.Name != "A" || shown.Value != "postgres://u:xxxxx@h/d" {
		t.Errorf("shown as %+v", shown)
	}
	e = newEnv(map[string]string{"S_FILE": write("s", "hunter2\n")})
	if v := secret(e, "S", func(text string) (string, error) { return text, nil }, ""); v != "hunter2" || e.err() != nil || e.vars[0].Value != "…" {
		t.Errorf("got %q, %v, shown as %q", v, e.err(), e.vars[0].Value)
	}
	e = newEnv(map[string]string{
		"A_FILE": write("empty", "\n"), "B_FILE": filepath.Join(dir, "none"), "C": "x", "C_FILE": write("c", "y"), "D_FILE": write("d", "postgres://u:secret@h/d"),
	})
	e.text("A", "def", "")
	e.text("B", "def", "")
	e.text("C", "def", "")
	e.count("D", 1, 1, "")
	got := strings.Split(e.err().Error(), "\n")
	want := []string{
		"A_FILE=" + filepath.Join(dir, "empty") + ": the file is empty",
		"B_FILE=" + filepath.Join(dir, "none") + ": no such file or directory",
		"C and C_FILE: want one of the two",
		`D="postgres://u:xxxxx@h/d": want a whole number, 1 or more`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
