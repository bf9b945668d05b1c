package plan

import (
	"errors"
	"strings"
	"testing"

	"github.com/apigen-go/apigen/generator/internal/render"
)

var sum = strings.Repeat("ab", 32)

func TestLockRoundTrip(t *testing.T) {
	lock := &Lock{
		Files:   []FileRecord{{"b c.go", render.Yours, sum, Deleted}, {"a/x.gen.go", render.Generated, sum, Live}},
		Records: []Record{{"table", "pets id BIGINT"}, {"method", "A"}},
	}
	want := lockFormat + "\n" + lockRemark + "\n" +
		"file a/x.gen.go generated " + sum + " live\n" +
		"file b c.go yours " + sum + " deleted\n" +
		"rec method A\n" +
		"rec table pets id BIGINT\n"
	if got := string(lock.Bytes()); got != want {
		t.Fatalf("got\n%s\nwant\n%s", got, want)
	}
	back, err := ParseLock(LockName, []byte(strings.ReplaceAll(want, "\n", "\r\n")))
	if err != nil {
		t.Fatal(err)
	}
	if got := string(back.Bytes()); got != want {
		t.Errorf("second time: got\n%s", got)
	}
	if got := back.Of("table"); len(got) != 1 || got[0] != "pets id BIGINT" {
		t.Errorf("Of: got %q", got)
	}
}

func TestParseLockRefuses(t *testing.T) {
	file := func(path string) string { return "file " + path + " generated " + sum + " live\n" }
	for _, tt := range []struct{ name, text, want string }{
		{"empty", "", "apigen.lock:1: not a lock"},
		{"newer", "apigen.lock v9\n", "another version"},
		{"conflict", lockFormat + "\n<<<<<<< HEAD\n" + file("a"), "apigen.lock:2: unresolved merge conflict"},
		{"parent", lockFormat + "\n" + file("../a"), "apigen.lock:2: path \"../a\" does not stay inside"},
		{"absolute", lockFormat + "\n" + file("/etc/passwd"), "does not stay inside"},
		{"tool", lockFormat + "\n" + file(".git/hooks/pre-commit"), "belongs to a tool"},
		{"class", lockFormat + "\nfile a theirs " + sum + " live\n", "unknown class"},
		{"state", lockFormat + "\nfile a yours " + sum + " lively\n", "unknown state"},
		{"hash", lockFormat + "\nfile a yours abcd live\n", "damaged hash"},
		{"short", lockFormat + "\nfile a\n", "incomplete"},
		{"kind", lockFormat + "\nmagic\n", "unknown record"},
		{"twice", lockFormat + "\n" + file("a") + "file a yours " + sum + " live\n", "two records of a"},
		{"all at once", lockFormat + "\nmagic\nfile a\n", "apigen.lock:3"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := ParseLock(LockName, []byte(tt.text))
			var lockErr *LockError
			if !errors.As(err, &lockErr) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func FuzzParseLock(f *testing.F) {
	f.Add(lockFormat + "\nfile a b yours " + sum + " live\nrec table x\n")
	f.Fuzz(func(t *testing.T, text string) {
		lock, err := ParseLock(LockName, []byte(text))
		if err != nil {
			return
		}
		again, err := ParseLock(LockName, lock.Bytes())
		if err != nil || string(again.Bytes()) != string(lock.Bytes()) {
			t.Errorf("%q does not come back: %v", lock.Bytes(), err)
		}
		for _, f := range lock.Files {
			if strings.HasPrefix(f.Path, "/") || strings.Contains("/"+f.Path+"/", "/../") {
				t.Errorf("accepted %q", f.Path)
			}
		}
	})
}
