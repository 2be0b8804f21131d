//go:build unix

package ipc

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// flush sends kept output until there is none, the Conn fails, or Close ends
// it. It is the only goroutine that sends while output is kept.
func (c *Conn) flush() {
	for {
		var result flushResult
		err := c.rc.Write(func(fd uintptr) bool {
			for result = flushMore; result == flushMore; {
				result = c.flushOne(int(fd))
			}
			return result != flushWait
		})
		if err != nil || result == flushDone {
			return // an error means: Close has closed the file
		}
		// The kernel lacks something other than room in this socket (for
		// example, it limits descriptors in flight), and will not tell when
		// that has passed.
		select {
		case <-c.done:
			return
		case <-time.After(10 * time.Millisecond):
		}
	}
}

type flushResult int

const (
	flushMore  flushResult = iota // go on
	flushWait                     // until the socket is writable
	flushPause                    // for a moment
	flushDone                     // nothing is left to send, or nothing can be done
)

func (c *Conn) flushOne(sock int) flushResult {
	o := &c.out
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.kept) == 0 {
		o.flushing = false
		if o.finish {
			_ = unix.Shutdown(sock, unix.SHUT_WR)
		}
		return flushDone
	}
	head := &o.kept[0]
	n, err := o.sendmsg(sock, head.data[:min(len(head.data), maxChunk)], o.alone(head.fd))
	switch {
	case err == unix.EAGAIN:
		return flushWait
	case err != nil && isFull(err):
		return flushPause
	case err != nil:
		o.flushing = false
		_ = c.fail(err)
		return flushDone
	}
	if head.fd >= 0 && n > 0 {
		closeFD(head.fd)
		head.fd = -1
		o.fds--
	}
	head.data = head.data[n:]
	o.pending -= n
	if len(head.data) == 0 {
		*head = chunk{}
		o.kept = o.kept[1:]
	}
	if o.pending == 0 {
		o.wake(nil)
	}
	return flushMore
}

// isFull tells that a send may work later.
func isFull(err error) bool {
	switch err {
	case unix.EAGAIN, unix.ENOBUFS, unix.ENOMEM, unix.ETOOMANYREFS:
		return true
	}
	return false
}

// Fail ends the Conn as a breach of the protocol does: the peer sees the end of
// the channel, and Read returns reason once it has returned all that the peer
// had sent. A Conn that has ended already stays as it is.
func (c *Conn) Fail(reason error) {
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	if c.out.failed == nil && !c.out.closed {
		_ = c.failAs(reason)
	}
}

// fail ends the Conn because a send failed. Held: mu.
func (c *Conn) fail(err error) error {
	switch {
	case errors.Is(err, unix.EPIPE), errors.Is(err, unix.ECONNRESET), errors.Is(err, unix.ENOTCONN):
		c.out.end(ErrClosed) // the peer has gone, and Read will see it too
		if runtime.GOOS == "linux" {
			// The peer may have shut down only its reading half, which Read
			// would not notice. What it had sent can still be read: see failAs.
			_ = c.rc.Control(func(fd uintptr) { _ = unix.Shutdown(int(fd), unix.SHUT_RD) })
		}
		return ErrClosed
	}
	return c.failAs(fmt.Errorf("writing a channel: %w", os.NewSyscallError("sendmsg", err)))
}

// failAs ends the Conn for a reason of its own. The peer sees the end of the
// channel; what it had sent can still be read (on Linux; the BSDs drop it with
// the shutdown). Held: mu.
func (c *Conn) failAs(reason error) error {
	c.out.failed = reason
	c.out.end(reason)
	_ = c.rc.Control(func(fd uintptr) { _ = unix.Shutdown(int(fd), unix.SHUT_RDWR) })
	return reason
}
