package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/apigen-go/apigen/generator"
)

// runCreate does what complete options ask for.
func runCreate(ctx context.Context, t *terminal, opts *newOptions) error {
	cfg := generator.Config{
		Dir: opts.folder(), Name: opts.name, Module: opts.module,
		AllowRef: opts.allowRef, SkipUnsupported: opts.skipUnsupported, APM: opts.apm,
	}
	if opts.featuresSet {
		cfg.Features = append([]string{}, opts.features...)
		if len(cfg.Features) == 0 {
			cfg.Features = []string{"none"}
		}
	}
	if err := contract(t, opts, &cfg); err != nil {
		return report(t, opts.json, nil, err)
	}
	steps := &progress{t: t}
	defer steps.end()
	for _, src := range cfg.Specs {
		steps.step("reading " + src.File)
	}
	plan, err := generator.NewPlan(ctx, cfg)
	if err != nil {
		steps.end()
		return report(t, opts.json, nil, err)
	}
	r := &result{plan: plan, Project: &projectJSON{Name: opts.name, Module: opts.module, Dir: cfg.Dir}}
	if err := r.carryOut(ctx, steps, opts.dryRun, opts.noVerify); err != nil {
		steps.end()
		return report(t, opts.json, r, err)
	}
	steps.end()
	if opts.json {
		return report(t, true, r, nil)
	}
	printDiagnostics(t, plan.Diagnostics)
	printOperations(t, plan.Operations)
	if opts.dryRun {
		fmt.Fprintf(t.out, "\n%s\n", summary(plan, cfg.Dir, false))
		printChanges(t, plan.Changes)
		return nil
	}
	fmt.Fprintf(t.out, "\n%s\n", summary(plan, cfg.Dir, true))
	nextSteps(t, opts, plan)
	return nil
}

// contract finds the documents, or writes one from resources. Files are left to
// the generator.
func contract(t *terminal, opts *newOptions, cfg *generator.Config) error {
	if len(opts.resources) > 0 {
		text, err := generator.ResourceDocument(title(opts.name), opts.resources)
		if err != nil {
			return usage(err)
		}
		cfg.Specs = []generator.Source{{File: "openapi.yaml", Text: text}}
		return nil
	}
	var err error
	if cfg.Specs, err = sources(t, opts.specs); err != nil {
		return err
	}
	if err := generator.NameSources(cfg.Specs); err != nil {
		return usage(err)
	}
	for _, text := range opts.bases {
		name, base := splitName(text)
		src, err := find(cfg.Specs, name, "--base NAME="+base)
		if err != nil {
			return err
		}
		src.Base = base
	}
	for _, text := range opts.overlays {
		name, file := splitName(text)
		src := &cfg.Specs[0]
		if name != "" {
			if src, err = find(cfg.Specs, name, ""); err != nil {
				return err
			}
		}
		src.Overlays = append(src.Overlays, file)
	}
	return nil
}

// find returns the document with a name; without one, the only document.
func find(list []generator.Source, name, hint string) (*generator.Source, error) {
	var names []string
	for i := range list {
		if list[i].Name == name || name == "" && len(list) == 1 {
			return &list[i], nil
		}
		names = append(names, list[i].Name)
	}
	switch {
	case len(list) == 1:
		return nil, usage(fmt.Errorf("the only document has no name %q; leave out the name, or give it: --spec %s=%s", name, name, list[0].File))
	case name == "":
		return nil, usage(fmt.Errorf("say which document is meant: %s, with the name %s", hint, strings.Join(names, " or ")))
	}
	return nil, usage(fmt.Errorf("there is no document named %q; there is %s", name, strings.Join(names, " and ")))
}

// splitName takes the name off NAME=REST.
func splitName(text string) (name, rest string) {
	name, rest, ok := strings.Cut(text, "=")
	if !ok || generator.CheckSpecName(name) != nil {
		return "", text
	}
	if _, err := os.Stat(text); err == nil {
		return "", text // a file with that sign in its name
	}
	return name, rest
}

// sources returns the documents that --spec names: files, or standard input.
func sources(t *terminal, specs []string) ([]generator.Source, error) {
	var out []generator.Source
	for _, text := range specs {
		var src generator.Source
		src.Name, src.File = splitName(text)
		if src.File == "-" {
			if len(specs) > 1 {
				return nil, usage(errors.New("standard input holds one document: --spec - goes without another --spec"))
			}
			var err error
			src.File = "<stdin>"
			if src.Text, err = readStandardInput(t); err != nil {
				return nil, err
			}
		}
		out = append(out, src)
	}
	return out, nil
}

// maxDocument is the largest document that is read from standard input.
const maxDocument = 64 << 20

func readStandardInput(t *terminal) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(t.in, maxDocument+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read document: %w", err)
	case len(data) == 0:
		return nil, errors.New("read document: standard input is empty")
	case len(data) > maxDocument:
		return nil, fmt.Errorf("read document: standard input is larger than %d MiB", maxDocument>>20)
	}
	return data, nil
}

// title is the name of the service as people write it.
func title(name string) string {
	words := strings.FieldsFunc(name, func(r rune) bool { return r == '-' || r == '_' })
	for i, w := range words {
		words[i] = strings.ToUpper(w[:1]) + w[1:]
	}
	return strings.Join(words, " ")
}

// nextSteps says how to go on.
func nextSteps(t *terminal, opts *newOptions, plan *generator.Plan) {
	t.say("\nNext:")
	t.say("  cd %s", quote(filepath.Clean(opts.folder())))
	t.say("  %sgo run ./cmd/%s", plan.Development, opts.name)
	for _, op := range plan.Operations {
		if op.Method == http.MethodGet && !strings.Contains(op.Path, "{") {
			t.say("  curl http://localhost:8080%s", op.Path)
			break
		}
	}
	if opts.noVerify {
		t.say("\nThe project was not compiled (--no-verify); apigen verify does it.")
	}
}
