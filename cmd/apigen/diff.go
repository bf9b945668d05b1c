package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/apigen-go/apigen/generator"
)

func newDiff(t *terminal) *cobra.Command {
	var dir string
	var specs []string
	cmd := &cobra.Command{
		Use:   "diff",
		Short: "Show what apigen generate would change, line by line",
		Long: `Show what apigen generate would change as a unified diff. It writes nothing and
ends with exit code 2 if there is a difference.`,
		Example: "  apigen diff\n  apigen diff --spec new.yaml | less",
		Args:    noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return runDiff(cmd.Context(), t, dir, specs) },
	}
	cmd.Flags().StringVar(&dir, "dir", ".", "`FOLDER` of the project")
	cmd.Flags().StringArrayVar(&specs, "spec", nil, "`FILE` to look at in place of the project's own, NAME=FILE if it has several; repeatable")
	return cmd
}

func runDiff(ctx context.Context, t *terminal, dir string, specs []string) error {
	replace, err := sources(t, specs)
	if err != nil {
		return err
	}
	plan, err := generator.OpenPlan(ctx, generator.Config{Dir: dir, Specs: replace, ReadOnly: true})
	if err != nil {
		return err
	}
	if err := plan.Diff(t.out); err != nil {
		return err
	}
	printDiagnostics(t, warnings(plan.Diagnostics))
	if err := plan.Err(); err != nil {
		return err
	}
	if plan.Pending() {
		return statusError(generator.ExitDrift)
	}
	return nil
}
