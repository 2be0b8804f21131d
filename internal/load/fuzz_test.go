package load

import (
	"bytes"
	"errors"
	"io"
	"net"
	"testing"
	"time"
)

// canned is a connection on which the answer has come already.
type canned struct {
	net.Conn
	in io.Reader
}

func (c *canned) Read(p []byte) (int, error)    { return c.in.Read(p) }
func (*canned) Write(p []byte) (int, error)     { return len(p), nil }
func (*canned) SetDeadline(time.Time) error     { return nil }
func (*canned) SetReadDeadline(time.Time) error { return nil }
func (*canned) Close() error                    { return nil }

// Whatever a server sends, the client makes one answer or one failure of it,
// within the bound.
func FuzzResponse(f *testing.F) {
	for _, s := range []string{
		"",
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel",
		"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
		"HTTP/1.0 200 OK\r\n\r\nhello",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nx",
		"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 101 Switching Protocols\r\n\r\n\x00\x01",
		"HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
		"SSH-2.0-OpenSSH\r\n\r\n",
		"HTTP/1.1 200 \x1b]0;x\x07\r\nMuster-Worker: \x1b[2J\r\n\r\n",
	} {
		f.Add([]byte(s))
	}
	const bound = 1 << 12
	f.Fuzz(func(t *testing.T, data []byte) {
		l := newLink(newDialer(target{}), &Options{MaxAnswer: bound})
		l.conn = &canned{in: bytes.NewReader(data)}
		l.in.conn = l.conn
		l.br.Reset(&l.in)
		var a Answer
		last, err := l.exchange([]byte("x"), nil, &a, time.Time{}, false)
		if err != nil {
			var fail *failure
			if !errors.As(err, &fail) || fail.end == ok || fail.end == refused {
				t.Fatalf("the failure %v", err)
			}
			return
		}
		if a.Status < 200 && a.Status != 101 || len(a.Body) > bound {
			t.Fatalf("the answer %d with %d bytes", a.Status, len(a.Body))
		}
		_ = l.finish(last) // the connection is closed, whatever it says
		if l.open() {
			t.Fatal("the link is open after its last answer")
		}
	})
}
