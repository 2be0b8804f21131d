//go:build unix && !linux && !freebsd

package ipc

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// Without MSG_NOSIGNAL: Go programs do not die of SIGPIPE on a socket.
const (
	sendFlags = unix.MSG_DONTWAIT
	recvFlags = unix.MSG_DONTWAIT
)

// These systems cannot make a descriptor close-on-exec when it is received, so
// forks wait until that is done.

func socketpair() ([2]int, error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		return fds, err
	}
	unix.CloseOnExec(fds[0])
	unix.CloseOnExec(fds[1])
	return fds, nil
}

func recvmsg(fd int, p, oob []byte) (n, oobn, flags int, err error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	n, oobn, flags, _, err = unix.Recvmsg(fd, p, oob, recvFlags)
	if err == nil {
		for fd := range descriptors(oob[:oobn]) {
			unix.CloseOnExec(fd)
		}
	}
	return n, oobn, flags, err
}
