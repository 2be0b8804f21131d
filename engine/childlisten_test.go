package engine

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"syscall"
	"testing"

	"muster/ipc"

	"golang.org/x/sys/unix"
)

func TestQueryOfAnAddress(t *testing.T) {
	text := func(s string) *string { return &s }
	for _, tt := range []struct {
		network, address string
		lc               ListenConfig
		want             ipc.Query
	}{
		{"tcp", ":80", ListenConfig{}, ipc.Query{Port: 80, AddressType: "4"}},
		{"tcp", "0.0.0.0:80", ListenConfig{Backlog: 5}, ipc.Query{Address: text("0.0.0.0"), Port: 80, AddressType: "4", Backlog: 5}},
		{"tcp", "[::]:80", ListenConfig{IPv6Only: true, Backlog: -1}, ipc.Query{Address: text("::"), Port: 80, AddressType: "6", Flags: 1}},
		{"tcp", "[::]:80", ListenConfig{}, ipc.Query{Address: text("::"), Port: 80, AddressType: "6"}},
		{"tcp", "127.0.0.1:0", ListenConfig{IPv6Only: true}, ipc.Query{Address: text("127.0.0.1"), AddressType: "4"}},
		{"tcp", "[::1]:80", ListenConfig{}, ipc.Query{Address: text("::1"), Port: 80, AddressType: "6"}},
		{"tcp4", ":80", ListenConfig{}, ipc.Query{Address: text("0.0.0.0"), Port: 80, AddressType: "4"}},
		{"tcp6", ":80", ListenConfig{}, ipc.Query{Address: text("::"), Port: 80, AddressType: "6", Flags: 1}},
		{"tcp6", "[::]:80", ListenConfig{}, ipc.Query{Address: text("::"), Port: 80, AddressType: "6", Flags: 1}},
		{"unix", "/run/x", ListenConfig{ReadableAll: true, WritableAll: true},
			ipc.Query{Address: text("/run/x"), Port: -1, AddressType: "-1", ReadableAll: true, WritableAll: true}},
		{"udp4", ":53", ListenConfig{}, ipc.Query{Address: text("0.0.0.0"), Port: 53, AddressType: "udp4"}},
		{"udp6", ":53", ListenConfig{}, ipc.Query{Address: text("::"), Port: 53, AddressType: "udp6", Flags: 1}},
		{"udp", "127.0.0.1:53", ListenConfig{}, ipc.Query{Address: text("127.0.0.1"), Port: 53, AddressType: "udp4"}},
		{"udp", "[::1]:53", ListenConfig{}, ipc.Query{Address: text("::1"), Port: 53, AddressType: "udp6"}},
		{"udp", ":53", ListenConfig{IPv6Only: true}, ipc.Query{Address: text("::"), Port: 53, AddressType: "udp6", Flags: 1}},
	} {
		ask := tt.lc.query
		if tt.network[0] == 'u' && tt.network[1] == 'd' {
			ask = tt.lc.packetQuery
		}
		q, _, err := ask(tt.network, tt.address)
		tt.want.FD = -1
		if err != nil || !reflect.DeepEqual(q, tt.want) {
			t.Errorf("%s %s %+v:\ngot  %+v, %v\nwant %+v", tt.network, tt.address, tt.lc, q, err, tt.want)
		}
	}
}

func TestListenOutsideAWorker(t *testing.T) {
	if Self() != nil {
		t.Skip("this process is a worker")
	}
	_, a := Listen("tcp", "127.0.0.1:1")
	_, b := ListenPacket("udp", "127.0.0.1:1")
	_, c := ListenConfig{Exclusive: true}.Listen("tcp", "127.0.0.1:1")
	_, d := ListenFD(7)
	for i, err := range []error{a, b, c, d} {
		if !errors.Is(err, ErrNotWorker) {
			t.Errorf("%d: %v", i, err)
		}
	}
	contains(t, a, "127.0.0.1:1")
	contains(t, b, "127.0.0.1:1")
	contains(t, d, "descriptor 7")
}

// An address that was refused can be asked for again, with the same index: so
// it is shared with the other workers.
func TestChildListensAgainAfterAnError(t *testing.T) {
	c, p := startChild(t)
	for range 2 {
		got := background(func() (any, error) { return c.addresses.listen(ListenConfig{}, "tcp", "127.0.0.1:0") })
		q := p.expect("queryServer")
		if q.Query.Index != 0 {
			t.Errorf("index %d", q.Query.Index)
		}
		errno := -int(syscall.EADDRINUSE)
		p.send(ipc.QueryReply{Ack: q.Seq, Key: "k", Errno: &errno})
		r := receive(t, got)
		contains(t, r.err, "worker 3", "127.0.0.1:0")
		var op *net.OpError
		if !errors.Is(r.err, syscall.EADDRINUSE) || !errors.As(r.err, &op) {
			t.Errorf("%v", r.err)
		}
	}
	first, key := p.listening(c, "127.0.0.1:0")
	_, second := p.listening(c, "127.0.0.1:0")
	if key == second {
		t.Errorf("two servers on port 0 are one: %q", key)
	}
	_ = first.Close()
	if m := p.expect("close"); m.Key != key {
		t.Errorf("closed %q", m.Key)
	}
	if err := first.Close(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("closed twice: %v", err)
	}
	// One is still there, so that the next must be another.
	if _, third := p.listening(c, "127.0.0.1:0"); third == key || third == second {
		t.Errorf("the third server is %q", third)
	}
	if first.Addr().String() != "127.0.0.1:4000" {
		t.Errorf("address %s", first.Addr())
	}
}

// A worker that closes its only server and listens again meets the others.
func TestChildIndexStartsAgain(t *testing.T) {
	c, p := startChild(t)
	for range 3 {
		ln, key := p.listening(c, "127.0.0.1:0")
		if want := "127.0.0.1:0:4:-1:0"; key != want {
			t.Errorf("key %q, want %q", key, want)
		}
		_ = ln.Close()
		p.expect("close")
	}
}

// A primary that thinks the worker leaves does not answer: Listen must end all
// the same.
func TestChildListenEndsWhenItLeaves(t *testing.T) {
	c, p := startChild(t)
	defer c.Hold()() // else the channel's end would end it
	got := background(func() (any, error) { return c.addresses.listen(ListenConfig{}, "tcp", "127.0.0.1:0") })
	q := p.expect("queryServer")
	p.send(ipc.Disconnect{})
	r := receive(t, got)
	contains(t, r.err, "worker 3", "127.0.0.1:0")
	if !errors.Is(r.err, net.ErrClosed) {
		t.Errorf("%v", r.err)
	}
	// An answer that was under way brings a descriptor; nobody may keep it.
	if _, err := c.addresses.listen(ListenConfig{}, "tcp", "127.0.0.1:0"); !errors.Is(err, net.ErrClosed) {
		t.Errorf("%v", err)
	}
	client := sendConnectionAs(t, p, "net.Native", ipc.QueryReply{Ack: q.Seq, Key: "k", Errno: new(int)})
	client.closed(t)
}

func TestChildListenFD(t *testing.T) {
	c, p := startChild(t)
	_, err := c.addresses.listenFD(2)
	contains(t, err, "worker 3", "descriptor 2")
	if !errors.Is(err, syscall.EBADF) {
		t.Errorf("%v", err)
	}
	shared, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer shared.Close()
	got := background(func() (any, error) { return c.addresses.listenFD(7) })
	q := p.expect("queryServer")
	if q.Query.FD != 7 || q.Query.Address != nil || q.Query.Port != -1 || q.Query.AddressType != "" {
		t.Errorf("asked for %+v", q.Query)
	}
	p.sendFD("net.Native", ipc.QueryReply{Ack: q.Seq, Key: "k", Errno: new(int)}, shared)
	if m := p.expect("listening"); m.Query.Port != shared.Addr().(*net.TCPAddr).Port {
		t.Errorf("it tells of %+v", m.Query)
	}
	r := receive(t, got)
	if r.err != nil {
		t.Fatal(r.err)
	}
	ln := r.v.(net.Listener)
	if ln.Addr().String() != shared.Addr().String() {
		t.Errorf("address %s", ln.Addr())
	}
	_ = ln.Close()
}

// TestOnlyAListeningSocketIsShared: anything else would give an error at each
// accept. It is closed.
func TestOnlyAListeningSocketIsShared(t *testing.T) {
	c, _ := startChild(t)
	conn, _ := connected(t, "tcp", "127.0.0.1:0")
	regular, err := os.Create(filepath.Join(t.TempDir(), "file"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []*os.File{
		fileOf(t, conn.(*net.TCPConn)), rawFile(t, unix.AF_INET, unix.SOCK_DGRAM), rawFile(t, unix.AF_UNIX, unix.SOCK_SEQPACKET), closing(t, regular),
	} {
		l := &listener{counts: c.counts}
		l.change.L = &l.mu
		if err := l.share(dupOf(t, f)); !errors.Is(err, ErrHandle) || l.common != nil {
			t.Errorf("%s is shared: %v", f.Name(), err)
		}
	}
}

// dupOf is a descriptor of its own for what c is.
func dupOf(t *testing.T, c syscall.Conn) (fd int) {
	t.Helper()
	withFD(t, c, func(s int) { fd = must(unix.FcntlInt(uintptr(s), unix.F_DUPFD_CLOEXEC, 0))(t) })
	return fd
}

// TestSharedSocketSomebodyMadeBlocking: it is one socket for all workers, so one
// of another kind that makes it blocking would have stopped them all.
func TestSharedSocketSomebodyMadeBlocking(t *testing.T) {
	c, _ := startChild(t)
	shared := closing(t, must(net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}))(t))
	withFD(t, shared, func(fd int) {
		if err := unix.SetNonblock(fd, false); err != nil {
			t.Fatal(err)
		}
	})
	l := &listener{counts: c.counts, addr: shared.Addr(), gone: func() {}}
	l.change.L = &l.mu
	if err := l.share(dupOf(t, shared)); err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	withFD(t, shared, func(fd int) {
		if flags := must(unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0))(t); flags&unix.O_NONBLOCK == 0 {
			t.Error("it is still blocking")
		}
	})
}

// A descriptor that cannot be listened on is given back.
func TestChildListenFDOfUDP(t *testing.T) {
	c, p := startChild(t)
	udp, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	got := background(func() (any, error) { return c.addresses.listenFD(7) })
	q := p.expect("queryServer")
	p.sendFD("dgram.Native", ipc.QueryReply{Ack: q.Seq, Key: "k", Errno: new(int)}, udp)
	if m := p.expect("close"); m.Key != "k" {
		t.Errorf("closed %q", m.Key)
	}
	contains(t, receive(t, got).err, "worker 3", "descriptor 7")
}

func TestChildListenPacket(t *testing.T) {
	c, p := startChild(t)
	shared, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer shared.Close()
	for i := range 2 {
		got := background(func() (any, error) { return c.addresses.listenPacket(ListenConfig{}, "udp4", "127.0.0.1:0") })
		q := p.expect("queryServer")
		if q.Query.AddressType != "udp4" || *q.Query.Address != "127.0.0.1" || q.Query.Index != 0 {
			t.Errorf("asked for %+v", q.Query)
		}
		p.sendFD("dgram.Native", ipc.QueryReply{Ack: q.Seq, Key: "k", Errno: new(int)}, shared)
		if m := p.expect("listening"); m.Query.Port != shared.LocalAddr().(*net.UDPAddr).Port {
			t.Errorf("it tells of %+v", m.Query)
		}
		r := receive(t, got)
		if r.err != nil {
			t.Fatal(r.err)
		}
		conn := r.v.(net.PacketConn)
		if _, err := shared.WriteTo([]byte("ping"), conn.LocalAddr()); err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 8)
		if n, from, err := conn.ReadFrom(b); err != nil || string(b[:n]) != "ping" || from.String() != shared.LocalAddr().String() {
			t.Errorf("read %q from %v, %v", b[:n], from, err)
		}
		if i == 0 {
			_ = conn.Close()
			if err := conn.Close(); !errors.Is(err, net.ErrClosed) {
				t.Errorf("closed twice: %v", err)
			}
		} else {
			c.Disconnect() // closes what is left
		}
		if m := p.expect("close"); m.Key != "k" {
			t.Errorf("closed %q", m.Key)
		}
		if _, _, err := conn.ReadFrom(b); !errors.Is(err, net.ErrClosed) {
			t.Errorf("still open: %v", err)
		}
	}
	p.send(ipc.AckReply{Ack: p.expect("exitedAfterDisconnect").Seq})
	p.expectEnd()
}

// An exclusive listen says nothing to the primary, and ends with the others.
func TestChildListenExclusive(t *testing.T) {
	c, p := startChild(t)
	path := filepath.Join(t.TempDir(), "s")
	lc := ListenConfig{Exclusive: true, WritableAll: true, Backlog: 3}
	unix, err := c.addresses.listenExclusive(lc, "unix", path)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Lstat(path); err != nil || info.Mode().Perm()&0o222 != 0o222 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	tcp, err := c.addresses.listenExclusive(lc, "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	udp, err := c.addresses.packetExclusive(lc, "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.addresses.listenExclusive(lc, "tcp", tcp.Addr().String())
	contains(t, err, fmt.Sprintf("worker 3: listen tcp %s: ", tcp.Addr()))
	if !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("%v", err)
	}
	conn, err := net.Dial("tcp", tcp.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if got, err := tcp.Accept(); err != nil {
		t.Error(err)
	} else if _, ok := got.(*net.TCPConn); !ok {
		t.Errorf("accepted a %T", got)
	} else {
		_ = got.Close()
	}
	extra, err := c.addresses.listenExclusive(lc, "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = extra.Close()
	if len(c.open.all) != 3 {
		t.Errorf("%d are kept for a disconnect, want 3", len(c.open.all))
	}
	c.Disconnect()
	p.send(ipc.AckReply{Ack: p.expect("exitedAfterDisconnect").Seq}) // and nothing before it
	p.expectEnd()
	for _, ln := range []net.Listener{unix, tcp} {
		if _, err := ln.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("still open: %v", err)
		}
	}
	if err := udp.Close(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("still open: %v", err)
	}
	if _, err := c.addresses.listenExclusive(lc, "tcp", "127.0.0.1:0"); !errors.Is(err, net.ErrClosed) {
		t.Errorf("after the end: %v", err)
	}
}

// A program that does not accept gets 128 hand-offs; what comes after them is
// refused, and goes to other workers.
func TestAListenerHeldAllThatWasHandedToIt(t *testing.T) {
	l := &listener{}
	l.change.L = &l.mu
	for i := range takenMax {
		if !l.reserve() {
			t.Fatalf("refused after %d", i)
		}
	}
	if l.reserve() {
		t.Errorf("took one more than %d", takenMax)
	}
	l.reserved--
	if !l.reserve() {
		t.Error("refused though there was room again")
	}
}
