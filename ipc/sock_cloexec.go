//go:build linux || freebsd

package ipc

import "golang.org/x/sys/unix"

// MSG_DONTWAIT although the socket is non-blocking: O_NONBLOCK belongs to the
// open socket, and another process that has had the descriptor may have cleared
// it.
const (
	sendFlags = unix.MSG_DONTWAIT | unix.MSG_NOSIGNAL
	recvFlags = unix.MSG_DONTWAIT | unix.MSG_CMSG_CLOEXEC
)

func socketpair() ([2]int, error) {
	return unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
}
