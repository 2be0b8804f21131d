package sock

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// ResolveTime is how long a name may take to become an address.
const ResolveTime = 5 * time.Second

// Resolve makes an address of a literal, or of a name, for which pickAddr picks
// one.
func Resolve(ctx context.Context, host string) (netip.Addr, error) {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.Unmap(), nil
	}
	ctx, cancel := context.WithTimeout(ctx, ResolveTime)
	defer cancel()
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return netip.Addr{}, err
	}
	if len(ips) == 0 {
		return netip.Addr{}, &net.DNSError{Err: "no address", Name: host, IsNotFound: true}
	}
	return pickAddr(ips), nil
}

// pickAddr is the address of a name to listen on: the first IPv4 address, or
// the first of all if there is none. That is the rule of net.Listen, so a Go
// worker and the primary pick the same address, and a "localhost" that is ::1
// too is served at 127.0.0.1, where people look; clients that use the name try
// both (RFC 8305).
func pickAddr(ips []netip.Addr) netip.Addr {
	for _, ip := range ips {
		if ip = ip.Unmap(); ip.Is4() {
			return ip
		}
	}
	return ips[0]
}

// newTCPSocket makes a plain TCP socket for an address of ip's family. It calls
// socket(2), because net.Listen may make a socket that speaks MPTCP, which a
// group of TCP sockets does not take.
func newTCPSocket(ip netip.Addr, IPv6Only bool) (int, error) {
	family := unix.AF_INET
	if ip.Is6() {
		family = unix.AF_INET6
	}
	fd, err := NewSocket(family, unix.SOCK_STREAM, unix.IPPROTO_TCP)
	if err != nil {
		return -1, err
	}
	// Without SO_REUSEADDR connections of an earlier run, in TIME_WAIT, would
	// block a restart for a minute.
	err = os.NewSyscallError("setsockopt SO_REUSEADDR", unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1))
	if err == nil && ip.Is6() {
		v := 0
		if IPv6Only {
			v = 1
		}
		err = os.NewSyscallError("setsockopt IPV6_V6ONLY", unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, v))
	}
	if err != nil {
		_ = unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

func bindAndListen(fd int, at netip.AddrPort, backlog int) error {
	sa, err := sockaddrOf(at)
	if err != nil {
		return err
	}
	if err := unix.Bind(fd, sa); err != nil {
		return os.NewSyscallError("bind", err)
	}
	return listenOn(fd, backlog)
}

func listenOn(fd, backlog int) error {
	if backlog <= 0 {
		backlog = maxBacklog
	}
	return os.NewSyscallError("listen", unix.Listen(fd, backlog))
}

// boundPort is the port a TCP socket is bound to.
func boundPort(fd int) (uint16, error) {
	sa, err := unix.Getsockname(fd)
	if err != nil {
		return 0, os.NewSyscallError("getsockname", err)
	}
	return addrPortOf(sa).Port(), nil
}

func sockaddrOf(at netip.AddrPort) (unix.Sockaddr, error) {
	if at.Addr().Is4() {
		return &unix.SockaddrInet4{Port: int(at.Port()), Addr: at.Addr().As4()}, nil
	}
	sa := &unix.SockaddrInet6{Port: int(at.Port()), Addr: at.Addr().As16()}
	if zone := at.Addr().Zone(); zone != "" {
		ifi, err := net.InterfaceByName(zone)
		if err != nil {
			return nil, fmt.Errorf("network interface %q: %w", zone, errors.Join(err, syscall.EADDRNOTAVAIL))
		}
		sa.ZoneId = uint32(ifi.Index)
	}
	return sa, nil
}

// addrPortOf is the zero AddrPort for anything but IP.
func addrPortOf(sa unix.Sockaddr) netip.AddrPort {
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), uint16(sa.Port))
	case *unix.SockaddrInet6:
		return addrPort6(sa.Addr, sa.ZoneId, uint16(sa.Port))
	}
	return netip.AddrPort{}
}

// addrPort6 is the IPv4 address and port of an IPv4 client.
func addrPort6(addr [16]byte, zone uint32, port uint16) netip.AddrPort {
	ip := netip.AddrFrom16(addr)
	if zone != 0 {
		ip = ip.WithZone(strconv.Itoa(int(zone))) // the zone's name would cost a system call for every connection
	}
	return netip.AddrPortFrom(ip.Unmap(), port)
}

// OutOf are the errors of a system, or a process, that is out of something.
var OutOf = [...]syscall.Errno{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM}

// OutOfResources reports errors that say nothing about the address.
func OutOfResources(err error) bool {
	for _, e := range OutOf {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}
