package plan

import (
	"bytes"
	"compress/gzip"
	"slices"

	"github.com/apigen-go/apigen/generator/internal/render"
)

// toolDir holds what apigen needs beside the lock: base texts, which are
// committed, and a transaction while a run is under way, which is not.
const toolDir = ".apigen"

// basePath returns where the text with that hash is kept.
func basePath(hash string) string { return toolDir + "/base/" + hash + ".gz" }

// keepBase plans to keep a text, compressed so that searches in the project do
// not find every managed file twice.
func (p *Plan) keepBase(text []byte) {
	path := basePath(Hash(text))
	if slices.ContainsFunc(p.bases, func(c Change) bool { return c.Path == path }) {
		return
	}
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	// Writing to memory cannot fail.
	_, _ = z.Write(normal(text))
	_ = z.Close()
	p.bases = append(p.bases, Change{Path: path, Action: Create, Class: render.Generated, New: b.Bytes()})
}
