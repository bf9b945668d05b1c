package generator

import (
	"errors"

	"github.com/apigen-go/apigen/generator/internal/plan"
)

// The exit codes that the command line answers with.
const (
	ExitOK           = 0  // in step, or brought in step
	ExitError        = 1  // an error; nothing was written
	ExitDrift        = 2  // there are changes to make
	ExitActionNeeded = 3  // applied, but something needs the user's hand
	ExitRefused      = 4  // refused, to protect an edit; nothing was written
	ExitLock         = 5  // the lock cannot be used
	ExitUsage        = 64 // the command line is wrong
)

// UsageError says that a [Config] asks for what cannot be: a bad name, a folder
// that is taken.
type UsageError struct{ err error }

func (e *UsageError) Error() string { return e.err.Error() }
func (e *UsageError) Unwrap() error { return e.err }

// ErrRefused is in the errors of a plan that would overwrite an edit.
var ErrRefused = plan.ErrRefused

// ExitCode returns the code for an error of this package.
func ExitCode(err error) int {
	var lock *plan.LockError
	var usage *UsageError
	switch {
	case err == nil:
		return ExitOK
	case errors.Is(err, ErrRefused):
		return ExitRefused
	case errors.As(err, &lock):
		return ExitLock
	case errors.As(err, &usage):
		return ExitUsage
	}
	return ExitError
}
