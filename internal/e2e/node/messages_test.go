//go:build linux

package node

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"muster/engine"
	"muster/internal/e2e/kit"
	"muster/internal/testkit"
)

// inbox is a listener of cluster 'message' and what it was given.
type inbox struct {
	t  *testing.T
	in chan engine.Message
}

func newInbox(t *testing.T) *inbox { return &inbox{t, make(chan engine.Message, 64)} }

func (b *inbox) options() func(*scene) {
	return onMessage(func(m engine.Message) { b.in <- m })
}

func (b *inbox) next() engine.Message {
	b.t.Helper()
	select {
	case m := <-b.in:
		return m
	case <-time.After(kit.Patience):
		b.t.Fatal("no message came")
	}
	return engine.Message{}
}

// echo is the answer of messages.js.
type echo struct {
	Got  json.RawMessage
	Kind *string
}

func (b *inbox) echo() echo {
	b.t.Helper()
	m := b.next()
	var e echo
	if err := json.Unmarshal(m.Value, &e); err != nil {
		b.t.Fatalf("message %.200s: %v", m.Value, err)
	}
	return e
}

// talker is one messages.js that does not listen, and what it has said first.
func talker(t *testing.T) (*cluster, *inbox) {
	t.Helper()
	box := newInbox(t)
	c := start(t, "messages.js", workers(1), box.options())
	pid := c.AwaitKind(1, engine.KindFork)[0].PID
	if m := box.next(); m.Worker != 1 || string(m.Value) != fmt.Sprintf(`{"early":%d}`, pid) {
		t.Fatalf("the first message is %s of worker %d", m.Value, m.Worker)
	}
	return c, box
}

// Any JSON value goes to the program and comes back, long ones too; the events
// tell of both.
func TestNodeMessages(t *testing.T) {
	t.Parallel()
	c, box := talker(t)
	for _, value := range []string{
		`"text"`, `{"a":[1,null,true],"b":{"cmd":"x"}}`, `null`, `-3.5`, `false`, `[]`, "\"two\u2028lines\u2029 é 🙂\"",
		`"` + strings.Repeat("0123456789", 100_000) + `"`,
	} {
		c.send(1, value, nil)
		if e := box.echo(); string(e.Got) != value || e.Kind != nil {
			t.Errorf("sent %.100s, back came %.100s (%v)", value, e.Got, e.Kind)
		}
	}
	if n := len(c.AwaitKind(8, engine.KindSend)); n != 8 {
		t.Errorf("%d send events", n)
	}
	c.AwaitKind(9, engine.KindMessage)
	// It was all before it listens; listening still works.
	c.send(1, `"listen"`, nil)
	c.AwaitKind(1, engine.KindListening)
}

// A message of over 16 MiB ended the channel, and so the worker. It is refused,
// with what came with it, and all that comes after it arrives; what Go sends is
// refused at the sender.
func TestNodeMessageTooLongCostsNotTheWorker(t *testing.T) {
	t.Parallel()
	c, box := talker(t)
	const size = 17 << 20
	refused := func(n int, what string) {
		t.Helper()
		if m := box.next(); string(m.Value) != `"behind it"` {
			t.Fatalf("the message behind it is %.100s", m.Value)
		}
		var text string
		var e engine.Event
		c.Await(fmt.Sprintf("refusal %d", n), func(all []engine.Event) bool {
			seen := 0
			for _, e = range kit.OfKind(all, engine.KindError) { // the hint that it does not listen may be among them
				if text = e.Detail.(engine.ErrorDetail).Text; strings.Contains(text, " was refused: ") {
					if seen++; seen == n {
						return true
					}
				}
			}
			return false
		})
		if want := fmt.Sprintf("%s of worker 1 was refused: it has ", what); e.Worker != 1 || !strings.HasPrefix(text, want) ||
			!strings.Contains(text, "the most is 16777216 (16 MiB)") || !strings.Contains(text, fmt.Sprintf("refused so far: %d", n)) {
			t.Errorf("the event says %q of worker %d", text, e.Worker)
		}
	}
	errs := make(chan error, 8)
	c.Worker(1).OnError(func(err error) { errs <- err })
	c.send(1, fmt.Sprintf(`{"long":%d}`, size), nil)
	refused(1, "a message")
	if err := <-errs; !errors.Is(err, engine.ErrTooLong) {
		t.Errorf("OnError hears %v", err)
	}

	ours, theirs := connection(t)
	c.send(1, fmt.Sprintf(`{"long":%d}`, size), &engine.Handle{Kind: engine.HandleSocket, File: file(t, theirs)})
	refused(2, "a message with a net.Socket, which was closed,")
	c.send(1, `"and on"`, nil) // it was acknowledged: the program is not silent
	if e := box.echo(); string(e.Got) != `"and on"` {
		t.Errorf("back came %s", e.Got)
	}
	_ = ours

	big := strings.Repeat("x", 16<<20)
	for what, err := range map[string]error{
		"Send":       c.Worker(1).Send(big),
		"SendHandle": c.Worker(1).SendHandle(big, &engine.Handle{Kind: engine.HandleSocket, File: file(t, theirs)}),
	} {
		if !errors.Is(err, engine.ErrTooLong) || !strings.Contains(err.Error(), "worker 1: ") || !strings.Contains(err.Error(), "the limit is 16777216") {
			t.Errorf("%s: %v", what, err)
		}
	}
	c.send(1, `"listen"`, nil)
	c.AwaitKind(1, engine.KindListening)
	if n := len(kit.OfKind(c.SoFar(), engine.KindExit)); n != 0 {
		t.Errorf("%d workers ended", n)
	}
}

// file is the descriptor of a socket, for a Handle.
func file(t *testing.T, s any) *os.File {
	t.Helper()
	f, err := s.(interface{ File() (*os.File, error) }).File()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func TestNodeHandlesToTheWorker(t *testing.T) {
	t.Parallel()
	c, box := talker(t)
	pid := c.SoFar()[1].PID
	var served string

	t.Run("connection", func(t *testing.T) {
		ours, theirs := connection(t)
		c.send(1, `"take it"`, &engine.Handle{Kind: engine.HandleSocket, File: file(t, theirs)})
		theirs.Close()
		if e := box.echo(); e.Kind == nil || *e.Kind != "net.Socket" || string(e.Got) != `"take it"` {
			t.Fatalf("the program got %s %v", e.Got, e.Kind)
		}
		if got, err := bufio.NewReader(ours).ReadString('\n'); err != nil || got != fmt.Sprintf("%d has it\n", pid) {
			t.Errorf("on it came %q, %v", got, err)
		}
	})
	t.Run("server", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		f := file(t, l)
		c.send(1, `"serve it"`, &engine.Handle{Kind: engine.HandleServer, File: f})
		f.Close()
		l.Close() // ours; the program has its own
		served = l.Addr().String()
		if e := box.echo(); e.Kind == nil || *e.Kind != "net.Server" {
			t.Fatalf("the program got %s %v", e.Got, e.Kind)
		}
		conn, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(kit.Patience))
		if got, err := io.ReadAll(conn); err != nil || string(got) != fmt.Sprintf("%d serves it", pid) {
			t.Errorf("on it came %q, %v", got, err)
		}
	})
	t.Run("UDP", func(t *testing.T) {
		u, err := net.ListenPacket("udp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		c.send(1, `"read it"`, &engine.Handle{Kind: engine.HandleUDP, File: file(t, u)})
		u.Close()
		if e := box.echo(); e.Kind == nil || *e.Kind != "Socket" {
			t.Fatalf("the program got %s %v", e.Got, e.Kind)
		}
		conn, err := net.Dial("udp4", u.LocalAddr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(kit.Patience))
		fmt.Fprint(conn, "hello")
		buf := make([]byte, 100)
		n, err := conn.Read(buf)
		if want := fmt.Sprintf("%d: hello", pid); err != nil || string(buf[:n]) != want {
			t.Errorf("the answer is %q, %v; want %q", buf[:n], err, want)
		}
	})
	// No copy of the server is kept here: it ends with its program.
	c.do(engine.Command{Op: engine.OpKill, Worker: 1})
	c.AwaitOf(1, engine.KindExit)
	testkit.Eventually(t, kit.Patience, func() bool {
		conn, err := net.Dial("tcp", served)
		if err == nil {
			conn.Close()
		}
		return err != nil
	}, "the server that was sent has ended")
}

// connection is a TCP connection with both of its ends.
func connection(t *testing.T) (ours, theirs net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if ours, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ours.Close() })
	if theirs, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { theirs.Close() })
	_ = ours.SetDeadline(time.Now().Add(kit.Patience))
	return ours, theirs
}

func TestNodeHandlesFromTheWorker(t *testing.T) {
	t.Parallel()
	c, box := talker(t)

	c.send(1, `"give server"`, nil)
	m := box.next()
	if m.Handle == nil || m.Handle.Kind != engine.HandleServer || string(m.Value) != `"a server"` {
		t.Fatalf("the message is %s with %+v", m.Value, m.Handle)
	}
	l, err := net.FileListener(m.Handle.File)
	m.Handle.Close()
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	// The program listens on it as well, but takes nothing off it here: kill it,
	// then it is ours alone, and it still works.
	c.do(engine.Command{Op: engine.OpKill, Worker: 1})
	c.AwaitOf(1, engine.KindExit)
	go func() { // ends with its connection
		if conn, err := l.Accept(); err == nil {
			fmt.Fprint(conn, "the primary")
			conn.Close()
		}
	}()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(kit.Patience))
	if got, err := io.ReadAll(conn); err != nil || string(got) != "the primary" {
		t.Errorf("on it came %q, %v", got, err)
	}

	c.do(engine.Command{Op: engine.OpFork})
	box.next() // early
	c.send(2, `"give udp"`, nil)
	m = box.next()
	if m.Handle == nil || m.Handle.Kind != engine.HandleUDP {
		t.Fatalf("the message is %s with %+v", m.Value, m.Handle)
	}
	u, err := net.FilePacketConn(m.Handle.File)
	m.Handle.Close()
	if err != nil {
		t.Fatal(err)
	}
	defer u.Close()
	if _, err := u.WriteTo([]byte("to itself"), u.LocalAddr()); err != nil {
		t.Error(err)
	}
}

// The bookkeeping of Node's socket lists: a server that gave connections away
// closes when the primary has closed them, not before and not never.
func TestNodeConnectionGivenToThePrimary(t *testing.T) {
	t.Parallel()
	box := newInbox(t)
	c := start(t, "giveaway.js", workers(1), box.options(), grace(0))
	c.AwaitKind(1, engine.KindListening)
	var given []*engine.Handle
	for i := range 2 {
		conn, err := net.Dial("tcp", c.Addr())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(kit.Patience))
		m := box.next()
		if m.Handle == nil || m.Handle.Kind != engine.HandleSocket {
			t.Fatalf("the message is %s with %+v", m.Value, m.Handle)
		}
		given = append(given, m.Handle)
		ours, err := net.FileConn(m.Handle.File)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(ours, "connection %d\n", i)
		if got, err := bufio.NewReader(conn).ReadString('\n'); err != nil || got != fmt.Sprintf("connection %d\n", i) {
			t.Errorf("on it came %q, %v", got, err)
		}
		ours.Close()
	}
	// One was closed before the server asks, one after.
	given[0].Close()
	c.send(1, `"disconnect"`, nil)
	select {
	case <-time.After(500 * time.Millisecond): // it must still be there: nothing to wait for
	case <-c.ended:
	}
	if n := len(kit.OfKind(c.SoFar(), engine.KindDisconnect)); n != 0 {
		t.Error("the worker has left while a connection of its server was open here")
	}
	given[1].Close()
	closed := time.Now()
	if d := exit(c.AwaitOf(1, engine.KindExit)); !d.Voluntary || d.Code == nil || *d.Code != 0 {
		t.Errorf("the worker ended with %+v", d)
	}
	if took := time.Since(closed); took > 4*time.Second { // the grace is 5 s
		t.Errorf("it left %v after the last connection was closed", took)
	}
}
