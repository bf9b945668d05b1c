package plan

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"syscall"

	"github.com/apigen-go/apigen/generator/internal/diag"
	"github.com/apigen-go/apigen/generator/internal/render"
)

// migrations is where a project keeps its migrations. A migration is rendered
// once, by the run that needs it, and stays for ever.
const migrations = "internal/store/migrations/"

// Compare decides on every file that is rendered or was written before, by what
// is on disk in project, what the lock remembers and what is rendered now.
// records are the other lines that the new lock will hold. Nothing is written.
func Compare(project fs.FS, lock *Lock, files []render.File, records []Record) (*Plan, error) {
	c := &comparison{
		project: project,
		lock:    lock,
		offered: map[string]bool{},
		next:    &Lock{Records: slices.Clone(records)},
		plan:    &Plan{},
	}
	for _, m := range lock.Of(methodRecord) {
		c.offered[m] = true
	}
	rendered := map[string]bool{}
	for _, f := range files {
		if err := checkPath(f.Path); err != nil {
			return nil, fmt.Errorf("compare rendered file: %w", err)
		}
		if rendered[f.Path] {
			return nil, fmt.Errorf("compare rendered file: %s is rendered twice", f.Path)
		}
		rendered[f.Path] = true
		if err := c.decide(f); err != nil {
			return nil, err
		}
	}
	for _, rec := range lock.Files {
		if !rendered[rec.Path] {
			if err := c.retire(rec); err != nil {
				return nil, err
			}
		}
	}
	if err := c.finish(); err != nil {
		return nil, err
	}
	return c.plan, nil
}

// comparison is a Compare under way.
type comparison struct {
	project  fs.FS
	lock     *Lock
	next     *Lock           // the lock as it will be
	offered  map[string]bool // methods that earlier runs gave to the user
	packages map[string]*methods
	plan     *Plan
}

// current is what the project has at a path.
type current struct {
	text   []byte // nil when absent
	absent bool
	odd    string // what is there if it is no regular file: "a folder"
}

// read returns what is at a path. Symbolic links count as odd: a rename would
// replace the link, which somebody put there on purpose.
func (c *comparison) read(path string) (current, error) {
	info, err := fs.Lstat(c.project, path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return current{absent: true}, nil
	case errors.Is(err, syscall.ENOTDIR):
		return current{odd: "a file where a folder must be"}, nil
	case err != nil:
		return current{}, fmt.Errorf("read project: %w", err)
	case info.IsDir():
		return current{odd: "a folder"}, nil
	case info.Mode()&fs.ModeSymlink != 0:
		return current{odd: "a symbolic link"}, nil
	case !info.Mode().IsRegular():
		return current{odd: "no regular file"}, nil
	}
	text, err := fs.ReadFile(c.project, path)
	if err != nil {
		return current{}, fmt.Errorf("read project: %w", err)
	}
	if text == nil {
		text = []byte{}
	}
	return current{text: text}, nil
}

// decide adds the change of a rendered file.
func (c *comparison) decide(f render.File) error {
	cur, err := c.read(f.Path)
	if err != nil {
		return err
	}
	rec := c.lock.file(f.Path)
	if len(f.Stubs) > 0 {
		return c.decideHandler(f, rec, cur)
	}
	switch f.Class {
	case render.Generated:
		c.decideGenerated(f, rec, cur)
	case render.Managed:
		c.decideManaged(f, rec, cur)
	case render.Yours:
		c.decideYours(f, rec, cur)
	default:
		return fmt.Errorf("compare %s: unknown class %q", f.Path, f.Class)
	}
	return nil
}

func (c *comparison) decideGenerated(f render.File, rec *FileRecord, cur current) {
	switch {
	case cur.odd != "":
		c.refuseOdd(f, cur)
	case cur.absent && rec != nil:
		c.write(f, Create, cur, "was deleted; the project needs it")
	case cur.absent:
		c.write(f, Create, cur, "")
	case same(cur.text, f.Data):
		c.settle(f, rec, cur)
	case rec == nil:
		c.refuseTaken(f, cur)
	case Hash(cur.text) == rec.Hash:
		c.write(f, Rewrite, cur, "")
	default:
		c.refuse(f, cur, "edited by hand",
			"edits to generated files would be lost. Put the code into a file of its own, then restore this one from version control "+
				"or delete it, and run again")
	}
}

func (c *comparison) decideManaged(f render.File, rec *FileRecord, cur current) {
	switch {
	case rec == nil && cur.odd != "":
		c.refuseOdd(f, cur)
	case rec == nil && cur.absent:
		c.write(f, Create, cur, "")
	case rec == nil && same(cur.text, f.Data):
		c.settle(f, rec, cur)
	case rec == nil:
		c.refuseTaken(f, cur)
	case cur.absent:
		c.add(f, Gone, cur, "deleted by you", rec.Hash, Deleted)
	case cur.odd != "":
		c.add(f, Keep, cur, cur.odd+" of yours", rec.Hash, Live)
	case same(cur.text, f.Data):
		c.settle(f, rec, cur)
	case Hash(cur.text) == rec.Hash:
		c.write(f, Rewrite, cur, "")
	case Hash(f.Data) == rec.Hash:
		c.add(f, Keep, cur, "edited by you", rec.Hash, Live)
	default:
		c.add(f, Keep, cur, "edited by you, and apigen's text changed too", rec.Hash, Live)
		c.plan.Diagnostics.Warnf(diag.Pos{File: f.Path},
			"to have apigen's text, delete the file and its line in "+LockName+", then run again",
			"kept as you edited it; apigen would now write something else")
	}
}

func (c *comparison) decideYours(f render.File, rec *FileRecord, cur current) {
	switch {
	case rec == nil && cur.odd != "":
		c.refuseOdd(f, cur)
	case rec == nil && cur.absent:
		c.write(f, Create, cur, "")
	case rec == nil && same(cur.text, f.Data):
		c.settle(f, rec, cur)
	case rec == nil:
		c.refuseTaken(f, cur)
	case cur.absent:
		c.add(f, Gone, cur, "deleted by you", rec.Hash, Deleted)
	default:
		c.add(f, Same, cur, "", rec.Hash, Live)
	}
}

// retire adds the change of a file that is no longer rendered.
func (c *comparison) retire(rec FileRecord) error {
	cur, err := c.read(rec.Path)
	if err != nil {
		return err
	}
	f := render.File{Path: rec.Path, Class: rec.Class}
	switch {
	case rec.Class == render.Yours && strings.HasPrefix(rec.Path, migrations):
		if cur.absent {
			c.add(f, Gone, cur, "deleted by you", rec.Hash, Deleted)
		} else {
			c.add(f, Same, cur, "", rec.Hash, Live)
		}
	case cur.absent:
		// Nothing is left to remember.
	case rec.Class == render.Yours:
		c.add(f, Keep, cur, "no longer generated, and yours", rec.Hash, Orphan)
	case cur.odd == "" && Hash(cur.text) == rec.Hash:
		c.plan.Changes = append(c.plan.Changes, Change{Path: f.Path, Action: Delete, Class: f.Class, Reason: "no longer generated", Old: cur.text})
	default:
		c.add(f, Keep, cur, "no longer generated, kept because you edited it", rec.Hash, Orphan)
		c.plan.Diagnostics.Warnf(diag.Pos{File: f.Path}, "delete the file when you no longer need it",
			"no longer generated; kept because it was edited")
	}
	return nil
}

// settle adds a file that is right already.
func (c *comparison) settle(f render.File, rec *FileRecord, cur current) {
	action, reason := Same, ""
	if rec == nil {
		action, reason = Adopt, "was there with the right content"
	}
	c.add(f, action, cur, reason, Hash(f.Data), Live)
}

// write adds a change that puts the rendered text on disk.
func (c *comparison) write(f render.File, action Action, cur current, reason string) {
	c.add(f, action, cur, reason, Hash(f.Data), Live)
}

// refuse adds a change that is not made, and says why.
func (c *comparison) refuse(f render.File, cur current, reason, hint string) {
	c.plan.Changes = append(c.plan.Changes, Change{Path: f.Path, Action: Refuse, Class: f.Class, Reason: reason, Old: cur.text, New: f.Data})
	c.plan.Diagnostics.Errorf(diag.Pos{File: f.Path}, hint, "%s; it will not be overwritten", reason)
}

func (c *comparison) refuseTaken(f render.File, cur current) {
	c.refuse(f, cur, "the path is taken by a file that apigen did not write", "move or rename your file, then run again")
}

func (c *comparison) refuseOdd(f render.File, cur current) {
	c.refuse(f, cur, "the path is taken by "+cur.odd, "move it away, then run again")
}

// add adds a change and the record that the new lock has of the file.
func (c *comparison) add(f render.File, action Action, cur current, reason, hash string, state State) {
	c.plan.Changes = append(c.plan.Changes, Change{Path: f.Path, Action: action, Class: f.Class, Reason: reason, Old: cur.text, New: f.Data})
	c.next.Files = append(c.next.Files, FileRecord{f.Path, f.Class, hash, state})
	if f.Class == render.Managed && Hash(f.Data) == hash && len(f.Data) > 0 {
		if _, err := fs.Stat(c.project, basePath(hash)); err != nil {
			c.plan.keepBase(f.Data)
		}
	}
}

// finish sorts the plan and adds the lock to it.
func (c *comparison) finish() error {
	p := c.plan
	slices.SortFunc(c.next.Files, func(a, b FileRecord) int { return cmp.Compare(a.Path, b.Path) })
	slices.SortFunc(c.next.Records, func(a, b Record) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Text, b.Text))
	})
	p.Lock = c.next
	cur, err := c.read(LockName)
	if err != nil {
		return err
	}
	text := p.Lock.Bytes()
	change := Change{Path: LockName, Class: render.Generated, Old: cur.text, New: text}
	switch {
	case cur.odd != "":
		return fmt.Errorf("read %s: it is %s", LockName, cur.odd)
	case cur.absent:
		change.Action = Create
	case bytes.Equal(normal(cur.text), text):
		change.Action = Same
	default:
		change.Action, change.Reason = Rewrite, "remembers what this run does"
	}
	p.Changes = append(p.Changes, change)
	slices.SortFunc(p.Changes, func(a, b Change) int { return cmp.Compare(a.Path, b.Path) })
	slices.SortFunc(p.bases, func(a, b Change) int { return cmp.Compare(a.Path, b.Path) })
	p.Diagnostics.Sort()
	return nil
}
