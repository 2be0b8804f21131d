package ipc

import "golang.org/x/sys/unix"

// recvmsg receives with every descriptor close-on-exec.
func recvmsg(fd int, p, oob []byte) (n, oobn, flags int, err error) {
	n, oobn, flags, _, err = unix.Recvmsg(fd, p, oob, recvFlags)
	return n, oobn, flags, err
}
