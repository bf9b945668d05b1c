package generator

import (
	"encoding/json"
	"fmt"
	"os"
	"path"
	"path/filepath"

	"github.com/apigen-go/apigen/generator/internal/render"
	"github.com/apigen-go/apigen/generator/internal/spec"
)

// layout finds places in a new project for the documents and the files that they
// refer to. A document that stands alone is api/openapi.yaml or .json. Otherwise
// files keep their names, and their places as seen from each other: what lies in
// one folder, or below it, lies below one in api. Documents from folders apart get
// a folder each in api, but for those of a single file that no other is called like.
func (r *run) layout(docs []*spec.Document) {
	d := r.documents[0]
	if len(docs) == 1 && (d.tree == nil || len(docs[0].Files) == 0) {
		d.path = "api/openapi.yaml"
		if json.Valid(d.text) {
			d.path = "api/openapi.json"
		}
		r.add(d.path, d.text)
	} else {
		r.layoutTrees(docs)
	}
	r.settings.specs, r.settings.overlays = nil, d.overlays
	for i, d := range r.documents {
		if d.name == specName(d.path) {
			d.name = ""
		}
		one := d.specSettings
		if i == 0 {
			one.overlays = nil
		}
		r.settings.specs = append(r.settings.specs, one)
	}
}

func (r *run) layoutTrees(docs []*spec.Document) {
	tops := make([]string, len(docs)) // the folder that holds a document and its files
	for i, d := range r.documents {
		tops[i] = filepath.Dir(d.tree.abs(d.tree.path))
		for _, f := range docs[i].Files {
			for !within(filepath.Dir(d.tree.abs(f.Path)), tops[i]) {
				tops[i] = filepath.Dir(tops[i])
			}
		}
	}
	members := map[string]int{} // files and documents in each of them
	for i := range tops {
		for _, top := range tops {
			if within(tops[i], top) {
				tops[i] = top
			}
		}
		members[tops[i]] += 1 + len(docs[i].Files)
	}
	roots, alike := map[string]string{}, map[string]int{}
	for _, d := range r.documents {
		alike[path.Base(d.tree.path)]++
	}
	for i, d := range r.documents {
		root, ok := roots[tops[i]]
		if !ok {
			root = "api"
			if len(members) > 1 && (members[tops[i]] > 1 || alike[path.Base(d.tree.path)] > 1) {
				root = "api/" + d.label()
			}
			roots[tops[i]] = root
		}
		place := func(p string) string { return path.Join(root, below(d.tree.abs(p), tops[i])) }
		d.path = place(d.tree.path)
		r.add(d.path, d.text)
		for _, f := range docs[i].Files {
			r.add(place(f.Path), f.Text)
		}
	}
}

// abs is the path on the disk of a file of the tree.
func (t *tree) abs(name string) string { return filepath.Join(t.top, filepath.FromSlash(name)) }

// beside finds the documents of a project, and the files that they refer to, by
// their paths in the project.
func (r *run) beside(docs []*spec.Document) {
	for _, d := range r.documents {
		r.add(d.path, d.text)
	}
	for i, d := range r.documents {
		for _, f := range docs[i].Files {
			r.add(path.Join(d.tree.top, f.Path), f.Text)
		}
	}
}

// add adds a file of the user's, unless it is there: documents may refer to the
// same ones, and to each other.
func (r *run) add(name string, text []byte) {
	if !r.has[name] {
		r.has[name] = true
		r.files = append(r.files, render.File{Path: name, Class: render.Yours, Data: text})
	}
}

const overlayFolder = "api/overlays/"

// takeOverlays reads the overlays that a document of a new project gets and finds
// places for them, other than those that are taken.
func (d *document) takeOverlays(names []string, taken map[string]bool) error {
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			return fmt.Errorf("read overlay: %w", err)
		}
		base := filepath.Base(name)
		own := overlayFolder + base
		for i := 2; taken[own]; i++ {
			own = fmt.Sprintf("%s%d-%s", overlayFolder, i, base)
		}
		taken[own] = true
		d.overlays = append(d.overlays, own)
		d.addOverlay(own, name, text)
	}
	return nil
}

// readOverlays reads the overlays of a document of the project in dir.
func (d *document) readOverlays(dir string, paths []string) error {
	for _, own := range paths {
		name := filepath.Join(dir, filepath.FromSlash(own))
		text, err := os.ReadFile(name)
		if err != nil {
			return fmt.Errorf("read overlay: %w", err)
		}
		d.addOverlay(own, name, text)
	}
	return nil
}

func (d *document) addOverlay(own, name string, text []byte) {
	d.changes = append(d.changes, spec.File{Path: name, Text: text})
	d.own = append(d.own, render.File{Path: own, Class: render.Yours, Data: text})
}
