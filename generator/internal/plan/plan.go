// Package plan decides what to do with each file of a project and does it:
// files as rendered, compared with the disk and with the lock, become changes;
// Apply makes all of them or none.
package plan

import (
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/aymanbagabas/go-udiff"

	"github.com/apigen-go/apigen/generator/internal/diag"
	"github.com/apigen-go/apigen/generator/internal/render"
)

// Action is what happens to a file.
type Action string

// The actions. Create, Rewrite, Append and Delete change the file, the others
// leave it as it is.
const (
	Create  Action = "create"
	Rewrite Action = "rewrite"
	Append  Action = "append" // handler methods, at the end of the file
	Delete  Action = "delete"
	Same    Action = "same"  // in step already
	Adopt   Action = "adopt" // was there with the right content; recorded in the lock
	Keep    Action = "keep"  // the user's edit stays
	Gone    Action = "gone"  // deleted by the user, stays away
	Refuse  Action = "refuse"
)

// Change is the decision on one file.
type Change struct {
	Path   string       `json:"path"`
	Action Action       `json:"action"`
	Class  render.Class `json:"class"`
	Reason string       `json:"reason,omitempty"` // why, in a few words
	Old    []byte       `json:"-"`                // the text on disk, nil when there is none
	New    []byte       `json:"-"`                // the text as it will be, or as apigen would have it (Keep, Refuse)
}

// Writes reports whether the change touches the file.
func (c Change) Writes() bool {
	switch c.Action {
	case Create, Rewrite, Append, Delete:
		return true
	}
	return false
}

// Owned reports whether the text of the file is apigen's alone after the change.
func (c Change) Owned() bool {
	switch c.Class {
	case render.Generated:
		return c.Action != Keep
	case render.Managed:
		return c.Action != Keep && c.Action != Gone
	}
	return c.Action == Create
}

// Plan is what one run will do to a project.
type Plan struct {
	Changes     []Change  // sorted by path; apigen.lock is one of them
	Diagnostics diag.List // what the user should know, sorted; an error refuses the whole plan
	Lock        *Lock     // as it will be

	bases []Change // texts for .apigen/base, apart from Changes: nobody needs to see them
}

// ErrRefused is what Apply returns for a plan that holds a Refuse.
var ErrRefused = errors.New("refused to overwrite what somebody else wrote; nothing was written")

// Pending reports whether Apply would write anything.
func (p *Plan) Pending() bool {
	return slices.ContainsFunc(p.Changes, Change.Writes) || len(p.bases) > 0
}

// Refused returns the changes that apigen does not dare to make.
func (p *Plan) Refused() []Change {
	var out []Change
	for _, c := range p.Changes {
		if c.Action == Refuse {
			out = append(out, c)
		}
	}
	return out
}

// Find returns the change of a path, nil when the plan has none.
func (p *Plan) Find(path string) *Change {
	for i := range p.Changes {
		if p.Changes[i].Path == path {
			return &p.Changes[i]
		}
	}
	return nil
}

// Replace makes the plan write text to a file of the user's because the user
// asked for it. The text that was there is kept beside the base texts; Replace
// returns the path of that copy, "" when nothing was lost.
func (p *Plan) Replace(path string, text []byte) string {
	c := p.Find(path)
	if c == nil || same(c.Old, text) {
		return ""
	}
	c.Action, c.New, c.Reason = Rewrite, text, "replaced as asked"
	if c.Old == nil {
		c.Action = Create
		return ""
	}
	p.keepBase(c.Old)
	return basePath(Hash(c.Old))
}

// Diff writes the changes as a unified diff, those that are refused included.
// The lock is left out.
func (p *Plan) Diff(w io.Writer) error {
	for _, c := range p.Changes {
		if c.Path == LockName || !c.Writes() && c.Action != Refuse {
			continue
		}
		if err := c.Diff(w); err != nil {
			return err
		}
	}
	return nil
}

// Diff writes the change as a unified diff.
func (c Change) Diff(w io.Writer) error {
	from, to := "a/"+c.Path, "b/"+c.Path
	if c.Old == nil {
		from = "/dev/null"
	}
	if c.Action == Delete || c.New == nil {
		to = "/dev/null"
	}
	text := udiff.Unified(from, to, string(c.Old), string(c.New))
	if strings.ContainsRune(text, 0) {
		text = "Binary files " + from + " and " + to + " differ\n"
	}
	_, err := io.WriteString(w, text)
	return err
}
