//go:build linux && !mips && !mipsle && !mips64 && !mips64le

package deathsignal

import (
	"os"
	"syscall"
)

// further are the signals Go ends by on this system alone.
var further = []os.Signal{syscall.SIGSTKFLT}
