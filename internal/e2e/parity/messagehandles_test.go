package parity

import (
	"bufio"
	"net"
	"testing"
	"time"

	"muster/engine"
	"muster/internal/testkit"
)

// Handles go both ways: each test gives a worker a socket, which uses it and
// sends it back; what comes back is used here.

// loan sends a worker a socket and returns what it sends back. v is closed here
// as soon as it is sent: the worker has a copy.
func loan(t *testing.T, w *engine.Worker, heard <-chan engine.Message, v interface{ Close() error }, use func()) *engine.Handle {
	t.Helper()
	h, err := engine.NewHandle(v)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.SendHandle("use it", h); err != nil {
		t.Fatal(err)
	}
	h.Close()
	v.Close()
	use()
	m := next(t, heard, "the handle")
	if m.Handle == nil {
		t.Fatalf("%v says %s", w, m.Value)
	}
	if text(m) != "back" || m.Handle.Kind != h.Kind {
		t.Errorf("%s came with a %s, want %s", m.Value, m.Handle.Kind, h.Kind)
	}
	t.Cleanup(func() { m.Handle.Close() })
	return m.Handle
}

func line(t *testing.T, from net.Conn) string {
	t.Helper()
	from.SetDeadline(time.Now().Add(patience))
	s, err := bufio.NewReader(from).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// pair is a connection over loopback, both ends.
func pair(t *testing.T) (client, server net.Conn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if client, err = net.Dial("tcp", ln.Addr().String()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	if server, err = ln.Accept(); err != nil {
		t.Fatal(err)
	}
	return client, server
}

func TestConnThereAndBack(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	w := fork(t, c, "handles")
	heard := messagesOf(w)
	client, server := pair(t)
	h := loan(t, w, heard, server, func() {
		if got := line(t, client); got != "the worker\n" {
			t.Errorf("the client has %q", got)
		}
	})
	conn, err := h.Conn()
	if err != nil {
		t.Fatal(err)
	}
	conn.Write([]byte("the primary\n"))
	conn.Close()
	if got := line(t, client); got != "the primary\n" {
		t.Errorf("the client has %q", got)
	}
	h.Close() // the last who has it: the worker has closed its own
	if n, err := client.Read(make([]byte, 1)); n != 0 || err == nil {
		t.Errorf("the connection has not ended: %d, %v", n, err)
	}
}

func TestListenerThereAndBack(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	w := fork(t, c, "handles")
	heard := messagesOf(w)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := ln.Addr().String()
	visit := func() net.Conn {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		return conn
	}
	h := loan(t, w, heard, ln, func() {
		if got := line(t, visit()); got != "the worker\n" {
			t.Errorf("the client has %q", got)
		}
	})
	back, err := h.Listener()
	if err != nil {
		t.Fatal(err)
	}
	defer back.Close()
	client := visit()
	conn, err := back.Accept()
	if err != nil {
		t.Fatal(err)
	}
	conn.Write([]byte("the primary\n"))
	conn.Close()
	if got := line(t, client); got != "the primary\n" {
		t.Errorf("the client has %q", got)
	}
	back.Close()
	h.Close()
	// The engine keeps a copy of a server it has sent for up to a beat.
	testkit.Eventually(t, patience, func() bool {
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			conn.Close()
		}
		return err != nil
	}, "nobody listens")
}

func TestPacketConnThereAndBack(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	w := fork(t, c, "handles")
	heard := messagesOf(w)
	shared, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	client, err := net.Dial("udp", shared.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	client.SetDeadline(time.Now().Add(patience))
	b := make([]byte, 64)
	h := loan(t, w, heard, shared, func() {
		client.Write([]byte("one"))
		if n, err := client.Read(b); string(b[:n]) != "the worker has one" {
			t.Errorf("the client has %q, %v", b[:n], err)
		}
	})
	conn, err := h.PacketConn()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	client.Write([]byte("two"))
	n, from, err := conn.ReadFrom(b)
	if err != nil || string(b[:n]) != "two" || from.String() != client.LocalAddr().String() {
		t.Errorf("the primary has %q of %v, %v", b[:n], from, err)
	}
	if _, err := conn.WriteTo([]byte("the primary too"), from); err != nil {
		t.Fatal(err)
	}
	if n, err := client.Read(b); string(b[:n]) != "the primary too" {
		t.Errorf("the client has %q, %v", b[:n], err)
	}
}

// A handle nobody listens for is closed, and so is one that comes after its
// listener was removed.
func TestHandleNobodyTakes(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	w := fork(t, c, "handles")
	heard := make(chan engine.Message, 1)
	remove := w.OnMessage(func(m engine.Message) { heard <- m })
	send(t, w, "are you there")
	next(t, heard, "its answer")
	remove()
	client, server := pair(t)
	h, err := engine.NewHandle(server)
	if err != nil {
		t.Fatal(err)
	}
	server.Close()
	if err := w.SendHandle("use it", h); err != nil {
		t.Fatal(err)
	}
	h.Close()
	if got := line(t, client); got != "the worker\n" {
		t.Errorf("the client has %q", got)
	}
	client.SetDeadline(time.Now().Add(patience))
	if n, err := client.Read(make([]byte, 1)); n != 0 || err == nil || err.Error() != "EOF" {
		t.Errorf("somebody still holds the connection: %d, %v", n, err)
	}
}
