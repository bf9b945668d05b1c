package plan

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
)

// Apply makes all changes of the plan in the project in dir, or none of them: a
// run that is killed leaves the old project, or one that [Recover] completes. A
// dir that does not exist comes into being with everything in it. When
// somebody changes a file while the run goes on, the error is [ErrChanged].
func (p *Plan) Apply(dir string) error {
	return p.apply(dir, func(string) {})
}

// apply is Apply; it calls step before each thing that a crash could come between.
func (p *Plan) apply(dir string, step func(string)) error {
	if len(p.Refused()) > 0 {
		return ErrRefused
	}
	if err := p.Diagnostics.Err(); err != nil {
		return err
	}
	writes := p.writes()
	if len(writes) == 0 {
		return nil
	}
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return create(dir, writes, step)
	case err != nil:
		return fmt.Errorf("apply plan: %w", err)
	case !info.IsDir():
		return fmt.Errorf("apply plan: %s is no folder", dir)
	case isEmpty(dir) && !isWorkingDir(info):
		// An empty folder is replaced as a whole, unless a shell stands in it
		// or it cannot be replaced, being a mount point.
		err := create(dir, writes, step)
		var busy *replaceError
		if !errors.As(err, &busy) {
			return err
		}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("apply plan: %w", err)
	}
	defer root.Close()
	return (&txn{root, step}).run(writes)
}

// writes returns the changes that touch the disk, in the order in which they
// are made: the lock is the last.
func (p *Plan) writes() []Change {
	out := slices.Clone(p.bases)
	var lock []Change
	for _, c := range p.Changes {
		switch {
		case !c.Writes():
		case c.Path == LockName:
			lock = append(lock, c)
		default:
			out = append(out, c)
		}
	}
	return append(out, lock...)
}

// replaceError says that a project cannot be built beside its place, or not be
// moved there.
type replaceError struct{ err error }

func (e *replaceError) Error() string { return fmt.Sprintf("create project: %v", e.err) }
func (e *replaceError) Unwrap() error { return e.err }

// create builds the whole project in a hidden folder beside dir and renames it:
// there is no time at which dir holds a part of it. What a killed run left in
// the hidden folder is removed by the next.
func create(dir string, writes []Change, step func(string)) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return fmt.Errorf("create project: %w", err)
	}
	parent, name := filepath.Split(dir)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return &replaceError{err}
	}
	stage := filepath.Join(parent, "."+name+".apigen-new")
	root, release, err := openStage(stage, step)
	if err != nil {
		return err
	}
	defer root.Close()
	defer release()

	if err := fill(root, writes, step); err != nil {
		// The first error counts; what stays is hidden and goes with the next run.
		_ = os.RemoveAll(stage)
		return fmt.Errorf("create project: %w", err)
	}
	root.Close() // some systems do not rename a folder that is open
	step("make room")
	if err := os.Remove(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		_ = os.RemoveAll(stage)
		return &replaceError{err}
	}
	step("rename stage")
	if err := os.Rename(stage, dir); err != nil {
		_ = os.RemoveAll(stage)
		return fmt.Errorf("create project: %w", err)
	}
	step("done")
	return syncDir(parent)
}

// openStage makes an empty folder to build a project in and keeps other runs
// out of it until release is called.
func openStage(stage string, step func(string)) (root *os.Root, release func(), err error) {
	step("make stage")
	if err := os.Mkdir(stage, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, nil, &replaceError{err}
	}
	step("clear stage")
	root, err = os.OpenRoot(stage)
	if err != nil {
		return nil, nil, &replaceError{err}
	}
	release, err = hold(root)
	if err != nil {
		return nil, nil, errors.Join(err, root.Close())
	}
	left, err := os.ReadDir(stage)
	for _, e := range left {
		err = errors.Join(err, root.RemoveAll(e.Name()))
	}
	if err != nil {
		release()
		return nil, nil, errors.Join(&replaceError{err}, root.Close())
	}
	return root, release, nil
}

// fill writes the files of a new project.
func fill(root *os.Root, writes []Change, step func(string)) error {
	for _, c := range writes {
		step("write " + c.Path)
		if err := root.MkdirAll(path.Dir(c.Path), 0o755); err != nil {
			return err
		}
		if err := root.WriteFile(c.Path, c.New, 0o644); err != nil {
			return err
		}
	}
	return syncAll(root.Name())
}

// isEmpty reports whether a folder holds nothing.
func isEmpty(dir string) bool {
	entries, err := os.ReadDir(dir)
	return err == nil && len(entries) == 0
}

// Vacant reports whether a new project may be made in dir: it does not exist,
// or is a folder that holds nothing but what an interrupted run left there.
func Vacant(dir string) (bool, error) {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return true, nil
	case err != nil:
		return false, err
	case len(entries) == 1 && entries[0].Name() == toolDir:
		left, err := os.ReadDir(filepath.Join(dir, toolDir))
		return err == nil && len(left) == 1 && toolDir+"/"+left[0].Name() == txnDir && !Interrupted(dir), err
	}
	return len(entries) == 0, nil
}

func isWorkingDir(info fs.FileInfo) bool {
	here, err := os.Stat(".")
	return err == nil && os.SameFile(here, info)
}

// matches reports whether the disk has text at path; nil means nothing is there.
func matches(root *os.Root, path string, text []byte) (bool, error) {
	have, err := root.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return text == nil, nil
	}
	if err != nil {
		return false, err
	}
	return text != nil && bytes.Equal(have, text), nil
}
