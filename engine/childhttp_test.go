package engine

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// drained is an HTTP server that may have to leave, without a cluster.
type drained struct {
	d       *drainer
	leaving chan struct{}
	ln      net.Listener
	addr    Address
}

// startDrained serves srv until the test is over.
func startDrained(t *testing.T, srv *http.Server) *drained {
	t.Helper()
	return startDrainedBy(t, srv, func(s *drained) error { return srv.Serve(drainListener{s.ln, s.d}) })
}

// startDrainedBy does with serve for srv.Serve.
func startDrainedBy(t *testing.T, srv *http.Server, serve func(*drained) error) *drained {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	leaving := make(chan struct{})
	s := &drained{ln: ln, leaving: leaving, d: &drainer{counts: newCounts(nil), kept: new(keptTime), leaving: leaving, conns: make(map[*drainConn]struct{})}}
	s.addr = Address{Network: "tcp", Host: "127.0.0.1", Port: ln.Addr().(*net.TCPAddr).Port}
	s.d.wrap(srv)
	served := make(chan error, 1)
	go func() { served <- serve(s) }()
	t.Cleanup(func() {
		srv.Close()
		if err := receive(t, served); !errors.Is(err, net.ErrClosed) && !errors.Is(err, http.ErrServerClosed) {
			t.Errorf("Serve: %v", err)
		}
	})
	return s
}

// leave is the primary's order.
func (s *drained) leave() {
	close(s.leaving)
	s.ln.Close()
}

// drain waits in the background; the channel gets how long it took.
func (s *drained) drain() <-chan time.Duration {
	over := make(chan time.Duration, 1)
	start := time.Now()
	go func() {
		s.d.wait()
		over <- time.Since(start)
	}()
	return over
}

func (s *drained) open() int {
	s.d.mu.Lock()
	defer s.d.mu.Unlock()
	return len(s.d.conns)
}

// httpConn is a client's connection.
type httpConn struct {
	net.Conn
	r *bufio.Reader
}

func (s *drained) dial(t *testing.T) *httpConn {
	t.Helper()
	c := dial(t, s.addr)
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	return &httpConn{c, bufio.NewReader(c)}
}

func (c *httpConn) send(t *testing.T, path string) {
	t.Helper()
	if _, err := fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path); err != nil {
		t.Fatal(err)
	}
}

// answer reads one answer and tells whether the connection is to be closed.
func (c *httpConn) answer(t *testing.T, body string) (last bool) {
	t.Helper()
	res, err := http.ReadResponse(c.r, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil || string(b) != body {
		t.Errorf("answer %q, %v; want %q", b, err, body)
	}
	return res.Close
}

func (c *httpConn) closed(t *testing.T) {
	t.Helper()
	if b, err := c.r.ReadByte(); err != io.EOF {
		t.Errorf("read %q, %v; want the end", b, err)
	}
}

// echoPath answers with the request's path.
var echoPath = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.URL.Path) })

// While a worker leaves, what clients still send on open connections is
// answered, with word that the connection ends.
func TestDrainAnswersWithConnectionClose(t *testing.T) {
	s := startDrained(t, &http.Server{Handler: echoPath})
	c := s.dial(t)
	for _, path := range []string{"/1", "/2"} {
		c.send(t, path)
		if c.answer(t, path) {
			t.Errorf("%s: the connection ends though nobody leaves", path)
		}
	}
	s.leave()
	over := s.drain()
	c.send(t, "/3")
	if !c.answer(t, "/3") {
		t.Error("no Connection: close")
	}
	c.closed(t)
	if took := receive(t, over); took >= idleFor {
		t.Errorf("the drain took %v though nothing was open", took)
	}
	n := s.d.counts
	if a, c, d := n.accepted.Load(), n.closed.Load(), n.done.Load(); a != 1 || c != 1 || d != 3 {
		t.Errorf("accepted %d, closed %d, answered %d; want 1, 1, 3", a, c, d)
	}
}

// toldListener has the tally follow what it accepts, as that of a worker does.
type toldListener struct{ drainListener }

func (l toldListener) Accept() (net.Conn, error) {
	conn, err := l.drainListener.Accept()
	if dc, ok := conn.(*drainConn); ok {
		l.d.mu.Lock()
		dc.end = newConnEnd(l.d.counts.tally)
		l.d.mu.Unlock()
	}
	return conn, err
}

// An idle connection is left open for a while: its client may be about to send.
// Then its end is said, and it is read until its client has heard that.
func TestDrainClosesIdleConnections(t *testing.T) {
	srv := &http.Server{Handler: echoPath}
	s := startDrainedBy(t, srv, func(s *drained) error { return srv.Serve(toldListener{drainListener{s.ln, s.d}}) })
	idle, fresh := s.dial(t), s.dial(t)
	idle.send(t, "/")
	idle.answer(t, "/")
	poll(t, "both are open and idle", func() bool {
		s.d.mu.Lock()
		defer s.d.mu.Unlock()
		for dc := range s.d.conns {
			if dc.idle.Load() == 0 {
				return false
			}
		}
		return len(s.d.conns) == 2
	})
	// The drain begins when they have been idle for long: that does not count.
	began := time.Now().Add(time.Minute)
	if n := s.d.closeIdle(began, began); n != 2 {
		t.Fatalf("%d open", n)
	}
	s.d.kept.ns.Store(int64(keptFor))
	over := began.Add(keptFor)
	shut := func() (n int) {
		for dc := range s.d.conns {
			if dc.idle.Load() == idleShut {
				n++
			}
		}
		return n
	}
	if s.d.closeIdle(began, over.Add(-1)); shut() != 0 {
		t.Fatalf("the end of %d was said before it is time", shut())
	}
	if s.d.closeIdle(began, over); shut() != 2 || s.open() != 2 {
		t.Fatalf("the end of %d was said, and %d are open; want 2 and 2", shut(), s.open())
	}
	idle.closed(t)
	fresh.closed(t)
	// This one has not looked: its request is not handled, and it hears no reset.
	idle.send(t, "/crosses")
	poll(t, "the request is told as lost", func() bool { return s.d.counts.tally[tallyEnded].Load() == 1 })
	idle.closed(t)
	s.d.closeIdle(began, over.Add(lingerFor-1))
	if s.open() != 2 {
		t.Fatalf("%d open before both have been read for long enough", s.open())
	}
	fresh.Close()
	poll(t, "one that its client has closed is gone", func() bool { return s.open() == 1 })
	if s.d.closeIdle(began, over.Add(lingerFor)); s.open() != 0 {
		t.Fatalf("%d open", s.open())
	}
	if n := s.d.counts.done.Load(); n != 1 {
		t.Errorf("%d answered, want 1", n)
	}
}

// A connection that was used during the drain has a second from then on.
func TestDrainCountsIdleFromTheLastRequest(t *testing.T) {
	d := &drainer{counts: new(counts), kept: new(keptTime), conns: make(map[*drainConn]struct{})}
	dc := &drainConn{Conn: &net.TCPConn{}, gone: d.gone}
	d.conns[dc] = struct{}{}
	d.kept.ns.Store(int64(keptFor))
	began := time.Now().Add(-time.Hour)
	dc.state(http.StateIdle)
	dc.state(http.StateActive)
	if d.closeIdle(began, time.Now().Add(time.Hour)); dc.idle.Load() != 0 {
		t.Fatal("a connection with a request under way was closed")
	}
	dc.state(http.StateIdle)
	since := time.Unix(0, dc.idle.Load())
	if d.closeIdle(began, since.Add(idleFor-1)); dc.idle.Load() == idleShut {
		t.Fatal("closed too early")
	}
	if d.closeIdle(began, since.Add(idleFor)); dc.idle.Load() != idleShut && len(d.conns) != 0 {
		t.Fatal("not closed")
	}
}

// wait itself, in real time: idle connections hold it for as long as the primary
// has said, here a second.
func TestDrainTakesASecond(t *testing.T) {
	t.Parallel()
	s := startDrained(t, &http.Server{Handler: echoPath})
	c := s.dial(t)
	c.send(t, "/")
	c.answer(t, "/")
	s.leave()
	if took := receive(t, s.drain()); took < idleFor {
		t.Errorf("the drain took %v", took)
	}
	c.closed(t)
}

// What is under way is finished, however long it takes.
func TestDrainWaitsForRequests(t *testing.T) {
	t.Parallel()
	began, finish := make(chan struct{}), make(chan struct{})
	s := startDrained(t, &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(began)
		<-finish
		_, _ = io.WriteString(w, "done")
	})})
	release := sync.OnceFunc(func() { close(finish) })
	defer release()
	c, idle := s.dial(t), s.dial(t)
	c.send(t, "/")
	receive(t, began)
	s.leave()
	over := s.drain()
	idle.closed(t) // so the second is over
	select {
	case <-over:
		t.Fatal("the drain is over though a request is not answered")
	default:
	}
	release()
	// Its answer had begun before anybody left: it may promise more, and the
	// connection is then closed when it has been idle.
	c.answer(t, "done")
	c.closed(t)
	receive(t, over)
}

// A hijacked connection (a WebSocket, say) is its owner's until he closes it.
func TestDrainWaitsForHijackedConnections(t *testing.T) {
	t.Parallel()
	got := make(chan net.Conn, 1)
	s := startDrained(t, &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Errorf("hijack: %v", err)
		}
		got <- conn
	})})
	c, idle := s.dial(t), s.dial(t)
	c.send(t, "/")
	conn := receive(t, got)
	defer conn.Close()
	// The end of a listener resets what nobody has accepted.
	poll(t, "both are accepted", func() bool { return s.d.counts.accepted.Load() == 2 })
	s.leave()
	over := s.drain()
	idle.closed(t) // so the second is over
	select {
	case <-over:
		t.Fatal("the drain is over though a connection is open")
	default:
	}
	if _, err := io.WriteString(conn, "x"); err != nil {
		t.Errorf("it cannot be written to: %v", err)
	}
	if b, err := c.r.ReadByte(); err != nil || b != 'x' {
		t.Errorf("read %q, %v", b, err)
	}
	conn.Close()
	conn.Close()
	receive(t, over)
	if n := s.d.counts.closed.Load(); n != 2 {
		t.Errorf("%d closed, want 2", n)
	}
}

// A handler that panics has been answered too, and its connection has ended.
func TestDrainCountsPanics(t *testing.T) {
	s := startDrained(t, &http.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })})
	c := s.dial(t)
	c.send(t, "/")
	c.closed(t)
	poll(t, "the connection is counted", func() bool { return s.open() == 0 })
	if n := s.d.counts.done.Load(); n != 1 {
		t.Errorf("%d answered", n)
	}
}

// The server's own hooks still work.
func TestDrainKeepsTheServersHooks(t *testing.T) {
	var mu sync.Mutex
	states := make(map[http.ConnState]int)
	s := startDrained(t, &http.Server{Handler: echoPath, ConnState: func(_ net.Conn, st http.ConnState) {
		mu.Lock()
		defer mu.Unlock()
		states[st]++
	}})
	c := s.dial(t)
	c.send(t, "/")
	c.answer(t, "/")
	c.Close()
	poll(t, "all states were seen", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return states[http.StateNew] == 1 && states[http.StateActive] == 1 && states[http.StateIdle] == 1 && states[http.StateClosed] == 1
	})
}

// After an answer that leaves a request unread, net/http says the end first and
// closes half a second later, so that the client reads the answer and not a
// reset. It needs the connection's CloseWrite for that.
func TestDrainConnHalfCloses(t *testing.T) {
	s := startDrained(t, &http.Server{Handler: echoPath, MaxHeaderBytes: 1}) // and 4 KiB, for bufio
	c := s.dial(t)
	if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nX: "+strings.Repeat("x", 16<<10)); err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(c.r)
	if n := s.open(); n != 1 {
		t.Error("the end came only with the connection's close")
	}
	if err != nil || !strings.HasPrefix(string(b), "HTTP/1.1 431") {
		t.Errorf("answer %.40q, %v", b, err)
	}
}

func TestServeHTTPOutsideAWorker(t *testing.T) {
	if Self() != nil {
		t.Skip("this process is a worker")
	}
	if err := ServeHTTP(nil, &http.Server{}); !errors.Is(err, ErrNotWorker) {
		t.Errorf("%v", err)
	}
	if _, err := Listen("tcp", "127.0.0.1:0"); !errors.Is(err, ErrNotWorker) {
		t.Errorf("%v", err)
	}
}

// The worker must be done when the grace is over, and a stop must not wait for
// clients that say nothing.
func TestKeptLimit(t *testing.T) {
	for _, tt := range []struct {
		grace time.Duration
		alone bool
		want  time.Duration
	}{
		{0, false, keptFor}, {time.Minute, false, keptFor}, {5 * time.Second, false, 3800 * time.Millisecond},
		{time.Second, false, 500 * time.Millisecond}, {5 * time.Second, true, idleFor}, {0, true, idleFor},
		{time.Second, true, 500 * time.Millisecond},
	} {
		if got := keptLimit(tt.grace, tt.alone); got != tt.want {
			t.Errorf("grace %v, alone %v: %v, want %v", tt.grace, tt.alone, got, tt.want)
		}
	}
	l := loopAt(epoch)
	w := &worker{id: 1, life: life{state: StateDisconnecting, leaving: true}}
	l.workers[1] = w
	if !l.leaver.alone(w) {
		t.Error("it is not alone")
	}
	l.workers[2] = &worker{id: 2, life: life{state: StateDisconnecting, leaving: true}}
	if !l.leaver.alone(w) {
		t.Error("one that leaves too stays")
	}
	l.workers[3] = &worker{id: 3, life: life{state: StateListening}}
	if l.leaver.alone(w) {
		t.Error("one that listens does not stay")
	}
}
