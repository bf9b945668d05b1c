package spec

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/apigen-go/apigen/generator/internal/diag"
)

// maxSize is the size from which a document is refused unread.
const maxSize = 64 << 20

// Options change how a document is read. The zero value is what most need.
type Options struct {
	// MaxSize is the size in bytes from which a document is refused, all of its
	// files together; 0 stands for 64 MiB.
	MaxSize int

	// Files holds the files that references may lead to, and Path is where the
	// document is among them. Without Files references to other files are refused.
	// What must not be read fails with [fs.ErrPermission].
	Files fs.FS
	Path  string

	// Allow lists the beginnings of the addresses that may be fetched, by Fetch.
	// A text that was fetched once is read from Files, under remote/ beside the
	// document.
	Allow []string
	Fetch func(address string) ([]byte, error)

	// Overlays change the document before it is looked at, one after the other.
	Overlays []File

	// Origin is set for one of several documents, see [Join], or one whose paths
	// get a prefix.
	Origin *Origin

	// Publish asks for Document.Published.
	Publish bool

	// SkipUnsupported drops the operations that cannot be understood, with a
	// warning, instead of refusing the document for them.
	SkipUnsupported bool
}

// File is a text with its name.
type File struct {
	Path string
	Text []byte
}

func (o Options) allows(address string) bool {
	return slices.ContainsFunc(o.Allow, func(prefix string) bool { return strings.HasPrefix(address, prefix) })
}

func (o Options) maxSize() int {
	if o.MaxSize > 0 {
		return o.MaxSize
	}
	return maxSize
}

// ReadFile loads the document in the file. Unless opt says otherwise, references
// may lead to the files in its folder. See [Load].
func ReadFile(name string, opt Options) (*Document, diag.List, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, nil, fmt.Errorf("read document: %w", err)
	}
	if info.Size() > int64(opt.maxSize()) {
		return nil, nil, tooBig(name, opt)
	}
	src, err := os.ReadFile(name)
	if err != nil {
		return nil, nil, fmt.Errorf("read document: %w", err)
	}
	if opt.Files == nil {
		root, err := os.OpenRoot(filepath.Dir(name))
		if err != nil {
			return nil, nil, fmt.Errorf("read document: %w", err)
		}
		defer root.Close()
		opt.Files, opt.Path = root.FS(), filepath.Base(name)
	}
	return Load(name, src, opt)
}

// Load reads an OpenAPI document of version 2.0, 3.0, 3.1 or 3.2, in JSON or
// YAML. name is what positions call the file. It returns the document and the
// warnings about it. When something is wrong the document is nil and the error
// is a sorted diag.List with every mistake in it, not only the first.
func Load(name string, src []byte, opt Options) (*Document, diag.List, error) {
	if len(src) > opt.maxSize() {
		return nil, nil, tooBig(name, opt)
	}
	d := newDecoder(name, src, opt)
	if d.root = d.parse(0, src); d.root != nil {
		d.sources[0].root = d.root
		d.overlays()
		d.document()
		if opt.Publish && d.diags.Err() == nil {
			d.doc.Published = d.publish()
		}
	}
	d.flush()
	d.diags.Sort()
	warnings := d.diags.Filter(diag.Warning)
	if err := d.diags.Err(); err != nil {
		return nil, warnings, err
	}
	d.doc.Files = d.referenced()
	d.address()
	d.originate()
	return d.doc, warnings, nil
}

// originate notes on every part that has a name which document it is from, and
// puts the prefix before the paths.
func (d *decoder) originate() {
	from := d.opt.Origin
	if from == nil {
		return
	}
	d.doc.Origin = from
	for _, s := range d.doc.Schemas {
		s.Origin = from
	}
	for _, p := range d.doc.Paths {
		p.Template = from.Base + p.Template
		for _, op := range p.Operations {
			op.Origin, op.Path = from, from.Base+op.Path
		}
	}
}

func newDecoder(name string, src []byte, opt Options) *decoder {
	d := &decoder{
		opt:      opt,
		doc:      &Document{File: name, Raw: src},
		opened:   map[string]int32{},
		unread:   map[string]lookup{},
		total:    len(src),
		taken:    map[string]bool{},
		schemas:  map[*node]*Schema{},
		params:   map[*node]*Parameter{},
		bodies:   map[*node]*RequestBody{},
		answers:  map[*node]*Response{},
		targets:  map[reference]lookup{},
		patterns: map[string]error{},
		ids:      map[string]point{},
		often:    map[string]*quirk{},
	}
	d.addSource(&source{name: name, path: opt.Path, text: src})
	if opt.Path != "" {
		d.opened[opt.Path] = 0
	}
	return d
}

func tooBig(name string, opt Options) error {
	return diag.List{{
		Pos:      diag.Pos{File: name},
		Severity: diag.Error,
		Msg:      fmt.Sprintf("document is larger than %d MiB", max(opt.maxSize()>>20, 1)),
	}}
}

// parse turns the text of a source into nodes and reports what its syntax allows
// but nobody means. It returns nil when there is no document.
func (d *decoder) parse(file int32, src []byte) *node {
	src = bytes.TrimPrefix(src, []byte("\uFEFF"))
	root, p, err := d.parseText(file, src)
	var syntax *syntaxError
	switch {
	case errors.As(err, &syntax):
		d.errorf(syntax.at, syntax.hint, "%s", syntax.msg)
		return nil
	case err != nil:
		d.errorf(point{file: file}, "", "cannot read document: %v", err)
		return nil
	}
	for _, dup := range p.duplicates {
		d.warnf(dup.now, "", "key %q is already used on line %d; this one counts", dup.key, dup.first.line)
	}
	for _, t := range p.tags {
		d.oftenf(t.at, "", "YAML tag %s means nothing in an OpenAPI document and is ignored", t.tag)
	}
	return root
}

// parseText chooses between JSON and YAML by the text, not by the name: both
// come under either.
func (d *decoder) parseText(file int32, src []byte) (*node, *parser, error) {
	var jsonErr error
	if text := bytes.TrimLeft(src, " \t\r\n"); len(text) > 0 && text[0] == '{' {
		root, p, err := parseJSON(src, file)
		if err == nil || strings.EqualFold(filepath.Ext(d.sources[file].name), ".json") {
			return root, p, err
		}
		jsonErr = err // unless it is YAML in flow style
	}
	root, p, more, err := parseYAML(src, file)
	if err != nil && jsonErr != nil {
		return nil, nil, jsonErr
	}
	if err == nil && more != nil {
		d.warnf(*more, "", "only the first YAML document of the file is read")
	}
	return root, p, err
}
