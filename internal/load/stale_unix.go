//go:build unix

package load

import (
	"errors"
	"net"
	"syscall"
)

// closedByPeer tells whether the other side has closed or reset a connection
// on which nothing is to come. It never waits.
func closedByPeer(conn net.Conn) bool {
	sc, ok := conn.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return true
	}
	closed := false
	err = raw.Control(func(fd uintptr) {
		var b [1]byte
		for {
			n, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
			if errors.Is(err, syscall.EINTR) {
				continue
			}
			closed = n == 0 && err == nil || err != nil && !errors.Is(err, syscall.EAGAIN)
			return
		}
	})
	return closed || err != nil
}
