package load

import (
	"context"
	"net"
	"sync/atomic"
	"time"
)

const (
	slowByte = 100 * time.Millisecond // a byte each
	// afterSlow keeps slow clients from becoming fast ones against a server
	// that refuses them.
	afterSlow = time.Second
)

// runSlow is a slow client: it sends and reads byte by byte until the run is
// told to stop; then it finishes its request at once.
func (r *Runner) runSlow(number int) {
	c := newClient(r, number)
	c.slow = true
	c.head = r.opts.requestHead(r.dialer.to.host, true)
	defer c.link.close()
	c.link.wrap = func(conn net.Conn) net.Conn {
		s := &slowConn{Conn: conn, r: r}
		r.tally.slowOpen(1)
		// From the stop on, the whole rest has Timeout.
		s.unhook = context.AfterFunc(r.ctx, func() {
			s.hurried.Store(true)
			_ = conn.SetDeadline(time.Now().Add(r.opts.Timeout)) // fails on a closed one
		})
		return s
	}
	for r.ctx.Err() == nil {
		if !c.serve(job{due: time.Now()}) {
			r.pause(afterSlow)
		}
	}
}

// slowConn passes one byte at a time, and each gets Timeout, until the run is
// told to stop.
type slowConn struct {
	net.Conn
	r       *Runner
	hurried atomic.Bool // the deadline is the stop's
	unhook  func() bool
}

func (s *slowConn) Write(p []byte) (n int, err error) {
	for n < len(p) && !s.hurried.Load() {
		s.r.pause(slowByte)
		if s.hurried.Load() {
			break
		}
		s.extend()
		m, err := s.Conn.Write(p[n : n+1])
		n += m
		if err != nil {
			return n, err
		}
	}
	if n == len(p) {
		return n, nil
	}
	m, err := s.Conn.Write(p[n:])
	return n + m, err
}

func (s *slowConn) Read(p []byte) (int, error) {
	s.r.pause(slowByte)
	if !s.hurried.Load() {
		s.extend()
		p = p[:min(len(p), 1)]
	}
	return s.Conn.Read(p)
}

// SetDeadline does nothing: each byte has its own time.
func (s *slowConn) SetDeadline(time.Time) error { return nil }

// extend gives the next byte its time. If the stop comes in between, its
// deadline is overwritten with one that is hardly later.
func (s *slowConn) extend() { _ = s.Conn.SetDeadline(time.Now().Add(s.r.opts.Timeout)) } // the byte says what is wrong

// Close is called once.
func (s *slowConn) Close() error {
	s.unhook()
	s.r.tally.slowOpen(-1)
	return s.Conn.Close()
}
