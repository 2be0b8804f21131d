//go:build unix

package ipc

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"
	"sync"

	"golang.org/x/sys/unix"
)

// input is the reading half of a Conn.
type input struct {
	mu   sync.Mutex // held by the reader while it waits; Close takes it after waking it
	dec  *decoder
	oob  []byte
	call call
	err  error // what Read returns from now on

	memory bool  // a regular file has come, but its message has not yet
	more   []int // of arrivalOf

	// Arguments and results of receive, a function that is made once so that a
	// read allocates nothing.
	receive      func(fd uintptr) bool // false = there was nothing
	receiveNow   func(fd uintptr)
	buf          []byte
	n, oobn      int
	flags        int
	receiveError error
}

func (in *input) init() {
	in.dec = newDecoder(closeFD)
	// Room for the most descriptors Linux lets through in one message, so that
	// too many are noticed and every one can be closed.
	const maxDescriptors = 253
	in.oob = make([]byte, unix.CmsgSpace(4*maxDescriptors))
	in.receive = func(fd uintptr) bool {
		for {
			in.n, in.oobn, in.flags, in.receiveError = in.call.receive(int(fd), in.buf, in.oob)
			if in.receiveError != unix.EINTR {
				break
			}
		}
		return in.receiveError != unix.EAGAIN
	}
	in.receiveNow = func(fd uintptr) { in.receive(fd) }
}

func (in *input) close() {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.dec.drop()
	in.err = ErrClosed
}

// Read waits for a message. It appends to dst this message and all others from
// the same read, so that they can be handled as a batch. With an error it still
// appends the messages that came before the error. The error is io.EOF if the
// peer closed between frames, io.ErrUnexpectedEOF if the peer closed within a
// frame, a *ProtocolError if the peer broke the protocol, ErrClosed after
// Close. After an error Read returns only that error.
func (c *Conn) Read(dst []Message) ([]Message, error) { return c.read(dst, true) }

// TakeMany lets the peer send newconns of several connections: see Message.Further.
// Call it before the first Read.
func (c *Conn) TakeMany() { c.in.dec.many = true }

// ReadMore is Read without waiting: it returns dst unchanged if there is no
// complete message.
func (c *Conn) ReadMore(dst []Message) ([]Message, error) { return c.read(dst, false) }

func (c *Conn) read(dst []Message, wait bool) ([]Message, error) {
	in := &c.in
	in.mu.Lock()
	defer in.mu.Unlock()
	had := len(dst)
	for len(dst) == had {
		if in.err != nil {
			return dst, in.err
		}
		in.buf = in.dec.space()
		var err error
		if wait {
			err = c.rc.Read(in.receive)
		} else {
			err = c.rc.Control(in.receiveNow)
		}
		if err != nil { // without a call of receive: the file is closed
			in.err = ErrClosed
			continue
		}
		if in.receiveError == unix.EAGAIN {
			return dst, nil
		}
		if dst, in.err = c.take(dst); in.err != nil {
			return dst, in.err
		}
	}
	return dst, nil
}

// take gives the decoder the result of the last receive.
func (c *Conn) take(dst []Message) ([]Message, error) {
	in := &c.in
	err := in.receiveError
	if err == nil && in.n > 0 {
		a := in.arrivalOf(in.oob[:in.oobn], in.flags)
		in.memory = in.memory || a.memory
		had := len(dst)
		dst, err = in.dec.feed(dst, in.n, a)
		if in.memory && err == nil {
			return in.checkMemory(dst, had)
		}
		return dst, err
	}
	partial := in.dec.n > 0
	in.dec.drop()
	if failure := c.out.failure(); failure != nil {
		return dst, failure // this side ended the channel, and this is why
	}
	switch {
	// A peer that closes with unread input looks like a reset; that counts as a
	// normal end.
	case err != nil && !errors.Is(err, unix.ECONNRESET):
		return dst, fmt.Errorf("reading a channel: %w", os.NewSyscallError("recvmsg", err))
	case partial:
		return dst, io.ErrUnexpectedEOF
	}
	return dst, io.EOF
}

// checkMemory looks for the message that a regular file came with, after the
// first had messages of ms. Only a Muster message may bring one.
func (in *input) checkMemory(ms []Message, had int) ([]Message, error) {
	for i := had; i < len(ms); i++ {
		m := &ms[i]
		if m.FD < 0 || modeOf(m.FD) != unix.S_IFREG {
			continue
		}
		in.memory = false
		if m.Kind == Muster {
			continue
		}
		for j := i; j < len(ms); j++ {
			in.dec.closeAll(&ms[j])
		}
		return ms[:i], protocolError([]byte(m.Handle), notSocket)
	}
	return ms, nil
}

const notSocket = "a descriptor that is not a socket"

// arrivalOf looks at the descriptors that came with a read, and closes them all
// if they cannot be accepted.
func (in *input) arrivalOf(oob []byte, flags int) arrival {
	a := arrival{fd: -1}
	if len(oob) == 0 {
		return a
	}
	in.more = in.more[:0]
	for fd := range descriptors(oob) {
		if a.fd < 0 {
			a.fd = fd
		} else {
			in.more = append(in.more, fd)
		}
	}
	switch count := 1 + len(in.more); {
	case a.fd < 0:
		return a
	case count > 1 && !in.dec.many || count > MaxConns:
		a.refused = fmt.Sprintf("%d descriptors with one message", count)
	case flags&unix.MSG_CTRUNC != 0 && !in.dec.many:
		// The message buffer had room for more than one descriptor, but this
		// process had none left.
		a.refused = "more than one descriptor with one message"
	case !slices.ContainsFunc(in.more, isNoSocket) && isSocket(a.fd):
	case count == 1 && modeOf(a.fd) == unix.S_IFREG:
		a.memory = true
	default:
		a.refused = notSocket
	}
	a.more = in.more
	if a.refused != "" {
		for fd := range descriptors(oob) {
			closeFD(fd)
		}
		a.fd, a.more = -1, nil
	}
	return a
}

func isNoSocket(fd int) bool { return !isSocket(fd) }

// descriptors walks the descriptors of control data. It parses by hand, because
// the parser of x/sys allocates.
func descriptors(oob []byte) iter.Seq[int] {
	return func(yield func(int) bool) {
		for len(oob) > 0 {
			hdr, data, rest, err := unix.ParseOneSocketControlMessage(oob)
			if err != nil {
				return
			}
			if hdr.Level == unix.SOL_SOCKET && hdr.Type == unix.SCM_RIGHTS {
				for ; len(data) >= 4; data = data[4:] {
					if !yield(int(int32(binary.NativeEndian.Uint32(data)))) {
						return
					}
				}
			}
			oob = rest
		}
	}
}

// modeOf is the file type of a descriptor: S_IFREG, ... or 0.
func modeOf(fd int) uint32 {
	var st unix.Stat_t
	if unix.Fstat(fd, &st) != nil {
		return 0
	}
	return uint32(st.Mode) & unix.S_IFMT
}
