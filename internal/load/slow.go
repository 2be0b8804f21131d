package load

import (
	"context"
	"net"
	"sync/atomic"
	"time"
)

const (
	slowByte = 100 * time.Millisecond // for each byte
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
		// From the stop on, Timeout is for the whole rest.
		s.unhook = context.AfterFunc(r.ctx, func() {
			s.hurried.Store(true)
			_ = conn.SetDeadline(time.Now().Add(r.opts.Timeout)) // fails on a closed connection
		})
		return s
	}
	for r.ctx.Err() == nil {
		if !c.serve(job{due: time.Now()}) {
			r.pause(afterSlow)
		}
	}
}

// slowConn passes one byte at a time, with Timeout for each, until the run is
// told to stop.
type slowConn struct {
	net.Conn
	r       *Runner
	hurried atomic.Bool // the run has stopped, and the deadline is for all the rest
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

// extend gives the next byte its time. If the stop comes in between, this
// overwrites the stop's deadline with one that is hardly later.
func (s *slowConn) extend() { _ = s.Conn.SetDeadline(time.Now().Add(s.r.opts.Timeout)) } // the read or write of the byte returns the error

// Close is called once.
func (s *slowConn) Close() error {
	s.unhook()
	s.r.tally.slowOpen(-1)
	return s.Conn.Close()
}
