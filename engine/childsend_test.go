package engine

import (
	"encoding/json"
	"errors"
	"math"
	"net"
	"os"
	"strings"
	"testing"

	"muster/internal/testkit"
	"muster/ipc"
)

func TestChildSend(t *testing.T) {
	c, p := startChild(t)
	for _, tt := range []struct {
		value any
		want  string
	}{
		{nil, `null`},
		{json.RawMessage(nil), `null`},
		{"é\u2028", `"é\u2028"`},
		{map[string]int{"a": 1}, `{"a":1}`},
		{json.RawMessage(`[1, 2]`), `[1,2]`},
	} {
		if err := c.Send(tt.value); err != nil {
			t.Fatal(err)
		}
		if m := p.next(); m.Kind != ipc.User || string(m.Raw) != tt.want {
			t.Errorf("%v became %s, want %s", tt.value, m.Raw, tt.want)
		}
	}
	for _, bad := range []any{func() {}, make(chan int), math.NaN(), json.RawMessage(`{`)} {
		err := c.Send(bad)
		contains(t, err, "message of worker 3 to the primary")
	}
	err := c.Send(strings.Repeat("x", ipc.MaxFrame))
	contains(t, err, "message of worker 3 to the primary")
	contains(t, err, "16777218 bytes, the limit is 16777216")
	if !errors.Is(err, ErrTooLong) {
		t.Errorf("%v is not ErrTooLong", err)
	}
	if err := c.Send(1); err != nil {
		t.Errorf("the channel does not go on: %v", err)
	}
	if m := p.next(); string(m.Raw) != "1" {
		t.Errorf("got %s", m.Raw)
	}
}

func TestChildSendAfterTheEnd(t *testing.T) {
	c, p := startChild(t)
	c.Kill()
	p.send(ipc.AckReply{Ack: p.expect("exitedAfterDisconnect").Seq})
	p.expectEnd()
	if err := c.Send(1); !errors.Is(err, ErrChannelClosed) {
		t.Errorf("%v", err)
	}
	receive(t, c.departure.over)
	if err := c.Flush(t.Context()); !errors.Is(err, ErrChannelClosed) {
		t.Errorf("%v", err)
	}
}

func TestChildFlush(t *testing.T) {
	c, _ := startChild(t)
	if err := c.Send(make([]byte, 1<<20)); err != nil { // more than a socket takes
		t.Fatal(err)
	}
	if err := c.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := c.Backlog(); n != 0 {
		t.Errorf("%d bytes left", n)
	}
}

func TestChildSendHandle(t *testing.T) {
	c, p := startChild(t)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	udp, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	conn, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for kind, from := range map[HandleKind]interface{ File() (*os.File, error) }{
		HandleServer: ln.(*net.TCPListener), HandleUDP: udp, HandleSocket: conn.(*net.TCPConn),
	} {
		f, err := from.File()
		if err != nil {
			t.Fatal(err)
		}
		_ = f.Fd() // makes it blocking: Node must not get it so
		h := &Handle{Kind: kind, File: f}
		if err := c.SendHandle(string(kind), h); err != nil {
			t.Fatal(err)
		}
		if err := h.Close(); err != nil {
			t.Errorf("it is not the sender's any more: %v", err)
		}
		m := p.next()
		if m.Handle != string(kind) || m.FD < 0 || string(m.Raw) != `"`+string(kind)+`"` {
			t.Errorf("%s: got %q %d %s", kind, m.Handle, m.FD, m.Raw)
		}
		if m.FD >= 0 {
			testkit.CheckFlags(t, m.FD)
			closeFD(m.FD)
		}
		contains(t, c.SendHandle(1, h), "worker 3", "closed file")
	}
	file, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	contains(t, c.SendHandle(1, &Handle{Kind: HandleSocket, File: file}), "worker 3", "is no socket")
	contains(t, c.SendHandle(1, &Handle{Kind: HandleSocket}), "worker 3")
	contains(t, c.SendHandle(1, &Handle{Kind: "net.Else", File: file}), `"net.Else"`)
	if err := c.Send("goes on"); err != nil {
		t.Error(err)
	}
	if m := p.next(); string(m.Raw) != `"goes on"` {
		t.Errorf("got %s", m.Raw)
	}
}

// A peer that does not answer is not waited for.
func TestChildAskEndsWithTheChannel(t *testing.T) {
	c, p := startChild(t)
	defer c.Hold()()
	p.send(ipc.Disconnect{}) // so that the end is no forced exit
	got := background(func() (any, error) {
		_, err := c.questions.ask(func(seq int64) any { return ipc.ExitedAfterDisconnect{Seq: seq} }, nil)
		return nil, err
	})
	p.expect("exitedAfterDisconnect")
	_ = p.ch.Close()
	if r := receive(t, got); !errors.Is(r.err, ErrChannelClosed) {
		t.Errorf("%v", r.err)
	}
}
