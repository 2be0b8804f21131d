//go:build !linux

package rawconn

import "net"

// OneDescriptor tells whether New needs no descriptor but the one it is given,
// and so cannot fail.
const OneDescriptor = false

// New is Net: there is no better connection here.
func New(_ string, fd int, _ Known) (net.Conn, error) { return Net(fd) }

// Prepare does nothing: package net sets the options of every connection.
func Prepare(int) {}

// AsNet returns conn.
func AsNet(conn net.Conn) (net.Conn, error) { return conn, nil }
