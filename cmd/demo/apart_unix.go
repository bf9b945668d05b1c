//go:build unix

package main

import "syscall"

// apart keeps the terminal's Ctrl-C from the service, so that it is stopped
// once, by us.
func apart() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
