package config

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// Var is one setting: its name, what it is for, its default and its value.
type Var struct {
	Name    string
	Doc     string
	Default string
	Value   string // as it takes effect, passwords masked
}

// env reads settings, notes every one of them and every mistake, so that a bad
// environment is reported as a whole.
type env struct {
	getenv func(string) string
	vars   []Var
	errs   []error
}

// read returns the text of a setting, trimmed, or its default.
func (e *env) read(name, def, doc string) string {
	value := e.value(name)
	if value == "" {
		value = def
	}
	e.vars = append(e.vars, Var{name, doc, mask(def), mask(value)})
	return value
}

// value returns the text of a variable, or that of the file which NAME_FILE names.
func (e *env) value(name string) string {
	value, file := strings.TrimSpace(e.getenv(name)), strings.TrimSpace(e.getenv(name+fileSuffix))
	if file == "" {
		return value
	}
	if value != "" {
		e.errs = append(e.errs, fmt.Errorf("%s and %s%s: want one of the two", name, name, fileSuffix))
		return value
	}
	text, err := os.ReadFile(file)
	if value = strings.TrimSpace(string(text)); err == nil && value == "" {
		err = errors.New("the file is empty")
	}
	if pathErr, ok := errors.AsType[*os.PathError](err); ok {
		err = pathErr.Err // the rest repeats the name
	}
	if err != nil {
		e.errs = append(e.errs, fmt.Errorf("%s%s=%s: %w", name, fileSuffix, file, err))
	}
	return value
}

func (e *env) fail(name, value, want string) {
	e.errs = append(e.errs, fmt.Errorf("%s=%q: %s", name, mask(value), want))
}

// text reads any text.
func (e *env) text(name, def, doc string) string { return e.read(name, def, doc) }

// number reads a whole number that is at least least.
func (e *env) number(name string, def, least int64, doc string) int64 {
	value := e.read(name, strconv.FormatInt(def, 10), doc)
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil || n < least {
		e.fail(name, value, fmt.Sprintf("want a whole number, %d or more", least))
		return def
	}
	return n
}

// count is number for settings of type int.
func (e *env) count(name string, def, least int, doc string) int {
	return int(min(e.number(name, int64(def), int64(least), doc), 1<<31-1))
}

// duration reads a time span such as 500ms, 15s or 2m that is at least least.
func (e *env) duration(name string, def, least time.Duration, doc string) time.Duration {
	value := e.read(name, short(def), doc)
	d, err := time.ParseDuration(value)
	if err != nil || d < least {
		e.fail(name, value, fmt.Sprintf("want a time span such as 500ms or 15s, %s or more", short(least)))
		return def
	}
	return d
}

// flag reads true or false.
func (e *env) flag(name string, def bool, doc string) bool {
	value := e.read(name, strconv.FormatBool(def), doc)
	on, err := strconv.ParseBool(value)
	if err != nil {
		e.fail(name, value, "want true or false")
		return def
	}
	return on
}

// level reads the level from which on log lines are written.
func (e *env) level(name string, def slog.Level, doc string) slog.Level {
	value := e.read(name, strings.ToLower(def.String()), doc)
	var level slog.Level
	if err := level.UnmarshalText([]byte(value)); err != nil {
		e.fail(name, value, "want debug, info, warn or error")
		return def
	}
	return level
}

// addr reads the address to listen on. A platform that sets only PORT is heard too.
func (e *env) addr(name, def, doc string) string {
	if port := strings.TrimSpace(e.getenv("PORT")); port != "" {
		def = ":" + port
	}
	value := e.read(name, def, doc)
	_, port, err := net.SplitHostPort(value)
	if _, portErr := strconv.ParseUint(port, 10, 16); err != nil || portErr != nil {
		e.fail(name, value, "want HOST:PORT or :PORT")
	}
	return value
}

// prefix reads a path prefix: empty, or /a/b without a slash at the end.
func (e *env) prefix(name, def, doc string) string {
	value := strings.TrimRight(e.read(name, def, doc), "/")
	if value != "" && !strings.HasPrefix(value, "/") {
		e.fail(name, value, "want a path that begins with a slash, such as /v1")
	}
	return value
}

// url reads a URL whose scheme is one of schemes.
func (e *env) url(name, def string, schemes []string, doc string) string {
	value := e.read(name, def, doc)
	for _, scheme := range schemes {
		if rest, ok := strings.CutPrefix(value, scheme+":"); ok && rest != "" {
			return value
		}
	}
	e.fail(name, value, "want a URL that begins with "+strings.Join(schemes, ":, ")+":")
	return value
}

// parse reads a setting in a notation of its own.
func parse[T any](e *env, name, def string, read func(string) (T, error), doc string) T {
	value := e.read(name, def, doc)
	v, err := read(value)
	if err != nil {
		e.fail(name, value, err.Error())
	}
	return v
}

// secret reads a setting in a notation of its own that is shown nowhere.
func secret[T any](e *env, name string, read func(string) (T, error), doc string) T {
	return hidden(e, name, e.value(name), read, doc)
}

// hidden notes a setting without showing its value.
func hidden[T any](e *env, name, value string, read func(string) (T, error), doc string) T {
	shown := ""
	if value != "" {
		shown = "…"
	}
	e.vars = append(e.vars, Var{Name: name, Doc: doc, Value: shown})
	v, err := read(value)
	if err != nil {
		e.errs = append(e.errs, fmt.Errorf("%s: %w", name, err))
	}
	return v
}

// err returns every mistake found, or nil.
func (e *env) err() error { return errors.Join(e.errs...) }

// short writes a time span without the zero minutes and seconds: 2m, not 2m0s.
func short(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// mask hides the password of a URL, and those in a list of URLs with commas.
func mask(value string) string {
	if first := strings.Index(value, "://"); first < 0 {
		return value
	} else if i := strings.LastIndex(value, "://"); i > first {
		if comma := strings.LastIndexAny(value[:i], ", "); comma >= 0 {
			return mask(value[:comma]) + value[comma:comma+1] + mask(value[comma+1:])
		}
	}
	u, err := url.Parse(value)
	if err != nil {
		// What cannot be parsed may hold a password anywhere.
		scheme, _, _ := strings.Cut(value, ":")
		return scheme + "://…"
	}
	for key := range u.Query() {
		if strings.Contains(strings.ToLower(key), "password") {
			return u.Scheme + "://" + u.Host + u.Path + "?…"
		}
	}
	return u.Redacted()
}

// Print writes the settings as NAME=value lines, as they take effect.
func Print(w io.Writer, vars []Var) error {
	for _, v := range vars {
		if _, err := fmt.Fprintf(w, "%s=%s\n", v.Name, v.Value); err != nil {
			return err
		}
	}
	return nil
}

// Describe writes a table of the settings: name, default and what they are for.
func Describe(w io.Writer, vars []Var) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, v := range vars {
		if _, err := fmt.Fprintf(table, "  %s\t%s\t%s\n", v.Name, v.Default, v.Doc); err != nil {
			return err
		}
	}
	return table.Flush()
}
