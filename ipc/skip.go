package ipc

import "bytes"

// limits are MaxFrame and MaxSkip.
type limits struct{ frame, skip int }

// headKept is how much is kept of a frame that is skipped: enough to see
// whether it is a wrapper, and of which type.
const headKept = 256

// message reads one whole frame, of which buf may hold the head and the end
// only.
func (d *decoder) message(frame []byte) (Message, error) {
	size := len(frame) + d.skipped
	d.skipped = 0
	if size <= d.limits.frame {
		m, err := message(frame, &d.names)
		if d.many {
			m.Further = m.Cluster.more
		}
		m.Cluster.more = nil
		return m, err
	}
	if err := d.checkLong(frame, size); err != nil {
		return Message{}, err
	}
	m := Message{Kind: TooLong, FD: -1, Size: size}
	if bytes.HasPrefix(frame, []byte(handleStart)) {
		m.Handle = handleType(frame)
	}
	return m, nil
}

// checkRest refuses an incomplete frame as soon as it is clear that the frame
// will be refused.
func (d *decoder) checkRest(rest []byte) error {
	switch size := len(rest) + d.skipped; {
	case len(rest) > MaxInternal && startsInternal(rest):
		return protocolError(rest, "an internal message of over %d bytes", MaxInternal)
	case size > d.limits.frame:
		return d.checkLong(rest, size)
	}
	return nil
}

// checkLong tells a user message that is too long from a breach that ends the
// channel: a line without an end, an internal message, or anything that is no
// JSON.
func (d *decoder) checkLong(frame []byte, size int) error {
	v := bytes.TrimLeft(frame[:min(len(frame), headKept, d.limits.frame)], jsonSpace)
	switch {
	case size > d.limits.skip:
		return protocolError(frame, "a frame of over %d bytes", d.limits.skip)
	case len(v) == 0 || bytes.IndexByte([]byte(`{["-0123456789tfn`), v[0]) < 0:
		return protocolError(frame, "a frame of over %d bytes that is not JSON", d.limits.frame)
	case startsInternal(frame):
		return protocolError(frame, "an internal message of over %d bytes", MaxInternal)
	}
	return nil
}

// skip drops all but the head of a frame in progress that is too long, so that
// skipping costs no memory; false if the frame is not too long. start is where
// it begins.
func (d *decoder) skip(start int) bool {
	if d.n-start+d.skipped <= d.limits.frame {
		return false
	}
	head := min(headKept, d.limits.frame)
	d.skipped += d.n - start - head
	rest := d.buf[start : start+head]
	if cap(d.buf) > 4*readSize {
		d.buf = make([]byte, 2*readSize)
	}
	copy(d.buf, rest)
	d.n, d.scanned = head, head
	return true
}

// handleType is the type in the head of a wrapper, as Node and this package
// write it; "?" if it is written in another way.
func handleType(head []byte) string {
	if b, ok := after(head, handleStart+`,"type":"`); ok {
		if i := bytes.IndexByte(b[:min(len(b), headKept)], '"'); i > 0 {
			return string(b[:i])
		}
	}
	return "?"
}
