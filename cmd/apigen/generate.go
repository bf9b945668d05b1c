package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/apigen-go/apigen/generator"
)

// generateOptions are the flags of apigen generate.
type generateOptions struct {
	dir                      string
	specs                    []string
	dryRun, noVerify, asJSON bool
	allowRef                 []string
	skipUnsupported          bool
}

func newGenerate(t *terminal) *cobra.Command {
	opts := &generateOptions{}
	cmd := &cobra.Command{
		Use:   "generate",
		Short: "Bring the service in step with its OpenAPI document",
		Long: `Bring the service in step with its OpenAPI document and with this version of
apigen. Generated files are rewritten, missing handler methods are added at the
end of their file, a change of the tables becomes a new migration. What you wrote
stays; if a generated file was edited, nothing is written at all.`,
		Example: `  apigen generate
  apigen generate --dry-run        # what would change
  apigen generate --spec new.yaml  # take this document in place of the project's own
  apigen generate --spec admin=new.yaml  # of several documents, that of the name admin`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runGenerate(cmd.Context(), t, opts) },
	}
	f := cmd.Flags()
	f.StringVar(&opts.dir, "dir", ".", "`FOLDER` of the project")
	f.StringArrayVar(&opts.specs, "spec", nil, "`FILE` that replaces the project's own, NAME=FILE if it has several; repeatable; - reads standard input")
	f.StringArrayVar(&opts.allowRef, "allow-ref", nil, "beginning of an https `ADDRESS` that the document may refer to, and is fetched anew; repeatable")
	f.BoolVar(&opts.skipUnsupported, "skip-unsupported", false, "leave out operations that cannot be understood, this time; for good: skip-unsupported: true in apigen.yaml")
	f.BoolVar(&opts.dryRun, "dry-run", false, "show what would change and write nothing; exit 2 if anything would")
	f.BoolVar(&opts.noVerify, "no-verify", false, "skip compiling the project before it is written")
	f.BoolVar(&opts.asJSON, "json", false, "print the result as JSON")
	return cmd
}

func runGenerate(ctx context.Context, t *terminal, opts *generateOptions) error {
	cfg := generator.Config{
		Dir: opts.dir, AllowRef: opts.allowRef, SkipUnsupported: opts.skipUnsupported, ReadOnly: opts.dryRun,
	}
	var err error
	if cfg.Specs, err = sources(t, opts.specs); err != nil {
		return report(t, opts.asJSON, nil, err)
	}
	steps := &progress{t: t}
	defer steps.end()
	steps.step("reading the project")
	plan, err := generator.OpenPlan(ctx, cfg)
	if err != nil {
		steps.end()
		return report(t, opts.asJSON, nil, err)
	}
	r := &result{plan: plan}
	pending := plan.Pending()
	err = r.carryOut(ctx, steps, opts.dryRun, opts.noVerify)
	steps.end()
	switch {
	case err != nil:
	case opts.dryRun && pending:
		err = statusError(generator.ExitDrift)
	default:
		err = r.code()
	}
	var status statusError
	if opts.asJSON || err != nil && !errors.As(err, &status) {
		return report(t, opts.asJSON, r, err)
	}
	printDiagnostics(t, plan.Diagnostics)
	printChanges(t, plan.Changes)
	switch {
	case !pending:
		fmt.Fprintln(t.out, "Everything is in step; nothing was written.")
	case opts.dryRun:
		fmt.Fprintln(t.out, "Nothing was written (--dry-run).")
	default:
		fmt.Fprintf(t.out, "%s written.\n", count(writes(plan.Changes), "file"))
		if opts.noVerify {
			t.say("The project was not compiled (--no-verify); apigen verify does it.")
		}
		if r.code() != nil {
			t.say("Your own code has to follow: see the places above.")
		}
	}
	return err
}
