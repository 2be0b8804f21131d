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

// Handle is a descriptor that came with a message, or is sent with one. Its
// holder must close it. Its methods may be called from any goroutine.
type Handle struct {
	Kind HandleKind
	// File is the descriptor. Conn, Listener and PacketConn turn it into a
	// value of package net.
	File *os.File

	once   sync.Once
	closed func() // tells the sender's bookkeeping
}

// NewHandle makes a handle of v: a *net.TCPConn, a stream *net.UnixConn, a
// *net.TCPListener, *net.UnixListener or a listener of Listen that shares its
// socket, a *net.UDPConn, the *os.File of such a socket, or another *Handle. It
// duplicates the descriptor, so v stays as it is. The caller must close both v
// and the handle.
//
// The duplicate is the same open socket: reads, accepts, shutdowns and
// O_NONBLOCK on one affect the other. A *net.UnixListener removes its path when
// it is closed, unless SetUnlinkOnClose says not to.
//
// The error wraps ErrHandle if v cannot be a handle, and net.ErrClosed or
// os.ErrClosed if v is closed.
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
		h.Kind = from.Kind // also a kind that only its sender understands
	}
	return h, nil
}

// socketOf finds the value that holds the descriptor of v.
func socketOf(v any) (syscall.Conn, error) {
	// Methods of package net's types fail on a nil pointer.
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

// duplicate copies the descriptor of rc, close-on-exec, if check returns no
// error.
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
		err = os.ErrClosed // the error of package os here is not exported
	}
	return f, err
}

// Close closes the descriptor. A Node worker that sent the connection and waits
// for its server's close is told. Closing twice is no error.
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

// Conn makes a *net.TCPConn or *net.UnixConn of a HandleSocket. The connection
// has a duplicate of the descriptor: the caller must close both h and the
// connection, and the peer sees the end when both are closed. For a handle of
// another kind the error wraps ErrHandle.
func (h *Handle) Conn() (net.Conn, error) {
	return open(h, "net.Conn", HandleSocket, net.FileConn)
}

// Listener makes a *net.TCPListener or *net.UnixListener of a HandleServer. The
// listener has a duplicate of the descriptor: the caller must close both h and
// the listener, and connections are refused when all holders of the socket have
// closed it. The path of a unix socket stays. For a handle of another kind the
// error wraps ErrHandle.
func (h *Handle) Listener() (net.Listener, error) {
	return open(h, "net.Listener", HandleServer, net.FileListener) // this listener unlinks no path
}

// PacketConn makes a *net.UDPConn of a HandleUDP. It has a duplicate of the
// descriptor: the caller must close both h and the connection. For a handle of
// another kind the error wraps ErrHandle.
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
	// number: it gets a descriptor of its own, so that nobody closes it
	// meanwhile.
	f, err := duplicate(rc, func(fd int) error {
		// Kind is what the sender says; package net would make the requested
		// type even of a wrong socket.
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
