package deathsignal

import (
	"os"
	"syscall"
	"time"
	"unsafe"
)

// raise sends the process s with the default action. It returns if that did
// nothing. Go's own way back to the default, signal.Reset, is that of its runtime,
// which prints stacks and exits with 2.
func raise(s syscall.Signal) {
	var action [64]byte // of zeroes: SIG_DFL, in the layout of any architecture
	if _, _, err := syscall.RawSyscall6(syscall.SYS_RT_SIGACTION, uintptr(s), uintptr(unsafe.Pointer(&action)), 0, sigsetSize, 0, 0); err != 0 {
		return
	}
	_ = syscall.Kill(os.Getpid(), s) // cannot fail: it is for ourselves
	<-time.After(time.Second)        // another thread may be the one to take it
}

// sigsetSize is that of the kernel's sigset_t, in bytes. On MIPS it is 16; there
// raise fails, and the process exits with the signal's code.
const sigsetSize = 8
