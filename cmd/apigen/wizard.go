package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/apigen-go/apigen/generator"
)

// askNew fills in what the flags of new left open, by questions.
func askNew(ctx context.Context, t *terminal, opts *newOptions) error {
	p := newPrompter(ctx, t, opts.accessible)
	t.say("A few questions, then the service is written. Esc or Ctrl-C ends without a trace.\n")
	var err error
	if opts.name == "" {
		if opts.name, err = p.text("Name of the service", "It names the folder and the command.", "", generator.CheckName); err != nil {
			return err
		}
	} else if err := generator.CheckName(opts.name); err != nil {
		return usage(err)
	}
	if opts.module == "" {
		opts.module, err = p.text("Go module path", "Where the code will live, for example github.com/you/"+opts.name+".", generator.DefaultModule(opts.name), generator.CheckModule)
		if err != nil {
			return err
		}
	}
	source, err := p.choose("What does the service offer?", "I describe its resources now", "I have an OpenAPI document")
	if err != nil {
		return err
	}
	if source == 0 {
		err = askResources(p, t, opts)
	} else {
		opts.specs = make([]string, 1)
		opts.specs[0], err = p.text("Path of the document", "", "openapi.yaml", checkFile)
	}
	if err != nil {
		return err
	}
	if !opts.featuresSet {
		usual := generator.DefaultFeatures()
		if opts.apm == "none" {
			usual = slices.DeleteFunc(usual, func(f string) bool { return f == "otlp" })
		}
		if opts.features, err = p.pick("Features", generator.Features(), usual); err != nil {
			return err
		}
		opts.featuresSet = !slices.Equal(opts.features, usual)
	}
	return p.confirm("Write the service to " + opts.folder() + "?")
}

func checkFile(path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return fmt.Errorf("there is no file %s", path)
	case err != nil:
		return err
	case info.IsDir():
		return fmt.Errorf("%s is a folder", path)
	}
	return nil
}

// askResources asks for resources until an empty name.
func askResources(p *prompter, t *terminal, opts *newOptions) error {
	t.say("\nName each resource, then its fields, for example title:string! or author:ref(author).")
	t.say("`apigen help resources` explains the notation.\n")
	for {
		title := "First resource"
		if len(opts.resources) > 0 {
			title = "Next resource, empty when that is all"
		}
		name, err := p.text(title, "A singular noun: book", "", func(s string) error {
			if s == "" {
				if len(opts.resources) == 0 {
					return errors.New("a service needs at least one")
				}
				return short(generator.CheckResources(opts.resources, false))
			}
			return short(generator.CheckResources(with(opts.resources, s+" some:string"), true))
		})
		if err != nil {
			return err
		}
		if name == "" {
			return nil
		}
		line, err := askFields(p, opts.resources, name)
		if err != nil {
			return err
		}
		opts.resources = append(opts.resources, line)
	}
}

// askFields asks for the fields of a resource until an empty answer and returns
// the resource in the notation.
func askFields(p *prompter, before []string, name string) (string, error) {
	line := name
	for {
		title := "Field of " + name
		if line != name {
			title = "Next field of " + name + ", empty when that is all"
		}
		field, err := p.text(title, "", "", func(s string) error {
			if s == "" && line == name {
				return errors.New("a resource needs at least one field")
			}
			if s == "" {
				return nil
			}
			return short(generator.CheckResources(with(before, line+" "+s), true))
		})
		if err != nil {
			return "", err
		}
		if field == "" {
			return line, nil
		}
		line += " " + strings.Join(strings.Fields(field), " ")
	}
}

// with is a copy of lines with one more.
func with(lines []string, line string) []string {
	return append(append([]string(nil), lines...), line)
}

var position = regexp.MustCompile(`^[^ ]*:[0-9]+:[0-9]+: `)

// short is the first message of a report, without its place: the user is still
// typing that line.
func short(err error) error {
	if err == nil {
		return nil
	}
	first, rest, _ := strings.Cut(err.Error(), "\n")
	message := position.ReplaceAllString(first, "")
	for hint := range strings.SplitSeq(rest, "\n") {
		if s, ok := strings.CutPrefix(hint, "\tdid you mean"); ok {
			message += "; did you mean" + s
			break
		}
	}
	return errors.New(message)
}

// equivalent is the command that does the same without questions.
func equivalent(opts *newOptions) string {
	args := []string{"apigen", "new", opts.name, "--module", opts.module}
	for _, spec := range opts.specs {
		args = append(args, "--spec", spec)
	}
	for _, r := range opts.resources {
		args = append(args, "--resource", r)
	}
	if opts.dir != "" {
		args = append(args, "--dir", opts.dir)
	}
	if opts.featuresSet && len(opts.features) == 0 {
		args = append(args, "--feature", "none")
	}
	if opts.featuresSet {
		for _, f := range opts.features {
			args = append(args, "--feature", f)
		}
	}
	if opts.apm != "" {
		args = append(args, "--apm", opts.apm)
	}
	if opts.noVerify {
		args = append(args, "--no-verify")
	}
	for i, a := range args {
		args[i] = quote(a)
	}
	return strings.Join(args, " ")
}

var plainWord = regexp.MustCompile(`^[A-Za-z0-9_./:@%+=,-]+$`)

// quote writes an argument the way a POSIX shell reads it back.
func quote(s string) string {
	if plainWord.MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
