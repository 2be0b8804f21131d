package engine

import (
	"errors"
	"fmt"
	"net"
	"os"
	"reflect"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// Handle is a descriptor that came with a message, or goes with one. Who has
// it closes it. Its methods may be called from any goroutine.
type Handle struct {
	Kind HandleKind
	// File is the descriptor. Conn, Listener and PacketConn make something
	// useful of it.
	File *os.File

	once   sync.Once
	closed func() // tells the sender's bookkeeping
}

// NewHandle makes a handle of v: a *net.TCPConn, a stream *net.UnixConn, a
// *net.TCPListener, *net.UnixListener or a listener of Listen that shares its
// socket, a *net.UDPConn, the *os.File of such a socket, or another *Handle.
// It duplicates the descriptor, so v stays as it is and the caller's to close,
// and so is the handle.
//
// The duplicate is of the same open socket: reads, accepts, shutdowns and
// O_NONBLOCK on one are seen by the other. A *net.UnixListener that is closed
// removes its path, unless SetUnlinkOnClose says not to.
//
// The error wraps ErrHandle if v can be no handle, and net.ErrClosed or
// os.ErrClosed if it is closed.
func NewHandle(v any) (*Handle, error) {
	src, err := socketOf(v)
	if err != nil {
		return nil, err
	}
	rc, err := src.SyscallConn() // not Fd or File: they can make the socket blocking
	if err != nil {
		return nil, fmt.Errorf("making a handle of a %T: %w", v, err)
	}
	h := new(Handle)
	h.File, err = duplicate(rc, func(fd int) (err error) {
		h.Kind, err = socketKind(fd)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("making a handle of a %T: %w", v, err)
	}
	if from, ok := v.(*Handle); ok && from.Kind != "" {
		h.Kind = from.Kind // also one that only its sender understands
	}
	return h, nil
}

// socketOf finds what holds the descriptor of v.
func socketOf(v any) (syscall.Conn, error) {
	// Package net does not take a nil of its own types.
	if p := reflect.ValueOf(v); p.Kind() == reflect.Pointer && p.IsNil() {
		return nil, fmt.Errorf("making a handle of a nil %T: %w", v, ErrHandle)
	}
	switch v := v.(type) {
	case *net.TCPConn:
		return v, nil
	case *net.UnixConn:
		return v, nil
	case *net.TCPListener:
		return v, nil
	case *net.UnixListener:
		return v, nil
	case *net.UDPConn:
		return v, nil
	case *os.File:
		return v, nil
	case *Handle:
		return v.File, nil
	case interface{ sharedSocket() (syscall.Conn, error) }: // a listener of Listen
		return v.sharedSocket()
	}
	return nil, fmt.Errorf("making a handle of a %T: %w", v, ErrHandle)
}

// duplicate copies the descriptor of rc, close-on-exec, if check agrees.
func duplicate(rc syscall.RawConn, check func(fd int) error) (*os.File, error) {
	var f *os.File
	var ferr error
	err := rc.Control(func(fd uintptr) {
		if ferr = check(int(fd)); ferr != nil {
			return
		}
		n, err := unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0)
		if err != nil {
			ferr = os.NewSyscallError("fcntl", err)
			return
		}
		f = os.NewFile(uintptr(n), "handle")
	})
	switch {
	case err == nil:
		err = ferr
	case !errors.Is(err, net.ErrClosed):
		err = os.ErrClosed // what package os says here is not exported
	}
	return f, err
}

// Close closes the descriptor. A Node worker that gave us the connection and
// waits for its server's close hears of it. Closing twice is no error.
func (h *Handle) Close() error {
	var err error
	h.once.Do(func() {
		err = h.File.Close()
		if h.closed != nil {
			h.closed()
		}
	})
	return err
}

// Conn makes a *net.TCPConn or *net.UnixConn of a HandleSocket. It has a
// duplicate of the descriptor: h and the connection are both to be closed, and
// the peer sees the end when both are. A handle of another kind: an error that
// wraps ErrHandle.
func (h *Handle) Conn() (net.Conn, error) {
	return open(h, "net.Conn", HandleSocket, net.FileConn)
}

// Listener makes a *net.TCPListener or *net.UnixListener of a HandleServer. It
// has a duplicate of the descriptor: h and the listener are both to be closed,
// and connections are refused when all who hold the socket have closed it. The
// path of a unix socket stays. A handle of another kind: an error that wraps
// ErrHandle.
func (h *Handle) Listener() (net.Listener, error) {
	return open(h, "net.Listener", HandleServer, net.FileListener) // which unlinks no path
}

// PacketConn makes a *net.UDPConn of a HandleUDP. It has a duplicate of the
// descriptor: h and the connection are both to be closed. A handle of another
// kind: an error that wraps ErrHandle.
func (h *Handle) PacketConn() (net.PacketConn, error) {
	return open(h, "net.PacketConn", HandleUDP, net.FilePacketConn)
}

// open makes a value of package net of h, by the function file.
func open[T any](h *Handle, what string, kind HandleKind, file func(*os.File) (T, error)) (T, error) {
	var none T
	fail := func(err error) (T, error) {
		return none, fmt.Errorf("making a %s of a %s: %w", what, h.Kind, err)
	}
	if h.Kind != kind {
		return fail(ErrHandle)
	}
	rc, err := h.File.SyscallConn()
	if err != nil {
		return fail(err)
	}
	// package net asks a file for its descriptor and then works with the
	// number: it gets one of its own, that nobody closes meanwhile.
	f, err := duplicate(rc, func(fd int) error {
		// Kind is what the sender says; package net would make what is asked of
		// sockets that are something else.
		is, err := socketKind(fd)
		if err == nil && is != kind {
			err = fmt.Errorf("it is a %s: %w", is, ErrHandle)
		}
		return err
	})
	if err != nil {
		return fail(err)
	}
	defer f.Close()
	v, err := file(f)
	if err != nil {
		return fail(err)
	}
	return v, nil
}
