//go:build !linux

package engine

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// closeNow closes a socket if its close cannot wait; it is false if it may, or if
// fd is no socket.
func closeNow(fd int) bool {
	// struct linger is two ints: read as one number, it costs no allocation.
	v, err := unix.GetsockoptUint64(fd, unix.SOL_SOCKET, unix.SO_LINGER)
	var linger [8]byte
	binary.NativeEndian.PutUint64(linger[:], v)
	if err != nil || binary.NativeEndian.Uint32(linger[4:]) != 0 {
		return false
	}
	_ = unix.Close(fd)
	return true
}
