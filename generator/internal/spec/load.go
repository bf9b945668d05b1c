package spec

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/apigen-go/apigen/generator/internal/diag"
)

// maxSize is the size from which a document is refused unread.
const maxSize = 64 << 20

// Options change how a document is read. The zero value is what most need.
type Options struct {
	// MaxSize is the size in bytes from which a document is refused; 0 stands
	// for 64 MiB.
	MaxSize int
}

func (o Options) maxSize() int {
	if o.MaxSize > 0 {
		return o.MaxSize
	}
	return maxSize
}

// ReadFile loads the document in the file. See [Load].
func ReadFile(path string, opt Options) (*Document, diag.List, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, fmt.Errorf("read document: %w", err)
	}
	if info.Size() > int64(opt.maxSize()) {
		return nil, nil, tooBig(path, opt)
	}
	src, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, fmt.Errorf("read document: %w", err)
	}
	return Load(path, src, opt)
}

// Load reads an OpenAPI document of version 2.0, 3.0, 3.1 or 3.2, in JSON or
// YAML. name is what positions call the file. It returns the document and the
// warnings about it. When something is wrong the document is nil and the error
// is a sorted diag.List with every mistake in it, not only the first.
func Load(name string, src []byte, opt Options) (*Document, diag.List, error) {
	if len(src) > opt.maxSize() {
		return nil, nil, tooBig(name, opt)
	}
	d := &decoder{
		file:     name,
		doc:      &Document{File: name, Raw: src},
		schemas:  map[*node]*Schema{},
		params:   map[*node]*Parameter{},
		bodies:   map[*node]*RequestBody{},
		answers:  map[*node]*Response{},
		targets:  map[string]lookup{},
		patterns: map[string]error{},
		ids:      map[string]point{},
		often:    map[string]*quirk{},
	}
	if d.root = d.parse(name, src); d.root != nil {
		d.document()
	}
	d.flush()
	d.diags.Sort()
	warnings := d.diags.Filter(diag.Warning)
	if err := d.diags.Err(); err != nil {
		return nil, warnings, err
	}
	return d.doc, warnings, nil
}

func tooBig(name string, opt Options) error {
	return diag.List{{
		Pos:      diag.Pos{File: name},
		Severity: diag.Error,
		Msg:      fmt.Sprintf("document is larger than %d MiB", max(opt.maxSize()>>20, 1)),
	}}
}

// parse turns the text into nodes and reports what its syntax allows but
// nobody means. It returns nil when there is no document.
func (d *decoder) parse(name string, src []byte) *node {
	src = bytes.TrimPrefix(src, []byte("\uFEFF"))
	root, p, err := d.parseText(name, src)
	var syntax *syntaxError
	switch {
	case errors.As(err, &syntax):
		d.errorf(syntax.at, syntax.hint, "%s", syntax.msg)
		return nil
	case err != nil:
		d.errorf(point{}, "", "cannot read document: %v", err)
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
func (d *decoder) parseText(name string, src []byte) (*node, *parser, error) {
	var jsonErr error
	if text := bytes.TrimLeft(src, " \t\r\n"); len(text) > 0 && text[0] == '{' {
		root, p, err := parseJSON(src)
		if err == nil || strings.EqualFold(filepath.Ext(name), ".json") {
			return root, p, err
		}
		jsonErr = err // unless it is YAML in flow style
	}
	root, p, more, err := parseYAML(src)
	if err != nil && jsonErr != nil {
		return nil, nil, jsonErr
	}
	if err == nil && more != nil {
		d.warnf(*more, "", "only the first YAML document of the file is read")
	}
	return root, p, err
}
