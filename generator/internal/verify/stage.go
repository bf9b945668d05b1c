package verify

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/mod/modfile"

	"github.com/apigen-go/apigen/generator/internal/plan"
)

// largeFile is the size from which only Go files are copied: databases and the
// like lie about in projects and no build needs them.
const largeFile = 16 << 20

// staleStage is the age of a folder that a run must have left behind when it was killed.
const staleStage = time.Hour

// makeStage makes an empty folder for a copy of the project in dir: the one that is kept
// for it or, when another run is in that or there is no cache, any.
func makeStage(dir string) (string, error) {
	if stage, err := keptStage(dir); err == nil {
		return stage, nil
	}
	return os.MkdirTemp("", "apigen-verify-")
}

// keptStage makes the folder that is kept for the project in dir. What is compiled depends
// on where it lies, so what did not change since the last run is compiled already.
func keptStage(dir string) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(abs))
	stage := filepath.Join(cache, "apigen", hex.EncodeToString(sum[:8]))
	if err := os.MkdirAll(filepath.Dir(stage), 0o700); err != nil {
		return "", err
	}
	if info, err := os.Stat(stage); err == nil && time.Since(info.ModTime()) > staleStage {
		if err := os.RemoveAll(stage); err != nil {
			return "", err
		}
	}
	return stage, os.Mkdir(stage, 0o700) // fails while another run is in it
}

// fill copies the project in dir to stage and makes the changes of p there.
func fill(ctx context.Context, stage, dir string, p *plan.Plan) error {
	root, err := os.OpenRoot(stage)
	if err != nil {
		return err
	}
	defer root.Close()
	if err := copyProject(ctx, root, dir); err != nil {
		return err
	}
	if p != nil {
		if err := change(root, p); err != nil {
			return err
		}
	}
	return anchorReplaces(root, dir)
}

// copyProject copies what a build could need.
func copyProject(ctx context.Context, to *os.Root, dir string) error {
	return filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) && name == dir {
			return fs.SkipAll // a new project
		}
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, name)
		if err != nil || rel == "." {
			return err
		}
		if d.IsDir() {
			if skipDir(name, rel) {
				return fs.SkipDir
			}
			return to.MkdirAll(rel, 0o755)
		}
		// A link to a file is as good as the file to go build.
		info, err := os.Stat(name)
		if err != nil || !info.Mode().IsRegular() || info.Size() > largeFile && filepath.Ext(name) != ".go" {
			return nil
		}
		return copyFile(to, rel, name)
	})
}

// skipDir reports whether no build of the project looks into a folder.
func skipDir(name, rel string) bool {
	switch rel {
	case ".git", ".apigen", "vendor":
		return true
	}
	if filepath.Base(rel) == "node_modules" {
		return true
	}
	_, err := os.Stat(filepath.Join(name, "go.mod"))
	return err == nil // a module of its own
}

func copyFile(to *os.Root, rel, name string) error {
	src, err := os.Open(name)
	if err != nil {
		return err
	}
	defer src.Close()
	dst, err := to.Create(rel)
	if err != nil {
		return err
	}
	_, err = io.Copy(dst, src)
	return errors.Join(err, dst.Close())
}

// change makes the changes of the plan.
func change(root *os.Root, p *plan.Plan) error {
	for _, c := range p.Changes {
		if !c.Writes() {
			continue
		}
		name := filepath.FromSlash(c.Path)
		if c.Action == plan.Delete {
			if err := root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			continue
		}
		if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if err := root.WriteFile(name, c.New, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// anchorReplaces makes the replace directives of go.mod that name folders name
// them from the stage too.
func anchorReplaces(root *os.Root, dir string) error {
	text, err := root.ReadFile("go.mod")
	if errors.Is(err, fs.ErrNotExist) || err == nil && !strings.Contains(string(text), "replace") {
		return nil
	}
	if err != nil {
		return err
	}
	mod, err := modfile.Parse("go.mod", text, nil)
	if err != nil {
		return nil // go build says it better
	}
	base, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	for _, r := range mod.Replace {
		if r.New.Version != "" || !modfile.IsDirectoryPath(r.New.Path) || filepath.IsAbs(r.New.Path) {
			continue
		}
		path := filepath.Join(base, filepath.FromSlash(r.New.Path))
		if err := mod.AddReplace(r.Old.Path, r.Old.Version, path, ""); err != nil {
			return fmt.Errorf("anchor replace directive: %w", err)
		}
	}
	mod.Cleanup()
	text, err = mod.Format()
	if err != nil {
		return fmt.Errorf("anchor replace directive: %w", err)
	}
	return root.WriteFile("go.mod", text, 0o644)
}
