package engine

import (
	"fmt"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"muster/ipc"
)

func TestChildOnMessage(t *testing.T) {
	c, p := startChild(t)
	for i := range 3 {
		p.send(i) // before anybody listens
	}
	p.send(map[string]string{"cmd": "NODE_SOCKET_NOTIFY_CLOSE", "key": "x"}) // a Node primary's own business
	got := make(chan Message, 16)
	remove := c.OnMessage(func(m Message) { got <- m })
	for i := 3; i < 6; i++ {
		p.send(i)
	}
	for i := range 6 {
		if m := receive(t, got); string(m.Value) != fmt.Sprint(i) || m.Worker != 3 || m.Handle != nil {
			t.Fatalf("message %d is %+v", i, m)
		}
	}
	second := make(chan Message, 16)
	c.OnMessage(func(m Message) { second <- m })
	remove()
	remove()
	p.send("last")
	if m := receive(t, second); string(m.Value) != `"last"` {
		t.Errorf("got %s", m.Value)
	}
	if len(got) != 0 {
		t.Error("a function that was removed was called")
	}
}

// A function may block on what comes through the same channel.
func TestChildOnMessageMayAsk(t *testing.T) {
	c, p := startChild(t)
	got := make(chan result, 1)
	begin := make(chan struct{})
	c.OnMessage(func(m Message) {
		if string(m.Value) != "0" {
			return
		}
		<-begin
		ln, err := c.addresses.listen(ListenConfig{}, "tcp", "127.0.0.1:4000")
		got <- result{ln, err}
	})
	for i := range inboxMessages + 2 {
		p.send(i)
	}
	poll(t, "the inbox is full", func() bool { return inboxCount(c) >= inboxMessages })
	close(begin)
	p.serve()
	if r := receive(t, got); r.err != nil {
		t.Error(r.err)
	}
}

func inboxCount(c *Child) int {
	c.inbox.mu.Lock()
	defer c.inbox.mu.Unlock()
	return c.inbox.count
}

// A function that does not keep up holds the primary back; nothing is lost.
func TestChildOnMessageHoldsTheSenderBack(t *testing.T) {
	c, p := startChild(t)
	release := make(chan struct{})
	var seen, first atomic.Int64
	c.OnMessage(func(Message) {
		<-release
		first.CompareAndSwap(0, int64(inboxCount(c)))
		seen.Add(1)
	})
	const all = 8192
	big := strings.Repeat("x", 1<<10)
	for range all {
		p.send(big)
	}
	poll(t, "the inbox is full", func() bool { return inboxCount(c) >= inboxMessages })
	if p.ch.Pending() == 0 {
		t.Error("the sender got rid of everything")
	}
	close(release)
	poll(t, "every message was handled", func() bool { return seen.Load() == all })
	if n := first.Load(); n > inboxMessages+answersAtOnce+readBatch {
		t.Errorf("%d messages waited", n)
	}
}

// readBatch is how many of those messages one read brings, at most.
const readBatch = 128

// As long as nobody has ever listened the reader goes on: nobody may be going
// to, and it has orders to read.
func TestChildWithoutOnMessage(t *testing.T) {
	c, p := startChild(t)
	for i := range inboxMessages + 10 {
		p.send(i)
	}
	client := sendConnection(t, p, "net.Socket")
	client.closed(t) // the handle of a message that was dropped
	got := make(chan Message, inboxMessages+16)
	c.OnMessage(func(m Message) { got <- m })
	p.send("next")
	for i := range inboxMessages {
		if m := receive(t, got); string(m.Value) != fmt.Sprint(i) {
			t.Fatalf("message %d is %s", i, m.Value)
		}
	}
	if m := receive(t, got); string(m.Value) != `"next"` {
		t.Errorf("after those kept came %s", m.Value)
	}
}

// sendConnection sends one end of a connection and returns the other.
func sendConnection(t *testing.T, p *fakePrimary, typ string) *httpConn {
	t.Helper()
	return sendConnectionAs(t, p, typ, "here")
}

func sendConnectionAs(t *testing.T, p *fakePrimary, typ string, message any) *httpConn {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	s := &drained{addr: Address{Network: "tcp", Host: "127.0.0.1", Port: ln.Addr().(*net.TCPAddr).Port}}
	client := s.dial(t)
	conn, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	p.sendFD(typ, message, conn.(*net.TCPConn))
	return client
}

func TestChildReceivesHandles(t *testing.T) {
	c, p := startChild(t)
	got := make(chan Message, 1)
	remove := c.OnMessage(func(m Message) { got <- m })
	udp, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	ln, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	for _, tt := range []struct {
		typ  string
		from interface{ File() (*os.File, error) }
		want HandleKind
	}{
		{"net.Server", ln, HandleServer}, {"dgram.Socket", udp, HandleUDP}, {"dgram.Native", udp, HandleUDP},
	} {
		p.sendFD(tt.typ, 7, tt.from)
		if m := receive(t, p.msgs); m.Kind != ipc.Ack {
			t.Errorf("%s was answered with %v", tt.typ, m.Kind)
		}
		m := receive(t, got)
		if m.Handle == nil || m.Handle.Kind != tt.want || string(m.Value) != "7" {
			t.Fatalf("%s came as %+v", tt.typ, m)
		}
		if err := m.Handle.Close(); err != nil {
			t.Error(err)
		}
	}
	for _, typ := range []string{"net.Socket", "net.Native"} {
		client := sendConnection(t, p, typ)
		m := receive(t, got)
		conn, err := net.FileConn(m.Handle.File)
		if err != nil || m.Handle.Kind != HandleSocket {
			t.Fatalf("%s: %v, %v", typ, m.Handle.Kind, err)
		}
		_ = m.Handle.Close()
		if _, err := conn.Write([]byte("x")); err != nil {
			t.Error(err)
		}
		_ = conn.Close()
		if b, err := client.r.ReadByte(); err != nil || b != 'x' {
			t.Errorf("%s: read %q, %v", typ, b, err)
		}
	}
	remove()
	sendConnection(t, p, "net.Socket").closed(t) // nobody listens any more
}

// Handles that nobody ever listened for are closed with the channel.
func TestChildClosesHandlesAtTheEnd(t *testing.T) {
	c, p := startChild(t)
	client := sendConnection(t, p, "net.Socket")
	p.send(ipc.Disconnect{})
	p.expectEnd()
	receive(t, c.departure.over)
	client.closed(t)
}
