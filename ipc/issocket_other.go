//go:build unix && !linux

package ipc

import "golang.org/x/sys/unix"

// isSocket tells whether a descriptor is a socket.
func isSocket(fd int) bool {
	_, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE)
	return err == nil
}
