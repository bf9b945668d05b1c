// Package generator turns an OpenAPI document into a complete Go service and
// keeps the service in step with the document.
//
// A run is a plan that is looked at, verified and applied:
//
//	p, err := generator.OpenPlan(ctx, generator.Config{Dir: "bookshop"})
//	if err != nil {
//		return err // often Diagnostics: every mistake with its place
//	}
//	if err := p.Err(); err != nil {
//		return err // the plan would overwrite an edit, see Diff
//	}
//	if err := p.Verify(ctx, nil); err != nil {
//		return err // the result would not compile
//	}
//	return p.Apply()
//
// Nothing left of Apply touches the project, so a dry run, a diff and a check
// for drift are plans that are not applied. [ExitCode] tells the kinds of
// errors apart.
package generator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/apigen-go/apigen/generator/internal/diag"
	"github.com/apigen-go/apigen/generator/internal/model"
	"github.com/apigen-go/apigen/generator/internal/plan"
	"github.com/apigen-go/apigen/generator/internal/render"
	"github.com/apigen-go/apigen/generator/internal/spec"
	"github.com/apigen-go/apigen/generator/internal/verify"
)

// Diagnostic is one mistake or remark with its place and a hint.
type Diagnostic = diag.Diagnostic

// Diagnostics is a sorted list of them. As an error it holds every mistake of
// the input at once.
type Diagnostics = diag.List

// Change is what the plan does to one file.
type Change = plan.Change

// Plan is one run over a project, ready to be applied.
type Plan struct {
	// Changes has one entry for every file that apigen wrote or would write,
	// sorted by path; Change.Writes tells which of them touch the disk.
	Changes []Change

	// Diagnostics is what the user should know: warnings about the document,
	// about edits that were kept, and, after Verify, about code of the user's
	// that the changes break. Its errors are the reasons for Err.
	Diagnostics Diagnostics

	// Operations are the operations of the API, in the order of the document.
	Operations []Operation

	// Development is what a developer writes before the command that starts the
	// service, with a space behind it: settings without which it does not start.
	Development string

	dir    string
	plan   *plan.Plan
	broken bool // code of the user's does not compile
}

// NewPlan plans a new project in cfg.Dir, which must not exist or be empty.
func NewPlan(ctx context.Context, cfg Config) (*Plan, error) {
	s, err := newSettings(cfg)
	if err != nil {
		return nil, &UsageError{err}
	}
	switch vacant, err := plan.Vacant(cfg.Dir); {
	case err != nil:
		return nil, fmt.Errorf("look at %s: %w", cfg.Dir, err)
	case !vacant:
		return nil, &UsageError{fmt.Errorf("%s is not empty; name another folder, or run \"apigen generate\" in it if it is a project of apigen's", cfg.Dir)}
	}
	r := run{dir: cfg.Dir, settings: s, lock: &plan.Lock{}, fresh: true, skip: s.skipUnsupported}
	_, r.allow = splitAllowed(cfg.AllowRef)
	r.documents, err = newDocuments(cfg)
	defer r.close()
	if err != nil {
		return nil, err
	}
	return r.plan(ctx)
}

// OpenPlan plans a run over the project in cfg.Dir. A run that was interrupted
// while it wrote is completed first, unless cfg.ReadOnly is set.
func OpenPlan(ctx context.Context, cfg Config) (*Plan, error) {
	if err := endInterrupted(cfg); err != nil {
		return nil, err
	}
	name := filepath.Join(cfg.Dir, SettingsName)
	src, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &UsageError{fmt.Errorf("%s is not there: run this in a project of apigen's, or name one with --dir", name)}
	}
	if err != nil {
		return nil, fmt.Errorf("read settings: %w", err)
	}
	s, err := parseSettings(name, src)
	if err != nil {
		return nil, err
	}
	lock, err := readLock(cfg.Dir)
	if err != nil {
		return nil, err
	}
	r := run{dir: cfg.Dir, settings: s, lock: lock, skip: s.skipUnsupported || cfg.SkipUnsupported}
	folders, addresses := splitAllowed(cfg.AllowRef)
	r.allow = addresses
	r.documents, err = openDocuments(cfg, s)
	defer r.close()
	if err != nil {
		return nil, err
	}
	if len(folders) > 0 {
		return nil, &UsageError{fmt.Errorf("the documents of a project are all in its folder %s; copy %s there", path.Dir(s.specs[0].path), folders[0])}
	}
	return r.plan(ctx)
}

// Pending reports whether Apply would change anything.
func (p *Plan) Pending() bool { return p.plan.Pending() }

// ActionNeeded reports whether the user has something to do by hand: Verify found
// code of the user's that does not compile.
func (p *Plan) ActionNeeded() bool { return p.broken }

// Err returns why the plan cannot be applied: [ErrRefused] with what it would
// overwrite, or other Diagnostics.
func (p *Plan) Err() error {
	err := p.Diagnostics.Err()
	if err != nil && len(p.plan.Refused()) > 0 {
		return fmt.Errorf("%w\n%w", err, ErrRefused)
	}
	return err
}

// Diff writes the changes as a unified diff, those that Err speaks of included.
func (p *Plan) Diff(w io.Writer) error { return p.plan.Diff(w) }

// Verify compiles and vets the project as it will be, in a copy of it. Errors in
// files that apigen owns are returned; those in the user's own code are added to
// Diagnostics as warnings, because the user has to follow the document there.
// progress, which may be nil, is told what goes on.
func (p *Plan) Verify(ctx context.Context, progress func(string)) error {
	if progress == nil {
		progress = func(string) {}
	}
	found, err := verify.Compile(ctx, p.dir, p.plan, progress)
	if err != nil {
		return err
	}
	found = p.inDir(found)
	p.broken = len(found.Filter(diag.Warning)) > 0
	p.Diagnostics = append(p.Diagnostics, found...)
	p.Diagnostics.Sort()
	return found.Err()
}

// Apply makes all of the changes, or none if it fails or is killed.
func (p *Plan) Apply() error {
	if err := p.Err(); err != nil {
		return err
	}
	return p.plan.Apply(p.dir)
}

// inDir names the files of diagnostics as seen from where the command runs.
func (p *Plan) inDir(list Diagnostics) Diagnostics {
	out := slices.Clone(list)
	for i := range out {
		if out[i].File != "" {
			out[i].File = filepath.Join(p.dir, filepath.FromSlash(out[i].File))
		}
	}
	return out
}

// run is what a plan is made from.
type run struct {
	dir       string
	settings  settings
	documents []*document
	allow     []string // beginnings of addresses to fetch from
	skip      bool     // operations that cannot be understood
	lock      *plan.Lock
	fresh     bool // the project does not exist yet

	files []render.File // the documents, their overlays and what they refer to
	has   map[string]bool
}

// close closes the folders of the documents.
func (r *run) close() {
	for _, d := range r.documents {
		if d.tree != nil {
			d.tree.Close()
		}
	}
}

// plan goes through the steps: documents, model, files, changes.
func (r *run) plan(ctx context.Context) (*Plan, error) {
	r.has = map[string]bool{}
	doc, notes, err := r.load(ctx)
	if err != nil {
		return nil, err
	}
	project, list, err := r.build(doc)
	if err != nil {
		return nil, err
	}
	notes = append(notes, list...)
	if err := notes.Err(); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if list := r.newStore(project); len(list) > 0 {
		return nil, list
	}
	files, err := render.Files(project)
	if err != nil {
		return nil, fmt.Errorf("render project: %w", err)
	}
	// A document without tables has no store, whatever was asked for. It is
	// written down so: the project does not change its shape later by itself.
	asked := r.settings.features.Auth
	r.settings.features = project.Features
	r.settings.features.Auth = asked // the document may ask for credentials later
	files = append(files, render.File{Path: SettingsName, Class: render.Yours, Data: r.settings.text()})
	sources := r.files
	for _, d := range r.documents {
		for _, f := range d.own {
			r.add(f.Path, f.Data)
		}
	}
	files = append(files, r.files...)
	changes, err := r.compare(files, slices.Concat(tableRecords(project), nameRecords(project), r.rankRecords()))
	if err != nil {
		return nil, err
	}
	p := &Plan{dir: r.dir, plan: changes, Operations: operations(project), Development: project.Development()}
	r.replace(changes, sources, &notes)
	p.Changes = changes.Changes
	p.Diagnostics = append(notes, p.inDir(changes.Diagnostics)...)
	p.Diagnostics.Sort()
	return p, nil
}

// replace puts the documents that the run was given in the place of the
// project's own, and fetched ones in the place of what was fetched before.
func (r *run) replace(changes *plan.Plan, sources []render.File, notes *diag.List) {
	given := map[string]bool{}
	for _, d := range r.documents {
		given[d.path] = d.replaced
	}
	for _, f := range sources {
		own, isDocument := given[f.Path]
		if isDocument && !own {
			continue
		}
		if kept := changes.Replace(f.Path, f.Data); kept != "" && own {
			notes.Warnf(diag.Pos{File: filepath.Join(r.dir, filepath.FromSlash(f.Path))}, "",
				"replaced as asked; what was there is kept in %s", kept)
		}
	}
}

// damaged is the error of a lock with a record that cannot be read.
func (r *run) damaged(err error) error {
	var list diag.List
	list.Errorf(diag.Pos{File: filepath.Join(r.dir, plan.LockName)}, "restore the file from version control", "%v", err)
	return &plan.LockError{List: list}
}

// build makes the model of the document.
func (r *run) build(doc *spec.Document) (*model.Project, diag.List, error) {
	tables, err := previousTables(r.lock)
	names, namesErr := model.DecodeNames(r.lock.Of(nameRecord))
	if err = errors.Join(err, namesErr); err != nil {
		return nil, nil, r.damaged(err)
	}
	var paths []string
	for _, d := range r.documents {
		paths = append(paths, d.path)
	}
	last, err := lastMigration(r.dir, r.lock)
	if err != nil {
		return nil, nil, err
	}
	return r.model(doc, model.Options{
		Name:       r.settings.name,
		Module:     r.settings.module,
		Specs:      paths,
		Features:   r.settings.features,
		APM:        r.settings.apm,
		Previous:   tables,
		Migrations: last,
		Names:      names,

		DetectSession: r.settings.detectSession,
		DetectKeys:    r.settings.detectKeys,
	})
}

// newStore checks that a handler written for a project without a store can take
// one now: handler.go is the owner's, so nobody else can change its New.
func (r *run) newStore(p *model.Project) diag.List {
	const name = "internal/handler/handler.go"
	if r.fresh || !p.Features.Store || r.lock.Has("internal/store/store.go") {
		return nil
	}
	file := filepath.Join(r.dir, filepath.FromSlash(name))
	src, err := os.ReadFile(file)
	if err != nil || strings.Contains(string(src), "store.Store") {
		return nil
	}
	at := diag.Pos{File: file, Line: 1, Col: 1}
	if before, _, ok := strings.Cut(string(src), "func New("); ok {
		at.Line += strings.Count(before, "\n")
	}
	var list diag.List
	list.Errorf(at, "write: func New(s *store.Store) *Handler { return &Handler{store: s} }\n"+
		"with a field store *store.Store and the import "+p.Module+"/internal/store, and run again",
		"the project gets a store, and the handler has no place for it")
	return list
}

// compare compares the files with what is in the project.
func (r *run) compare(files []render.File, records []plan.Record) (*plan.Plan, error) {
	if r.fresh {
		return plan.Compare(nothing{}, r.lock, files, records)
	}
	root, err := os.OpenRoot(r.dir)
	if err != nil {
		return nil, fmt.Errorf("open project: %w", err)
	}
	defer root.Close()
	return plan.Compare(root.FS(), r.lock, files, records)
}

// nothing is the file system of a project that does not exist yet.
type nothing struct{}

func (nothing) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// newSettings checks what NewPlan is asked for and reports all that is wrong.
func newSettings(cfg Config) (settings, error) {
	on, err := selectFeatures(cfg.Features)
	err = errors.Join(CheckName(cfg.Name), CheckModule(cfg.Module), err, checkFeatures(on), cfg.chooseAPM(&on))
	for _, src := range cfg.Specs {
		if src.Name != "" {
			err = errors.Join(err, CheckSpecName(src.Name))
		}
		if src.Base != "" {
			err = errors.Join(err, checkBase(src.Base))
		}
	}
	if len(cfg.sources()) == 0 {
		err = errors.Join(err, errors.New("the project needs an OpenAPI document"))
	}
	return settings{
		name: cfg.Name, module: cfg.Module, features: on, apm: cfg.APM, skipUnsupported: cfg.SkipUnsupported,
		detectSession: cfg.Features == nil || slices.Contains(cfg.Features, "default"),
		detectKeys:    cfg.Features == nil || slices.Contains(cfg.Features, "default"),
	}, err
}

// endInterrupted completes or undoes a run that was interrupted.
func endInterrupted(cfg Config) error {
	if !cfg.ReadOnly {
		_, err := plan.Recover(cfg.Dir)
		if errors.Is(err, fs.ErrNotExist) {
			return nil // there is no such folder, which is said later
		}
		return err
	}
	if !plan.Interrupted(cfg.Dir) {
		return nil
	}
	var list diag.List
	list.Errorf(diag.Pos{File: cfg.Dir}, "run \"apigen generate\"; it completes that run", "an earlier run was interrupted while it wrote")
	return &plan.LockError{List: list}
}

// readLock reads the lock of an existing project.
func readLock(dir string) (*plan.Lock, error) {
	name := filepath.Join(dir, plan.LockName)
	text, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		var list diag.List
		list.Errorf(diag.Pos{File: name}, "restore it from version control: without it apigen cannot tell your edits from its own text", "the lock is missing")
		return nil, &plan.LockError{List: list}
	}
	if err != nil {
		return nil, fmt.Errorf("read lock: %w", err)
	}
	return plan.ParseLock(name, text)
}
