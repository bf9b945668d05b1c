package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/apigen-go/apigen/generator"
)

// result is what a command found and did; its fields are the --json output.
type result struct {
	Project     *projectJSON           `json:"project,omitempty"`
	Applied     bool                   `json:"applied"`
	Verified    bool                   `json:"verified"`
	Files       []fileJSON             `json:"files"`
	Operations  []generator.Operation  `json:"operations"`
	Diagnostics []generator.Diagnostic `json:"diagnostics"`
	Error       string                 `json:"error,omitempty"`
	Exit        int                    `json:"exit"`

	plan *generator.Plan
}

type projectJSON struct {
	Name   string `json:"name"`
	Module string `json:"module"`
	Dir    string `json:"dir"`
}

type fileJSON struct {
	Path   string `json:"path"`
	Action string `json:"action"`
	Class  string `json:"class"`
	Reason string `json:"reason,omitempty"`
}

// carryOut verifies and applies the plan, as far as the flags say.
func (r *result) carryOut(ctx context.Context, steps *progress, dryRun, noVerify bool) error {
	if err := r.plan.Err(); err != nil || dryRun || !r.plan.Pending() {
		return err
	}
	if !noVerify {
		steps.step("compiling the project")
		if err := r.plan.Verify(ctx, steps.step); err != nil {
			return err
		}
		r.Verified = true
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := r.plan.Apply(); err != nil {
		return err
	}
	r.Applied = true
	return nil
}

// code is the exit code of a run that was applied.
func (r *result) code() error {
	if r.Applied && r.plan.ActionNeeded() {
		return statusError(generator.ExitActionNeeded)
	}
	return nil
}

// report ends a command: with --json the result is printed, otherwise an error
// is returned to be printed once, after the remarks and the diff of a refusal.
func report(t *terminal, asJSON bool, r *result, err error) error {
	if r == nil {
		r = &result{}
	}
	if asJSON {
		return reportJSON(t, r, err)
	}
	if err == nil || r.plan == nil {
		return err
	}
	var list generator.Diagnostics
	if errors.As(err, &list) {
		printDiagnostics(t, warnings(r.plan.Diagnostics))
	} else {
		printDiagnostics(t, r.plan.Diagnostics)
	}
	if errors.Is(err, generator.ErrRefused) {
		if diffErr := r.plan.Diff(t.err); diffErr != nil {
			return diffErr
		}
	}
	return err
}

func reportJSON(t *terminal, r *result, err error) error {
	r.Files, r.Operations, r.Diagnostics = []fileJSON{}, []generator.Operation{}, []generator.Diagnostic{}
	if r.plan != nil {
		r.Operations = append(r.Operations, r.plan.Operations...)
		r.Diagnostics = append(r.Diagnostics, r.plan.Diagnostics...)
		for _, c := range r.plan.Changes {
			r.Files = append(r.Files, fileJSON{c.Path, string(c.Action), string(c.Class), c.Reason})
		}
	}
	var list generator.Diagnostics
	var status statusError
	switch {
	case errors.As(err, &list) && len(r.Diagnostics) == 0:
		r.Diagnostics = append(r.Diagnostics, list...)
	case err != nil && !errors.As(err, &status):
		r.Error = err.Error()
	}
	r.Exit = exitCode(err)
	if printErr := printJSON(t, r); printErr != nil {
		return printErr
	}
	if r.Exit == generator.ExitOK {
		return nil
	}
	return statusError(r.Exit)
}

func printJSON(t *terminal, v any) error {
	enc := json.NewEncoder(t.out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// warnings leaves out the errors, which are printed as the command's own.
func warnings(list generator.Diagnostics) generator.Diagnostics {
	var out generator.Diagnostics
	for _, d := range list {
		if d.Severity == "warning" {
			out = append(out, d)
		}
	}
	return out
}

func printDiagnostics(t *terminal, list generator.Diagnostics) {
	for _, d := range list {
		first, rest, more := strings.Cut(d.String(), "\n")
		first = strings.Replace(first, "warning:", t.paint(yellow, "warning:"), 1)
		t.say("%s", first)
		if more {
			t.say("%s", t.paint(dim, rest))
		}
	}
}

// printOperations prints who implements what.
func printOperations(t *terminal, ops []generator.Operation) {
	w := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "OPERATION\tMETHOD\tPATH\tIMPLEMENTED BY")
	for _, op := range ops {
		by := op.Table + " · " + op.Kind
		if op.Stub != "" {
			by = "stub: " + op.Stub
		}
		if len(op.Notes) > 0 {
			by += " (" + strings.Join(op.Notes, "; ") + ")"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", op.ID, op.Method, op.Path, by)
	}
	_ = w.Flush()
}

// summary is the result in one line.
func summary(p *generator.Plan, dir string, applied bool) string {
	stubs := 0
	for _, op := range p.Operations {
		if op.Stub != "" {
			stubs++
		}
	}
	left := "nothing left to write"
	if stubs > 0 {
		left = count(stubs, "stub") + " left to you"
	}
	verb := "would be written to"
	if applied {
		verb = "written to"
	}
	return fmt.Sprintf("%d of %d operations implemented, %s; %s %s %s",
		len(p.Operations)-stubs, len(p.Operations), left, count(writes(p.Changes), "file"), verb, dir)
}

// writes is how many files the changes touch.
func writes(changes []generator.Change) int {
	n := 0
	for _, c := range changes {
		if c.Writes() {
			n++
		}
	}
	return n
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// printChanges prints the files that change, and those that stay although
// apigen would have them otherwise.
func printChanges(t *terminal, changes []generator.Change) {
	w := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	for _, c := range changes {
		switch {
		case c.Writes(), c.Reason != "":
			fmt.Fprintf(w, "  %s\t%s\t%s\t%s\n", c.Action, c.Class, c.Path, c.Reason)
		}
	}
	_ = w.Flush()
}
