package load

import (
	"bufio"
	"bytes"
	"context"
	"net"
	"net/http"
	"time"
)

// link is the one connection of a client. Its buffers outlive the connection.
type link struct {
	to        target
	maxAnswer int64
	wrap      func(net.Conn) net.Conn // what a new connection becomes; nil = itself
	conn      net.Conn                // nil = none
	in        limited
	br        *bufio.Reader // reads from in
	body      bytes.Buffer
}

// closeWait is how long a server may take to close a connection after it said
// that it would. Waiting for it leaves TIME_WAIT with the server, so that a
// client with many connections does not run out of ports.
const closeWait = 250 * time.Millisecond

func newLink(to target, maxAnswer int64) link {
	return link{to: to, maxAnswer: maxAnswer, br: bufio.NewReader(nil)}
}

func (l *link) open() bool { return l.conn != nil }

// buffered returns how many bytes have come that nobody has read.
func (l *link) buffered() int { return l.br.Buffered() }

func (l *link) close() {
	if l.conn != nil {
		l.conn.Close() // nothing is lost: all that matters was read
		l.conn = nil
	}
}

// dial makes a connection. The run's context is left out on purpose: a request
// that has begun may finish.
func (l *link) dial(deadline time.Time) error {
	d := net.Dialer{Deadline: deadline}
	conn, err := d.DialContext(context.Background(), l.to.network, l.to.addr)
	if err != nil {
		return err
	}
	if l.wrap != nil {
		conn = l.wrap(conn)
	}
	l.conn = conn
	l.in.conn = conn
	l.br.Reset(&l.in)
	return nil
}

// exchange sends a request and reads its answer into a. last says that the
// server will close the connection. An error is always a *failure.
func (l *link) exchange(request []byte, a *Answer, deadline time.Time, kept bool) (last bool, err error) {
	if err := l.conn.SetDeadline(deadline); err != nil {
		return false, startFailure(err, kept)
	}
	l.in.left, l.in.err = l.maxAnswer, nil
	if _, err := l.conn.Write(request); err != nil {
		return false, startFailure(err, kept)
	}
	if _, err := l.br.Peek(1); err != nil {
		return false, startFailure(err, kept)
	}
	for {
		resp, err := http.ReadResponse(l.br, nil)
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
		a.Status, a.Header, a.Body = resp.StatusCode, resp.Header, l.body.Bytes()
		return resp.Close, nil
	}
}

// broken says what an error in the middle of an answer means. If the connection
// failed, that is the cause, whatever the parser made of the half line it got.
func (l *link) broken(err error) error {
	if l.in.err != nil {
		err = l.in.err
	}
	return answerFailure(err)
}

// finish closes the connection after its last answer. If the server said that
// it will close, that is waited for, and whatever comes first is an error: two
// processes that answer on one connection show here.
func (l *link) finish(serverCloses bool) error {
	defer l.close()
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

// limited reads from conn at most left bytes, and remembers how that ended.
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
