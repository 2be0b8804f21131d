package ipc

import (
	"bytes"
	"slices"
	"strings"
)

// readSize is the room offered to one read, and the size of an idle buffer:
// there is one for each worker.
const readSize = 16 << 10

// decoder turns the bytes of reads into messages. It makes no system call, so
// it can be fuzzed. It owns the descriptors it was given until they are in a
// Message.
type decoder struct {
	buf     []byte
	n       int   // buf[:n] is the frame in progress
	scanned int   // buf[:scanned] holds no newline
	fd      int   // descriptor of the frame in progress, -1 = none
	more    []int // further descriptors of it
	many    bool  // a frame may have further descriptors: see Conn.TakeMany
	skipped int   // bytes of the frame in progress, after buf[:n], that were dropped: see skip.go
	limits  limits
	closeFD func(int) // for descriptors nobody will get
	names   intern
}

func newDecoder(closeFD func(int)) *decoder {
	return &decoder{fd: -1, limits: limits{MaxFrame, MaxSkip}, closeFD: closeFD}
}

// space is the buffer for the next read, never empty. It grows with the frame
// in progress, not to the limit at once.
func (d *decoder) space() []byte {
	if cap(d.buf)-d.n < readSize/4 {
		size := min(max(readSize, 2*cap(d.buf)), d.limits.frame+readSize)
		b := make([]byte, size)
		copy(b, d.buf[:d.n])
		d.buf = b
	}
	return d.buf[d.n:]
}

// arrival is what came with the bytes of one read.
type arrival struct {
	fd      int    // the first descriptor, or -1
	more    []int  // the others, good until the next read; none unless the decoder takes many
	memory  bool   // the descriptor is a regular file, not a socket; only a Muster message may bring one
	refused string // why descriptors that came were refused (they are closed by now); "" = none were
}

// feed takes in n more bytes, which lie in space, and appends every message
// they complete. On an error the messages before the bad one are in dst, and
// the decoder cannot be used any more.
//
// Which frame a descriptor belongs to: a descriptor is attached to the first
// byte of its frame, and the kernel ends a read with the piece of data that
// carried a descriptor. So the frame is the last to start in that read, perhaps
// after plain frames, even a wrapper without descriptor, that were waiting
// before it. A peer that puts plain frames after it into the same write is
// tolerated: then the descriptor goes to the last wrapper to start in the read.
func (d *decoder) feed(dst []Message, n int, in arrival) ([]Message, error) {
	first, before := len(dst), d.n
	d.n += n
	start := 0                  // of the frame being looked at
	oldest, owner := false, -1  // dst[first] started in an earlier read; last wrapper to start in this one
	lastStart, lastEnd := 0, -1 // the last complete frame that started in this read
	for {
		i := bytes.IndexByte(d.buf[d.scanned:d.n], '\n')
		if i < 0 {
			break
		}
		end := d.scanned + i
		m, err := d.message(d.buf[start:end])
		if err == nil && start < before {
			oldest = true
			err = d.settle(&m, d.buf[start:end])
		}
		if err != nil {
			return d.fail(dst, first, in, err)
		}
		dst = append(dst, m)
		if start >= before {
			lastStart, lastEnd = start, end
			if m.Handle != "" {
				owner = len(dst) - 1
			}
		}
		start = end + 1
		d.scanned = start
	}
	rest := d.buf[start:d.n]
	d.scanned = d.n
	if err := d.checkRest(rest); err != nil {
		return d.fail(dst, first, in, err)
	}

	restIsNew := len(rest) > 0 && start >= before
	blame := func(reason string) ([]Message, error) {
		bad := rest
		if !restIsNew && lastEnd >= 0 {
			bad = d.buf[lastStart:lastEnd]
		}
		if len(rest) == 0 {
			dst = d.pop(dst)
		}
		return d.fail(dst, first, in, protocolError(bad, "%s", reason))
	}
	if in.refused != "" {
		return blame(in.refused)
	}
	if in.fd >= 0 {
		to := -1 // the message they belong to; -1 = the frame in progress
		switch {
		case restIsNew && (owner < 0 || couldBeHandle(rest)):
		case owner >= 0:
			to = owner
		case oldest && dst[first].Handle != "" && dst[first].FD < 0 && lastEnd < 0:
			to = first
		case len(rest) > 0 && d.fd < 0: // all of the read belongs to a longer frame
		case len(rest) > 0:
			return blame("a second descriptor with one message")
		default:
			return blame("a descriptor with a message that takes none")
		}
		switch {
		case to < 0:
			d.fd, d.more = in.fd, slices.Clone(in.more)
		case !dst[to].give(in.fd, in.more):
			return blame(tooMany)
		}
	}
	d.settled(dst[first:])
	if !d.skip(start) {
		d.keepRest(start)
	}
	return dst, nil
}

// settle gives the descriptor of the frame in progress to the message it has
// become.
func (d *decoder) settle(m *Message, frame []byte) error {
	if d.fd < 0 {
		return nil
	}
	if m.Handle == "" {
		return protocolError(frame, "a descriptor with a message that takes none")
	}
	if !m.give(d.fd, d.more) {
		return protocolError(frame, tooMany)
	}
	d.fd, d.more = -1, nil
	return nil
}

const tooMany = "more descriptors than the message takes"

// give gives a message its descriptors; false if it does not take so many.
func (m *Message) give(fd int, more []int) bool {
	if len(more) > len(m.Further) {
		return false
	}
	m.FD = fd
	for i, fd := range more {
		m.Further[i].FD = fd
	}
	return true
}

// closeAll closes the descriptors of a message that nobody will get.
func (d *decoder) closeAll(m *Message) {
	if m.FD >= 0 {
		d.closeFD(m.FD)
		m.FD = -1
	}
	for i := range m.Further {
		if f := &m.Further[i]; f.FD >= 0 {
			d.closeFD(f.FD)
			f.FD = -1
		}
	}
}

// keepRest moves the frame in progress to the front, and drops a buffer that
// one long message has made large.
func (d *decoder) keepRest(start int) {
	if start == 0 {
		return // a long frame must not be moved again and again
	}
	rest := d.buf[start:d.n]
	if cap(d.buf) > 4*readSize && len(rest) <= readSize {
		d.buf = make([]byte, 2*readSize)
	}
	copy(d.buf, rest)
	d.n, d.scanned = len(rest), len(rest)
}

func (d *decoder) fail(dst []Message, first int, in arrival, err error) ([]Message, error) {
	if in.fd >= 0 && in.fd != d.fd {
		d.closeFD(in.fd)
		for _, fd := range in.more {
			d.closeFD(fd)
		}
	}
	d.drop()
	d.settled(dst[first:])
	return dst, err
}

// drop closes the descriptors of a frame that will never be complete.
func (d *decoder) drop() {
	if d.fd >= 0 {
		d.closeFD(d.fd)
		d.fd = -1
	}
	for _, fd := range d.more {
		d.closeFD(fd)
	}
	d.more = nil
}

// pop takes back a message that turned out to be the bad one.
func (d *decoder) pop(dst []Message) []Message {
	last := len(dst) - 1
	d.closeAll(&dst[last])
	return dst[:last]
}

// settled is called once all descriptors that belong to ms have come.
func (d *decoder) settled(ms []Message) {
	for i := range ms {
		m := &ms[i]
		m.Missing = m.Handle != "" && m.FD < 0
		if m.Kind == TooLong {
			d.closeAll(m)
		}
	}
}

const (
	internalStart = `{"cmd":"NODE_`
	handleStart   = `{"cmd":"NODE_HANDLE"`
)

// startsInternal tells that a frame whose end has not come yet is internal, so
// that no more than the limit of internal messages is read.
func startsInternal(b []byte) bool {
	rest, ok := after(b, internalStart)
	return ok && len(rest) > 0 && rest[0] != '"' && !couldBeHandle(b)
}

// couldBeHandle tells whether an incomplete frame may become a wrapper. Node
// and this package write cmd first.
func couldBeHandle(b []byte) bool {
	return strings.HasPrefix(handleStart, string(b[:min(len(b), len(handleStart))]))
}
