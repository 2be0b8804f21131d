package engine

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// closing closes c at the end of the test.
func closing[T io.Closer](t *testing.T, c T) T {
	t.Helper()
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// must fails the test on an error.
func must[T any](v T, err error) func(t *testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// connected are both ends of a connection.
func connected(t *testing.T, network, address string) (client, server net.Conn) {
	t.Helper()
	ln := must(net.Listen(network, address))(t)
	defer ln.Close()
	client = closing(t, must(net.Dial(network, ln.Addr().String()))(t))
	return client, closing(t, must(ln.Accept())(t))
}

// fileOf is a socket as a file.
func fileOf(t *testing.T, c interface{ File() (*os.File, error) }) *os.File {
	t.Helper()
	return closing(t, must(c.File())(t))
}

// rawFile is a new socket of any sort, in blocking mode.
func rawFile(t *testing.T, family, typ int) *os.File {
	t.Helper()
	fd := must(unix.Socket(family, typ, 0))(t)
	unix.CloseOnExec(fd)
	return closing(t, os.NewFile(uintptr(fd), "socket"))
}

// withFD calls f with the descriptor of c.
func withFD(t *testing.T, c syscall.Conn, f func(fd int)) {
	t.Helper()
	rc := must(c.SyscallConn())(t)
	if err := rc.Control(func(fd uintptr) { f(int(fd)) }); err != nil {
		t.Fatal(err)
	}
}

// flagsOf are the flags of the open socket, those of the descriptor, and the
// socket's identity.
func flagsOf(t *testing.T, c syscall.Conn) (nonblock, cloexec bool, ino uint64) {
	t.Helper()
	withFD(t, c, func(fd int) {
		fl, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
		fdfl, err2 := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
		var st unix.Stat_t
		if err = errors.Join(err, err2, unix.Fstat(fd, &st)); err != nil {
			t.Error(err)
		}
		nonblock, cloexec, ino = fl&unix.O_NONBLOCK != 0, fdfl&unix.FD_CLOEXEC != 0, uint64(st.Ino)
	})
	return nonblock, cloexec, ino
}

// handleSources are all that can become a handle.
func handleSources(t *testing.T) map[string]struct {
	v    any
	kind HandleKind
} {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	tcpConn, _ := connected(t, "tcp", "127.0.0.1:0")
	unixConn, _ := connected(t, "unix", path)
	tcp := closing(t, must(net.Listen("tcp", "127.0.0.1:0"))(t))
	atPath := closing(t, must(net.Listen("unix", path+"2"))(t))
	udp := closing(t, must(net.ListenPacket("udp", "127.0.0.1:0"))(t))
	return map[string]struct {
		v    any
		kind HandleKind
	}{
		"TCP connection":         {tcpConn, HandleSocket},
		"unix connection":        {unixConn, HandleSocket},
		"TCP listener":           {tcp, HandleServer},
		"unix listener":          {atPath, HandleServer},
		"listener of Listen":     {&listener{common: fileOf(t, tcp.(*net.TCPListener))}, HandleServer},
		"UDP socket":             {udp, HandleUDP},
		"file of a connection":   {fileOf(t, tcpConn.(*net.TCPConn)), HandleSocket},
		"file of a listener":     {fileOf(t, tcp.(*net.TCPListener)), HandleServer},
		"file of a unix socket":  {fileOf(t, unixConn.(*net.UnixConn)), HandleSocket},
		"file of a path":         {fileOf(t, atPath.(*net.UnixListener)), HandleServer},
		"file of a UDP socket":   {fileOf(t, udp.(*net.UDPConn)), HandleUDP},
		"handle":                 {&Handle{Kind: HandleUDP, File: fileOf(t, udp.(*net.UDPConn))}, HandleUDP},
		"handle without a kind":  {&Handle{File: fileOf(t, tcp.(*net.TCPListener))}, HandleServer},
		"handle of another kind": {&Handle{Kind: "net.BoundSocket", File: fileOf(t, tcp.(*net.TCPListener))}, "net.BoundSocket"},
	}
}

func TestNewHandle(t *testing.T) {
	for name, src := range handleSources(t) {
		t.Run(name, func(t *testing.T) {
			h, err := NewHandle(src.v)
			if err != nil {
				t.Fatal(err)
			}
			if h.Kind != src.kind {
				t.Errorf("it is a %s, want %s", h.Kind, src.kind)
			}
			var from syscall.Conn
			switch v := src.v.(type) {
			case *Handle:
				from = v.File
			case *listener:
				from = v.common
			case syscall.Conn:
				from = v
			}
			nonblock, cloexec, ino := flagsOf(t, h.File)
			_, _, want := flagsOf(t, from)
			if !nonblock || !cloexec || ino != want {
				t.Errorf("nonblocking %v, close-on-exec %v, the same socket: %v", nonblock, cloexec, ino == want)
			}
			if err := h.Close(); err != nil {
				t.Error(err)
			}
			if nonblock, _, _ := flagsOf(t, from); !nonblock { // and it is still open
				t.Error("what it was made of is blocking")
			}
		})
	}
}

func TestNewHandleRefuses(t *testing.T) {
	udp := closing(t, must(net.ListenPacket("unixgram", filepath.Join(t.TempDir(), "s")))(t))
	regular := closing(t, must(os.Open(os.DevNull))(t))
	for name, test := range map[string]struct {
		v    any
		text string
	}{
		"nil":             {nil, "<nil>"},
		"a string":        {"x", "string"},
		"nil handle":      {(*Handle)(nil), "*engine.Handle"},
		"nil connection":  {(*net.TCPConn)(nil), "*net.TCPConn"},
		"nil file":        {(*os.File)(nil), "*os.File"},
		"datagrams":       {udp, "*net.UnixConn"},
		"a file":          {regular, "*os.File"},
		"packets":         {rawFile(t, unix.AF_UNIX, unix.SOCK_DGRAM), "*os.File"},
		"a hand-off only": {&listener{}, "*engine.listener"},
	} {
		t.Run(name, func(t *testing.T) {
			h, err := NewHandle(test.v)
			if h != nil || !errors.Is(err, ErrHandle) || !strings.Contains(err.Error(), test.text) {
				t.Errorf("%v, %v", h, err)
			}
		})
	}
}

func TestNewHandleOfClosed(t *testing.T) {
	client, _ := connected(t, "tcp", "127.0.0.1:0")
	file := fileOf(t, client.(*net.TCPConn))
	tcp := must(net.Listen("tcp", "127.0.0.1:0"))(t)
	h := must(NewHandle(client))(t)
	for _, c := range []io.Closer{client, file, tcp, h} {
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for _, v := range []any{client, file, tcp, h, &listener{closed: true}} {
		if h, err := NewHandle(v); h != nil || !errors.Is(err, net.ErrClosed) && !errors.Is(err, os.ErrClosed) {
			t.Errorf("%T: %v, %v", v, h, err)
		}
	}
	for _, v := range []any{new(net.TCPConn), new(Handle)} {
		if h, err := NewHandle(v); h != nil || err == nil {
			t.Errorf("an empty %T: %v, %v", v, h, err)
		}
	}
	if c, err := h.Conn(); c != nil || !errors.Is(err, os.ErrClosed) {
		t.Errorf("Conn: %v, %v", c, err)
	}
}

func TestHandleConn(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		t.Run(network, func(t *testing.T) {
			address := "127.0.0.1:0"
			if network == "unix" {
				address = filepath.Join(t.TempDir(), "s")
			}
			client, server := connected(t, network, address)
			h := must(NewHandle(server))(t)
			_ = server.Close()
			c := must(h.Conn())(t)
			if nonblock, _, _ := flagsOf(t, h.File); !nonblock {
				t.Error("Conn made the socket blocking")
			}
			if err := h.Close(); err != nil { // the connection has its own
				t.Fatal(err)
			}
			if _, err := c.Write([]byte("x")); err != nil {
				t.Fatal(err)
			}
			_ = c.Close()
			_ = client.SetDeadline(time.Now().Add(10 * time.Second))
			if b, err := io.ReadAll(client); string(b) != "x" || err != nil { // the end comes: nobody holds it
				t.Errorf("%q, %v", b, err)
			}
		})
	}
}

func TestHandleListener(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	for network, address := range map[string]string{"tcp": "127.0.0.1:0", "unix": path} {
		t.Run(network, func(t *testing.T) {
			first := must(net.Listen(network, address))(t)
			if u, ok := first.(*net.UnixListener); ok {
				u.SetUnlinkOnClose(false)
			}
			h := closing(t, must(NewHandle(first))(t))
			_ = first.Close()
			ln := must(h.Listener())(t)
			defer ln.Close()
			client := closing(t, must(net.Dial(network, first.Addr().String()))(t))
			c := must(ln.Accept())(t)
			_ = c.Close()
			_ = client.Close()
			_ = ln.Close()
			if nonblock, _, _ := flagsOf(t, h.File); !nonblock {
				t.Error("the socket is blocking")
			}
		})
	}
	if _, err := os.Lstat(path); err != nil {
		t.Errorf("the path of the unix socket: %v", err)
	}
}

func TestHandlePacketConn(t *testing.T) {
	first := must(net.ListenPacket("udp", "127.0.0.1:0"))(t)
	h := closing(t, must(NewHandle(first))(t))
	_ = first.Close()
	c := closing(t, must(h.PacketConn())(t))
	client := closing(t, must(net.Dial("udp", first.LocalAddr().String()))(t))
	if _, err := client.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
	b := make([]byte, 8)
	if n, _, err := c.ReadFrom(b); err != nil || string(b[:n]) != "x" {
		t.Errorf("%q, %v", b[:n], err)
	}
}

func TestHandleOfAnotherKind(t *testing.T) {
	udp := closing(t, must(net.ListenPacket("udp", "127.0.0.1:0"))(t))
	unixgram := closing(t, must(net.ListenPacket("unixgram", filepath.Join(t.TempDir(), "s")))(t))
	client, _ := connected(t, "tcp", "127.0.0.1:0")
	files := map[string]*os.File{
		"UDP": fileOf(t, udp.(*net.UDPConn)), "datagrams": fileOf(t, unixgram.(*net.UnixConn)), "TCP": fileOf(t, client.(*net.TCPConn)),
	}
	for name, test := range map[string]struct {
		kind       HandleKind
		file       string
		conn, list bool // may work
		packet     bool
	}{
		"connection":                  {HandleSocket, "TCP", true, false, false},
		"UDP":                         {HandleUDP, "UDP", false, false, true},
		"UDP that says connection":    {HandleSocket, "UDP", false, false, false},
		"TCP that says UDP":           {HandleUDP, "TCP", false, false, false},
		"datagrams that say UDP":      {HandleUDP, "datagrams", false, false, false},
		"UDP that says server":        {HandleServer, "UDP", false, false, false},
		"something unknown":           {"net.BoundSocket", "TCP", false, false, false},
		"nothing at all":              {"", "TCP", false, false, false},
		"datagrams that say a server": {HandleServer, "datagrams", false, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			h := &Handle{Kind: test.kind, File: files[test.file]}
			check := func(what string, want bool, c io.Closer, err error) {
				t.Helper()
				switch {
				case err == nil:
					_ = c.Close()
				case !errors.Is(err, ErrHandle) || !strings.Contains(err.Error(), string(h.Kind)):
					t.Errorf("%s: %v", what, err)
				}
				if (err == nil) != want {
					t.Errorf("%s: %v, want it to work: %v", what, err, want)
				}
			}
			c, err := h.Conn()
			check("Conn", test.conn, c, err)
			l, err := h.Listener()
			check("Listener", test.list, l, err)
			p, err := h.PacketConn()
			check("PacketConn", test.packet, p, err)
		})
	}
}

func TestKindOf(t *testing.T) {
	client, _ := connected(t, "tcp", "127.0.0.1:0")
	ln := closing(t, must(net.Listen("tcp", "127.0.0.1:0"))(t)).(*net.TCPListener)
	udp := closing(t, must(net.ListenPacket("udp", "127.0.0.1:0"))(t)).(*net.UDPConn)
	for _, test := range []struct {
		typ  string
		c    syscall.Conn
		want HandleKind
	}{
		{"net.Native", client.(*net.TCPConn), HandleSocket},
		{"net.Native", ln, HandleServer},
		{"net.Native", udp, HandleUDP},
		{"dgram.Native", udp, HandleUDP},
		{"net.Socket", client.(*net.TCPConn), HandleSocket},
		{"net.Server", ln, HandleServer},
		{"net.BoundSocket", ln, "net.BoundSocket"},
	} {
		withFD(t, test.c, func(fd int) {
			if got := kindOf(test.typ, fd); got != test.want {
				t.Errorf("%s: %s, want %s", test.typ, got, test.want)
			}
		})
	}
	if got := kindOf("net.Native", -1); got != HandleSocket {
		t.Errorf("a bad descriptor: %s", got)
	}
}
