package engine

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"syscall"

	"muster/ipc"
)

// Listen listens in a worker. It asks the primary, as Node does: workers that
// listen on the same address share it, and port 0 gives all of them the same
// port; a second port 0 of one worker is another port, and a worker that asks for
// such a port by its number shares it. Connections come from the
// primary (rr) or from the shared socket, as the cluster's policy has it at that
// moment. network is "tcp", "tcp4", "tcp6" or "unix". As in package net "tcp6"
// takes no IPv4 connections, and "tcp" without a host, or with [::], takes both
// kinds; with 0.0.0.0 it takes IPv4 alone, as in Node. A relative path counts
// from the primary's directory.
//
// The error names worker and address. That of an address that cannot be had
// wraps the primary's errno in a *net.OpError: EADDRINUSE also if this very
// worker listens there; a later try may succeed. After the worker has begun to
// leave it is net.ErrClosed, in a process that is no worker ErrNotWorker. Any
// goroutine may call it.
func Listen(network, address string) (net.Listener, error) {
	return ListenConfig{}.Listen(network, address)
}

// ListenPacket receives UDP in a worker. It asks the primary, as Node does:
// workers that ask for the same address share one socket, and each datagram goes
// to the worker that reads first. network is "udp", "udp4" or "udp6", as in
// package net; without a host "udp" takes both kinds of addresses, and only
// "udp4" shares with Node's udp4. What it returns is a *net.UDPConn with a Close
// of its own. Errors are as in Listen.
func ListenPacket(network, address string) (net.PacketConn, error) {
	return ListenConfig{}.ListenPacket(network, address)
}

// ListenFD listens in a worker on a socket the primary was started with, which
// has the number fd there (Node: server.listen({fd})). Numbers start at 3; one
// the primary does not have is EBADF. Otherwise it is as Listen.
func ListenFD(fd int) (net.Listener, error) {
	c := self.Load()
	if c == nil {
		return nil, fmt.Errorf("listen on descriptor %d of the primary: %w", fd, ErrNotWorker)
	}
	return c.listenFD(fd)
}

// ListenConfig is how to listen (Node: the options of server.listen). The zero
// value is that of Listen. Who listens first on an address decides for all who
// share it.
type ListenConfig struct {
	// Exclusive makes a socket of this worker's own: nothing is shared, the
	// primary hears nothing of it, and a second worker gets EADDRINUSE. It is
	// closed on a disconnect as the others are.
	Exclusive bool
	// IPv6Only keeps IPv4 connections out of an address like [::], so that the
	// IPv4 port stays free.
	IPv6Only bool
	// ReadableAll and WritableAll open the path of a unix socket to all users; to
	// connect they must be able to write it.
	ReadableAll, WritableAll bool
	// Backlog is how many connections may wait in the kernel, at most what the
	// system allows. Default 0: as many as that.
	Backlog int
}

// Listen is the package's Listen, in this way.
func (lc ListenConfig) Listen(network, address string) (net.Listener, error) {
	c := self.Load()
	switch {
	case c == nil:
		return nil, fmt.Errorf("listen on %s: %w", address, ErrNotWorker)
	case lc.Exclusive:
		return c.listenExclusive(lc, network, address)
	}
	return c.listen(lc, network, address)
}

// ListenPacket is the package's ListenPacket, in this way. Backlog and the mode
// of a path mean nothing to it.
func (lc ListenConfig) ListenPacket(network, address string) (net.PacketConn, error) {
	c := self.Load()
	switch {
	case c == nil:
		return nil, fmt.Errorf("listen on %s: %w", address, ErrNotWorker)
	case lc.Exclusive:
		return c.packetExclusive(lc, network, address)
	}
	return c.listenPacket(lc, network, address)
}

func (c *Child) listen(lc ListenConfig, network, address string) (net.Listener, error) {
	q, addr, err := lc.query(network, address)
	if err != nil {
		return nil, c.listenError(network, namedAddr{network, address}, err)
	}
	return c.listenAt(network, addr, q)
}

func (c *Child) listenFD(fd int) (net.Listener, error) {
	addr := namedAddr{"fd", "descriptor " + strconv.Itoa(fd) + " of the primary"}
	if fd < 3 { // its standard streams; and 0 has no form on the channel
		return nil, c.listenError("fd", addr, syscall.EBADF)
	}
	return c.listenAt("fd", addr, ipc.Query{FD: fd, Port: -1})
}

// listenAt asks for a listening socket. addr is what it will be told as, if
// nothing better is known.
func (c *Child) listenAt(network string, addr net.Addr, q ipc.Query) (net.Listener, error) {
	m, free, err := c.bind(&q)
	if err != nil {
		return nil, c.listenError(network, addr, err)
	}
	l := &listener{c: c, key: m.Cluster.Key, addr: addr, free: free}
	l.change.L = &l.mu
	if m.FD >= 0 {
		if err := l.share(m.FD); err != nil {
			c.giveBack(l.key, free)
			return nil, c.listenError(network, addr, err)
		}
	}
	if sn := m.Cluster.Sockname; sn != nil {
		q.Port = sn.Port
		l.addr = &net.TCPAddr{IP: net.ParseIP(sn.Address), Port: sn.Port}
	} else if l.common != nil && network != "unix" {
		l.addr = localAddr(l.common, l.addr)
		if a, ok := l.addr.(*net.TCPAddr); ok {
			q.Port = a.Port
		}
	}
	if !c.open.adopt(l, l.key, l) {
		_ = l.Close()
		return nil, c.listenError(network, addr, net.ErrClosed)
	}
	c.questions.say(ipc.Listening{Seq: c.questions.nextSeq(), Query: q})
	c.counts.changed()
	return l, nil
}

// localAddr is the address a listening socket is bound to; or if it cannot be
// asked for.
func localAddr(f *os.File, or net.Addr) net.Addr {
	ln, err := (&Handle{Kind: HandleServer, File: f}).Listener()
	if err != nil {
		return or
	}
	defer ln.Close()
	return ln.Addr()
}

// bind asks the primary for an address. The answer holds its key, and mostly a
// descriptor; when it is not used any more, or cannot be, giveBack must follow.
func (c *Child) bind(q *ipc.Query) (m ipc.Message, free func(), err error) {
	c.mu.Lock()
	if c.left {
		c.mu.Unlock()
		return m, nil, net.ErrClosed
	}
	q.Index, free = c.takeIndex(q)
	c.mu.Unlock()
	// A primary that thinks we leave does not answer.
	m, err = c.questions.ask(func(seq int64) any { return ipc.QueryServer{Seq: seq, Query: *q} }, c.leaving)
	if err == nil && m.Cluster.HasErrno && m.Cluster.Errno < 0 {
		closeFD(m.FD)
		err = os.NewSyscallError("bind", syscall.Errno(-m.Cluster.Errno))
	}
	if err == nil && m.Missing {
		c.giveBack(m.Cluster.Key, func() {})
		err = os.NewSyscallError("recvmsg", syscall.EMFILE)
	}
	if errors.Is(err, ErrChannelClosed) {
		select {
		case <-c.leaving: // the order has come meanwhile, and the channel's end after it
			err = net.ErrClosed
		default:
		}
	}
	if err != nil {
		free()
		return m, nil, err
	}
	return m, free, nil
}

// giveBack tells the primary that a socket is not used any more.
func (c *Child) giveBack(key string, free func()) {
	free()
	c.questions.say(ipc.CloseKey{Seq: c.questions.nextSeq(), Key: key})
}

// indexSet numbers the sockets of one address, so that the primary can tell two
// servers on port 0 apart. It starts again when none is left, so that a worker
// that closes and listens again meets the others (Node does the same).
type indexSet struct{ next, used int }

// takeIndex takes the next index of q's address; free gives it back. Held: mu.
func (c *Child) takeIndex(q *ipc.Query) (index int, free func()) {
	key := *q
	key.Index = 0
	name := queryKey(&key)
	s := c.indexes[name]
	if s == nil {
		s = new(indexSet)
		c.indexes[name] = s
	}
	index = s.next
	s.next++
	s.used++
	return index, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if s.used--; s.used == 0 {
			delete(c.indexes, name)
		}
	}
}

// listenError is an error of a listen, with worker and address.
func (c *Child) listenError(network string, addr net.Addr, err error) error {
	return fmt.Errorf("worker %d: %w", c.id, &net.OpError{Op: "listen", Net: network, Addr: addr, Err: err})
}

// namedAddr is an address as it was given.
type namedAddr struct{ network, text string }

func (a namedAddr) Network() string { return a.network }
func (a namedAddr) String() string  { return a.text }
