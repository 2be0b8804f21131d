package sock

import (
	"encoding/binary"
	"net/netip"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Accept accepts a connection that is non-blocking and close-on-exec, from a
// non-blocking socket. The address of its client is zero on a unix socket.
//
// The runtime is not told of the call, which does not wait: a runtime that is told
// may take the processor from its goroutine meanwhile, to give it to another
// thread, and wakes its monitor, both of which cost more than the call. A socket
// that another process makes blocking holds up the whole process until somebody
// makes it non-blocking again, see Port.Unblock; the runtime's monitor, if it is
// awake, interrupts the call every 10 ms, and it begins anew.
//
// The error is a bare errno: the caller decides by it. TCP_NODELAY and keep-alive
// are left to the worker: a Go worker's connection sets both when they begin to
// matter, and Node's http sets the first.
func Accept(fd int) (int, netip.AddrPort, error) {
	var from unix.RawSockaddrAny
	size := uint32(unsafe.Sizeof(from))
	n, _, errno := syscall.RawSyscall6(unix.SYS_ACCEPT4, uintptr(fd), uintptr(unsafe.Pointer(&from)), uintptr(unsafe.Pointer(&size)),
		unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0, 0)
	if errno != 0 {
		return -1, netip.AddrPort{}, errno
	}
	return int(n), addrPortOfRaw(&from), nil
}

// addrPortOfRaw is addrPortOf without an allocation.
func addrPortOfRaw(from *unix.RawSockaddrAny) netip.AddrPort {
	switch from.Addr.Family {
	case unix.AF_INET:
		sa := (*unix.RawSockaddrInet4)(unsafe.Pointer(from))
		return netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), portOf(&sa.Port))
	case unix.AF_INET6:
		sa := (*unix.RawSockaddrInet6)(unsafe.Pointer(from))
		return addrPort6(sa.Addr, sa.Scope_id, portOf(&sa.Port))
	}
	return netip.AddrPort{}
}

// portOf reads a port, which is in network order.
func portOf(p *uint16) uint16 { return binary.BigEndian.Uint16((*[2]byte)(unsafe.Pointer(p))[:]) }
