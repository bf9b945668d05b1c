package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/apigen-go/apigen/generator"
)

// run executes the command line of the process and returns its exit code.
func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return execute(ctx, newTerminal(), os.Args[1:])
}

// execute runs one command line.
func execute(ctx context.Context, t *terminal, args []string) int {
	root := newRoot(t)
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	var list generator.Diagnostics
	switch {
	case err == nil || err.Error() == "":
	case errors.As(err, &list):
		t.say("%s", err) // each line starts with its place, to be clicked on
	default:
		t.say("%s", t.paint(red, "apigen: ")+err.Error())
	}
	var wrong *usageError
	if errors.As(err, &wrong) {
		t.say("\nRun '%s --help' for the ways to use it.", cmd.CommandPath())
	}
	return exitCode(err)
}

func newRoot(t *terminal) *cobra.Command {
	root := &cobra.Command{
		Use:   "apigen",
		Short: "Turn an OpenAPI document into a Go API service, and keep the two in step",
		Long: `apigen writes a complete Go API service from an OpenAPI document: types,
validation, routing, storage, migrations and tests. When the document changes,
it brings the service in step and keeps what you wrote.`,
		Example: `  apigen new bookshop --spec openapi.yaml
  cd bookshop && go run ./cmd/bookshop
  # edit api/openapi.yaml
  apigen generate`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			message := fmt.Sprintf("there is no command %q", args[0])
			if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
				message += "; did you mean " + near[0] + "?"
			}
			return usage(errors.New(message))
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SuggestionsMinimumDistance = 2
	root.SetIn(t.in)
	root.SetOut(t.out)
	root.SetErr(t.err)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usage(err) })
	root.AddCommand(
		newNew(t), newGenerate(t), newDiff(t), newCheck(t), newVerify(t), newVersion(t), newCompletion(t),
		topic("exit-codes", "What the exit codes mean", exitCodes),
		topic("resources", "The notation of --resource", resourceNotation),
	)
	return root
}

// topic is a page of help without a command.
func topic(name, short, text string) *cobra.Command {
	return &cobra.Command{Use: name, Short: short, Long: text}
}

// noArgs refuses arguments.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usage(fmt.Errorf("%s takes no arguments, but got %q", cmd.CommandPath(), args[0]))
	}
	return nil
}

const resourceNotation = `A resource is a singular name and its fields, separated by spaces:

  --resource 'book title:string! price:decimal isbn:string:unique author:ref(author)'

A field is NAME:TYPE, a ! when requests must carry it, and any number of :FLAGs.

Types
  string text int int32 float decimal bool date datetime uuid email url json
  enum(a|b|c)   one of the words
  ref(name)     the id of another resource; the property is called NAME_id
  list(type)    any number of plain values

Flags
  unique        no two share the value
  index         lists are searched by it; filters and sorting are indexed anyway
  optional      may be left out, which is the rule without !
  min=N max=N   bounds of a number, the length of a string, the items of a list
  default=V     the value when it is left out

Every resource gets id, created_at and updated_at, and the operations list,
create, get, replace, update and delete. Lists have limit, offset and sort, and a
filter for each field but text, float, json and lists. The plural is English; an
odd one goes after a slash: goose/geese.`
