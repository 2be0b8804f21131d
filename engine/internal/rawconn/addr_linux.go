package rawconn

import (
	"net"
	"slices"
	"strconv"
	"syscall"
)

// LocalAddr is net.Conn's.
func (c *Conn) LocalAddr() net.Addr {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.localAddr()
}

// RemoteAddr is net.Conn's. If the client had gone before it was asked for, it
// is an address of zeros.
func (c *Conn) RemoteAddr() net.Addr {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.remoteAddr()
}

func (c *Conn) localAddr() net.Addr {
	switch known := c.known.Local; {
	case c.local != nil:
	case known != nil:
		c.local = &net.TCPAddr{IP: slices.Clone(known.IP), Port: known.Port}
	default:
		c.local = c.ask(syscall.Getsockname)
	}
	return c.local
}

func (c *Conn) remoteAddr() net.Addr {
	switch known := c.known.Remote; {
	case c.remote != nil:
	case known.IsValid() && known.Addr().Zone() == "":
		c.remote = net.TCPAddrFromAddrPort(known)
	default:
		c.remote = c.ask(syscall.Getpeername)
	}
	return c.remote
}

// ask asks the system for an address; mu is held. Close has asked before it
// closes.
func (c *Conn) ask(get func(fd int) (syscall.Sockaddr, error)) net.Addr {
	sa, _ := get(c.fd)
	switch sa := sa.(type) {
	case *syscall.SockaddrInet4:
		return &net.TCPAddr{IP: sa.Addr[:], Port: sa.Port}
	case *syscall.SockaddrInet6:
		return &net.TCPAddr{IP: sa.Addr[:], Port: sa.Port, Zone: zoneName(sa.ZoneId)}
	case *syscall.SockaddrUnix:
		return &net.UnixAddr{Name: sa.Name, Net: "unix"}
	}
	if c.network == "unix" {
		return &net.UnixAddr{Net: "unix"}
	}
	return &net.TCPAddr{}
}

func zoneName(id uint32) string {
	if id == 0 {
		return ""
	}
	if i, err := net.InterfaceByIndex(int(id)); err == nil {
		return i.Name
	}
	return strconv.FormatUint(uint64(id), 10)
}
