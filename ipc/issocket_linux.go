package ipc

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// isSocket tells whether a descriptor is a socket. It is asked for every
// connection, so the scheduler is not told of the call: the kernel answers at
// once, for what is no socket too.
func isSocket(fd int) bool {
	var v, size int32 = 0, 4
	_, _, errno := syscall.RawSyscall6(unix.SYS_GETSOCKOPT, uintptr(fd), unix.SOL_SOCKET, unix.SO_TYPE,
		uintptr(unsafe.Pointer(&v)), uintptr(unsafe.Pointer(&size)), 0)
	return errno == 0
}
