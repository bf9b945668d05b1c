package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/apigen-go/apigen/generator"
)

func newVerify(t *terminal) *cobra.Command {
	var dir string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Compile and vet the service as apigen generate would leave it",
		Long: `Compile and vet the service as apigen generate would leave it, in a copy of it.
Errors in your own files are what a change of the document asks of you; they end
with exit code 3.`,
		Example: "  apigen verify\n  apigen verify --dir services/bookshop",
		Args:    noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return runVerify(cmd.Context(), t, dir, asJSON) },
	}
	cmd.Flags().StringVar(&dir, "dir", ".", "`FOLDER` of the project")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the result as JSON")
	return cmd
}

func runVerify(ctx context.Context, t *terminal, dir string, asJSON bool) error {
	plan, err := generator.OpenPlan(ctx, generator.Config{Dir: dir, ReadOnly: true})
	if err != nil {
		return report(t, asJSON, nil, err)
	}
	r := &result{plan: plan}
	if err := plan.Err(); err != nil {
		return report(t, asJSON, r, err)
	}
	steps := &progress{t: t}
	steps.step("compiling the project")
	err = plan.Verify(ctx, steps.step)
	steps.end()
	r.Verified = err == nil && !plan.ActionNeeded()
	if err == nil && plan.ActionNeeded() {
		err = statusError(generator.ExitActionNeeded)
	}
	if asJSON || err != nil && !plan.ActionNeeded() {
		return report(t, asJSON, r, err)
	}
	printDiagnostics(t, plan.Diagnostics)
	if err == nil {
		fmt.Fprintln(t.out, "The service compiles and vets.")
	}
	return err
}
