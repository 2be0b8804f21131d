//go:build linux

package deaths

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const patience = 20 * time.Second

// clients ask without a pause, some on a connection for each request, some on
// connections they keep, and count how the connections end.
type clients struct {
	t    *testing.T
	addr string

	answered atomic.Int64
	cut      atomic.Int64 // connections that ended without the whole answer, or while they were kept

	mu      sync.Mutex
	change  sync.Cond
	going   bool
	ended   bool
	resting int
	all     int
	done    sync.WaitGroup
}

// kept and fresh are how many clients keep their connection and how many do not.
func startClients(t *testing.T, addr string, fresh, kept int) *clients {
	t.Helper()
	c := &clients{t: t, addr: addr, all: fresh + kept}
	c.change.L = &c.mu
	for i := range c.all {
		c.done.Go(func() { c.run(i%4, i >= fresh) })
	}
	t.Cleanup(func() {
		c.mu.Lock()
		c.ended = true
		c.change.Broadcast()
		c.mu.Unlock()
		c.done.Wait()
	})
	return c
}

// run is one client. Every fourth asks for what takes longer.
func (c *clients) run(n int, keeps bool) {
	path := "/"
	if n == 3 {
		path = "/slow?ms=10"
	}
	var conn *connection
	for {
		if !c.mayGo() {
			if conn != nil && c.rest(conn.over) {
				conn = nil
				c.cut.Add(1)
			} else if conn == nil {
				c.rest(nil)
			}
			if c.isOver() {
				break
			}
			continue
		}
		if conn == nil {
			var err error
			if conn, err = dial(c.addr); err != nil {
				c.t.Errorf("a connection was refused: %v", err)
				return
			}
		}
		closes, err := conn.ask(path, keeps)
		if err != nil {
			c.cut.Add(1)
		} else {
			c.answered.Add(1)
		}
		if err != nil || closes {
			conn.Close()
			conn = nil
		}
	}
	if conn != nil {
		conn.Close()
	}
}

func (c *clients) mayGo() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.going && !c.ended
}

func (c *clients) isOver() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ended
}

// rest waits while the clients are told to rest. look is called when the rest
// begins; what it says is returned.
func (c *clients) rest(look func() bool) (said bool) {
	if look != nil {
		said = look()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.resting++
	c.change.Broadcast()
	for !c.going && !c.ended {
		c.change.Wait()
	}
	c.resting--
	return said
}

// goOn lets them ask; pause returns when none asks any more, and each has seen
// whether its connection has ended.
func (c *clients) goOn() { c.set(true) }

func (c *clients) pause() {
	c.set(false)
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.resting < c.all {
		c.change.Wait()
	}
}

func (c *clients) set(going bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.going = going
	c.change.Broadcast()
}

// connection is a client's. Unlike net/http's it never sends a request twice.
type connection struct {
	net.Conn
	r *bufio.Reader
}

func dial(addr string) (*connection, error) {
	conn, err := net.DialTimeout("tcp", addr, patience)
	if err != nil {
		return nil, err
	}
	return &connection{conn, bufio.NewReader(conn)}, nil
}

// ask makes one request. closes tells whether the answer was the last one.
func (c *connection) ask(path string, keeps bool) (closes bool, err error) {
	how := "keep-alive"
	if !keeps {
		how = "close"
	}
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		return false, err
	}
	if _, err := fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: %s\r\n\r\n", path, how); err != nil {
		return false, err
	}
	res, err := http.ReadResponse(c.r, nil)
	if err != nil {
		return false, err
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		return false, err
	}
	return res.Close, nil
}

// over tells whether a connection that waits for the next request has ended.
func (c *connection) over() bool {
	if err := c.SetReadDeadline(time.Now().Add(time.Millisecond)); err != nil {
		return true
	}
	_, err := c.r.Peek(1)
	if err == nil || os.IsTimeout(err) {
		c.r.Reset(c.Conn) // it remembers the error
		return false
	}
	return true
}
