//go:build linux

package soak

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// patience is how long a client waits for an answer: workers may all be stopped,
// or be started again, for some seconds, on a slow machine.
const patience = time.Minute

// clients is how many ask at a time.
const clients = 64

// client asks until the soak's clients are to stop. Some keep their
// connections, some do not, some do both and close their half before the answer.
func (s *soak) client(n int, r *rand.Rand) {
	var conn *connection
	defer func() {
		if conn != nil {
			conn.Close()
		}
	}()
	for i := 0; s.sleep(s.asking, time.Duration(r.IntN(200))*time.Millisecond); i++ {
		ask := request{name: fmt.Sprintf("%d-%d", n, i), keep: n%4 == 1 || n%4 == 2}
		if n%4 == 3 {
			ask.keep = r.IntN(2) == 0
			ask.half = !ask.keep && r.IntN(4) == 0
		}
		if r.IntN(4) == 0 {
			ask.ms = r.IntN(50)
		}
		if conn == nil {
			c, err := dial(s.addr)
			if err != nil {
				s.t.Errorf("request %s: the connection: %v", ask.name, err)
				return
			}
			conn = c
		}
		closes, err := s.request(conn, ask)
		if err != nil || closes {
			conn.Close()
			conn = nil
		}
	}
}

// request is one request.
type request struct {
	name       string
	ms         int
	keep, half bool
}

// connection is a client's: unlike net/http's it never sends a request twice.
type connection struct {
	*net.TCPConn
	r      *bufio.Reader
	opened time.Time
	used   time.Time // when its last answer came
	last   *answer   // that answer; nil = it has had none
}

func dial(addr string) (*connection, error) {
	conn, err := net.DialTimeout("tcp", addr, patience)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	return &connection{TCPConn: conn.(*net.TCPConn), r: bufio.NewReader(conn), opened: now, used: now}, nil
}

// answer is what a worker says.
type answer struct {
	secret string // only this worker knows it
	worker int
	kind   string // "go" or "node"
	conn   int    // which of its connections
	nth    int    // request on it, from 1
	name   string // of the request
}

func parseAnswer(text string) (a answer, err error) {
	f := strings.Split(text, " ")
	if len(f) != 6 {
		return a, fmt.Errorf("answer %q", text)
	}
	a.secret, a.kind, a.name = f[0], f[2], f[5]
	for i, n := range map[int]*int{1: &a.worker, 3: &a.conn, 4: &a.nth} {
		if *n, err = strconv.Atoi(f[i]); err != nil {
			return a, fmt.Errorf("answer %q", text)
		}
	}
	return a, nil
}

// request asks, and notes what came of it. closes tells that nothing more may
// come on the connection.
func (s *soak) request(c *connection, q request) (closes bool, err error) {
	sent := time.Now()
	idle := sent.Sub(c.used)
	text, closes, err := c.ask(q)
	if err != nil {
		s.account.failed(failure{conn: c, request: q, idle: idle, sent: sent, at: time.Now(), err: err})
		return true, err
	}
	a, err := parseAnswer(text)
	if err != nil {
		s.t.Errorf("request %s: %v", q.name, err)
		return true, err
	}
	s.account.answered(a)
	was := c.last
	switch {
	case a.name != q.name:
		s.t.Errorf("request %s has the answer to %s: %+v, before it %+v", q.name, a.name, a, was)
	case was == nil && a.nth != 1:
		s.t.Errorf("request %s: its worker has had the connection before: %+v", q.name, a)
	case was != nil && (a.secret != was.secret || a.worker != was.worker || a.conn != was.conn || a.nth != was.nth+1):
		s.t.Errorf("request %s: two workers have the connection: %+v, before it %+v", q.name, a, was)
		s.account.tell(s.t, was.worker, a.worker)
	}
	c.last, c.used = &a, time.Now()
	switch {
	case closes:
		if more, err := io.ReadAll(c.r); len(more) > 0 {
			s.t.Errorf("request %s: after the last answer came %q, %v", q.name, more, err)
		}
	case c.r.Buffered() > 0:
		more, _ := c.r.Peek(c.r.Buffered())
		s.t.Errorf("request %s: a second answer: %q", q.name, more)
	}
	return closes, nil
}

func (c *connection) ask(q request) (body string, closes bool, err error) {
	how := "keep-alive"
	if !q.keep {
		how = "close"
	}
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		return "", false, err
	}
	if _, err := fmt.Fprintf(c, "GET /?ms=%d HTTP/1.1\r\nHost: localhost\r\nConnection: %s\r\nRequest: %s\r\n\r\n", q.ms, how, q.name); err != nil {
		return "", false, err
	}
	if q.half {
		if err := c.CloseWrite(); err != nil {
			return "", false, err
		}
	}
	res, err := http.ReadResponse(c.r, nil)
	if err != nil {
		return "", false, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("status %s", res.Status)
	}
	return string(b), res.Close, err
}
