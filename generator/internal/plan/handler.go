package plan

import (
	"errors"
	"fmt"
	"go/parser"
	"go/scanner"
	"go/token"
	"path"
	"strings"

	"github.com/apigen-go/apigen/generator/internal/diag"
	"github.com/apigen-go/apigen/generator/internal/render"
	"github.com/apigen-go/apigen/generator/internal/source"
)

// methodRecord is the kind of the records that remember which methods apigen
// gave to the user, so that one that the user deleted stays deleted.
const methodRecord = "method"

// methods are the methods of a type in one package of the project.
type methods struct {
	places map[string]source.Place
	broken scanner.ErrorList // files that do not parse: methods may be missing
}

// decideHandler adds the change of a file that must hold methods: it is made
// once, later only the methods that are declared nowhere are appended.
func (c *comparison) decideHandler(f render.File, rec *FileRecord, cur current) error {
	missing, err := c.missing(f)
	if err != nil {
		return err
	}
	switch {
	case cur.odd != "":
		if len(missing) > 0 || rec == nil {
			c.refuseOdd(f, cur)
			return nil
		}
		c.add(f, Keep, cur, cur.odd+" of yours", rec.Hash, Live)
	case cur.absent:
		return c.createHandler(f, rec, cur, missing)
	case len(missing) > 0:
		return c.appendHandler(f, rec, cur, missing)
	case rec == nil:
		c.add(f, Adopt, cur, "yours; it has every method", Hash(f.Data), Live)
	default:
		c.add(f, Same, cur, "", rec.Hash, Live)
	}
	return nil
}

// createHandler decides on a handler file that is not there.
func (c *comparison) createHandler(f render.File, rec *FileRecord, cur current, missing []render.Stub) error {
	hash := Hash(f.Data)
	switch {
	case len(missing) == len(f.Stubs):
		c.write(f, Create, cur, "")
	case len(missing) > 0:
		pkg, err := packageClause(f)
		if err != nil {
			return err
		}
		f.Data, err = source.New(pkg, decls(missing))
		if err != nil {
			return fmt.Errorf("create %s: %w", f.Path, err)
		}
		c.write(f, Create, cur, "for "+names(missing))
	case rec != nil:
		c.add(f, Gone, cur, "deleted by you", rec.Hash, Deleted)
	default:
		c.add(f, Gone, cur, "not needed: its methods are in other files", hash, Deleted)
	}
	return nil
}

// appendHandler appends the missing methods to the user's file.
func (c *comparison) appendHandler(f render.File, rec *FileRecord, cur current, missing []render.Stub) error {
	text, err := source.Append(f.Path, cur.text, decls(missing))
	var broken scanner.ErrorList
	if errors.As(err, &broken) {
		c.syntaxErrors(broken)
		return nil
	}
	if err != nil {
		return err
	}
	hash := Hash(f.Data)
	switch {
	case rec != nil && Hash(cur.text) == rec.Hash:
		hash = Hash(text) // still as apigen made it
	case rec != nil:
		hash = rec.Hash
	}
	f.Data = text
	c.add(f, Append, cur, names(missing), hash, Live)
	return nil
}

// missing returns the methods of a handler file that the project lacks. It
// notes every method as offered, and says which ones the user deleted.
func (c *comparison) missing(f render.File) ([]render.Stub, error) {
	var out []render.Stub
	for _, stub := range f.Stubs {
		recv, err := source.Receiver(stub.Source)
		if err != nil {
			return nil, fmt.Errorf("read stub %s: %w", stub.Method, err)
		}
		dir := path.Dir(f.Path)
		have, err := c.methodsOf(dir, recv)
		if err != nil {
			return nil, err
		}
		record := dir + "." + recv + "." + stub.Method
		c.next.Records = append(c.next.Records, Record{methodRecord, record})
		if _, ok := have.places[stub.Method]; ok {
			continue
		}
		if len(have.broken) > 0 {
			c.syntaxErrors(have.broken)
			return nil, nil
		}
		if c.offered[record] {
			c.plan.Diagnostics.Warnf(diag.Pos{File: f.Path},
				fmt.Sprintf("write the method again, or delete the line \"rec %s %s\" from %s and run again to have a fresh one", methodRecord, record, LockName),
				"%s was deleted; its operation answers 501", stub.Method)
			continue
		}
		out = append(out, stub)
	}
	return out, nil
}

// methodsOf returns the methods of a type in the package in dir, read once.
func (c *comparison) methodsOf(dir, recv string) (*methods, error) {
	key := dir + "." + recv
	if m, ok := c.packages[key]; ok {
		return m, nil
	}
	m := &methods{}
	var err error
	m.places, err = source.Methods(c.project, dir, recv)
	if err != nil && !errors.As(err, &m.broken) {
		return nil, fmt.Errorf("read methods of %s: %w", key, err)
	}
	if c.packages == nil {
		c.packages = map[string]*methods{}
	}
	c.packages[key] = m
	return m, nil
}

// syntaxErrors reports user files that no method can be looked for in.
func (c *comparison) syntaxErrors(list scanner.ErrorList) {
	for _, e := range list {
		c.plan.Diagnostics.Errorf(diag.Pos{File: e.Pos.Filename, Line: e.Pos.Line, Col: e.Pos.Column},
			"mend the file, then run again: a method can only be added where the rest is understood", "%s", e.Msg)
	}
}

// packageClause returns the name of the package that a rendered file belongs to.
func packageClause(f render.File) (string, error) {
	file, err := parser.ParseFile(token.NewFileSet(), f.Path, f.Data, parser.PackageClauseOnly)
	if err != nil {
		return "", fmt.Errorf("read rendered file: %w", err)
	}
	return file.Name.Name, nil
}

func decls(stubs []render.Stub) []source.Decl {
	out := make([]source.Decl, len(stubs))
	for i, s := range stubs {
		out[i] = source.Decl{Source: s.Source, Imports: s.Imports}
	}
	return out
}

func names(stubs []render.Stub) string {
	out := make([]string, len(stubs))
	for i, s := range stubs {
		out[i] = s.Method
	}
	return strings.Join(out, ", ")
}
