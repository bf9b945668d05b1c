package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"

	"github.com/apigen-go/apigen/generator"
)

// runCreate does what complete options ask for.
func runCreate(ctx context.Context, t *terminal, opts *newOptions) error {
	cfg := generator.Config{
		Dir: opts.folder(), Name: opts.name, Module: opts.module, Spec: opts.spec,
		AllowRef: opts.allowRef, Overlays: opts.overlays, SkipUnsupported: opts.skipUnsupported,
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
	steps.step("reading " + cfg.Spec)
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
	nextSteps(t, opts, plan.Operations)
	return nil
}

// contract reads the document from standard input, or writes it from resources.
// A file is left to the generator.
func contract(t *terminal, opts *newOptions, cfg *generator.Config) error {
	var err error
	switch {
	case len(opts.resources) > 0:
		cfg.Spec = "openapi.yaml"
		cfg.Document, err = generator.ResourceDocument(title(opts.name), opts.resources)
		if err != nil {
			return usage(err)
		}
	case opts.spec == "-":
		cfg.Spec = "<stdin>"
		cfg.Document, err = readStandardInput(t)
	}
	return err
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
func nextSteps(t *terminal, opts *newOptions, ops []generator.Operation) {
	t.say("\nNext:")
	t.say("  cd %s", quote(filepath.Clean(opts.folder())))
	t.say("  go run ./cmd/%s", opts.name)
	for _, op := range ops {
		if op.Method == http.MethodGet && !strings.Contains(op.Path, "{") {
			t.say("  curl http://localhost:8080%s", op.Path)
			break
		}
	}
	if opts.noVerify {
		t.say("\nThe project was not compiled (--no-verify); apigen verify does it.")
	}
}
