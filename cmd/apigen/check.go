package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/apigen-go/apigen/generator"
)

func newCheck(t *terminal) *cobra.Command {
	var dir string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Tell whether the service is in step with its document",
		Long: `Tell whether apigen generate would change anything. It writes nothing, needs no
network, and ends with exit code 2 if the service has drifted: made for CI.`,
		Example: "  apigen check\n  apigen check --dir services/bookshop --json",
		Args:    noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return runCheck(cmd.Context(), t, dir, asJSON) },
	}
	cmd.Flags().StringVar(&dir, "dir", ".", "`FOLDER` of the project")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the result as JSON")
	return cmd
}

func runCheck(ctx context.Context, t *terminal, dir string, asJSON bool) error {
	plan, err := generator.OpenPlan(ctx, generator.Config{Dir: dir, ReadOnly: true})
	if err != nil {
		return report(t, asJSON, nil, err)
	}
	r := &result{plan: plan}
	err = plan.Err()
	if err == nil && plan.Pending() {
		err = statusError(generator.ExitDrift)
	}
	if asJSON || plan.Err() != nil {
		return report(t, asJSON, r, err)
	}
	printDiagnostics(t, plan.Diagnostics)
	printChanges(t, plan.Changes)
	if err != nil {
		fmt.Fprintln(t.out, "The service has drifted from its document: run apigen generate.")
		return err
	}
	fmt.Fprintln(t.out, "Everything is in step.")
	return nil
}
