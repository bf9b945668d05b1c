//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package plan

import "os"

// hold does nothing where folders cannot be locked. Two runs at the same time
// may then fail there, one of them with [ErrChanged].
func hold(*os.Root) (release func(), err error) {
	return func() {}, nil
}
