package ipc

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// call is the arguments of a sendmsg or recvmsg, kept so that a call allocates
// nothing.
//
// The runtime is not told of these calls: with MSG_DONTWAIT they cannot wait. A
// runtime that is told may take the processor from its goroutine meanwhile, to
// give it to another thread, which costs more than the call.
type call struct {
	hdr unix.Msghdr
	iov unix.Iovec
}

func (c *call) fill(p, oob []byte) {
	c.iov.Base = &p[0]
	c.iov.SetLen(len(p))
	c.hdr = unix.Msghdr{Iov: &c.iov}
	c.hdr.SetIovlen(1)
	if len(oob) > 0 {
		c.hdr.Control = &oob[0]
		c.hdr.SetControllen(len(oob))
	}
}

// do makes the call, and forgets the buffers, which are the caller's.
func (c *call) do(trap uintptr, fd, flags int) (int, error) {
	n, _, errno := syscall.RawSyscall(trap, uintptr(fd), uintptr(unsafe.Pointer(&c.hdr)), uintptr(flags))
	c.iov.Base, c.hdr.Control = nil, nil
	if errno != 0 {
		return -1, errno
	}
	return int(n), nil
}

// send sends p, which is not empty, and oob with its first byte.
func (c *call) send(fd int, p, oob []byte) (int, error) {
	c.fill(p, oob)
	return c.do(unix.SYS_SENDMSG, fd, sendFlags)
}

// receive receives with every descriptor close-on-exec. p is not empty.
func (c *call) receive(fd int, p, oob []byte) (n, oobn, flags int, err error) {
	c.fill(p, oob)
	if n, err = c.do(unix.SYS_RECVMSG, fd, recvFlags); err != nil {
		return n, 0, 0, err
	}
	return n, int(c.hdr.Controllen), int(c.hdr.Flags), nil
}
