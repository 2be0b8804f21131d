package load

import (
	"bufio"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"muster/internal/testkit"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// server is a listener whose connections are handled by hand, so that it can
// misbehave in every way.
type server struct {
	ln net.Listener
	wg sync.WaitGroup

	mu    sync.Mutex
	conns []net.Conn // all there were
}

// serve starts a server; handle gets each connection with its number, from 0,
// and the connection is closed when it returns. The server ends with the test.
func serve(t testing.TB, network string, handle func(c *peer)) *server {
	t.Helper()
	addr := "127.0.0.1:0"
	if network == "unix" {
		addr = filepath.Join(t.TempDir(), "s")
	}
	ln, err := net.Listen(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	s := &server{ln: ln}
	s.wg.Go(func() {
		for n := 0; ; n++ {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.conns = append(s.conns, conn)
			s.mu.Unlock()
			s.wg.Go(func() {
				defer conn.Close()
				handle(&peer{conn: conn, br: bufio.NewReader(conn), n: n})
			})
		}
	})
	t.Cleanup(func() {
		ln.Close()
		s.mu.Lock()
		for _, c := range s.conns {
			c.Close() // twice does no harm
		}
		s.mu.Unlock()
		s.wg.Wait()
	})
	return s
}

func (s *server) addr() string {
	if s.ln.Addr().Network() == "unix" {
		return "unix:" + s.ln.Addr().String()
	}
	return s.ln.Addr().String()
}

func (s *server) connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}

// peer is one connection as the server sees it.
type peer struct {
	conn net.Conn
	br   *bufio.Reader
	n    int
	req  *http.Request // the last one read
}

// read reads a request and reports whether there was one.
func (p *peer) read() bool {
	req, err := http.ReadRequest(p.br)
	p.req = req
	return err == nil
}

// reset closes the connection with RST instead of FIN.
func (p *peer) reset() {
	p.conn.(*net.TCPConn).SetLinger(0)
	p.conn.Close()
}

// stall keeps the connection open and silent until the client closes it.
func (p *peer) stall() { io.Copy(io.Discard, p.br) }

func (p *peer) write(format string, args ...any) { fmt.Fprintf(p.conn, format, args...) }

// answer writes a whole answer with the body "hello".
func (p *peer) answer(headers string) {
	p.write("HTTP/1.1 200 OK\r\n%sContent-Length: 5\r\n\r\nhello", headers)
}

// checkSum holds the promise that every request ends in exactly one way.
func checkSum(t *testing.T, r Result) {
	t.Helper()
	if r.Sent != r.OK+r.Refused+r.Reset+r.TimedOut+r.Cut+r.Wrong {
		t.Errorf("the ends do not sum up to what was sent: %v", r)
	}
}

// eventually waits for a condition that comes without an event.
func eventually(t *testing.T, what string, cond func() bool) {
	t.Helper()
	testkit.Eventually(t, 30*time.Second, cond, what)
}

// quietLog takes what a server says of clients that go away.
func quietLog() *log.Logger { return log.New(io.Discard, "", 0) }
