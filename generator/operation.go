package generator

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/apigen-go/apigen/generator/internal/model"
	"github.com/apigen-go/apigen/generator/internal/plan"
)

// Operation is one operation of the API and how it is implemented.
type Operation struct {
	ID     string `json:"id"`     // operationId, or the one derived from method and path
	Name   string `json:"name"`   // method of the handler
	Method string `json:"method"` // of HTTP
	Path   string `json:"path"`

	// Document is the name of the document that the operation is in, empty in a
	// project with one.
	Document string `json:"document,omitempty"`

	// Table and Kind tell how the store implements the operation, for example
	// books and list. They are empty for a stub.
	Table string `json:"table,omitempty"`
	Kind  string `json:"kind,omitempty"`

	// Stub is why the operation is left to the user.
	Stub string `json:"stub,omitempty"`

	// Notes are choices that the user may want to know of, for example a query
	// parameter that nothing uses.
	Notes []string `json:"notes,omitempty"`
}

// operations lists the operations of a project.
func operations(p *model.Project) []Operation {
	out := make([]Operation, 0, len(p.Operations))
	for _, o := range p.Operations {
		op := Operation{ID: o.ID, Name: o.Name, Method: o.Method, Path: o.Path, Stub: o.Stub}
		if from := o.Spec.Origin; from != nil {
			op.Document = from.Name
		}
		if c := o.CRUD; c != nil {
			op.Table, op.Kind = c.Table.Name, string(c.Kind)
			op.Notes = append(op.Notes, c.Notes...)
			for _, what := range c.Ignored {
				op.Notes = append(op.Notes, "nothing uses "+what)
			}
		}
		out = append(out, op)
	}
	return out
}

// migrations is where a project keeps its migrations.
const migrations = "internal/store/migrations"

// lastMigration returns the number of the last migration that is, or was, in the
// project: a number is never used twice.
func lastMigration(dir string, lock *plan.Lock) (int, error) {
	var names []string
	entries, err := os.ReadDir(filepath.Join(dir, filepath.FromSlash(migrations)))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, fmt.Errorf("read migrations: %w", err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	for _, f := range lock.Files {
		if path.Dir(f.Path) == migrations {
			names = append(names, path.Base(f.Path))
		}
	}
	last := 0
	for _, name := range names {
		digits, _, _ := strings.Cut(name, "_")
		if n, err := strconv.Atoi(digits); err == nil {
			last = max(last, n)
		}
	}
	return last, nil
}
