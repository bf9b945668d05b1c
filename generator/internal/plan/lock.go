package plan

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"io/fs"

	"github.com/apigen-go/apigen/generator/internal/diag"
	"github.com/apigen-go/apigen/generator/internal/render"
)

// LockName is the path of the lock in a project.
const LockName = "apigen.lock"

const (
	lockFormat = "apigen.lock v1"
	lockRemark = "# What apigen wrote, and from what. Commit it; do not edit it."
)

// State is what became of a file since apigen wrote it.
type State string

// The states of a file.
const (
	Live    State = "live"
	Deleted State = "deleted" // the user removed it; it stays away
	Orphan  State = "orphan"  // no longer generated, kept because the user edited it
)

// FileRecord remembers one file that apigen wrote.
type FileRecord struct {
	Path  string
	Class render.Class
	Hash  string // of the text apigen made, see [Hash]
	State State
}

// Record is a line that another part of apigen keeps in the lock: a kind and
// text without line breaks.
type Record struct {
	Kind, Text string
}

// Lock is the memory of a project: what apigen wrote into it. Its text is one
// sorted line per record, so that version control merges it line by line.
type Lock struct {
	Files   []FileRecord // sorted by path
	Records []Record     // sorted
}

// LockError says that the lock cannot be used: it is missing, damaged or of
// another version, or a run before this one was interrupted.
type LockError struct {
	List diag.List
}

func (e *LockError) Error() string { return e.List.Error() }

// Hash returns the hash of a text as the lock keeps it. Line ends and a byte
// order mark do not count, so that a checkout that changes them is no edit.
func Hash(text []byte) string {
	sum := sha256.Sum256(normal(text))
	return hex.EncodeToString(sum[:])
}

// normal returns text with plain line ends and without a byte order mark.
func normal(text []byte) []byte {
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	return bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
}

// same reports whether two texts are equal but for line ends.
func same(a, b []byte) bool {
	return bytes.Equal(a, b) || bytes.Equal(normal(a), normal(b))
}

// Of returns the texts of the records of one kind, sorted.
func (l *Lock) Of(kind string) []string {
	var out []string
	for _, r := range l.Records {
		if r.Kind == kind {
			out = append(out, r.Text)
		}
	}
	slices.Sort(out)
	return out
}

// Has reports whether apigen wrote the file at path.
func (l *Lock) Has(path string) bool { return l.file(path) != nil }

// file returns the record of a path, nil when there is none.
func (l *Lock) file(path string) *FileRecord {
	for i := range l.Files {
		if l.Files[i].Path == path {
			return &l.Files[i]
		}
	}
	return nil
}

// Bytes returns the text of the lock.
func (l *Lock) Bytes() []byte {
	lines := make([]string, 0, len(l.Files)+len(l.Records))
	for _, f := range l.Files {
		lines = append(lines, fmt.Sprintf("file %s %s %s %s", f.Path, f.Class, f.Hash, f.State))
	}
	for _, r := range l.Records {
		lines = append(lines, fmt.Sprintf("rec %s %s", r.Kind, r.Text))
	}
	slices.Sort(lines)
	lines = slices.Compact(lines)
	return []byte(lockFormat + "\n" + lockRemark + "\n" + strings.Join(append(lines, ""), "\n"))
}

// ParseLock reads the text of a lock. Nothing in it is trusted: paths must be
// local to the project. The error is a [*LockError] with all there is to say.
func ParseLock(name string, src []byte) (*Lock, error) {
	var list diag.List
	lines := strings.Split(strings.TrimSuffix(string(normal(src)), "\n"), "\n")
	if i := slices.IndexFunc(lines, isMarker); i >= 0 {
		list.Errorf(diag.Pos{File: name, Line: i + 1},
			"take one side of apigen.lock and of the *.gen.go files (git checkout --ours or --theirs), then run \"apigen generate\"",
			"unresolved merge conflict")
		return nil, &LockError{list}
	}
	if lines[0] != lockFormat {
		hint := "restore the file from version control"
		if strings.HasPrefix(lines[0], "apigen.lock v") {
			hint = "it is of another version of apigen; use that one"
		}
		list.Errorf(diag.Pos{File: name, Line: 1}, hint, "not a lock of this version: the first line must be %q", lockFormat)
		return nil, &LockError{list}
	}
	lock := &Lock{}
	for i, line := range lines[1:] {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if err := lock.parse(line); err != nil {
			list.Errorf(diag.Pos{File: name, Line: i + 2}, "restore the file from version control", "%v", err)
		}
	}
	slices.SortFunc(lock.Files, func(a, b FileRecord) int { return cmp.Compare(a.Path, b.Path) })
	for i := 1; i < len(lock.Files); i++ {
		if lock.Files[i].Path == lock.Files[i-1].Path {
			list.Errorf(diag.Pos{File: name}, "keep one of the two lines, then run \"apigen generate\"", "two records of %s", lock.Files[i].Path)
		}
	}
	if len(list) > 0 {
		return nil, &LockError{list}
	}
	return lock, nil
}

// parse adds the record of one line.
func (l *Lock) parse(line string) error {
	kind, rest, _ := strings.Cut(line, " ")
	switch kind {
	case "rec":
		name, text, ok := strings.Cut(rest, " ")
		if !ok || name == "" {
			return fmt.Errorf("incomplete record %q", line)
		}
		l.Records = append(l.Records, Record{name, text})
		return nil
	case "file":
		return l.parseFile(rest)
	}
	return fmt.Errorf("unknown record %q", line)
}

func (l *Lock) parseFile(rest string) error {
	// The path may hold spaces, so the fields are read from the end.
	var fields [3]string
	for i := range fields {
		at := strings.LastIndexByte(rest, ' ')
		if at < 0 {
			return fmt.Errorf("incomplete record of a file")
		}
		fields[2-i], rest = rest[at+1:], rest[:at]
	}
	f := FileRecord{rest, render.Class(fields[0]), fields[1], State(fields[2])}
	if err := checkPath(f.Path); err != nil {
		return err
	}
	if f.Class != render.Generated && f.Class != render.Managed && f.Class != render.Yours {
		return fmt.Errorf("unknown class %q", f.Class)
	}
	if f.State != Live && f.State != Deleted && f.State != Orphan {
		return fmt.Errorf("unknown state %q", f.State)
	}
	if sum, err := hex.DecodeString(f.Hash); err != nil || len(sum) != sha256.Size {
		return fmt.Errorf("damaged hash %q", f.Hash)
	}
	l.Files = append(l.Files, f)
	return nil
}

// checkPath refuses whatever does not name a file inside the project that
// apigen may write: the lock and the folder of the tool are not among them.
func checkPath(path string) error {
	switch {
	case !fs.ValidPath(path) || path == "." || !filepath.IsLocal(filepath.FromSlash(path)):
		return fmt.Errorf("path %q does not stay inside the project", path)
	case strings.ContainsFunc(path, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\\' || r == '\ufffd' }):
		return fmt.Errorf("path %q holds a character that is not allowed", path)
	case path == LockName, path == toolDir, strings.HasPrefix(path, toolDir+"/"), path == ".git", strings.HasPrefix(path, ".git/"):
		return fmt.Errorf("path %q belongs to a tool", path)
	}
	return nil
}

// isMarker reports whether git left the line in a merge that it could not finish.
func isMarker(line string) bool {
	return strings.HasPrefix(line, "<<<<<<< ") || strings.HasPrefix(line, ">>>>>>> ") || line == "=======" || strings.HasPrefix(line, "||||||| ")
}
