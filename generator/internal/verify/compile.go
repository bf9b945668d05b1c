// Package verify compiles a project as a plan would leave it, in a copy, so that
// nothing is written that does not build.
package verify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"

	"github.com/apigen-go/apigen/generator/internal/diag"
	"github.com/apigen-go/apigen/generator/internal/plan"
)

// Compile runs go vet on the project in dir as p would leave it, and go build where that
// finds something; dir need not exist. Errors in files that are apigen's are errors in the
// list. Errors in the user's own files are warnings: there the user has to follow the
// document. So is whatever did not compile before. progress is told what goes on.
func Compile(ctx context.Context, dir string, p *plan.Plan, progress func(string)) (diag.List, error) {
	if _, err := exec.LookPath("go"); err != nil {
		return nil, errors.New("find the Go toolchain: there is no go command in PATH; install it from https://go.dev/dl, or pass --no-verify to skip this step")
	}
	found, err := check(ctx, dir, p, progress)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	var before []problem
	if _, err := os.Stat(dir); err == nil && p.Pending() {
		progress("looking for what did not compile before")
		if before, err = check(ctx, dir, nil, progress); err != nil {
			// Not even that can be told: then all of it is news.
			before = nil
		}
	}
	return classify(found, before, p), nil
}

// check compiles and vets a copy of the project, changed by p unless that is nil.
func check(ctx context.Context, dir string, p *plan.Plan, progress func(string)) ([]problem, error) {
	stage, err := makeStage(dir)
	if err != nil {
		return nil, fmt.Errorf("make stage: %w", err)
	}
	defer os.RemoveAll(stage)
	if err := fill(ctx, stage, dir, p); err != nil {
		return nil, fmt.Errorf("make stage: %w", err)
	}
	// Vet compiles what it needs and checks the types of the rest, so a project that is
	// right need not be linked. Of one that is wrong build says more.
	progress("go vet")
	vetted, err := runGo(ctx, stage, "vet", progress)
	if err != nil || len(vetted) == 0 {
		return nil, err
	}
	progress("go build")
	built, err := runGo(ctx, stage, "build", progress)
	if err != nil {
		return nil, err
	}
	found := built
	for _, f := range vetted { // in its own words where the compiler has said it
		if !slices.ContainsFunc(built, func(b problem) bool { return b.file == f.file && b.line == f.line && b.col == f.col }) {
			found = append(found, f)
		}
	}
	slices.SortFunc(found, func(a, b problem) int {
		return cmp.Or(cmp.Compare(a.file, b.file), cmp.Compare(a.line, b.line), cmp.Compare(a.col, b.col), cmp.Compare(a.msg, b.msg))
	})
	return slices.Compact(found), nil
}

// classify tells apigen's mistakes from what the user has to follow. Lines do
// not count when it looks for a problem among those before: an edit moves them.
func classify(found, before []problem, p *plan.Plan) diag.List {
	type key struct{ file, msg string }
	known := map[key]int{}
	for _, f := range before {
		known[key{f.file, f.msg}]++
	}
	var list diag.List
	for _, f := range found {
		at := diag.Pos{File: f.file, Line: f.line, Col: f.col}
		c := p.Find(f.file)
		switch k := (key{f.file, f.msg}); {
		case known[k] > 0:
			known[k]--
			list.Warnf(at, "", "does not compile, and did not before: %s", f.msg)
		case c != nil && c.Owned():
			list.Errorf(at, "nothing was written. This is a mistake of apigen's: please report it, with the document", "generated code does not compile: %s", f.msg)
		case p.Pending():
			list.Warnf(at, "change this line to follow the document", "will no longer compile: %s", f.msg)
		default:
			list.Warnf(at, "", "does not compile: %s", f.msg)
		}
	}
	list.Sort()
	return list
}
