package engine

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// HandleKind is what a descriptor that comes with a message is, in Node's
// words.
type HandleKind string

const (
	HandleSocket HandleKind = "net.Socket"   // a connection, TCP or unix
	HandleServer HandleKind = "net.Server"   // a listening socket
	HandleUDP    HandleKind = "dgram.Socket" // a UDP socket
)

// kindOf is the kind of a descriptor that has arrived with the type typ of its
// wrapper. Node's names for its native objects tell only a part; the socket is
// asked for the rest.
func kindOf(typ string, fd int) HandleKind {
	switch typ {
	case "net.Native":
		if kind, err := socketKind(fd); err == nil {
			return kind
		}
		return HandleSocket
	case "dgram.Native":
		return HandleUDP
	}
	return HandleKind(typ)
}

// socketKind looks at a descriptor. The error wraps ErrHandle if a channel
// cannot carry it.
func socketKind(fd int) (HandleKind, error) {
	addr, err := unix.Getsockname(fd)
	switch {
	case err == unix.ENOTSOCK:
		return "", fmt.Errorf("descriptor %d is no socket: %w", fd, ErrHandle)
	case err == unix.EAFNOSUPPORT:
		return "", fmt.Errorf("descriptor %d is a socket of another family: %w", fd, ErrHandle)
	case err != nil:
		return "", os.NewSyscallError("getsockname", err)
	}
	typ, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE)
	if err != nil {
		return "", os.NewSyscallError("getsockopt", err)
	}
	inet := false
	switch addr.(type) {
	case *unix.SockaddrInet4, *unix.SockaddrInet6:
		inet = true
	case *unix.SockaddrUnix:
	default:
		return "", fmt.Errorf("descriptor %d is a socket of another family: %w", fd, ErrHandle)
	}
	switch {
	case typ == unix.SOCK_STREAM && listens(fd):
		return HandleServer, nil
	case typ == unix.SOCK_STREAM:
		return HandleSocket, nil
	case typ == unix.SOCK_DGRAM && inet:
		return HandleUDP, nil
	}
	return "", fmt.Errorf("descriptor %d is neither a stream nor a UDP socket: %w", fd, ErrHandle)
}

// listens tells whether a stream socket accepts connections.
func listens(fd int) bool {
	on, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN)
	if err == nil {
		return on != 0
	}
	// Not every system answers that (macOS does not). A socket without a peer
	// most likely listens.
	_, err = unix.Getpeername(fd)
	return err == unix.ENOTCONN
}

// udpType is "udp4" or "udp6".
func udpType(f *os.File) string {
	typ := "udp4"
	if rc, err := f.SyscallConn(); err == nil {
		_ = rc.Control(func(fd uintptr) {
			if sa, err := unix.Getsockname(int(fd)); err == nil {
				if _, six := sa.(*unix.SockaddrInet6); six {
					typ = "udp6"
				}
			}
		})
	}
	return typ
}
