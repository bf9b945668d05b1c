package plan

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/apigen-go/apigen/generator/internal/diag"
)

// A transaction lives in .apigen/txn: the new texts as files 0, 1, 2 … and the
// journal, which says where each goes and what was there. The run is committed
// at the moment the journal gets its name; from then on it can only be completed.
const (
	txnDir      = toolDir + "/txn"
	journalName = txnDir + "/journal"
	journalHead = "apigen journal v1"
	absent      = "-" // in place of a hash: no file
)

// ErrChanged says that a file changed while the run went on.
var ErrChanged = errors.New("changed while apigen was at work; nothing was written, run again")

// txn is one transaction in a project.
type txn struct {
	root *os.Root
	step func(string) // called before each thing that a crash could come between
}

// move is one line of the journal.
type move struct {
	old, new string // hashes, or absent
	path     string
}

// run makes the changes.
func (t *txn) run(writes []Change) error {
	release, err := hold(t.root)
	if err != nil {
		return err
	}
	defer release()
	if _, err := t.recover(); err != nil {
		return err
	}
	moves, err := t.prepare(writes)
	if err == nil {
		err = t.commit(moves, writes)
	}
	if err != nil {
		// The first error counts; the next run clears what stays.
		_ = t.root.RemoveAll(txnDir)
		return fmt.Errorf("apply plan: %w", err)
	}
	return t.complete(moves)
}

// prepare writes the new texts beside the project's files.
func (t *txn) prepare(writes []Change) ([]move, error) {
	t.step("make transaction")
	if err := t.root.MkdirAll(txnDir, 0o755); err != nil {
		return nil, err
	}
	moves := make([]move, len(writes))
	for i, c := range writes {
		m := move{old: absent, new: absent, path: c.Path}
		mode := fs.FileMode(0o644)
		if c.Old != nil {
			m.old = digest(c.Old)
			if info, err := t.root.Stat(c.Path); err == nil {
				mode = info.Mode().Perm()
			}
		}
		if c.Action != Delete {
			m.new = digest(c.New)
			t.step("write " + c.Path)
			name := txnDir + "/" + strconv.Itoa(i)
			if err := t.root.WriteFile(name, c.New, 0o600); err != nil {
				return nil, err
			}
			if err := t.root.Chmod(name, mode); err != nil {
				return nil, err
			}
		}
		moves[i] = m
	}
	return moves, nil
}

// commit makes sure that the disk is as the plan saw it and writes the journal.
func (t *txn) commit(moves []move, writes []Change) error {
	for _, c := range writes {
		ok, err := matches(t.root, c.Path, c.Old)
		if err != nil {
			return err
		}
		if !ok {
			return fmt.Errorf("%s %w", c.Path, ErrChanged)
		}
	}
	var b bytes.Buffer
	fmt.Fprintln(&b, journalHead)
	for _, m := range moves {
		fmt.Fprintln(&b, m.old, m.new, m.path)
	}
	t.step("write journal")
	if err := t.root.WriteFile(journalName+".new", b.Bytes(), 0o644); err != nil {
		return err
	}
	if err := syncAll(filepath.Join(t.root.Name(), filepath.FromSlash(txnDir))); err != nil {
		return err
	}
	t.step("commit")
	if err := t.root.Rename(journalName+".new", journalName); err != nil {
		return err
	}
	t.step("committed")
	return syncDir(filepath.Join(t.root.Name(), filepath.FromSlash(txnDir)))
}

// complete moves every text to its place. It may have been begun by another
// run: what is done already is left alone.
func (t *txn) complete(moves []move) error {
	var blocked diag.List
	for i, m := range moves {
		t.step("place " + m.path)
		have, err := t.digestOf(m.path)
		if err != nil {
			return fmt.Errorf("complete run: %w", err)
		}
		switch have {
		case m.new:
			continue
		case m.old:
			err = t.place(i, m)
		default:
			blocked.Errorf(diag.Pos{File: m.path},
				fmt.Sprintf("the new text is %s/%d. Put the file back as it was, or give the rest of that run up by deleting %s", txnDir, i, txnDir),
				"changed before an interrupted run was completed; apigen will not overwrite it")
		}
		if err != nil {
			return fmt.Errorf("complete run: %w", err)
		}
	}
	if len(blocked) > 0 {
		return &LockError{blocked}
	}
	t.step("remove journal")
	// Without its journal the rest is nothing but litter.
	if err := t.root.Remove(journalName); err != nil {
		return fmt.Errorf("complete run: %w", err)
	}
	t.step("remove transaction")
	if err := t.root.RemoveAll(txnDir); err != nil {
		return fmt.Errorf("complete run: %w", err)
	}
	t.step("done")
	return nil
}

// place makes one move.
func (t *txn) place(i int, m move) error {
	if m.new == absent {
		if err := t.root.Remove(m.path); err != nil {
			return err
		}
		for dir := path.Dir(m.path); dir != "."; dir = path.Dir(dir) {
			// Stops at the first folder that is not empty.
			if t.root.Remove(dir) != nil {
				break
			}
		}
		return nil
	}
	name := txnDir + "/" + strconv.Itoa(i)
	if have, err := t.digestOf(name); err != nil || have != m.new {
		return errors.Join(fmt.Errorf("%s is damaged", name), err)
	}
	if err := t.root.MkdirAll(path.Dir(m.path), 0o755); err != nil {
		return err
	}
	return t.root.Rename(name, m.path)
}

// digestOf returns the digest of a file, absent when there is none.
func (t *txn) digestOf(name string) (string, error) {
	text, err := t.root.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return absent, nil
	}
	if err != nil {
		return "", err
	}
	return digest(text), nil
}

// Interrupted reports whether a run in dir was committed and not completed.
func Interrupted(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, filepath.FromSlash(journalName)))
	return err == nil
}

// Recover ends a run that was interrupted: a committed one is completed, any
// other is undone. It reports whether it completed one.
func Recover(dir string) (bool, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return false, fmt.Errorf("recover project: %w", err)
	}
	defer root.Close()
	release, err := hold(root)
	if err != nil {
		return false, err
	}
	defer release()
	return (&txn{root, func(string) {}}).recover()
}

func (t *txn) recover() (bool, error) {
	if _, err := t.root.Lstat(txnDir); errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	text, err := t.root.ReadFile(journalName)
	if errors.Is(err, fs.ErrNotExist) {
		t.step("discard")
		if err := t.root.RemoveAll(txnDir); err != nil {
			return false, fmt.Errorf("recover project: %w", err)
		}
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("recover project: %w", err)
	}
	moves, err := parseJournal(text)
	if err != nil {
		return false, err
	}
	return true, t.complete(moves)
}

// parseJournal reads a journal. Like the lock it is not trusted.
func parseJournal(text []byte) ([]move, error) {
	bad := func(line int, format string, args ...any) error {
		var list diag.List
		list.Errorf(diag.Pos{File: journalName, Line: line},
			"delete "+txnDir+", restore the project from version control and run again", format, args...)
		return &LockError{list}
	}
	var moves []move
	lines := bufio.NewScanner(bytes.NewReader(text))
	for n := 1; lines.Scan(); n++ {
		if n == 1 {
			if lines.Text() != journalHead {
				return nil, bad(1, "the journal of an interrupted run is damaged or of another version")
			}
			continue
		}
		fields := strings.SplitN(lines.Text(), " ", 3)
		if len(fields) != 3 {
			return nil, bad(n, "the journal of an interrupted run is damaged")
		}
		m := move{fields[0], fields[1], fields[2]}
		if m.path != LockName && !strings.HasPrefix(m.path, toolDir+"/base/") {
			if err := checkPath(m.path); err != nil {
				return nil, bad(n, "%v", err)
			}
		}
		moves = append(moves, m)
	}
	if err := lines.Err(); err != nil || len(moves) == 0 {
		return nil, bad(1, "the journal of an interrupted run is damaged")
	}
	return moves, nil
}

// digest is the hash of a text, byte for byte.
func digest(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}
