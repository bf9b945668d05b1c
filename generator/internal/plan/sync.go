package plan

import (
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/sync/errgroup"
)

// syncAll has the disk keep every file and folder below dir, so that not even a
// power failure tears what is renamed afterwards. Several at a time: a disk
// answers them together.
func syncAll(dir string) error {
	var group errgroup.Group
	group.SetLimit(16)
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			group.Go(func() error { return syncDir(name) })
		} else {
			group.Go(func() error { return syncFile(name) })
		}
		return nil
	})
	if waitErr := group.Wait(); err == nil {
		err = waitErr
	}
	return err
}

func syncFile(name string) error {
	mode := os.O_RDONLY // enough, and a file may be read-only
	if runtime.GOOS == "windows" {
		mode = os.O_RDWR
	}
	f, err := os.OpenFile(name, mode, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}

// syncDir has the disk keep the entries of a folder.
func syncDir(name string) error {
	if runtime.GOOS == "windows" {
		return nil // folders cannot be synced there
	}
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}
