package rawconn

import (
	"cmp"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"muster/engine/internal/pulse"
)

// OneDescriptor tells whether New needs no descriptor but the one it is given,
// and so cannot fail.
const OneDescriptor = true

// Conn is a connection over one descriptor. Any goroutine may call its methods.
type Conn struct {
	network string // "tcp" or "unix"
	known   Known

	writing sync.Mutex // held for a whole Write, so that two do not mix; taken before mu

	mu              sync.Mutex // held while fd is used outside file
	fd              int
	file            *os.File        // owns fd; nil until the connection has had to wait
	ready           syscall.RawConn // of file
	second          net.Conn        // over a copy of fd; nil until ReadFrom needs it
	closed          bool
	noDelay         bool      // TCP_NODELAY is set
	readBy, writeBy time.Time // deadlines, zero = none
	local, remote   net.Addr  // nil = not asked yet

	reading sync.Mutex            // held for a Read that waits; taken before mu
	into    []byte                // what it reads into
	got     int                   // and how much it has
	failed  syscall.Errno         // or why it has nothing
	receive func(fd uintptr) bool // made once, so that such a Read allocates nothing
}

// New makes a connection of a stream socket, which it takes over.
// network is "tcp" or "unix". It never fails on Linux.
func New(network string, fd int, known Known) (net.Conn, error) {
	return &Conn{network: network, fd: fd, known: known, noDelay: known.Prepared}, nil
}

// Prepare sets on a listening TCP socket what a connection needs: Linux gives it to
// every connection that is accepted there.
func Prepare(fd int) {
	setNoDelay(fd)
	setKeepAlive(fd)
}

// AsNet makes a *net.TCPConn or *net.UnixConn of a connection of New, and closes
// the latter; others it returns. On an error conn is as it was.
func AsNet(conn net.Conn) (net.Conn, error) {
	c, ok := conn.(*Conn)
	if !ok {
		return conn, nil
	}
	c.mu.Lock()
	plain, err := c.copied()
	c.mu.Unlock()
	if err == nil {
		_ = c.Close()
	}
	return plain, err
}

// copied makes a connection of package net over a copy of fd; mu is held.
func (c *Conn) copied() (net.Conn, error) {
	if c.closed {
		return nil, net.ErrClosed
	}
	fd, err := unix.FcntlInt(uintptr(c.fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("fcntl", err)
	}
	return Net(fd)
}

// Read is net.Conn's.
func (c *Conn) Read(b []byte) (int, error) {
	n, ready, err := c.readNow(b)
	if ready != nil {
		n, err = c.readReady(ready, b)
	}
	return n, c.opError("read", err)
}

// readNow reads if the connection has not had to wait yet, and need not. Otherwise
// it returns what waits.
func (c *Conn) readNow(b []byte) (int, syscall.RawConn, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed:
		return 0, nil, net.ErrClosed
	case len(b) == 0:
		return 0, nil, nil
	case c.file != nil:
		return 0, c.ready, nil
	case passed(c.readBy):
		return 0, nil, os.ErrDeadlineExceeded
	}
	n, errno := recv(c.fd, b)
	if errno == unix.EAGAIN {
		_ = c.wait()
		return 0, c.ready, nil
	}
	n, err := brought(n, errno)
	return n, nil, err
}

// readReady reads when there is something.
func (c *Conn) readReady(ready syscall.RawConn, b []byte) (int, error) {
	c.reading.Lock()
	defer c.reading.Unlock()
	c.into = b
	err := ready.Read(c.receive)
	c.into = nil
	if err == nil {
		return brought(c.got, c.failed)
	}
	if err != os.ErrDeadlineExceeded && c.isClosed() { // the poller has an error of its own for that
		err = net.ErrClosed
	}
	return 0, err
}

// brought is what a receive has brought.
func brought(n int, errno syscall.Errno) (int, error) {
	switch {
	case errno != 0:
		return 0, errno
	case n == 0:
		return 0, io.EOF
	}
	pulse.Beat()
	return n, nil
}

func (c *Conn) isClosed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed
}

// Write is net.Conn's.
func (c *Conn) Write(b []byte) (int, error) {
	c.writing.Lock()
	defer c.writing.Unlock()
	n, err := c.write(b)
	return n, c.opError("write", err)
}

func (c *Conn) write(b []byte) (int, error) {
	done := 0
	for {
		n, f, err := c.writeNow(b[done:])
		if f != nil {
			n, err = f.Write(b[done:])
		}
		done += n
		if done == len(b) || err != nil {
			return done, err
		}
	}
}

// inCalls bounds the bytes of a Write that are worth several calls; one of more
// is left to the file.
const inCalls = 4 * callMax

// writeNow writes a part if nothing has to be waited for. Otherwise it returns
// the file that can wait.
func (c *Conn) writeNow(b []byte) (int, *os.File, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		switch {
		case c.closed:
			return 0, nil, net.ErrClosed
		case passed(c.writeBy):
			return 0, nil, os.ErrDeadlineExceeded
		case len(b) == 0:
			return 0, nil, nil
		case len(b) > inCalls:
			return 0, c.wait(), nil
		}
		c.setNoDelay()
		n, errno := send(c.fd, b)
		switch errno {
		case unix.EINTR:
		case unix.EAGAIN:
			return 0, c.wait(), nil
		case 0:
			pulse.Beat()
			return n, nil, nil
		default:
			return 0, nil, errno
		}
	}
}

func passed(deadline time.Time) bool { return !deadline.IsZero() && time.Until(deadline) <= 0 }

// wait makes the file, which can wait; mu is held, and c is not closed.
func (c *Conn) wait() *os.File {
	if c.file != nil {
		return c.file
	}
	// A primary that is not ours may give blocking sockets. Before NewFile, which
	// looks at the flag to choose how to wait.
	setNonblock(c.fd)
	c.file = os.NewFile(uintptr(c.fd), "connection")
	c.ready, _ = c.file.SyscallConn() // fails only for a closed file
	c.receive = func(fd uintptr) bool {
		c.got, c.failed = recv(int(fd), c.into)
		return c.failed != unix.EAGAIN
	}
	if !c.readBy.IsZero() {
		_ = c.file.SetReadDeadline(c.readBy) // fails only for what the poller does not take, and then reads fail too
	}
	if !c.writeBy.IsZero() {
		_ = c.file.SetWriteDeadline(c.writeBy)
	}
	c.setNoDelay()
	if c.network == "tcp" && !c.known.Prepared {
		setKeepAlive(c.fd)
	}
	return c.file
}

// setNoDelay comes before the first byte is sent; mu is held.
func (c *Conn) setNoDelay() {
	if c.noDelay || c.network != "tcp" {
		return
	}
	c.noDelay = true
	setNoDelay(c.fd)
}

func setNoDelay(fd int) { setOption(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1) }

// setKeepAlive sets what package net sets. It is needed only by a connection
// that waits.
func setKeepAlive(fd int) {
	const seconds, probes = 15, 9
	setOption(fd, unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1)
	setOption(fd, unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, seconds)
	setOption(fd, unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, seconds)
	setOption(fd, unix.IPPROTO_TCP, unix.TCP_KEEPCNT, probes)
}

// SetDeadline is net.Conn's.
func (c *Conn) SetDeadline(t time.Time) error { return c.setDeadlines(t, true, true) }

// SetReadDeadline is net.Conn's.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.setDeadlines(t, true, false) }

// SetWriteDeadline is net.Conn's.
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.setDeadlines(t, false, true) }

func (c *Conn) setDeadlines(t time.Time, read, write bool) error {
	c.mu.Lock()
	err := error(nil)
	if c.closed {
		err = net.ErrClosed
	} else {
		err = c.setOpen(t, read, write)
	}
	c.mu.Unlock()
	return c.opError("set", err)
}

// setOpen sets deadlines of a connection that is open; mu is held.
func (c *Conn) setOpen(t time.Time, read, write bool) error {
	var reading, writing, second error
	if read {
		c.readBy = t
		if c.file != nil {
			reading = c.file.SetReadDeadline(t)
		}
	}
	if write {
		c.writeBy = t
		if c.file != nil {
			writing = c.file.SetWriteDeadline(t)
		}
		if c.second != nil {
			second = c.second.SetWriteDeadline(t)
		}
	}
	return cmp.Or(reading, writing, second)
}

// Close is net.Conn's.
func (c *Conn) Close() error {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return c.opError("close", net.ErrClosed)
	}
	_, _ = c.localAddr(), c.remoteAddr() // they are asked for after Close too
	c.closed = true
	f, second := c.file, c.second
	var err error
	if f == nil {
		if errno := closeFD(c.fd); errno != 0 {
			err = errno
		}
	}
	c.mu.Unlock()
	if second != nil {
		_ = second.Close()
	}
	if f != nil {
		err = f.Close() // ends what waits in it
	}
	return c.opError("close", err)
}

// CloseWrite sends the end of what is written; reading goes on.
func (c *Conn) CloseWrite() error { return c.closeHalf(unix.SHUT_WR) }

// CloseRead ends reading; writing goes on.
func (c *Conn) CloseRead() error { return c.closeHalf(unix.SHUT_RD) }

func (c *Conn) closeHalf(how int) error {
	c.mu.Lock()
	var err error
	if c.closed {
		err = net.ErrClosed
	} else if errno := shutdown(c.fd, how); errno != 0 {
		err = os.NewSyscallError("shutdown", errno)
	}
	c.mu.Unlock()
	return c.opError("close", err)
}

// ReadFrom is io.ReaderFrom's. What the kernel can move by itself, as a file, is
// left to package net.
func (c *Conn) ReadFrom(r io.Reader) (int64, error) {
	if c.network == "tcp" && movable(r) {
		if to, ok := c.mover().(io.ReaderFrom); ok {
			return to.ReadFrom(r)
		}
	}
	return io.Copy(struct{ io.Writer }{c}, r)
}

// movable tells whether r ends in a descriptor.
func movable(r io.Reader) bool {
	if l, ok := r.(*io.LimitedReader); ok {
		r = l.R
	}
	_, ok := r.(syscall.Conn)
	return ok
}

// mover is a connection of package net for ReadFrom; nil if there is none.
func (c *Conn) mover() net.Conn {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.second == nil {
		second, err := c.copied()
		if err != nil { // closed, or no descriptor left: a copy says so, or does without
			return nil
		}
		c.second, c.noDelay = second, true // package net sets its options
		if !c.writeBy.IsZero() {
			_ = second.SetWriteDeadline(c.writeBy)
		}
	}
	return c.second
}

// SyscallConn is syscall.Conn's. The error of a closed connection is
// net.ErrClosed.
func (c *Conn) SyscallConn() (syscall.RawConn, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, net.ErrClosed
	}
	return c.wait().SyscallConn()
}

// opError gives an error the form of package net's.
func (c *Conn) opError(op string, err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	if path, ok := err.(*os.PathError); ok { // of the file
		err = path.Err
	}
	switch cause := err.(type) {
	case syscall.Errno:
		err = os.NewSyscallError(op, cause)
	default:
		if err == os.ErrClosed {
			err = net.ErrClosed
		}
	}
	e := &net.OpError{Op: op, Net: c.network, Err: err}
	if op == "set" {
		e.Addr = c.LocalAddr()
	} else {
		e.Source, e.Addr = c.LocalAddr(), c.RemoteAddr()
	}
	return e
}
