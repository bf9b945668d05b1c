// Package source reads and edits Go files that people wrote. It adds bytes at
// chosen offsets and never prints a file anew, so that everything else in the
// file stays as it was.
package source

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"io/fs"
	"path"
	"strings"
)

// Place is where a method is declared.
type Place struct {
	File string // as it is named in the file system that was searched
	Line int
	Col  int
}

// Methods returns the methods that the package in dir declares on the type
// recv, whatever the build tags of their files. A folder that does not exist
// has none. The error, a [scanner.ErrorList], names every syntax error; the
// methods that could be read all the same are returned with it.
func Methods(fsys fs.FS, dir, recv string) (map[string]Place, error) {
	entries, err := fs.ReadDir(fsys, dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	methods := map[string]Place{}
	var broken scanner.ErrorList
	for _, e := range entries {
		if e.IsDir() || path.Ext(e.Name()) != ".go" {
			continue
		}
		name := path.Join(dir, e.Name())
		src, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, err
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, name, src, parser.SkipObjectResolution)
		var list scanner.ErrorList
		if errors.As(err, &list) {
			broken = append(broken, list...)
		}
		if file == nil || strings.HasSuffix(file.Name.Name, "_test") {
			continue
		}
		for _, decl := range file.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok || receiver(fn) != recv {
				continue
			}
			at := fset.Position(fn.Name.Pos())
			methods[fn.Name.Name] = Place{File: name, Line: at.Line, Col: at.Column}
		}
	}
	broken.Sort()
	return methods, broken.Err()
}

// Receiver returns the name of the type that a method is declared on; src is
// the text of the method alone.
func Receiver(src string) (string, error) {
	file, err := parser.ParseFile(token.NewFileSet(), "", header+src, parser.SkipObjectResolution)
	if err != nil {
		return "", err
	}
	for _, decl := range file.Decls {
		if fn, ok := decl.(*ast.FuncDecl); ok && receiver(fn) != "" {
			return receiver(fn), nil
		}
	}
	return "", errors.New("find receiver: not a method")
}

// receiver returns the name of the receiver's type, "" for a function.
func receiver(fn *ast.FuncDecl) string {
	if fn.Recv == nil || len(fn.Recv.List) == 0 {
		return ""
	}
	expr := fn.Recv.List[0].Type
	for {
		switch e := expr.(type) {
		case *ast.StarExpr:
			expr = e.X
		case *ast.ParenExpr:
			expr = e.X
		case *ast.IndexExpr:
			expr = e.X
		case *ast.IndexListExpr:
			expr = e.X
		case *ast.Ident:
			return e.Name
		default:
			return ""
		}
	}
}
