package engine

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"muster/engine/internal/pulse"
)

// closeNow closes a socket if its close cannot wait; it is false if it may, or if
// fd is no socket.
//
// The runtime is not told of the calls, which would wake its monitor for every
// connection. The pulse wakes it, so that a goroutine of the program that computes
// is still preempted.
func closeNow(fd int) bool {
	pulse.Beat()
	var linger unix.Linger
	size := uint32(unsafe.Sizeof(linger))
	_, _, errno := syscall.RawSyscall6(unix.SYS_GETSOCKOPT, uintptr(fd), unix.SOL_SOCKET, unix.SO_LINGER,
		uintptr(unsafe.Pointer(&linger)), uintptr(unsafe.Pointer(&size)), 0)
	if errno != 0 || linger.Onoff != 0 && linger.Linger != 0 {
		return false
	}
	_, _, _ = syscall.RawSyscall(unix.SYS_CLOSE, uintptr(fd), 0, 0)
	return true
}
