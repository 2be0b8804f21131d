//go:build unix

package ipc

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

var (
	// ErrClosed is returned after Close, or when the peer has gone.
	ErrClosed = errors.New("channel is closed")
	// ErrPendingFull: the peer does not read, and MaxPending bytes or
	// MaxPendingFDs descriptors wait for it. The Conn has failed: Send returns
	// this error from now on, and so does Read once it has returned all that
	// the peer had sent.
	ErrPendingFull = errors.New("channel is full: its peer does not read")
	// ErrFull: TrySend could not send at once. Nothing has been sent or kept.
	ErrFull = errors.New("channel would block")
	// ErrNotALine: the message to send is empty, or holds a newline before its
	// end.
	ErrNotALine = errors.New("not one line")
)

// Conn is one end of a channel. The package comment says which goroutines may
// call what.
type Conn struct {
	f    *os.File
	rc   syscall.RawConn
	done chan struct{} // closed by Close

	out output
	in  input

	flusher sync.WaitGroup
}

// Pair makes a channel: our end, and the peer's. The peer's end is
// close-on-exec and blocking, fit for os.ProcAttr.Files. The caller must close
// it once the peer has been started; otherwise the end of the peer is not seen.
func Pair() (*Conn, *os.File, error) {
	fds, err := socketpair()
	if err != nil {
		return nil, nil, fmt.Errorf("making a channel: %w", os.NewSyscallError("socketpair", err))
	}
	c, err := newConn(fds[0])
	if err != nil {
		closeFD(fds[0])
		closeFD(fds[1])
		return nil, nil, err
	}
	return c, os.NewFile(uintptr(fds[1]), "channel"), nil
}

// Open takes over descriptor fd and makes it close-on-exec and non-blocking. If
// fd is not a unix stream socket it is left as it was, and still belongs to the
// caller.
func Open(fd int) (*Conn, error) {
	typ, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE)
	if err != nil {
		return nil, fmt.Errorf("descriptor %d is not a channel: %w", fd, os.NewSyscallError("getsockopt", err))
	}
	addr, err := unix.Getsockname(fd)
	if err != nil {
		return nil, fmt.Errorf("descriptor %d is not a channel: %w", fd, os.NewSyscallError("getsockname", err))
	}
	if _, ok := addr.(*unix.SockaddrUnix); !ok || typ != unix.SOCK_STREAM {
		return nil, fmt.Errorf("descriptor %d is not a channel: not a unix stream socket", fd)
	}
	unix.CloseOnExec(fd)
	return newConn(fd)
}

// newConn makes a Conn of a unix stream socket. On an error fd still belongs to
// the caller.
func newConn(fd int) (*Conn, error) {
	// Before NewFile, which looks at this flag to choose how to wait.
	if err := unix.SetNonblock(fd, true); err != nil {
		return nil, fmt.Errorf("making a channel: %w", os.NewSyscallError("fcntl", err))
	}
	f := os.NewFile(uintptr(fd), "channel")
	// Never f.Fd(): it would make the socket blocking again.
	rc, err := f.SyscallConn()
	if err != nil {
		f.Close() // f owns fd by now; this error means that f is nil or closed
		return nil, fmt.Errorf("making a channel: %w", err)
	}
	c := &Conn{f: f, rc: rc, done: make(chan struct{})}
	c.out.init()
	c.in.init()
	return c, nil
}

// Close ends the channel in both directions at once: Read returns ErrClosed,
// kept output is dropped, and descriptors nobody has taken are closed. Close
// waits for the Conn's own goroutine. Closing twice is no error.
func (c *Conn) Close() error {
	if !c.out.close() {
		return nil
	}
	close(c.done)
	err := c.f.Close() // wakes Read and the flusher
	c.flusher.Wait()
	c.out.dropAll()
	c.in.close()
	if err != nil {
		return fmt.Errorf("closing a channel: %w", err)
	}
	return nil
}

// PeerGone tells, once Read has seen the end, whether the peer has closed the
// whole channel, so that it will not read output that still waits for it. A
// peer that has only ended its writing half may still read. Do not call
// PeerGone after CloseWhenSent.
func (c *Conn) PeerGone() (gone bool) {
	_ = c.rc.Control(func(fd uintptr) { // an error means: closed on our side
		p := []unix.PollFd{{Fd: int32(fd)}}
		for {
			n, err := unix.Poll(p, 0)
			if err == unix.EINTR {
				continue
			}
			gone = err == nil && n == 1 && p[0].Revents&unix.POLLHUP != 0
			return
		}
	})
	return gone
}

func closeFD(fd int) {
	// The error does not matter: the descriptor is gone in any case.
	_ = unix.Close(fd)
}
