// Command apigen turns an OpenAPI document into a Go API service and keeps the
// two in step.
package main

import "os"

func main() { os.Exit(run()) }
