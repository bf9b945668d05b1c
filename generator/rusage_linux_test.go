package generator_test

import (
	"os"
	"syscall"
)

// peakMemory returns the most memory that a process held, in bytes.
func peakMemory(p *os.ProcessState) int64 {
	usage, ok := p.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	return usage.Maxrss << 10 // counted in KiB on Linux alone
}
