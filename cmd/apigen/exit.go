package main

import (
	"context"
	"errors"

	"github.com/apigen-go/apigen/generator"
)

// The exit codes. exitCodes explains them to the user.
const (
	exitUsage     = 64
	exitCancelled = 130
)

const exitCodes = `Every command ends with one of these codes:

  0    everything is in step, or was brought in step
  1    an error; nothing was written
  2    check, diff, generate --dry-run: there are changes to make
  3    applied, but something needs your hand; verify: your code would need it
  4    refused, to protect an edit; nothing was written
  5    apigen.lock cannot be read, or is from a newer apigen
  64   the command line is wrong
  130  cancelled; nothing was written`

// usageError is a mistake on the command line.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

// usage marks err as a mistake on the command line.
func usage(err error) error { return &usageError{err} }

// statusError ends the program with a code after everything was said.
type statusError int

func (statusError) Error() string { return "" }

// exitCode is the one place that turns an error into a code.
func exitCode(err error) int {
	var status statusError
	var wrong *usageError
	switch {
	case err == nil:
		return generator.ExitOK
	case errors.As(err, &status):
		return int(status)
	case errors.As(err, &wrong):
		return exitUsage
	case errors.Is(err, errCancelled), errors.Is(err, context.Canceled):
		return exitCancelled
	}
	return generator.ExitCode(err)
}
