package render

import (
	"fmt"
	"go/format"
	"path"
	"strings"

	"github.com/apigen-go/apigen/generator/internal/model"
	"github.com/apigen-go/apigen/templates"
)

// projectFile is a file around the packages: its template, and who owns it.
type projectFile struct {
	path  string // NAME stands for the project's name
	class Class
	when  func(*model.Project) bool // nil: always
}

var projectTable = []projectFile{
	{path: "README.md", class: Yours},
	{path: "Makefile", class: Managed},
	{path: ".gitignore", class: Managed},
	{path: ".golangci.yml", class: Managed},
	{path: "cmd/NAME/main.go", class: Managed},
	{path: "cmd/NAME/main_test.go", class: Managed},
	{path: "internal/config/config.go", class: Managed},
	{path: "internal/config/env.go", class: Managed},
	{path: "internal/config/env_test.go", class: Managed},
	{path: "internal/config/names.go", class: Managed},
	{path: "internal/config/names_test.go", class: Managed},
	{path: "internal/config/config_test.go", class: Managed},
	{path: "deploy/Dockerfile", class: Managed, when: func(p *model.Project) bool { return p.Features.Docker }},
	{path: ".dockerignore", class: Managed, when: func(p *model.Project) bool { return p.Features.Docker }},
	{path: ".github/workflows/ci.yaml", class: Managed, when: func(p *model.Project) bool { return p.Features.CI }},
}

// projectFiles makes everything around the packages, and the module files.
func projectFiles(e *engine) ([]File, error) {
	p := e.project
	var files []File
	for _, row := range projectTable {
		if row.when != nil && !row.when(p) {
			continue
		}
		data, err := e.projectFile(row.path)
		if err != nil {
			return nil, err
		}
		if data == nil {
			continue
		}
		name := strings.ReplaceAll(row.path, "NAME", p.Name)
		files = append(files, File{Path: name, Class: row.class, Data: data})
	}
	mod, err := moduleFiles(p)
	if err != nil {
		return nil, err
	}
	return append(files, mod...), nil
}

// projectFile executes the template of a file, or copies the file when it needs
// no templating. It returns nil when the project folder has neither.
func (e *engine) projectFile(name string) ([]byte, error) {
	if exists(name) {
		return e.copy(name)
	}
	if !exists(name + ".tmpl") {
		return nil, nil
	}
	data, err := e.text(name+".tmpl", e.project)
	if err != nil || path.Ext(name) != ".go" {
		return data, err
	}
	src, err := format.Source(data)
	if err != nil {
		return nil, fmt.Errorf("format %s: %w\n%s", name, err, numbered(data))
	}
	return src, nil
}

func exists(name string) bool {
	f, err := templates.Project.Open("project/" + name)
	if err != nil {
		return false
	}
	return f.Close() == nil
}
