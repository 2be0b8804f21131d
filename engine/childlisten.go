package engine

import (
	"fmt"
	"net"
)

// Listen listens in a worker. It asks the primary, as Node does: workers that
// listen on the same address share it, and port 0 gives all of them the same
// port; a second port 0 of one worker is another port, and a worker that asks for
// such a port by its number shares it. Connections come from the primary, from the
// shared socket or from one of the worker's own, as the cluster's policy has it at
// that moment. network is "tcp", "tcp4", "tcp6" or "unix". As in package net "tcp6"
// takes no IPv4 connections, and "tcp" without a host, or with [::], takes both
// kinds; with 0.0.0.0 it takes IPv4 alone, as in Node. A relative path counts
// from the primary's directory.
//
// The error names worker and address. If the address cannot be had it wraps the
// primary's errno in a *net.OpError: EADDRINUSE also if this very worker
// listens there; a later try may succeed. It wraps net.ErrClosed after the
// worker has begun to leave, and ErrNotWorker in a process that is no worker.
// Any goroutine may call Listen.
func Listen(network, address string) (net.Listener, error) {
	return ListenConfig{}.Listen(network, address)
}

// ListenPacket receives UDP in a worker. It asks the primary, as Node does:
// workers that ask for the same address share one socket, and each datagram
// goes to the worker that reads first. network is "udp", "udp4" or "udp6", as
// in package net; without a host "udp" takes both kinds of addresses, and only
// "udp4" shares with Node's udp4. It returns a *net.UDPConn with a Close of its
// own. Errors are as in Listen.
func ListenPacket(network, address string) (net.PacketConn, error) {
	return ListenConfig{}.ListenPacket(network, address)
}

// ListenFD listens in a worker on a socket the primary was started with, which
// has the number fd there (Node: server.listen({fd})). Numbers start at 3; a
// number the primary does not have gives EBADF. Otherwise ListenFD is as
// Listen.
func ListenFD(fd int) (net.Listener, error) {
	c := self.Load()
	if c == nil {
		return nil, fmt.Errorf("listen on descriptor %d of the primary: %w", fd, ErrNotWorker)
	}
	return c.addresses.listenFD(fd)
}

// Listen is the package's Listen with this configuration.
func (lc ListenConfig) Listen(network, address string) (net.Listener, error) {
	c := self.Load()
	switch {
	case c == nil:
		return nil, fmt.Errorf("listen on %s: %w", address, ErrNotWorker)
	case lc.Exclusive:
		return c.addresses.listenExclusive(lc, network, address)
	}
	return c.addresses.listen(lc, network, address)
}

// ListenPacket is the package's ListenPacket with this configuration. It
// ignores Backlog and the mode of a path.
func (lc ListenConfig) ListenPacket(network, address string) (net.PacketConn, error) {
	c := self.Load()
	switch {
	case c == nil:
		return nil, fmt.Errorf("listen on %s: %w", address, ErrNotWorker)
	case lc.Exclusive:
		return c.addresses.packetExclusive(lc, network, address)
	}
	return c.addresses.listenPacket(lc, network, address)
}
