//go:build linux

package cluster

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"muster/internal/e2e/kit"
)

// page is what the page's program answers.
const page = "An example of clusters\n"

// client is one connection and the worker that has answered on it. Unlike
// net/http's it never sends a request twice.
type client struct {
	conn   net.Conn
	r      *bufio.Reader
	worker int // 0 until the first answer
}

func dial(addr string) (*client, error) {
	conn, err := net.DialTimeout("tcp", addr, kit.Patience)
	if err != nil {
		return nil, err
	}
	if err := conn.SetDeadline(time.Now().Add(kit.Patience)); err != nil {
		conn.Close()
		return nil, err
	}
	return newClient(conn), nil
}

func newClient(conn net.Conn) *client { return &client{conn: conn, r: bufio.NewReader(conn)} }

func mustDial(t *testing.T, addr string) *client {
	t.Helper()
	c, err := dial(addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.conn.Close() })
	return c
}

// send sends a request and does not wait for its answer.
func (c *client) send(path string) error {
	_, err := fmt.Fprintf(c.conn, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", path)
	return err
}

// receive reads one answer. Every answer on a connection must be the same
// worker's.
func (c *client) receive() (body string, err error) {
	res, err := http.ReadResponse(c.r, nil)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return "", fmt.Errorf("in the answer: %w", err)
	}
	if res.StatusCode != http.StatusOK {
		return "", fmt.Errorf("status %s", res.Status)
	}
	id, _, _ := strings.Cut(res.Header.Get("Muster-Worker"), " ")
	worker, err := strconv.Atoi(id)
	if err != nil {
		return "", fmt.Errorf("no worker in the header %q", res.Header.Get("Muster-Worker"))
	}
	if c.worker != 0 && worker != c.worker {
		return "", fmt.Errorf("worker %d answers on a connection of worker %d", worker, c.worker)
	}
	c.worker = worker
	return string(b), nil
}

func (c *client) ask(path string) (body string, err error) {
	if err := c.send(path); err != nil {
		return "", err
	}
	return c.receive()
}

// nothingMore checks that no byte follows the answers read so far. It is meant
// for the end of a connection: what a second reader of it would have written
// has long come.
func (c *client) nothingMore() error {
	if err := c.conn.SetReadDeadline(time.Now().Add(20 * time.Millisecond)); err != nil {
		return err
	}
	b, err := c.r.ReadByte()
	if os.IsTimeout(err) {
		return nil
	}
	return fmt.Errorf("after the last answer: %q, %v", b, err)
}

// get asks once, on a connection of its own.
func get(t *testing.T, addr, path string) string {
	t.Helper()
	c, err := dial(addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.conn.Close()
	body, err := c.ask(path)
	if err != nil {
		t.Fatalf("GET %s: %v", path, err)
	}
	return body
}
