package render

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"

	"github.com/apigen-go/apigen/generator/internal/model"
	"github.com/apigen-go/apigen/templates"
)

// modulePart is a part of a project with dependencies of its own: what go mod tidy
// makes of a project with this part and no other, all in versions that apigen is
// built with. A project requires what its parts do, taken together.
type modulePart struct {
	name string // of the files in templates/modules
	when func(*model.Project) bool
}

var moduleParts = []modulePart{
	{"plain", func(*model.Project) bool { return true }},
	{"cache", hasCache},
	{"docs", hasDocs},
	// The guard is nil while the document is not known yet.
	{"jwt", func(p *model.Project) bool { return hasAuth(p) && (p.Guard == nil || p.Guard.Tokens()) }},
	{"password", func(p *model.Project) bool { return hasAuth(p) && (p.Guard == nil || p.Guard.Passwords()) }},
	{"redis", hasRedis},
	{"metrics", hasMetrics},
	{"otlp", hasOTLP},
	{"schema", hasSchemas},
	{"store", hasStore},
}

// moduleFiles makes go.mod and go.sum. They are complete: the dependencies were
// resolved when apigen was built.
func moduleFiles(p *model.Project) ([]File, error) {
	mod, err := ModuleFile(p)
	if err != nil {
		return nil, err
	}
	sum, err := sumFile(p)
	if err != nil {
		return nil, err
	}
	return []File{
		{Path: "go.mod", Class: Managed, Data: mod},
		{Path: "go.sum", Class: Managed, Data: sum},
	}, nil
}

// ModuleFile is the go.mod of a new project.
func ModuleFile(p *model.Project) ([]byte, error) {
	out := new(modfile.File)
	required := map[string]*modfile.Require{}
	err := eachPart(p, ".mod", func(name string, text []byte) error {
		part, err := modfile.Parse(name, text, nil)
		if err != nil {
			return err
		}
		if out.Go == nil {
			if err := out.AddModuleStmt(p.Module); err != nil {
				return err
			}
			if err := out.AddGoStmt(part.Go.Version); err != nil {
				return err
			}
		}
		for _, r := range part.Require {
			if was := required[r.Mod.Path]; was == nil || was.Indirect {
				required[r.Mod.Path] = r
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	out.SetRequireSeparateIndirect(slices.Collect(maps.Values(required)))
	out.SortBlocks()
	return modfile.Format(out.Syntax), nil
}

// sumFile is the go.sum of a new project. A part alone has one of its own. Parts
// that come together raise the versions that their tests need, to those of a project
// with every feature, so they share its sums: those of the modules that they know.
func sumFile(p *model.Project) ([]byte, error) {
	known := map[string]bool{}
	var last []byte
	count := 0
	err := eachPart(p, ".sum", func(_ string, text []byte) error {
		for line := range strings.Lines(string(text)) {
			known[modulePath(line)] = true
		}
		last = text
		count++
		return nil
	})
	if err != nil || count <= 2 { // the plain part and one more, which knows its sums too
		return last, err
	}
	all, err := templates.Modules.ReadFile("modules/all.sum")
	if err != nil {
		return nil, fmt.Errorf("read module file: %w", err)
	}
	var out strings.Builder
	for line := range strings.Lines(string(all)) {
		if known[modulePath(line)] {
			out.WriteString(line)
		}
	}
	return []byte(out.String()), nil
}

// modulePath returns the module that a line of go.sum is about.
func modulePath(line string) string {
	path, _, _ := strings.Cut(line, " ")
	return path
}

// eachPart calls do with a module file of every part that the project has.
func eachPart(p *model.Project, ext string, do func(name string, text []byte) error) error {
	for _, part := range moduleParts {
		if !part.when(p) {
			continue
		}
		name := "modules/" + part.name + ext
		text, err := templates.Modules.ReadFile(name)
		if err != nil {
			return fmt.Errorf("read module file: %w", err)
		}
		if err := do(name, text); err != nil {
			return fmt.Errorf("read module file: %w", err)
		}
	}
	return nil
}
