//go:build unix && !linux

package ipc

import "golang.org/x/sys/unix"

// call is the system calls of a channel.
type call struct{}

// send sends p, which is not empty, and oob with its first byte.
func (call) send(fd int, p, oob []byte) (int, error) {
	return unix.SendmsgN(fd, p, oob, nil, sendFlags)
}

// receive receives with every descriptor close-on-exec. p is not empty.
func (call) receive(fd int, p, oob []byte) (n, oobn, flags int, err error) {
	return recvmsg(fd, p, oob)
}
