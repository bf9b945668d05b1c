package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/apigen-go/apigen/generator"
)

// newOptions are the flags of apigen new.
type newOptions struct {
	name, module, dir string
	specs             []string
	bases             []string
	allowRef          []string
	overlays          []string
	skipUnsupported   bool
	resources         []string
	features          []string
	featuresSet       bool
	apm               string
	accessible        bool
	noVerify          bool
	dryRun            bool
	json              bool
}

// folder is where the project goes.
func (o *newOptions) folder() string {
	if o.dir != "" {
		return o.dir
	}
	return o.name
}

func newNew(t *terminal) *cobra.Command {
	opts := &newOptions{}
	cmd := &cobra.Command{
		Use:   "new [NAME]",
		Short: "Create a service from an OpenAPI document, or from resources",
		Long: `Create a service in a new folder. The contract is an OpenAPI document (--spec) or
is written for you from resources (--resource). On a terminal and without either,
a few questions are asked.

Nothing is written before the project has been compiled; if anything fails, there
is no folder.`,
		Example: `  apigen new                                   # asks
  apigen new bookshop --spec openapi.yaml
  apigen new shop --spec shop.yaml --spec admin.yaml --base admin=/admin
  apigen new bookshop --spec openapi.yaml --apm newrelic
  curl -s https://example.com/openapi.json | apigen new bookshop --spec -
  apigen new shop --resource 'author name:string!' \
                  --resource 'book title:string! price:decimal author:ref(author)'`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usage(fmt.Errorf("new takes one name, but got %d", len(args)))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				opts.name = args[0]
			}
			opts.featuresSet = cmd.Flags().Changed("feature")
			opts.accessible = opts.accessible || t.getenv("ACCESSIBLE") != ""
			return runNew(cmd.Context(), t, opts)
		},
	}
	f := cmd.Flags()
	f.StringArrayVar(&opts.specs, "spec", nil, "OpenAPI document to start from, a `FILE` or NAME=FILE; repeatable; - reads standard input")
	f.StringArrayVar(&opts.bases, "base", nil, "what to put before all paths of a document, `NAME=/PREFIX`; repeatable (NAME default that of its file)")
	f.StringArrayVar(&opts.allowRef, "allow-ref", nil, "`FOLDER` or beginning of an https address that the document may refer to; repeatable (default its own folder)")
	f.StringArrayVar(&opts.overlays, "overlay", nil, "OpenAPI Overlay that changes the document, a `FILE`, or NAME=FILE for another than the first; repeatable")
	f.BoolVar(&opts.skipUnsupported, "skip-unsupported", false, "leave out operations that cannot be understood")
	f.StringArrayVar(&opts.resources, "resource", nil, "a resource and its fields, `TEXT` such as 'book title:string!'; repeatable, see apigen help resources")
	f.StringVar(&opts.module, "module", "", "Go module `PATH` (default example.com/NAME)")
	f.StringVar(&opts.dir, "dir", "", "`FOLDER` to create (default NAME)")
	f.StringSliceVar(&opts.features, "feature", nil, "optional `PART` to include: "+strings.Join(generator.Features(), ", ")+
		", or default, all, none (default "+strings.Join(generator.DefaultFeatures(), ", ")+")")
	f.StringVar(&opts.apm, "apm", "", "where telemetry goes, `NAME`: "+strings.Join(generator.APMs(), ", ")+" (default otlp, any collector)")
	f.BoolVar(&opts.noVerify, "no-verify", false, "skip compiling the project before it is written")
	f.BoolVar(&opts.dryRun, "dry-run", false, "show what would be written and write nothing")
	f.BoolVar(&opts.json, "json", false, "print the result as JSON")
	f.BoolVar(&opts.accessible, "accessible", false, "ask plain questions, one line each (also: ACCESSIBLE=1)")
	_ = cmd.RegisterFlagCompletionFunc("apm", cobra.FixedCompletions(generator.APMs(), cobra.ShellCompDirectiveNoFileComp)) // the flag is there
	return cmd
}

func runNew(ctx context.Context, t *terminal, opts *newOptions) error {
	asked := false
	switch {
	case len(opts.specs) > 0 && len(opts.resources) > 0:
		return usage(errors.New("--spec and --resource exclude each other"))
	case len(opts.specs) == 0 && (len(opts.bases) > 0 || len(opts.allowRef) > 0 || len(opts.overlays) > 0 || opts.skipUnsupported):
		return usage(errors.New("--base, --allow-ref, --overlay and --skip-unsupported go with --spec"))
	case len(opts.specs) == 0 && len(opts.resources) == 0:
		if !t.inTTY && !opts.accessible {
			return usage(errors.New("nothing says what the service offers; give --spec FILE or --resource 'book title:string!'"))
		}
		if err := askNew(ctx, t, opts); err != nil {
			return err
		}
		asked = true
	case opts.name == "":
		return usage(errors.New("the service needs a name: apigen new NAME …"))
	}
	if opts.module == "" {
		opts.module = generator.DefaultModule(opts.name)
	}
	if err := runCreate(ctx, t, opts); err != nil {
		return err
	}
	if asked {
		t.say("\nThe same without questions:\n\n  %s", equivalent(opts))
	}
	return nil
}
