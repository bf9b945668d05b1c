package generator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/apigen-go/apigen/generator/internal/render"
	"github.com/apigen-go/apigen/generator/internal/spec"
)

// tree is where the files lie that a document may refer to: its own folder and
// those that the user allows. It is a file system whose root is the folder that
// holds them all; what is in none of them cannot be opened, by no link either.
type tree struct {
	path    string // of the document
	folders []folder
}

// folder is one of the folders of a tree.
type folder struct {
	prefix string // its path in the tree
	root   *os.Root
}

// openTree opens the folder of a document and the allowed ones.
func openTree(document string, allowed []string) (*tree, error) {
	name, err := filepath.Abs(document)
	if err != nil {
		return nil, fmt.Errorf("find document: %w", err)
	}
	dirs := []string{filepath.Dir(name)}
	for _, a := range allowed {
		dir, err := filepath.Abs(a)
		if err != nil {
			return nil, fmt.Errorf("find folder: %w", err)
		}
		if info, err := os.Stat(dir); err != nil || !info.IsDir() {
			return nil, &UsageError{fmt.Errorf("%s is no folder; --allow-ref takes a folder or the beginning of an https address", a)}
		}
		dirs = append(dirs, dir)
	}
	top := dirs[0]
	for _, dir := range dirs {
		for !within(dir, top) {
			top = filepath.Dir(top)
		}
	}
	t := &tree{path: below(name, top)}
	for _, dir := range dirs {
		root, err := os.OpenRoot(dir)
		if err != nil {
			t.Close()
			return nil, fmt.Errorf("open folder: %w", err)
		}
		t.folders = append(t.folders, folder{below(dir, top), root})
	}
	return t, nil
}

// within reports whether a path is dir or in it.
func within(name, dir string) bool {
	rel, err := filepath.Rel(dir, name)
	return err == nil && filepath.IsLocal(rel)
}

// below returns the slash path of name as seen from top, which it is in.
func below(name, top string) string {
	rel, err := filepath.Rel(top, name)
	if err != nil {
		return path.Base(filepath.ToSlash(name))
	}
	return filepath.ToSlash(rel)
}

// Open opens a file in one of the folders. Any other is refused with
// [fs.ErrPermission].
func (t *tree) Open(name string) (fs.File, error) {
	for _, f := range t.folders {
		switch rest, ok := strings.CutPrefix(name, f.prefix+"/"); {
		case f.prefix == ".":
			return f.root.FS().Open(name)
		case name == f.prefix:
			return f.root.FS().Open(".")
		case ok:
			return f.root.FS().Open(rest)
		}
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
}

// Close closes the folders.
func (t *tree) Close() {
	for _, f := range t.folders {
		f.root.Close()
	}
}

// splitAllowed sorts what --allow-ref names into folders and beginnings of
// addresses.
func splitAllowed(allowed []string) (folders, addresses []string) {
	for _, a := range allowed {
		if strings.HasPrefix(a, "https://") || strings.HasPrefix(a, "http://") {
			addresses = append(addresses, a)
		} else {
			folders = append(folders, a)
		}
	}
	return folders, addresses
}

const (
	maxFetch     = 64 << 20
	fetchTimeout = 30 * time.Second
)

// fetch returns a function that reads the text at an address which begins as one
// of the allowed ones do, wherever it is redirected to.
func fetch(ctx context.Context, allowed []string) func(string) ([]byte, error) {
	client := &http.Client{
		Timeout: fetchTimeout,
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			begins := func(prefix string) bool { return strings.HasPrefix(r.URL.String(), prefix) }
			if len(via) > 5 || !slices.ContainsFunc(allowed, begins) {
				return fmt.Errorf("it redirects to %s, which is not allowed", r.URL.Redacted())
			}
			return nil
		},
	}
	return func(address string) ([]byte, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return nil, err
		}
		resp, err := client.Do(r)
		if err != nil {
			return nil, err
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			return nil, errors.New(resp.Status)
		}
		return io.ReadAll(io.LimitReader(resp.Body, maxFetch+1))
	}
}

// layout says where the files of a document go in a new project. One that stands
// alone is api/openapi.yaml or .json; several keep their names and their places
// as seen from each other.
func layout(document string, files []spec.File, isJSON bool) (own string, others []render.File) {
	if len(files) == 0 {
		if isJSON {
			return "api/openapi.json", nil
		}
		return "api/openapi.yaml", nil
	}
	top := path.Dir(document)
	for _, f := range files {
		for top != "." && !strings.HasPrefix(f.Path, top+"/") {
			top = path.Dir(top)
		}
	}
	for _, f := range files {
		others = append(others, render.File{Path: path.Join("api", below(f.Path, top)), Class: render.Yours, Data: f.Text})
	}
	return path.Join("api", below(document, top)), others
}

// openProject opens the folder of a project that holds its documents.
func (r run) openProject() (*tree, error) {
	top, rest, deep := strings.Cut(r.settings.spec, "/")
	if !deep {
		top, rest = ".", r.settings.spec
	}
	root, err := os.OpenRoot(filepath.Join(r.dir, top))
	if err != nil {
		return nil, fmt.Errorf("open folder of the document: %w", err)
	}
	return &tree{rest, []folder{{".", root}}}, nil
}

// beside names the files that the document of a project refers to by their paths
// in the project.
func (r run) beside(files []spec.File) []render.File {
	top, _, deep := strings.Cut(r.settings.spec, "/")
	if !deep {
		top = "."
	}
	var out []render.File
	for _, f := range files {
		out = append(out, render.File{Path: path.Join(top, f.Path), Class: render.Yours, Data: f.Text})
	}
	return out
}

const overlayFolder = "api/overlays/"

// takeOverlays reads the overlays that a new project gets and finds places for
// them.
func (r *run) takeOverlays(names []string) error {
	taken := map[string]bool{}
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
		r.overlays = append(r.overlays, spec.File{Path: name, Text: text})
		r.own = append(r.own, render.File{Path: own, Class: render.Yours, Data: text})
		r.settings.overlays = append(r.settings.overlays, own)
	}
	return nil
}

// readOverlays reads the overlays of a project.
func (r *run) readOverlays() error {
	for _, own := range r.settings.overlays {
		name := filepath.Join(r.dir, filepath.FromSlash(own))
		text, err := os.ReadFile(name)
		if err != nil {
			return fmt.Errorf("read overlay: %w", err)
		}
		r.overlays = append(r.overlays, spec.File{Path: name, Text: text})
		r.own = append(r.own, render.File{Path: own, Class: render.Yours, Data: text})
	}
	return nil
}
