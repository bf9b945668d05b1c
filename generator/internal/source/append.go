package source

import (
	"bytes"
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// header turns the text of a declaration into a file that parses.
const header = "package p\n"

// Decl is a declaration to add to a file.
type Decl struct {
	Source  string   // gofmt'd, with its doc comment
	Imports []string // import paths, "path" of a package with its usual name, else "name path"
}

// splice is text to put in at an offset of a file.
type splice struct {
	at   int
	text string
}

// New returns a file of the package pkg that holds decls and nothing else.
func New(pkg string, decls []Decl) ([]byte, error) {
	return Append("", []byte("package "+pkg+"\n"), decls)
}

// Append returns src with decls at its end and the imports they need in its
// import block. Every byte of src stays, in order. Imports that src has under
// another name are used by that name. A syntax error in src is a
// [scanner.ErrorList] that names the file name.
func Append(name string, src []byte, decls []Decl) ([]byte, error) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, name, src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	scope := newImports(file)
	var tail strings.Builder
	if len(src) > 0 && src[len(src)-1] != '\n' {
		tail.WriteString("\n")
	}
	for _, d := range decls {
		text, err := rename(d.Source, scope.resolve(d.Imports))
		if err != nil {
			return nil, fmt.Errorf("append declaration: %w", err)
		}
		tail.WriteString("\n" + strings.TrimSpace(text) + "\n")
	}
	splices := scope.splices(fset, file, src)
	splices = append(splices, splice{len(src), tail.String()})

	out := apply(src, splices)
	if _, err := parser.ParseFile(token.NewFileSet(), name, out, parser.SkipObjectResolution); err != nil {
		return nil, fmt.Errorf("append to %s: the result is no Go: %w", name, err)
	}
	return out, nil
}

// apply puts the splices into src with the line ends that src has.
func apply(src []byte, splices []splice) []byte {
	slices.SortStableFunc(splices, func(a, b splice) int { return cmp.Compare(a.at, b.at) })
	crlf := bytes.Contains(src, []byte("\r\n"))
	var out []byte
	last := 0
	for _, s := range splices {
		text := s.text
		if crlf {
			text = strings.ReplaceAll(text, "\n", "\r\n")
		}
		out = append(out, src[last:s.at]...)
		out = append(out, text...)
		last = s.at
	}
	return append(out, src[last:]...)
}

// imports are the imports of a file and those that it still lacks.
type imports struct {
	byPath map[string]string // path → name in the file
	taken  map[string]bool   // names in use in the file
	added  []added
}

// added is an import that has to be put in. alias is "" for the usual name.
type added struct {
	path, alias string
}

func (a added) String() string {
	if a.alias == "" {
		return strconv.Quote(a.path)
	}
	return a.alias + " " + strconv.Quote(a.path)
}

func newImports(file *ast.File) *imports {
	s := &imports{byPath: map[string]string{}, taken: map[string]bool{}}
	for _, spec := range file.Imports {
		p := importPath(spec)
		name := packageName(p)
		if spec.Name != nil {
			name = spec.Name.Name
		}
		if name == "_" || name == "." {
			continue
		}
		s.byPath[p] = name
		s.taken[name] = true
	}
	for _, decl := range file.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil {
				s.taken[d.Name.Name] = true
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					s.taken[spec.Name.Name] = true
				case *ast.ValueSpec:
					for _, n := range spec.Names {
						s.taken[n.Name] = true
					}
				}
			}
		}
	}
	return s
}

// resolve makes sure that paths are imported. It returns the names that differ
// from the usual ones: usual name → name in the file.
func (s *imports) resolve(paths []string) map[string]string {
	renames := map[string]string{}
	for _, p := range paths {
		usual := packageName(p)
		explicit, rest, named := strings.Cut(p, " ")
		if named {
			usual, p = explicit, rest
		}
		name, ok := s.byPath[p]
		if !ok {
			name = usual
			for n := 2; s.taken[name]; n++ {
				name = usual + strconv.Itoa(n)
			}
			s.byPath[p], s.taken[name] = name, true
			add := added{path: p}
			if name != usual || named {
				add.alias = name
			}
			s.added = append(s.added, add)
		}
		if name != usual {
			renames[usual] = name
		}
	}
	return renames
}

// splices returns where the added imports go: into the first import block that
// spans several lines, else behind the last import, else behind the package clause.
func (s *imports) splices(fset *token.FileSet, file *ast.File, src []byte) []splice {
	if len(s.added) == 0 {
		return nil
	}
	slices.SortFunc(s.added, func(a, b added) int { return cmp.Compare(a.path, b.path) })
	end := file.Name.End()
	for _, decl := range file.Decls {
		d, ok := decl.(*ast.GenDecl)
		if !ok || d.Tok != token.IMPORT {
			continue
		}
		if d.Lparen.IsValid() && spread(fset, d) {
			return s.intoBlock(fset, d, src)
		}
		end = d.End()
	}
	at := lineEnd(src, fset.Position(end).Offset)
	if len(s.added) == 1 && end != file.Name.End() {
		return []splice{{at, "\nimport " + s.added[0].String()}}
	}
	return []splice{{at, "\n\nimport " + s.block()}}
}

// block prints the added imports as the import block of a file that has none.
func (s *imports) block() string {
	if len(s.added) == 1 {
		return s.added[0].String()
	}
	var std, other strings.Builder
	for _, a := range s.added {
		b := &other
		if standard(a.path) {
			b = &std
		}
		b.WriteString("\t" + a.String() + "\n")
	}
	if std.Len() > 0 && other.Len() > 0 {
		std.WriteString("\n")
	}
	return "(\n" + std.String() + other.String() + ")"
}

// intoBlock puts each import beside its neighbours by path: standard library
// with standard library, the rest with the rest. A kind that the block lacks
// becomes a group of its own, the standard library first.
func (s *imports) intoBlock(fset *token.FileSet, d *ast.GenDecl, src []byte) []splice {
	var out []splice
	var std, other string
	for _, a := range s.added {
		line := "\t" + a.String() + "\n"
		first, before := neighbours(d, a.path)
		switch {
		case before != nil:
			out = append(out, splice{nextLine(src, fset.Position(before.End()).Offset), line})
		case first != nil:
			out = append(out, splice{lineStart(src, fset.Position(specStart(first)).Offset), line})
		case standard(a.path):
			std += line
		default:
			other += line
		}
	}
	if std != "" {
		out = slices.Insert(out, 0, splice{nextLine(src, fset.Position(d.Lparen).Offset), std + "\n"})
	}
	if other != "" {
		out = append(out, splice{lineStart(src, fset.Position(d.Rparen).Offset), "\n" + other})
	}
	return out
}

// neighbours returns the first import of the kind of p, standard library or
// not, and the last one of that kind that sorts before p.
func neighbours(d *ast.GenDecl, p string) (first, before *ast.ImportSpec) {
	for _, spec := range d.Specs {
		spec := spec.(*ast.ImportSpec)
		have := importPath(spec)
		if standard(have) != standard(p) {
			continue
		}
		if first == nil {
			first = spec
		}
		if have < p && (before == nil || have > importPath(before)) {
			before = spec
		}
	}
	return first, before
}

// spread reports whether each import of the block has lines of its own, so that
// a line can be put between them.
func spread(fset *token.FileSet, d *ast.GenDecl) bool {
	line := func(p token.Pos) int { return fset.Position(p).Line }
	last := line(d.Lparen)
	for _, spec := range d.Specs {
		if importPath(spec.(*ast.ImportSpec)) == "C" || line(spec.Pos()) <= last {
			return false
		}
		last = line(spec.End())
	}
	return line(d.Rparen) > last
}

// rename changes the package names in a declaration: from the usual one to the
// one of the file it goes into.
func rename(src string, names map[string]string) (string, error) {
	if len(names) == 0 {
		return src, nil
	}
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "", header+src, 0)
	if err != nil {
		return "", err
	}
	var at []*ast.Ident
	ast.Inspect(file, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			// A name that the parser resolved is a variable, not a package.
			if id, ok := sel.X.(*ast.Ident); ok && id.Obj == nil && names[id.Name] != "" {
				at = append(at, id)
			}
		}
		return true
	})
	for _, id := range slices.Backward(at) {
		off := fset.Position(id.Pos()).Offset - len(header)
		src = src[:off] + names[id.Name] + src[off+len(id.Name):]
	}
	return src, nil
}

func importPath(spec *ast.ImportSpec) string {
	p, err := strconv.Unquote(spec.Path.Value)
	if err != nil {
		return ""
	}
	return p
}

// specStart is where an import begins, its comment included.
func specStart(spec *ast.ImportSpec) token.Pos {
	if spec.Doc != nil {
		return spec.Doc.Pos()
	}
	return spec.Pos()
}

var majorVersion = regexp.MustCompile(`^v[0-9]+$`)

// packageName guesses the name of a package from its import path the way
// people do: the last element, major versions left out.
func packageName(p string) string {
	base := path.Base(p)
	if majorVersion.MatchString(base) && path.Dir(p) != "." {
		base = path.Base(path.Dir(p))
	}
	if i := strings.LastIndexByte(base, '.'); i > 0 && majorVersion.MatchString(base[i+1:]) {
		base = base[:i]
	}
	return base
}

// standard reports whether p is in the standard library: no dot in its first element.
func standard(p string) bool {
	first, _, _ := strings.Cut(p, "/")
	return !strings.Contains(first, ".")
}

func lineStart(src []byte, off int) int {
	return bytes.LastIndexByte(src[:off], '\n') + 1
}

// lineEnd returns the offset of the line break behind off, without a "\r".
func lineEnd(src []byte, off int) int {
	i := bytes.IndexByte(src[off:], '\n')
	if i < 0 {
		return len(src)
	}
	if i > 0 && src[off+i-1] == '\r' {
		i--
	}
	return off + i
}

// nextLine returns the offset at which the line behind off begins.
func nextLine(src []byte, off int) int {
	i := bytes.IndexByte(src[off:], '\n')
	if i < 0 {
		return len(src)
	}
	return off + i + 1
}
