package engine

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"syscall"

	"muster/engine/internal/sock"
)

const (
	maxPort = 65535
	maxHost = 253 // of a DNS name
)

// Address is one the cluster serves.
type Address struct {
	Network string `json:"network"` // "tcp", "unix", "udp"
	Host    string `json:"host"`    // "127.0.0.1", "::", or the path of a unix socket
	Port    int    `json:"port"`    // 0 for unix
}

// String is "127.0.0.1:3000", "[::]:3000" or the path.
func (a Address) String() string { return sock.Addr(a).String() }

// spec is the form ParseAddr reads.
func (a Address) spec() string {
	if a.Network == "unix" {
		return "unix:" + a.Host
	}
	return a.String()
}

// ParseAddr reads HOST:PORT, :PORT (all addresses), PORT (127.0.0.1) or
// unix:PATH. An IPv6 address stands in brackets. A name is not looked up here.
// The error says what was wrong and how it should look.
func ParseAddr(s string) (Address, error) {
	a, why := parseAddr(s)
	if why != "" {
		return Address{}, fmt.Errorf("address %s: %s", quote(s), why)
	}
	return a, nil
}

func parseAddr(s string) (a Address, why string) {
	if path, ok := strings.CutPrefix(s, "unix:"); ok {
		if why, _ := sock.BadUnixPath(path); why != "" {
			return a, why + "; for example unix:/tmp/muster.sock"
		}
		return Address{Network: "unix", Host: path}, ""
	}
	a = Address{Network: "tcp", Host: "127.0.0.1"}
	port := s
	switch {
	case s == "":
		return a, "it is empty; for example 127.0.0.1:3000"
	case strings.HasPrefix(s, "abstract:"):
		return a, "a socket without a file is not served here; for example unix:/tmp/muster.sock"
	case strings.Contains(s, "://"):
		return a, "it is a URL; leave out what stands before the host, for example 127.0.0.1:3000"
	case isDigits(s): // PORT
	case strings.HasPrefix(s, "["):
		host, rest, ok := strings.Cut(s[1:], "]")
		if !ok {
			return a, "the ] is missing; for example [::1]:3000"
		}
		ip, err := netip.ParseAddr(host)
		if err != nil || !ip.Is6() {
			return a, "what stands in brackets is not an IPv6 address; for example [::1]:3000"
		}
		if port, ok = strings.CutPrefix(rest, ":"); !ok {
			return a, "a : and a port must follow the ]; for example [::1]:3000"
		}
		a.Host = ip.String()
	default:
		i := strings.LastIndexByte(s, ':')
		if i < 0 {
			return a, "it has no port; for example 127.0.0.1:3000, :3000 or 3000"
		}
		a.Host, port = s[:i], s[i+1:]
		if why := badHost(a.Host); why != "" {
			return a, why
		}
	}
	n, err := strconv.Atoi(port)
	switch {
	case port == "":
		return a, "the port is missing; for example 127.0.0.1:3000"
	case !isDigits(port):
		return a, "the port is not a number; for example 127.0.0.1:3000"
	case err != nil || n > maxPort:
		return a, fmt.Sprintf("the port is not in 0..%d; for example 127.0.0.1:3000", maxPort)
	}
	a.Port = n
	return a, ""
}

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// badHost says why h cannot be a host without brackets. An empty h means all
// addresses.
func badHost(h string) string {
	switch {
	case strings.Contains(h, ":"):
		return "an IPv6 address must stand in brackets; for example [::1]:3000"
	case len(h) > maxHost:
		return fmt.Sprintf("the host has more than %d characters; for example 127.0.0.1:3000", maxHost)
	}
	for i := range len(h) {
		c := h[i]
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if !letter && c != '.' && c != '-' && c != '_' {
			return "the host may hold letters, digits, dots and hyphens only; for example 127.0.0.1:3000"
		}
	}
	return ""
}

// quote quotes a wrong input so that it cannot fill or upset a terminal.
func quote(s string) string {
	const most = 120
	if len(s) > most {
		return strconv.QuoteToASCII(s[:most]) + "..."
	}
	return strconv.QuoteToASCII(s)
}

// AddrError says why an address could not be listened on. Its text is one line
// for the user.
type AddrError struct {
	Addr    Address
	Err     error  // wraps the errno, if the system said no
	PID     int    // the process that holds the address, if it is in use; 0 = not known
	Process string // the name of that process, printable ASCII; "" = not known
}

// addrError makes an *AddrError of err, and finds out which process holds the
// address.
func addrError(a Address, err error) *AddrError {
	e := &AddrError{Addr: a, Err: err, PID: sock.Holder(sock.Addr(a), err)}
	if e.PID != 0 {
		e.Process = processName(e.PID)
	}
	return e
}

// openPort listens on an address. Its error is an *AddrError.
func openPort(a Address, o sock.Options) (*sock.Port, error) {
	p, err := sock.Open(sock.Addr(a), o)
	if err != nil {
		return nil, addrError(a, err)
	}
	return p, nil
}

// Error says what is wrong with the address and what to do.
func (e *AddrError) Error() string {
	return e.problem() + "; choose another with --addr"
}

func (e *AddrError) problem() string { return "address " + e.Addr.String() + " " + e.why() }

// programAddr is an address that a worker's program has chosen: muster's user
// cannot choose another.
type programAddr struct{ *AddrError }

func (e programAddr) Error() string { return e.problem() }

// Unwrap is Err: errors.Is(err, syscall.EADDRINUSE) works.
func (e *AddrError) Unwrap() error { return e.Err }

func (e *AddrError) why() string {
	var dns *net.DNSError
	switch {
	case errors.Is(e.Err, sock.ErrForeignFile):
		return "is the place of a file that is not a socket"
	case errors.Is(e.Err, syscall.EADDRINUSE):
		return "is in use" + e.holder()
	case errors.Is(e.Err, syscall.EADDRNOTAVAIL):
		return "is not one of this machine's"
	case errors.Is(e.Err, syscall.EACCES) && e.Addr.Network != "unix" && e.Addr.Port < 1024:
		return "needs a privilege this user does not have (ports below 1024)"
	case errors.Is(e.Err, syscall.EACCES) && e.Addr.Network == "unix":
		return "is in a place where this user may not make a socket"
	case errors.As(e.Err, &dns):
		return "has a host name that leads to no address"
	}
	return fmt.Sprintf("cannot be listened on: %v", e.Err)
}

func (e *AddrError) holder() string {
	switch {
	case e.PID == 0:
		return ""
	case e.Process == "":
		return fmt.Sprintf(" by pid %d", e.PID)
	}
	return fmt.Sprintf(" by pid %d (%s)", e.PID, e.Process)
}
