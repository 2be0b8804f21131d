package engine

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// exclusive makes a listener for this worker alone.
type exclusive struct {
	net.Listener
	open *openSet
}

func (e *exclusive) Close() error {
	e.open.forget(e, "")
	return e.Listener.Close()
}

// exclusivePacket makes a UDP socket for this worker alone.
type exclusivePacket struct {
	*net.UDPConn
	open *openSet
}

func (e *exclusivePacket) Close() error {
	e.open.forget(e, "")
	return e.UDPConn.Close()
}

func (a *addresses) listenExclusive(lc ListenConfig, network, address string) (net.Listener, error) {
	fail := func(err error) (net.Listener, error) {
		return nil, a.listenError(network, namedAddr{network, address}, innerErr(err))
	}
	how := net.ListenConfig{}
	ln, err := how.Listen(context.Background(), lc.only6(network, "tcp"), address)
	if err != nil {
		return fail(err)
	}
	if err := lc.setUp(ln); err != nil {
		_ = ln.Close()
		return fail(err)
	}
	e := &exclusive{ln, a.open}
	if !a.open.adopt(e, "", nil) {
		_ = ln.Close()
		return fail(net.ErrClosed)
	}
	return e, nil
}

func (a *addresses) packetExclusive(lc ListenConfig, network, address string) (net.PacketConn, error) {
	fail := func(err error) (net.PacketConn, error) {
		return nil, a.listenError(network, namedAddr{network, address}, innerErr(err))
	}
	network6 := lc.only6(network, "udp")
	local, err := net.ResolveUDPAddr(network6, address)
	if err != nil {
		return fail(err)
	}
	udp, err := net.ListenUDP(network6, local)
	if err != nil {
		return fail(err)
	}
	e := &exclusivePacket{udp, a.open}
	if !a.open.adopt(e, "", nil) {
		_ = udp.Close()
		return fail(net.ErrClosed)
	}
	return e, nil
}

// only6 is the network on which package net takes no IPv4, if that is wanted.
func (lc ListenConfig) only6(network, plain string) string {
	if lc.IPv6Only && network == plain {
		return plain + "6"
	}
	return network
}

// setUp sets what package net has no option for.
func (lc ListenConfig) setUp(ln net.Listener) error {
	if u, ok := ln.(*net.UnixListener); ok && (lc.ReadableAll || lc.WritableAll) {
		if err := lc.openPath(u.Addr().String()); err != nil {
			return err
		}
	}
	sc, ok := ln.(syscall.Conn)
	if lc.Backlog <= 0 || !ok {
		return nil
	}
	rc, err := sc.SyscallConn()
	if err != nil {
		return err
	}
	var lerr error
	// listen(2) on a socket that listens changes its backlog.
	err = rc.Control(func(fd uintptr) { lerr = os.NewSyscallError("listen", unix.Listen(int(fd), lc.Backlog)) })
	return errors.Join(err, lerr)
}

func (lc ListenConfig) openPath(path string) error {
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	mode := info.Mode().Perm()
	if lc.ReadableAll {
		mode |= fs.FileMode(0o444)
	}
	if lc.WritableAll {
		mode |= fs.FileMode(0o222)
	}
	return os.Chmod(path, mode)
}

// innerErr is the cause in an error of package net, without the address.
func innerErr(err error) error {
	if op := (*net.OpError)(nil); errors.As(err, &op) {
		return op.Err
	}
	return err
}
