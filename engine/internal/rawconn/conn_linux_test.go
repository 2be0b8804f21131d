package rawconn

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/net/nettest"
	"golang.org/x/sys/unix"

	"muster/internal/testkit"
)

const patience = 10 * time.Second

// prepared returns a connection accepted at a socket of Prepare.
func prepared(t *testing.T) (net.Listener, int) {
	t.Helper()
	s, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	f := os.NewFile(uintptr(s), "listener")
	defer f.Close()
	if err := unix.Bind(s, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := unix.Listen(s, 1); err != nil {
		t.Fatal(err)
	}
	Prepare(s)
	ln, err := net.FileListener(f)
	if err != nil {
		t.Fatal(err)
	}
	client, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	awaitReadable(t, s)
	fd, _, err := syscall.Accept4(s, syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	return ln, fd
}

// accepted returns a connection of New, and the client's end of it, made by
// package net.
func accepted(t testing.TB, network string) (*Conn, net.Conn) {
	t.Helper()
	address := "127.0.0.1:0"
	if network == "unix" {
		address = filepath.Join(t.TempDir(), "s")
	}
	ln, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	client, err := net.Dial(network, ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	raw, err := ln.(syscall.Conn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var fd int
	if controlErr := raw.Control(func(s uintptr) {
		awaitReadable(t, int(s))
		fd, _, err = syscall.Accept4(int(s), syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC)
	}); controlErr != nil || err != nil {
		t.Fatal(controlErr, err)
	}
	conn, err := New(network, fd, Known{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(); _ = client.Close() })
	return conn.(*Conn), client
}

// waited makes a connection one that has had to wait.
func waited(c *Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wait()
}

func hasWaited(c *Conn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.file != nil
}

func TestPolicy09ConnIsANetConn(t *testing.T) {
	defer goleak.VerifyNone(t)
	for _, network := range []string{"tcp", "unix"} {
		for how, prepare := range map[string]func(*Conn){"at once": func(*Conn) {}, "waited": waited} {
			t.Run(network+" "+how, func(t *testing.T) {
				nettest.TestConn(t, func() (net.Conn, net.Conn, func(), error) {
					c, client := accepted(t, network)
					prepare(c)
					return c, client, func() { _ = c.Close(); _ = client.Close() }, nil
				})
			})
		}
	}
}

// A short request costs a read, a write and a close: the poller does not hear of
// the connection.
func TestPolicy09ShortRequestNeedsNoPoller(t *testing.T) {
	c, client := accepted(t, "tcp")
	send := func(to io.Writer, text string) {
		t.Helper()
		if _, err := io.WriteString(to, text); err != nil {
			t.Fatal(err)
		}
	}
	read := func(from io.Reader, want string) {
		t.Helper()
		b := make([]byte, len(want))
		if _, err := io.ReadFull(from, b); err != nil || string(b) != want {
			t.Fatalf("%q, %v", b, err)
		}
	}
	send(client, "request")
	awaitReadable(t, c.fd)
	read(c, "request")
	send(c, "answer")
	read(client, "answer")
	if hasWaited(c) {
		t.Error("the connection has been given to the poller")
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if n, err := client.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("the client reads %d, %v after Close", n, err)
	}
}

// awaitReadable waits until a socket has something, without taking it.
func awaitReadable(t testing.TB, fd int) {
	t.Helper()
	if n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, int(patience/time.Millisecond)); n != 1 || err != nil {
		t.Fatalf("nothing comes: %v", err)
	}
}

// Errors are those of a *net.TCPConn in the same state, word for word.
func TestPolicy09ErrorsAreThoseOfPackageNet(t *testing.T) {
	past, buf := time.Unix(1, 0), make([]byte, 1)
	reset := func(t *testing.T, conn, client net.Conn) {
		t.Helper()
		if err := client.(*net.TCPConn).SetLinger(0); err != nil {
			t.Fatal(err)
		}
		_ = client.Close()
	}
	call := func(f func(net.Conn) error) func(*testing.T, net.Conn, net.Conn) error {
		return func(_ *testing.T, conn, _ net.Conn) error { return f(conn) }
	}
	for name, do := range map[string]func(t *testing.T, conn, client net.Conn) error{
		"read after close":     call(func(c net.Conn) error { _ = c.Close(); _, err := c.Read(buf); return err }),
		"write after close":    call(func(c net.Conn) error { _ = c.Close(); _, err := c.Write(buf); return err }),
		"close after close":    call(func(c net.Conn) error { _ = c.Close(); return c.Close() }),
		"deadline after close": call(func(c net.Conn) error { _ = c.Close(); return c.SetDeadline(past) }),
		"read too late":        call(func(c net.Conn) error { _ = c.SetReadDeadline(past); _, err := c.Read(buf); return err }),
		"write too late":       call(func(c net.Conn) error { _ = c.SetWriteDeadline(past); _, err := c.Write(buf); return err }),
		"write after CloseWrite": call(func(c net.Conn) error {
			_ = c.(interface{ CloseWrite() error }).CloseWrite()
			_, err := c.Write(buf)
			return err
		}),
		"CloseWrite after close": call(func(c net.Conn) error {
			_ = c.Close()
			return c.(interface{ CloseWrite() error }).CloseWrite()
		}),
		"read of a reset": func(t *testing.T, conn, client net.Conn) error {
			reset(t, conn, client)
			_, err := conn.Read(buf)
			return err
		},
		"end": func(t *testing.T, conn, client net.Conn) error {
			_ = client.Close()
			_, err := conn.Read(buf)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			for how, prepare := range map[string]func(*Conn){"at once": func(*Conn) {}, "waited": waited} {
				c, client := accepted(t, "tcp")
				ports := strings.NewReplacer(c.LocalAddr().String(), "LOCAL", c.RemoteAddr().String(), "REMOTE")
				prepare(c)
				got := do(t, c, client)

				theirs, client := accepted(t, "tcp")
				plain, err := AsNet(theirs)
				if err != nil {
					t.Fatal(err)
				}
				defer plain.Close()
				ports2 := strings.NewReplacer(plain.LocalAddr().String(), "LOCAL", plain.RemoteAddr().String(), "REMOTE")
				want := do(t, plain, client)
				if ports.Replace(got.Error()) != ports2.Replace(want.Error()) {
					t.Errorf("%s: %q, package net says %q", how, ports.Replace(got.Error()), ports2.Replace(want.Error()))
				}
				for _, is := range []error{net.ErrClosed, os.ErrDeadlineExceeded, io.EOF, syscall.EPIPE, syscall.ECONNRESET} {
					if errors.Is(got, is) != errors.Is(want, is) {
						t.Errorf("%s: is %q: %t, of package net %t", how, is, errors.Is(got, is), errors.Is(want, is))
					}
				}
			}
		})
	}
}

// A deadline that has passed ends a Read that waits, as net/http's own does; so
// does Close.
func TestPolicy09AReadThatWaitsIsEnded(t *testing.T) {
	for name, test := range map[string]struct {
		end  func(*Conn) error
		want error
	}{
		"deadline": {func(c *Conn) error { return c.SetReadDeadline(time.Unix(1, 0)) }, os.ErrDeadlineExceeded},
		"close":    {(*Conn).Close, net.ErrClosed},
	} {
		t.Run(name, func(t *testing.T) {
			c, _ := accepted(t, "tcp")
			ended := make(chan error, 1)
			go func() {
				_, err := c.Read(make([]byte, 1))
				ended <- err
			}()
			testkit.Eventually(t, patience, func() bool { return hasWaited(c) }, "the Read does not wait")
			if err := test.end(c); err != nil {
				t.Fatal(err)
			}
			if err := testkit.Receive(t, patience, ended); !errors.Is(err, test.want) {
				t.Errorf("the Read ended with %v, want %v", err, test.want)
			}
		})
	}
}

// So does a Read of a socket that came as a blocking one.
func TestPolicy09ABlockingSocketDoesNotBlock(t *testing.T) {
	c, _ := accepted(t, "tcp")
	if err := unix.SetNonblock(c.fd, false); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() {
		_, err := c.Read(make([]byte, 1))
		ended <- err
	}()
	testkit.Eventually(t, patience, func() bool { return hasWaited(c) }, "the Read does not wait")
	if err := c.SetReadDeadline(time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	if err := testkit.Receive(t, patience, ended); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error(err)
	}
}

// A deadline set before the connection had to wait holds afterwards.
func TestPolicy09DeadlineOutlivesTheChange(t *testing.T) {
	c, _ := accepted(t, "tcp")
	if err := c.SetDeadline(time.Now().Add(30 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	for name, call := range map[string]func() (int, error){
		"Read":  func() (int, error) { return c.Read(make([]byte, 1)) },
		"Write": func() (int, error) { return c.Write(make([]byte, 64<<20)) }, // more than the kernel takes
	} {
		ended := make(chan error, 1)
		go func() {
			_, err := call()
			ended <- err
		}()
		if err := testkit.Receive(t, patience, ended); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Whoever looks, or sends a byte, finds package net's options.
func TestPolicy09OptionsAreThoseOfPackageNet(t *testing.T) {
	options := []struct{ level, name int }{
		{unix.IPPROTO_TCP, unix.TCP_NODELAY}, {unix.SOL_SOCKET, unix.SO_KEEPALIVE},
		{unix.IPPROTO_TCP, unix.TCP_KEEPIDLE}, {unix.IPPROTO_TCP, unix.TCP_KEEPINTVL}, {unix.IPPROTO_TCP, unix.TCP_KEEPCNT},
	}
	values := func(sc syscall.Conn) (all []int) {
		raw, err := sc.SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		if err := raw.Control(func(fd uintptr) {
			for _, o := range options {
				v, err := unix.GetsockoptInt(int(fd), o.level, o.name)
				if err != nil {
					t.Error(err)
				}
				all = append(all, v)
			}
		}); err != nil {
			t.Fatal(err)
		}
		return all
	}
	c, _ := accepted(t, "tcp")
	other, _ := accepted(t, "tcp")
	plain, err := AsNet(other)
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	got, want := values(c), values(plain.(syscall.Conn))
	for i := range options {
		if got[i] != want[i] {
			t.Errorf("option %v is %d, package net sets %d", options[i], got[i], want[i])
		}
	}

	ln, fd := prepared(t)
	defer ln.Close()
	defer unix.Close(fd)
	for i, o := range options { // nobody has touched it
		if v, err := unix.GetsockoptInt(fd, o.level, o.name); v != want[i] || err != nil {
			t.Errorf("at a prepared socket option %v is %d, %v, package net sets %d", o, v, err, want[i])
		}
	}

	c, _ = accepted(t, "tcp")
	if _, err := c.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if v, err := unix.GetsockoptInt(c.fd, unix.IPPROTO_TCP, unix.TCP_NODELAY); v == 0 || err != nil {
		t.Errorf("TCP_NODELAY after the first Write is %d, %v", v, err)
	}
	if hasWaited(c) {
		t.Error("the connection has been given to the poller")
	}
}

// A file goes by package net, which has the kernel send it.
func TestPolicy09ReadFromAFile(t *testing.T) {
	text := strings.Repeat("0123456789abcdef", 20_000)
	path := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		of    func(io.Reader) io.Reader
		want  string
		moved bool
	}{
		"file":         {func(r io.Reader) io.Reader { return r }, text, true},
		"part of it":   {func(r io.Reader) io.Reader { return &io.LimitedReader{R: r, N: 100} }, text[:100], true},
		"other reader": {func(r io.Reader) io.Reader { return struct{ io.Reader }{r} }, text, false},
	} {
		for _, network := range []string{"tcp", "unix"} {
			t.Run(name+" "+network, func(t *testing.T) {
				f, err := os.Open(path)
				if err != nil {
					t.Fatal(err)
				}
				defer f.Close()
				c, client := accepted(t, network)
				got := make(chan string, 1)
				go func() {
					b, _ := io.ReadAll(client)
					got <- string(b)
				}()
				if n, err := c.ReadFrom(test.of(f)); n != int64(len(test.want)) || err != nil {
					t.Errorf("ReadFrom: %d, %v", n, err)
				}
				if moved := c.second != nil; moved != (test.moved && network == "tcp") {
					t.Errorf("by package net: %t", moved)
				}
				if err := c.Close(); err != nil {
					t.Error(err)
				}
				if g := <-got; g != test.want {
					t.Errorf("%d bytes came, want %d", len(g), len(test.want))
				}
			})
		}
	}
}

// Close and a deadline reach a ReadFrom that waits for the client.
func TestPolicy09AReadFromThatWaitsIsEnded(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "f"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Truncate(256 << 20); err != nil { // no bytes on the disk
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		end  func(*Conn) error
		want error
	}{
		"deadline": {func(c *Conn) error { return c.SetWriteDeadline(time.Unix(1, 0)) }, os.ErrDeadlineExceeded},
		"close":    {(*Conn).Close, net.ErrClosed},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := f.Seek(0, io.SeekStart); err != nil {
				t.Fatal(err)
			}
			c, client := accepted(t, "tcp")
			ended := make(chan error, 1)
			go func() {
				_, err := c.ReadFrom(f)
				ended <- err
			}()
			if _, err := io.ReadFull(client, make([]byte, 1)); err != nil {
				t.Fatal(err)
			}
			if err := test.end(c); err != nil {
				t.Fatal(err)
			}
			if err := testkit.Receive(t, patience, ended); !errors.Is(err, test.want) {
				t.Errorf("ended with %v, want %v", err, test.want)
			}
		})
	}
}

func TestPolicy09AddressesAreKnownAfterClose(t *testing.T) {
	c, client := accepted(t, "tcp")
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if c.LocalAddr().String() != client.RemoteAddr().String() || c.RemoteAddr().String() != client.LocalAddr().String() {
		t.Errorf("%v and %v, the client says %v and %v", c.LocalAddr(), c.RemoteAddr(), client.RemoteAddr(), client.LocalAddr())
	}
}

// What the listener knows need not be asked, and belongs to one connection only.
func TestPolicy09KnownAddresses(t *testing.T) {
	known := Known{Local: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 3000}, Remote: netip.MustParseAddrPort("127.0.0.1:4711")}
	c, err := New("tcp", -1, known) // of which the system knows nothing
	if err != nil {
		t.Fatal(err)
	}
	if l, r := c.LocalAddr().String(), c.RemoteAddr().String(); l != "127.0.0.1:3000" || r != "127.0.0.1:4711" {
		t.Errorf("%s and %s", l, r)
	}
	local := c.LocalAddr().(*net.TCPAddr)
	clear(local.IP)
	if known.Local.String() != "127.0.0.1:3000" {
		t.Errorf("whoever changes one connection's address changes the listener's: %v", known.Local)
	}

	// Here the name of a zone is its number, which is not what package net says.
	c, _ = New("tcp", -1, Known{Remote: netip.MustParseAddrPort("[fe80::1%7]:80")})
	if r := c.RemoteAddr().String(); strings.Contains(r, "%7") {
		t.Errorf("a client with a zone is %s", r)
	}
}

// Something that is no socket cannot be read, and is closed like a connection.
func TestPolicy09WhatIsNoSocketFails(t *testing.T) {
	for name, open := range map[string]func() (int, error){
		"file": func() (int, error) {
			return unix.Open(os.DevNull, unix.O_RDWR|unix.O_CLOEXEC, 0)
		},
		"pipe": func() (int, error) {
			var p [2]int
			err := unix.Pipe2(p[:], unix.O_CLOEXEC)
			t.Cleanup(func() { _ = unix.Close(p[1]) })
			return p[0], err
		},
	} {
		fd, err := open()
		if err != nil {
			t.Fatal(err)
		}
		c, err := New("tcp", fd, Known{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Read(make([]byte, 1)); !errors.Is(err, syscall.ENOTSOCK) {
			t.Errorf("%s: Read: %v", name, err)
		}
		if _, err := c.Write(make([]byte, 1)); !errors.Is(err, syscall.ENOTSOCK) {
			t.Errorf("%s: Write: %v", name, err)
		}
		if err := c.Close(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
