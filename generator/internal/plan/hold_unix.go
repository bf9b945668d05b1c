//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package plan

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// hold keeps other runs out of a project until release is called. The lock is
// the kernel's, on the folder itself: a killed run leaves nothing behind.
func hold(root *os.Root) (release func(), err error) {
	dir, err := root.Open(".")
	if err != nil {
		return nil, fmt.Errorf("lock project: %w", err)
	}
	err = syscall.Flock(int(dir.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = errors.New("another apigen is at work in this project; wait for it to end")
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock project: %w", err), dir.Close())
	}
	return func() { _ = dir.Close() }, nil
}
