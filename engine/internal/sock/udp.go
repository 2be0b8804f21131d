package sock

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

const whyFixedUDP = "UDP is always shared: each datagram goes to the worker that reads first"

// OpenUDP binds the one UDP socket all workers read.
func OpenUDP(a Addr, six bool, o Options, reuseAddr bool) (*Port, error) {
	ip := netip.IPv4Unspecified()
	if six {
		ip = netip.IPv6Unspecified()
	}
	if a.Host != "" {
		var err error
		if ip, err = Resolve(context.Background(), a.Host); err != nil {
			return nil, err
		}
	}
	return bindUDP(netip.AddrPortFrom(ip, uint16(a.Port)), o.IPv6Only, reuseAddr)
}

func bindUDP(at netip.AddrPort, IPv6Only, reuseAddr bool) (*Port, error) {
	family := unix.AF_INET
	if at.Addr().Is6() {
		family = unix.AF_INET6
	}
	fd, err := NewSocket(family, unix.SOCK_DGRAM, 0)
	if err != nil {
		return nil, err
	}
	if err := setUpUDP(fd, at, IPv6Only, reuseAddr); err != nil {
		_ = unix.Close(fd)
		return nil, err
	}
	num, err := boundPort(fd)
	if err != nil {
		_ = unix.Close(fd)
		return nil, err
	}
	p, err := newPort(fd)
	if err != nil {
		return nil, err
	}
	p.addr = Addr{Network: "udp", Host: at.Addr().String(), Port: int(num)}
	p.whyFixed = whyFixedUDP
	return p, nil
}

func setUpUDP(fd int, at netip.AddrPort, IPv6Only, reuseAddr bool) error {
	set := func(level, opt int, name string) error {
		return os.NewSyscallError("setsockopt "+name, unix.SetsockoptInt(fd, level, opt, 1))
	}
	if reuseAddr {
		if err := set(unix.SOL_SOCKET, unix.SO_REUSEADDR, "SO_REUSEADDR"); err != nil {
			return err
		}
	}
	if IPv6Only {
		if err := set(unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, "IPV6_V6ONLY"); err != nil {
			return err
		}
	}
	sa, err := sockaddrOf(at)
	if err != nil {
		return err
	}
	return os.NewSyscallError("bind", unix.Bind(fd, sa))
}

// OpenInherited serves a descriptor the primary was started with; a worker has
// named its number (listen({fd: 3})).
func OpenInherited(fd int, inherited map[int]bool) (*Port, error) {
	if !inherited[fd] {
		return nil, fmt.Errorf("descriptor %d: the primary was not started with it: %w", fd, unix.EBADF)
	}
	typ, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE)
	if err != nil {
		return nil, fmt.Errorf("descriptor %d: %w", fd, os.NewSyscallError("getsockopt", err))
	}
	own, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("descriptor %d: %w", fd, os.NewSyscallError("fcntl", err))
	}
	err = os.NewSyscallError("fcntl", unix.SetNonblock(own, true))
	if err == nil && typ == unix.SOCK_STREAM {
		err = listenOn(own, 0)
	}
	if err != nil {
		_ = unix.Close(own)
		return nil, fmt.Errorf("descriptor %d: %w", fd, err)
	}
	p, err := newPort(own)
	if err != nil {
		return nil, err
	}
	p.addr, p.whyFixed = addressOf(own, typ), whyFixedChosen
	return p, nil
}

// addressOf is what a socket is bound to.
func addressOf(fd, typ int) Addr {
	a := Addr{Network: "tcp"}
	if typ == unix.SOCK_DGRAM {
		a.Network = "udp"
	}
	sa, err := unix.Getsockname(fd)
	if err != nil {
		return a
	}
	if u, ok := sa.(*unix.SockaddrUnix); ok {
		return Addr{Network: "unix", Host: strings.TrimPrefix(u.Name, "@")}
	}
	at := addrPortOf(sa)
	a.Host, a.Port = at.Addr().String(), int(at.Port())
	return a
}

// Sockets tells which of the descriptors are sockets.
func Sockets(fds []int) map[int]bool {
	found := make(map[int]bool)
	for _, fd := range fds {
		if _, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE); err == nil {
			found[fd] = true
		}
	}
	return found
}
