package generator

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/mod/modfile"

	"github.com/apigen-go/apigen/generator/internal/diag"
	"github.com/apigen-go/apigen/generator/internal/model"
	"github.com/apigen-go/apigen/generator/internal/render"
	"github.com/apigen-go/apigen/generator/internal/spec"
)

// modules returns the modules that types of the document (x-go-type) may be from:
// those that the go.mod of the project requires.
func (r run) modules() ([]string, error) {
	const name = "go.mod"
	var text []byte
	var err error
	if r.fresh {
		text, err = render.ModuleFile(&model.Project{Module: r.settings.module, Features: r.settings.features})
	} else if text, err = os.ReadFile(filepath.Join(r.dir, name)); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read go.mod: %w", err)
	}
	return required(filepath.Join(r.dir, name), text)
}

func required(name string, text []byte) ([]string, error) {
	file, err := modfile.ParseLax(name, text, nil)
	if err != nil {
		return nil, fmt.Errorf("read go.mod: %w", err)
	}
	var out []string
	for _, m := range file.Require {
		out = append(out, m.Mod.Path)
	}
	return out, nil
}

// model makes the model of the document. What a new project requires depends on
// what it turns out to have, and so do the types that it may use.
func (r run) model(doc *spec.Document, opt model.Options) (*model.Project, diag.List, error) {
	var err error
	if opt.Modules, err = r.modules(); err != nil {
		return nil, nil, err
	}
	project, list := model.Build(doc, opt)
	if !r.fresh || len(project.Imports) == 0 {
		return project, list, nil
	}
	text, err := render.ModuleFile(project)
	if err != nil {
		return nil, nil, fmt.Errorf("read go.mod: %w", err)
	}
	has, err := required("go.mod", text)
	if err != nil {
		return nil, nil, err
	}
	if !slices.ContainsFunc(opt.Modules, func(m string) bool { return !slices.Contains(has, m) }) {
		return project, list, nil
	}
	opt.Modules = has
	project, list = model.Build(doc, opt)
	return project, list, nil
}
