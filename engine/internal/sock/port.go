package sock

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Options is how an address is to be listened on.
type Options struct {
	Backlog     int  // 0 = net.core.somaxconn
	IPv6Only    bool // an IPv6 address takes no IPv4 connections
	ReadableAll bool // unix: everybody may read the path
	WritableAll bool // unix: everybody may write to the path, that is connect
	Sockets     int  // how many the gate is to choose from; less than 2: one socket, and no gate
}

const maxPort = 65535

const (
	whyFixedUnix   = "a unix socket keeps the policy it started with"
	whyFixedChosen = "this address keeps the policy it started with"
	whyFixedSpoilt = "a worker has shut down a socket of this address, and only the primary's own can be relied on"
)

// Port is the listening sockets of one address. The gate tells the kernel which
// of them get new connections. Without a gate there is one socket, and every
// Gate means it.
//
// No socket is closed while the address lives: the kernel resets the
// connections that wait on a listening socket when it is closed.
//
// A Port is not safe for concurrent use. It belongs to one goroutine; only the
// accept goroutine runs beside that one.
type Port struct {
	addr     Addr   // as bound, with the real port
	whyFixed string // why it has no gate, for the user

	front  *os.File    // owns the first socket; in the runtime's poller
	socks  []int       // in the order of listen(2): the index here is the gate's
	way    Way         // the program in force
	turns  turns       // puts it there
	spoilt bool        // a socket was shut down: there is no gate any more
	name   *Name       // of a unix socket
	acc    *acceptor   // nil until StartAccept
	closed atomic.Bool // atomic: the end of a unix socket may be begun in another goroutine while the port is closed
}

// Addr is an address to listen on, or listened on.
type Addr struct {
	Network string // "tcp", "unix", "udp"
	Host    string // a host's address or name, or the path of a unix socket
	Port    int
}

// String is "127.0.0.1:3000", "[::]:3000" or the path.
func (a Addr) String() string {
	if a.Network == "unix" {
		return a.Host
	}
	return net.JoinHostPort(a.Host, strconv.Itoa(a.Port))
}

// Open binds an address and starts to listen on it.
func Open(a Addr, o Options) (*Port, error) {
	switch a.Network {
	case "tcp":
		return OpenTCP(a, o)
	case "unix":
		return openUnix(a, o)
	}
	return nil, fmt.Errorf("network %q is not tcp or unix: %w", a.Network, syscall.EAFNOSUPPORT)
}

// OpenTCP listens on one of the host's addresses, see pickAddr. Without a host
// it listens on every address of the machine, by IPv6 if the machine has it.
func OpenTCP(a Addr, o Options) (*Port, error) {
	if a.Port < 0 || a.Port > maxPort {
		return nil, fmt.Errorf("port %d is not in 0..%d: %w", a.Port, maxPort, syscall.EINVAL)
	}
	if a.Host != "" {
		ip, err := Resolve(context.Background(), a.Host)
		if err != nil {
			return nil, err
		}
		return listenTCP(netip.AddrPortFrom(ip, uint16(a.Port)), o)
	}
	p, err := listenTCP(netip.AddrPortFrom(netip.IPv6Unspecified(), uint16(a.Port)), o)
	if err != nil && noIPv6(err) && !o.IPv6Only {
		return listenTCP(netip.AddrPortFrom(netip.IPv4Unspecified(), uint16(a.Port)), o)
	}
	return p, err
}

// noIPv6 reports whether listening on [::] failed because the machine has no
// IPv6. A port in use is no reason to serve IPv4 alone as if all was well.
func noIPv6(err error) bool {
	return errors.Is(err, syscall.EAFNOSUPPORT) || errors.Is(err, syscall.EADDRNOTAVAIL) ||
		errors.Is(err, syscall.EPROTONOSUPPORT)
}

// listenTCP makes the sockets: the first, called front, and the others the gate
// chooses from, if there is to be a gate.
//
// front is bound and listens without SO_REUSEPORT, the only way to learn that
// the address is in use, and gets the option afterwards. There is no moment in
// which another program, or another muster of this user, can slip in between a
// trial and the real thing, and no connection is lost to a trial.
func listenTCP(at netip.AddrPort, o Options) (*Port, error) {
	fd, err := newTCPSocket(at.Addr(), o.IPv6Only)
	if err != nil {
		return nil, err
	}
	why := whyFixedChosen
	if o.Sockets > 1 {
		why = ""
		if err := prepareGate(fd); err != nil {
			why = whyNoGate(err)
		}
	}
	if err := bindAndListen(fd, at, o.Backlog); err != nil {
		_ = unix.Close(fd)
		return nil, err
	}
	num, err := boundPort(fd) // if it was 0, the kernel has chosen one
	if err != nil {
		_ = unix.Close(fd)
		return nil, err
	}
	bound := netip.AddrPortFrom(at.Addr(), num)
	socks := []int{fd}
	for why == "" && len(socks) < o.Sockets {
		next, err := joinGroup(fd, bound, o)
		if err == nil {
			socks = append(socks, next)
			continue
		}
		few := OutOfResources(err) && len(socks) >= int(Own(0))
		keep := 1
		if few { // a worker without a socket of its own is served by the primary
			keep = int(Own(0))
		}
		for len(socks) > keep { // the last first: the kernel moves the last into the place of one that goes
			_ = unix.Close(socks[len(socks)-1])
			socks = socks[:len(socks)-1]
		}
		if few {
			break
		}
		if OutOfResources(err) {
			_ = unix.Close(fd)
			return nil, err
		}
		_ = setReusePort(fd, false) // a kernel that is not quite Linux: go on with one socket
		why = whyNoGate(err)
	}
	p, err := newPort(socks...)
	if err != nil {
		return nil, err
	}
	p.addr = Addr{Network: "tcp", Host: bound.Addr().String(), Port: int(bound.Port())}
	p.whyFixed = why
	return p, nil
}

// newPort takes over the descriptors, even if it fails.
func newPort(socks ...int) (*Port, error) {
	f := os.NewFile(uintptr(socks[0]), "listener") // non-blocking, so it joins the poller
	if err := f.SetReadDeadline(time.Time{}); err != nil {
		_ = f.Close()
		for _, fd := range socks[1:] {
			_ = unix.Close(fd)
		}
		return nil, fmt.Errorf("watching a listening socket: %w", err)
	}
	return &Port{front: f, socks: socks, way: To(Front)}, nil
}

// joinGroup makes one more socket of front's group.
func joinGroup(front int, at netip.AddrPort, o Options) (int, error) {
	if err := setReusePort(front, true); err != nil {
		return -1, err
	}
	fd, err := newTCPSocket(at.Addr(), o.IPv6Only)
	if err != nil {
		return -1, err
	}
	if err = setReusePort(fd, true); err == nil {
		err = bindAndListen(fd, at, o.Backlog)
	}
	if err != nil {
		_ = unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// SetGate sends new connections the way that w says, atomically. Connections
// that already wait stay in their socket's queue. Every socket w names must be
// there, see Owns.
func (p *Port) SetGate(w Way) error {
	if !p.Can().Gate {
		return errors.New(p.whyFixed)
	}
	for _, g := range w.to {
		if g < 0 || int(g) >= len(p.socks) {
			return fmt.Errorf("gate of %s to %s: there are %d sockets", p.addr, w, len(p.socks))
		}
	}
	if p.way.equal(w) {
		return nil
	}
	if err := p.turns.attach(p.socks[0], w); err != nil {
		return fmt.Errorf("gate of %s to %s: %w", p.addr, w, err)
	}
	p.way = w
	return nil
}

// LookSpoilt tells whether a socket does not listen any more, because a worker has
// called shutdown(2), which ends it for all that have it. The kernel has moved the
// last socket of the group into its place, so that the program picks others than it
// means. Then p has no gate from now on: every new connection goes to front, whose
// place is the first and stays.
func (p *Port) LookSpoilt() (spoilt bool, err error) {
	if p.spoilt || !p.gated() || p.closed.Load() || !slices.ContainsFunc(p.socks, shutDown) {
		return p.spoilt, nil
	}
	p.spoilt, p.whyFixed = true, whyFixedSpoilt
	if err := attachGate(p.socks[0], To(Front)); err != nil {
		return true, fmt.Errorf("gate of %s to %s: %w", p.addr, To(Front), err)
	}
	p.way = To(Front)
	return true, nil
}

// Unblock makes the sockets that workers accept on non-blocking again, if one of them
// has been made blocking, and tells whether that was so. Accept would wait there, in
// every process that has the socket.
func (p *Port) Unblock() (wasBlocking bool) {
	if p.closed.Load() {
		return false
	}
	for _, fd := range p.socks[min(int(Common), len(p.socks)-1):] {
		flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
		if err == nil && flags&unix.O_NONBLOCK == 0 && unix.SetNonblock(fd, true) == nil {
			wasBlocking = true
		}
	}
	return wasBlocking
}

// Owns is how many sockets p has that belong to one worker each: Own(0) to
// Own(n-1).
func (p *Port) Owns() int { return max(len(p.socks)-int(Own(0)), 0) }

func (p *Port) gated() bool { return len(p.socks) > 1 }

// Can is what the sockets of an address are able to do, for the rules that
// decide by it.
type Can struct {
	Accept   bool   // the primary can accept there: connections come, not datagrams
	Gate     bool   // the kernel can be told which socket gets new connections
	WhyFixed string // why there is no gate, for the user
}

// Can is what the sockets of p are able to do.
func (p *Port) Can() Can {
	return Can{Accept: p.addr.Network != "udp", Gate: p.gated() && !p.spoilt, WhyFixed: p.whyFixed}
}

// Addr is what p is bound to, with the real port.
func (p *Port) Addr() Addr { return p.addr }

// Name is the path of a unix socket; nil where there is none.
func (p *Port) Name() *Name { return p.name }

// Closed tells whether p has been closed. Any goroutine may ask.
func (p *Port) Closed() bool { return p.closed.Load() }

// FD is the descriptor of the socket with that index, which workers get a copy
// of. The port keeps it: the caller sends it and does not close it.
func (p *Port) FD(i Gate) int {
	if p.gated() {
		return p.socks[i]
	}
	return p.socks[0]
}

// WaitingAt is how many connections wait in the kernel to be accepted at the
// socket with that index; 0 where that is not known (unix sockets, not Linux).
func (p *Port) WaitingAt(i Gate) int {
	if p.closed.Load() || p.addr.Network != "tcp" {
		return 0
	}
	return queued(p.FD(i))
}

// Waiting is how many connections wait at all of p's sockets together.
func (p *Port) Waiting() int {
	n := 0
	for i := range p.socks {
		n += p.WaitingAt(Gate(i))
	}
	return n
}

// Quiet begins the end of the address: clients that have not begun to connect
// are not let in any more; the connections of those that have begun still reach
// the queues. Give them 50 ms, drain, and close.
func (p *Port) Quiet() error {
	if p.closed.Load() || p.addr.Network == "udp" {
		return nil
	}
	if p.name != nil {
		return p.name.remove() // a client that finds no name cannot connect
	}
	var err error
	for _, fd := range p.socks {
		err = errors.Join(err, refuseNew(fd))
	}
	if err != nil {
		return fmt.Errorf("quieting %s: %w", p.addr, err)
	}
	return nil
}

// Close ends the accept goroutine and waits for it, including a deliver that is
// under way; then it closes the sockets and removes the path of a unix socket.
// Connections that still wait are reset. Another goroutine than the owner may
// call Close if the owner has let go of the port.
func (p *Port) Close() error {
	if p.closed.Load() {
		return nil
	}
	p.stopAccept()
	p.closed.Store(true)
	var err error
	if p.name != nil {
		err = p.name.remove() // before the close: an open socket keeps its inode number from being used again
	}
	if p.gated() {
		// A worker that has said that it closes its server may not have closed
		// its copy of the socket yet, and a process that is being forked has a
		// copy until its exec. Without this the address would be in use until
		// these copies are closed.
		for _, fd := range p.socks {
			if e := unix.Shutdown(fd, unix.SHUT_RDWR); e != unix.ENOTCONN { // a worker may have done it already
				err = errors.Join(err, os.NewSyscallError("shutdown", e))
			}
		}
	}
	p.turns.close()
	err = errors.Join(err, p.front.Close())
	for _, fd := range p.socks[1:] {
		err = errors.Join(err, os.NewSyscallError("close", unix.Close(fd)))
	}
	if err != nil {
		return fmt.Errorf("closing %s: %w", p.addr, err)
	}
	return nil
}
