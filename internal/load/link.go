package load

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"time"
)

// link is the one connection of a client. Its buffers outlive the connection.
type link struct {
	dialer    *dialer
	tls       *tls.Config  // nil = plain
	asked     http.Request // its method says whether the answer has a body
	maxAnswer int64
	wrap      func(net.Conn) net.Conn // what a new connection becomes; nil = itself
	conn      net.Conn                // nil = none
	in        limited
	br        *bufio.Reader // reads from in
	body      bytes.Buffer
	ended     time.Time // when the last byte of the newest answer had come
}

// closeWait is how long a server may take to close a connection after it said
// that it would. Waiting for that leaves TIME_WAIT with the server, so that a
// client with many connections does not run out of ports.
const closeWait = 250 * time.Millisecond

func newLink(d *dialer, o *Options) link {
	return link{
		dialer: d, tls: o.TLS, asked: http.Request{Method: o.method()},
		maxAnswer: o.MaxAnswer, br: bufio.NewReader(nil),
	}
}

func (l *link) open() bool { return l.conn != nil }

// buffered returns how many received bytes nobody has read.
func (l *link) buffered() int { return l.br.Buffered() }

func (l *link) close() {
	if l.conn != nil {
		l.conn.Close() // nothing is lost: all that matters has been read
		l.conn = nil
	}
}

// dial makes a connection. It ignores the run's context on purpose: a request
// that has begun may finish. An error is a *failure or a *localError.
func (l *link) dial(deadline time.Time) error {
	ctx, cancel := context.WithDeadline(context.Background(), deadline)
	defer cancel()
	conn, err := l.dialer.dial(ctx)
	if err != nil {
		return dialFailure(err)
	}
	if l.tls != nil {
		if conn, err = handshake(conn, l.tls, deadline); err != nil {
			return tlsFailure(err)
		}
	}
	if l.wrap != nil {
		conn = l.wrap(conn)
	}
	l.conn = conn
	l.in.conn = conn
	l.br.Reset(&l.in)
	return nil
}

// exchange sends a request with the rest of its body, and reads the answer into
// a. last says that the connection must not be used again. An error is always a
// *failure.
func (l *link) exchange(request, rest []byte, a *Answer, deadline time.Time, kept bool) (last bool, err error) {
	if err := l.conn.SetDeadline(deadline); err != nil {
		return false, startFailure(err, kept)
	}
	l.in.left, l.in.err = l.maxAnswer, nil
	if len(rest) > 0 {
		return l.exchangeLong(request, rest, a, kept)
	}
	if _, err := l.conn.Write(request); err != nil {
		// A server that does not want the request (too large, too late) may
		// have answered before it closed.
		if !isReset(err) || l.peek() != nil {
			return false, startFailure(err, kept)
		}
		_, err = l.read(a, kept)
		return true, err
	}
	return l.read(a, kept)
}

// exchangeLong is exchange for a request that the kernel may not take in one
// piece: if the server answers while it reads, somebody must read the answer at
// the same time.
func (l *link) exchangeLong(request, rest []byte, a *Answer, kept bool) (last bool, err error) {
	written := make(chan error, 1)
	conn := l.conn
	go func() { // ends with the connection, at the latest
		_, err := conn.Write(request)
		if err == nil {
			_, err = conn.Write(rest)
		}
		written <- err
	}()
	last, err = l.read(a, kept)
	if err == nil {
		limit := time.NewTimer(writeWait)
		defer limit.Stop()
		select {
		case werr := <-written:
			return last || werr != nil, nil
		case <-limit.C: // the server answered without reading the whole request
		}
	}
	l.close()
	<-written
	return true, err
}

// writeWait is how long the last bytes of a request may take after its answer.
const writeWait = 50 * time.Millisecond

// peek waits for a byte of an answer.
func (l *link) peek() error {
	_, err := l.br.Peek(1)
	return err
}

// read reads the answer.
func (l *link) read(a *Answer, kept bool) (last bool, err error) {
	if err := l.peek(); err != nil {
		return false, startFailure(err, kept)
	}
	for {
		resp, err := http.ReadResponse(l.br, &l.asked)
		if err != nil {
			return false, l.broken(err)
		}
		l.body.Reset()
		if _, err := l.body.ReadFrom(resp.Body); err != nil {
			return false, l.broken(err)
		}
		if resp.StatusCode < 200 && resp.StatusCode != http.StatusSwitchingProtocols {
			continue // "100 Continue" and the like: the answer is still to come
		}
		l.ended = time.Now()
		a.Status, a.Header, a.Body = resp.StatusCode, resp.Header, l.body.Bytes()
		return resp.Close, nil
	}
}

// closedByPeer tells whether the server has closed a kept connection while it
// was idle.
func (l *link) closedByPeer() bool {
	conn, ok := l.conn.(*tls.Conn)
	if !ok {
		return closedByPeer(l.conn)
	}
	// A TLS close alert looks the same from outside as other TLS records: the
	// record must be read.
	if !pending(conn.NetConn()) {
		return false
	}
	if conn.SetReadDeadline(time.Now().Add(staleWait)) != nil {
		return true
	}
	l.in.left, l.in.err = 1, nil
	err := l.peek()
	return err != nil && !isTimeout(err)
}

// staleWait is how long to wait for the rest of a TLS record of which a part
// has come.
const staleWait = 10 * time.Millisecond

// broken says what an error in the middle of an answer means. If the connection
// failed, that failure is the cause, whatever the parser says of the half line
// it got.
func (l *link) broken(err error) error {
	if l.in.err != nil {
		err = l.in.err
	}
	return answerFailure(err)
}

// finish closes the connection after its last answer. If the server said that
// it will close, finish waits for the close, and any byte before it is an
// error: two processes that answer on one connection show here.
func (l *link) finish(serverCloses bool) error {
	defer l.close()
	if l.conn == nil {
		return nil
	}
	if !serverCloses {
		if l.buffered() > 0 {
			return errMore
		}
		return nil
	}
	if err := l.conn.SetReadDeadline(time.Now().Add(closeWait)); err != nil {
		return nil // closed already
	}
	l.in.left = 1
	if _, err := l.br.Peek(1); err == nil {
		return errMore
	}
	return nil
}

// limited reads at most left bytes from conn, and remembers how the reading
// ended.
type limited struct {
	conn net.Conn
	left int64
	err  error
}

func (r *limited) Read(p []byte) (n int, err error) {
	if r.left <= 0 {
		r.err = errTooLong
		return 0, errTooLong
	}
	if int64(len(p)) > r.left {
		p = p[:r.left]
	}
	n, err = r.conn.Read(p)
	r.left -= int64(n)
	r.err = err
	return n, err
}
