//go:build unix

package load

import (
	"errors"
	"net"
	"syscall"
)

// closedByPeer tells whether the other side has closed or reset a connection on
// which no data is expected. It never waits.
func closedByPeer(conn net.Conn) bool {
	n, err := look(conn)
	return n == 0 && err == nil || err != nil && !errors.Is(err, syscall.EAGAIN)
}

// pending tells whether a read would not wait: there are bytes, or the end.
func pending(conn net.Conn) bool {
	_, err := look(conn)
	return !errors.Is(err, syscall.EAGAIN)
}

// look is what a read would return now. If it cannot look at a connection it
// says that there is nothing.
func look(conn net.Conn) (n int, err error) {
	sc, ok := conn.(syscall.Conn)
	if !ok {
		return 0, syscall.EAGAIN
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return 0, err
	}
	var b [1]byte
	outer := raw.Control(func(fd uintptr) {
		for {
			n, _, err = syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
			if !errors.Is(err, syscall.EINTR) {
				return
			}
		}
	})
	return n, errors.Join(outer, err)
}
