package model

import (
	"cmp"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/apigen-go/apigen/generator/internal/diag"
	"github.com/apigen-go/apigen/generator/internal/spec"
)

// Import is a package outside the project's own tables that generated code names.
type Import struct {
	Name string // in the code: "uuid"
	Path string // "github.com/google/uuid"
}

// Usual reports whether the name is the one that the path gives away.
func (i Import) Usual() bool { return i.Name == packageName(i.Path) }

// Standard reports whether the package is of the standard library.
func (i Import) Standard() bool {
	first, _, _ := strings.Cut(i.Path, "/")
	return !strings.Contains(first, ".")
}

// customType is the use of a schema that names its Go type in x-go-type; false
// when it names none, or one that the project cannot have.
func (b *builder) customType(s *spec.Schema, hint string) (use, bool) {
	v, ok := s.Extensions["x-go-type"]
	if !ok {
		return use{}, false
	}
	if known, ok := b.customs[s]; ok {
		return known, known.Type != nil
	}
	b.customs[s] = use{}
	expr := b.customExpr(s, v)
	if expr == "" {
		return use{}, false
	}
	plain := *s
	plain.Extensions = nil
	kinds := withoutNull(s.Resolve().Types)
	u := use{
		Rules: noRules(), Nullable: slices.Contains(s.Resolve().Types, "null"), ReadOnly: s.ReadOnly, WriteOnly: s.WriteOnly,
		Doc: s.Description, Default: defaultOf(s),
	}
	t := &Type{Kind: Custom, Expr: expr, Schema: s, Pos: s.Pos}
	if len(kinds) == 1 && slices.Contains([]string{"string", "number", "integer", "boolean"}, kinds[0]) {
		if name := b.component[s]; name != "" {
			b.component[&plain], b.goNames[&plain], hint = name, b.goNames[s], b.goNames[s]
		}
		if base := b.use(&plain, hint); base.Type.Scalar() {
			u, t.Elem = base, base.Type
		}
		if t.Elem != nil && t.Elem.Kind == Int64 && s.Format == "" { // nobody said 64 bits
			t.Elem, b.p.Integers = &Type{Kind: Big, Schema: &plain}, true
			if unsaidScalar(&plain, &use{Type: t.Elem}) != "" {
				u.Rules.Check = b.check(&plain, hint)
			}
		}
	}
	if t.Elem == nil && says(&plain) {
		u.Rules.Check = b.check(s, hint)
	}
	u.Type, b.p.Customs = t, true
	b.customs[s] = u
	return u, true
}

// customExpr returns the Go type that x-go-type asks for, with the names that its
// packages have in the project; "" when the project cannot have it.
func (b *builder) customExpr(s *spec.Schema, v spec.Value) string {
	text, from, err := customText(s, v)
	if err == "" {
		var tree ast.Expr
		if tree, err = parseType(text); err == "" {
			return b.rewrite(tree, text, from, v.Pos)
		}
	}
	b.diags.Errorf(v.Pos, "write a type with its package, as in github.com/google/uuid.UUID", "x-go-type %s", err)
	return ""
}

// customText returns the type as Go writes it and the package it is from, which
// may stand before it or in x-go-type-import.
func customText(s *spec.Schema, v spec.Value) (text string, from *Import, fault string) {
	text = unquote(v.JSON)
	if text == "" || text == v.JSON {
		return "", nil, "must be the text of a Go type, not " + v.JSON
	}
	if given, ok := s.Extensions["x-go-type-import"]; ok {
		var as struct{ Name, Path string }
		if json.Unmarshal([]byte(given.JSON), &as) != nil || as.Path == "" {
			return "", nil, "needs a path in x-go-type-import"
		}
		from = &Import{cmp.Or(as.Name, packageName(as.Path)), as.Path}
		if token.IsExported(text) && token.IsIdentifier(text) {
			text = from.Name + "." + text
		}
		return text, from, ""
	}
	slash := strings.LastIndexByte(text, '/')
	if slash < 0 {
		return text, nil, ""
	}
	dot := strings.LastIndexByte(text[slash:], '.')
	if dot < 0 || strings.ContainsAny(text, "[]*{} ") {
		return "", nil, text + " does not name one type of one package"
	}
	from = &Import{packageName(text[:slash+dot]), text[:slash+dot]}
	return from.Name + text[slash+dot:], from, ""
}

// parseType parses the types that may be asked for: named ones, and lists and maps
// of those.
func parseType(text string) (tree ast.Expr, fault string) {
	tree, err := parser.ParseExpr(text)
	if err != nil {
		return nil, fmt.Sprintf("%q is no Go type", text)
	}
	ast.Inspect(tree, func(n ast.Node) bool {
		switch n := n.(type) {
		case nil, *ast.SelectorExpr, *ast.ArrayType, *ast.MapType, *ast.IndexExpr, *ast.IndexListExpr, *ast.BasicLit:
		case *ast.Ident:
			if !token.IsExported(n.Name) && fault == "" && !predeclared[n.Name] && !strings.Contains(text, n.Name+".") && !basic.MatchString(n.Name) {
				fault = fmt.Sprintf("%q does not say which package %s is from", text, n.Name)
			}
		default:
			fault = fmt.Sprintf("%q is not the name of a Go type, nor a list or map of such", text)
		}
		return fault == ""
	})
	if id, ok := tree.(*ast.Ident); ok && token.IsExported(id.Name) {
		fault = fmt.Sprintf("%q does not say which package it is from", text)
	}
	if slices.Contains(mute, text) {
		fault = text + " has no JSON form of its own; wrap it in a type that has one"
	}
	return tree, fault
}

// mute are types that one would expect to read themselves but do not.
var mute = []string{"time.Duration", "url.URL"}

// basic are the predeclared types that no schema's own name is kept away from.
var basic = regexp.MustCompile(`^(u?int(8|16|32|64)?|rune|byte|error|any)$`)

// rewrite gives the packages in a type the names they have in the project.
func (b *builder) rewrite(tree ast.Expr, text string, from *Import, at diag.Pos) string {
	out, shift, ok := text, 0, true
	ast.Inspect(tree, func(n ast.Node) bool {
		sel, is := n.(*ast.SelectorExpr)
		if !is {
			return true
		}
		id, is := sel.X.(*ast.Ident)
		if !is || !ok {
			return false
		}
		pkg := Import{id.Name, standardPackages[id.Name]}
		if from != nil && id.Name == from.Name {
			pkg = *from
		}
		if pkg.Path == "" {
			b.diags.Errorf(at, fmt.Sprintf("add x-go-type-import: {path: example.com/%s}", id.Name), "x-go-type %q does not say which package %s is", text, id.Name)
			ok = false
			return false
		}
		if ok = b.reachable(pkg, text, at); !ok {
			return false
		}
		name := b.importName(pkg)
		start := int(id.Pos()) - 1 + shift
		out = out[:start] + name + out[start+len(id.Name):]
		shift += len(name) - len(id.Name)
		return false
	})
	if !ok {
		return ""
	}
	return out
}

// standardPackages are those of the standard library whose types may be named
// without the path.
var standardPackages = map[string]string{
	"big": "math/big", "json": "encoding/json", "mail": "net/mail", "net": "net", "netip": "net/netip", "sql": "database/sql", "slog": "log/slog",
	"time": "time", "url": "net/url",
}

// reachable reports whether the project can import a package: from the standard
// library, the project or a module that its go.mod requires.
func (b *builder) reachable(i Import, text string, at diag.Pos) bool {
	if i.Standard() && !strings.HasPrefix(i.Path+"/", b.p.Module+"/") || slices.ContainsFunc(append([]string{b.p.Module}, b.modules...), func(module string) bool {
		return i.Path == module || strings.HasPrefix(i.Path, module+"/")
	}) {
		return true
	}
	b.diags.Warnf(at, "in the project, run: go get "+i.Path+" && apigen generate",
		"x-go-type %s is left out: go.mod requires no module with the package %s", text, i.Path)
	return false
}

// importName returns the name of a package in generated code: one for each path,
// none that the code uses otherwise.
func (b *builder) importName(pkg Import) string {
	for _, i := range b.p.Imports {
		if i.Path == pkg.Path {
			return i.Name
		}
	}
	free := func(name string) bool {
		own, is := ownPackages[name]
		return token.IsIdentifier(name) && name != "_" && (!is || own == pkg.Path) && !predeclared[name] &&
			!slices.ContainsFunc(b.p.Imports, func(i Import) bool { return i.Name == name })
	}
	name := pkg.Name
	if !token.IsIdentifier(name) {
		name = strings.ToLower(strings.Join(words(name), ""))
	}
	if !free(name) {
		name = strings.TrimSuffix(strings.ToLower(name), "pkg") + "pkg"
	}
	for n, base := 2, name; !free(name); n++ {
		name = fmt.Sprintf("%s%d", base, n)
	}
	b.p.Imports = append(b.p.Imports, Import{name, pkg.Path})
	return name
}

// majorVersion matches the last part of a path that is no name.
var majorVersion = regexp.MustCompile(`^v\d+$`)

// packageName is the name that a package usually has under a path.
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

// foreign reports whether values of the type hold some that only a type of another
// package can tell valid from invalid.
func foreign(t *Type, seen map[*Type]bool) bool {
	if t == nil || seen[t] {
		return false
	}
	seen[t] = true
	return t.Kind == Custom || foreign(t.Elem, seen) || foreign(t.Extra, seen) ||
		slices.ContainsFunc(t.Fields, func(f *Field) bool { return foreign(f.Type, seen) }) ||
		slices.ContainsFunc(t.Variants, func(v *Variant) bool { return foreign(v.Type, seen) })
}
