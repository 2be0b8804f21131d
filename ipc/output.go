//go:build unix

package ipc

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// output is the writing half of a Conn: a sequence of bytes and descriptors. If
// the socket does not take something at once, it and everything after it is
// kept until a goroutine has sent it.
type output struct {
	mu       sync.Mutex // held over non-blocking system calls only
	err      error      // what Send returns; nil = open
	failed   error      // why the Conn ended itself
	closed   bool
	finish   bool // shut down when no output is kept any more; err is set, but kept output is still sent
	kept     []chunk
	pending  int // bytes in kept
	fds      int // descriptors in kept
	flushing bool
	drained  *drained // what Flush waits for; nil = nobody waits

	scratch []byte // buffer for a line that came without its newline
	oob     []byte // room for the control data of MaxConns descriptors
	call    call

	// Arguments and results of the one send function, as in input.
	send      func(fd uintptr)
	line      []byte
	with      []int  // descriptors
	one       [1]int // room for one
	n         int
	sendError error
}

// chunk is kept output. A descriptor is attached to its first byte; such a
// chunk holds only one frame, so that the receiver can tell which frame the
// descriptor belongs to.
type chunk struct {
	data []byte
	fd   int // our own duplicate, -1 = none
}

// maxChunk bounds one sendmsg of kept output, and with it how long mu is held.
const maxChunk = 64 << 10

func (o *output) init() {
	o.oob = make([]byte, unix.CmsgSpace(4*MaxConns))
	o.send = func(fd uintptr) { o.n, o.sendError = o.sendmsg(int(fd), o.line, o.with) }
}

// alone is fd for sendmsg, -1 for none. Held: mu.
func (o *output) alone(fd int) []int {
	if fd < 0 {
		return nil
	}
	o.one[0] = fd
	return o.one[:]
}

// sendmsg sends a part of line or all of it, and the descriptors, at most MaxConns,
// with the first byte. Held: mu.
func (o *output) sendmsg(sock int, line []byte, fds []int) (int, error) {
	var oob []byte
	if len(fds) > 0 {
		oob = o.oob[:unix.CmsgSpace(4*len(fds))]
		hdr := (*unix.Cmsghdr)(unsafe.Pointer(&oob[0]))
		hdr.Level, hdr.Type = unix.SOL_SOCKET, unix.SCM_RIGHTS
		hdr.SetLen(unix.CmsgLen(4 * len(fds)))
		for i, fd := range fds {
			binary.NativeEndian.PutUint32(oob[unix.CmsgLen(4*i):], uint32(fd))
		}
	}
	for {
		n, err := o.call.send(sock, line, oob)
		if err != unix.EINTR {
			return max(n, 0), err
		}
	}
}

// Send sends one line, and a descriptor with it if fd is not -1. A line that
// does not end in a newline gets one. Send never waits: what the socket does
// not take is kept, with a duplicate of the descriptor, and sent in order when
// the peer reads.
//
// After ErrClosed and ErrPendingFull the Conn takes no more output. After any
// other error (ErrNotALine, ErrTooLong, or no descriptor left for the
// duplicate) nothing of this line has been sent, and the Conn can still be
// used.
func (c *Conn) Send(line []byte, fd int) error { return c.sendLine(line, fd, true) }

// TrySend is Send without keeping: if output is kept already, or the socket
// does not take a byte, it returns ErrFull and sends nothing. If the socket
// takes a part, the rest is kept, since a frame cannot be taken back.
func (c *Conn) TrySend(line []byte, fd int) error { return c.sendLine(line, fd, false) }

// TrySendAll is TrySend of a line with several descriptors, at most MaxConns: a
// newconn of several connections.
func (c *Conn) TrySendAll(line []byte, fds []int) error {
	if len(fds) == 0 || len(fds) > MaxConns {
		return fmt.Errorf("sending %d descriptors with one message: the most is %d", len(fds), MaxConns)
	}
	o := &c.out
	o.mu.Lock()
	defer o.mu.Unlock()
	return c.sendLineNow(line, fds, false)
}

func (c *Conn) sendLine(line []byte, fd int, keep bool) error {
	o := &c.out
	o.mu.Lock()
	defer o.mu.Unlock()
	return c.sendLineNow(line, o.alone(fd), keep)
}

// sendLineNow is Send, TrySend and TrySendAll. Held: mu.
func (c *Conn) sendLineNow(line []byte, fds []int, keep bool) error {
	o := &c.out
	if o.err != nil {
		return o.err
	}
	line, err := o.oneLine(line)
	if err != nil {
		return err
	}
	return c.sendOrKeep(line, fds, keep)
}

// sendOrKeep sends what the socket takes, and keeps the rest if that is
// allowed, with at most one descriptor. Held: mu.
func (c *Conn) sendOrKeep(line []byte, fds []int, keep bool) error {
	sent := 0
	if c.out.pending == 0 {
		var err error
		if sent, err = c.sendNow(line, fds); err != nil {
			return err
		}
	}
	fd := -1
	switch {
	case sent == len(line):
		return nil
	case sent == 0 && !keep:
		return ErrFull
	case sent == 0 && len(fds) > 0: // otherwise they went with the first byte
		fd = fds[0]
	}
	return c.keep(line[sent:], fd)
}

// oneLine makes sure that line is one frame.
func (o *output) oneLine(line []byte) ([]byte, error) {
	switch i := bytes.IndexByte(line, '\n'); {
	case len(line) == 0 || i >= 0 && i < len(line)-1 || len(line) == 1 && i == 0:
		return nil, ErrNotALine
	case i < 0:
		o.scratch = append(append(o.scratch[:0], line...), '\n')
		line = o.scratch
		if cap(o.scratch) > maxChunk {
			o.scratch = nil // a large buffer is not kept
		}
	}
	if len(line)-1 > MaxFrame {
		return nil, tooLong(len(line)-1, MaxFrame)
	}
	return line, nil
}

// sendNow makes one attempt. Held: mu.
func (c *Conn) sendNow(line []byte, fds []int) (int, error) {
	o := &c.out
	o.line, o.with = line, fds
	err := c.rc.Control(o.send)
	o.line, o.with = nil, nil // they belong to the caller
	if err != nil {
		return 0, ErrClosed // closed after we looked at err
	}
	switch err := o.sendError; {
	case err == nil:
		return o.n, nil
	case isFull(err):
		return 0, nil
	case errors.Is(err, unix.EBADF):
		// Our descriptor is open, otherwise Control would have failed: the bad
		// one is the caller's.
		return 0, fmt.Errorf("sending descriptor %s: %w", strings.Trim(fmt.Sprint(fds), "[]"), err)
	default:
		return 0, c.fail(err)
	}
}

// keep appends to the kept output and starts the goroutine that sends it. Held:
// mu.
func (c *Conn) keep(b []byte, fd int) error {
	o := &c.out
	if o.pending+len(b) > MaxPending || fd >= 0 && o.fds >= MaxPendingFDs {
		return c.failAs(ErrPendingFull)
	}
	if fd >= 0 {
		own, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
		if err != nil {
			return fmt.Errorf("keeping descriptor %d for a channel: %w", fd, os.NewSyscallError("fcntl", err))
		}
		fd = own
		o.fds++
	}
	last := len(o.kept) - 1
	if fd < 0 && last >= 0 && o.kept[last].fd < 0 && len(o.kept[last].data)+len(b) <= maxChunk {
		o.kept[last].data = append(o.kept[last].data, b...)
	} else {
		o.kept = append(o.kept, chunk{data: bytes.Clone(b), fd: fd})
	}
	o.pending += len(b)
	if !o.flushing {
		o.flushing = true
		c.flusher.Go(c.flush)
	}
	return nil
}

// end stops all sending. Held: mu.
func (o *output) end(err error) {
	o.err, o.finish = err, false
	o.drop()
	o.wake(err)
}

func (o *output) drop() {
	for _, k := range o.kept {
		if k.fd >= 0 {
			closeFD(k.fd)
		}
	}
	o.kept, o.pending, o.fds = nil, 0, 0
}

// Pending is how many bytes are kept, 0 if all is sent.
func (c *Conn) Pending() int {
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	return c.out.pending
}

// CloseWhenSent ends our writing half as soon as all output so far is sent, so
// that the peer sees the end after that output. Send returns ErrClosed from now
// on; Read works until the peer ends its half. CloseWhenSent does not wait, and
// does not replace Close.
func (c *Conn) CloseWhenSent() {
	o := &c.out
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err != nil {
		return
	}
	o.err, o.finish = ErrClosed, true
	if !o.flushing {
		_ = c.rc.Control(func(fd uintptr) { _ = unix.Shutdown(int(fd), unix.SHUT_WR) })
	}
}

// close stops sending; false if sending was stopped before.
func (o *output) close() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return false
	}
	o.closed, o.err, o.finish = true, ErrClosed, false
	o.wake(ErrClosed)
	return true
}

func (o *output) dropAll() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.drop()
}

func (o *output) failure() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.failed
}
