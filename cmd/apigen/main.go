// Command apigen turns an OpenAPI document into a Go API service and keeps the
// two in step.
package main

import (
	"os"
	"runtime/debug"
)

// memory is where the garbage collector stops to trade memory for time: a document
// of 50 MB fits below it. It is no limit of what a larger one may take.
const memory = 320 << 20

func main() {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memory)
	}
	os.Exit(run())
}
