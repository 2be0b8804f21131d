// Package rawconn makes connections of descriptors, as cheaply as it can.
//
// On Linux a Conn keeps the one descriptor it was given. As long as it need not
// wait it reads and writes without the runtime's poller and without telling the
// scheduler of its system calls: a short request is there when its connection
// is, and its answer fits into one write. The first time it must wait it becomes
// an *os.File, which the poller knows. On other systems a connection is what
// package net makes of a descriptor.
//
// What may enter: descriptors, and package net. Nothing may enter that knows of
// a worker, a primary or a protocol.
//
// What it promises: a connection does all that package net says of a net.Conn,
// with its errors. Every descriptor given to New or Net is closed, at the latest
// by Close, or by New and Net if they fail.
package rawconn

import (
	"net"
	"net/netip"
	"os"
)

// Known is what is known of a connection before the system is asked.
type Known struct {
	Local  *net.TCPAddr   // nil = not known
	Remote netip.AddrPort // zero = not known
	// Prepared tells that it was accepted at a socket of Prepare.
	Prepared bool
}

// Net makes a connection of package net of a socket, a *net.TCPConn or a
// *net.UnixConn. It takes over fd, and needs a second descriptor for a moment.
func Net(fd int) (net.Conn, error) {
	f := os.NewFile(uintptr(fd), "connection")
	defer f.Close()
	return net.FileConn(f)
}
