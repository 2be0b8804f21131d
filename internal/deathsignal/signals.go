package deathsignal

import (
	"os"
	"syscall"
)

// deaths are the signals Go ends by.
var deaths = append([]os.Signal{
	syscall.SIGQUIT, syscall.SIGILL, syscall.SIGTRAP, syscall.SIGABRT,
	syscall.SIGBUS, syscall.SIGFPE, syscall.SIGSEGV, syscall.SIGSYS,
}, further...)
