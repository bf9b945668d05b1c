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
)

// tree is where the files lie that a document may refer to: its own folder and
// those that the user allows. It is a file system whose root is the folder that
// holds them all; what is in none of them cannot be opened, by no link either.
type tree struct {
	top     string // the root
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
	t := &tree{top: top, path: below(name, top)}
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

// openProject opens the folder of a project that holds one of its documents.
func openProject(dir, document string) (*tree, error) {
	top, rest, deep := strings.Cut(document, "/")
	if !deep {
		top, rest = ".", document
	}
	root, err := os.OpenRoot(filepath.Join(dir, top))
	if err != nil {
		return nil, fmt.Errorf("open folder of the document: %w", err)
	}
	return &tree{top, rest, []folder{{".", root}}}, nil
}
