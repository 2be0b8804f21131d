package engine

import (
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"muster/engine/internal/sock"
)

func TestParseAddr(t *testing.T) {
	long := "/" + strings.Repeat("x", sock.MaxUnixPath)
	for _, c := range []struct {
		in   string
		want Address
		err  string // part of it
	}{
		{in: "127.0.0.1:3000", want: Address{"tcp", "127.0.0.1", 3000}},
		{in: ":3000", want: Address{"tcp", "", 3000}},
		{in: "3000", want: Address{"tcp", "127.0.0.1", 3000}},
		{in: "0", want: Address{"tcp", "127.0.0.1", 0}},
		{in: "65535", want: Address{"tcp", "127.0.0.1", 65535}},
		{in: "[::1]:80", want: Address{"tcp", "::1", 80}},
		{in: "[0:0::1]:80", want: Address{"tcp", "::1", 80}},
		{in: "[fe80::1%eth0]:80", want: Address{"tcp", "fe80::1%eth0", 80}},
		{in: "localhost:3000", want: Address{"tcp", "localhost", 3000}},
		{in: "my_host-2.example:3000", want: Address{"tcp", "my_host-2.example", 3000}},
		{in: "unix:/tmp/a b.sock", want: Address{"unix", "/tmp/a b.sock", 0}},
		{in: "unix:rel", want: Address{"unix", "rel", 0}},
		{in: "unix:" + long[:sock.MaxUnixPath], want: Address{"unix", long[:sock.MaxUnixPath], 0}},

		{in: "", err: "it is empty; for example 127.0.0.1:3000"},
		{in: "localhost", err: "it has no port"},
		{in: "127.0.0.1:", err: "the port is missing"},
		{in: ":", err: "the port is missing"},
		{in: "localhost:http", err: "the port is not a number"},
		{in: ":-1", err: "the port is not a number"},
		{in: ":+80", err: "the port is not a number"},
		{in: "65536", err: "the port is not in 0..65535"},
		{in: ":99999999999999999999", err: "the port is not in 0..65535"},
		{in: "::1:3000", err: "an IPv6 address must stand in brackets"},
		{in: "[::1:3000", err: "the ] is missing"},
		{in: "[::1]", err: "a : and a port must follow the ]"},
		{in: "[::1]3000", err: "a : and a port must follow the ]"},
		{in: "[localhost]:3000", err: "not an IPv6 address"},
		{in: "[127.0.0.1]:3000", err: "not an IPv6 address"},
		{in: "http://localhost:3000", err: "it is a URL"},
		{in: "a b:3000", err: "letters, digits, dots and hyphens"},
		{in: "\x1b[2J:3000", err: `"\x1b[2J:3000"`},
		{in: strings.Repeat("a", 254) + ":3000", err: "more than 253"},
		{in: "unix:", err: "the path is empty; for example unix:/tmp/muster.sock"},
		{in: "unix:a\x00b", err: "NUL"},
		{in: "unix:" + long, err: fmt.Sprintf("at most %d bytes, this one has %d", sock.MaxUnixPath, sock.MaxUnixPath+1)},
	} {
		got, err := ParseAddr(c.in)
		switch {
		case c.err == "" && (err != nil || got != c.want):
			t.Errorf("ParseAddr(%q) = %v, %v; want %v", c.in, got, err, c.want)
		case c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)):
			t.Errorf("ParseAddr(%q) = %v, %v; want an error with %q", c.in, got, err, c.err)
		}
	}
}

// What is accepted is canonical: written and read again it is the same.
func FuzzParseAddr(f *testing.F) {
	for _, s := range []string{"127.0.0.1:3000", ":1", "1", "[::1]:80", "unix:/a", "[fe80::1%x]:1", "::1:1", "unix:@x", "\x1b:1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := ParseAddr(s)
		if err != nil {
			if msg := err.Error(); strings.ContainsFunc(msg, func(r rune) bool { return r < 0x20 || r > 0x7e }) {
				t.Fatalf("the error is not printable ASCII: %q", msg)
			}
			return
		}
		if a.Port < 0 || a.Port > maxPort {
			t.Fatalf("%q: port %d", s, a.Port)
		}
		text := a.String()
		if a.Network == "unix" {
			text = "unix:" + text
		}
		if b, err := ParseAddr(text); err != nil || a != b {
			t.Fatalf("%q is %v; read again from %q: %v, %v", s, a, text, b, err)
		}
	})
}

func TestAddrErrorText(t *testing.T) {
	tcp := func(host string, port int) Address { return Address{"tcp", host, port} }
	bind := func(e syscall.Errno) error { return os.NewSyscallError("bind", e) }
	for _, c := range []struct {
		err  AddrError
		want string
	}{
		{AddrError{tcp("127.0.0.1", 3000), bind(syscall.EADDRINUSE), 4711, "node"},
			"address 127.0.0.1:3000 is in use by pid 4711 (node); choose another with --addr"},
		{AddrError{tcp("127.0.0.1", 3000), bind(syscall.EADDRINUSE), 4711, ""},
			"address 127.0.0.1:3000 is in use by pid 4711; choose another with --addr"},
		{AddrError{tcp("::", 3000), bind(syscall.EADDRINUSE), 0, ""},
			"address [::]:3000 is in use; choose another with --addr"},
		{AddrError{tcp("127.0.0.1", 80), bind(syscall.EACCES), 0, ""},
			"address 127.0.0.1:80 needs a privilege this user does not have (ports below 1024); choose another with --addr"},
		{AddrError{tcp("127.0.0.1", 3000), bind(syscall.EACCES), 0, ""},
			"address 127.0.0.1:3000 cannot be listened on: bind: permission denied; choose another with --addr"},
		{AddrError{tcp("10.9.9.9", 3000), bind(syscall.EADDRNOTAVAIL), 0, ""},
			"address 10.9.9.9:3000 is not one of this machine's; choose another with --addr"},
		{AddrError{tcp("nohost", 3000), &net.DNSError{Err: "no such host", Name: "nohost"}, 0, ""},
			"address nohost:3000 has a host name that leads to no address; choose another with --addr"},
		{AddrError{Address{"unix", "/a", 0}, syscall.EADDRINUSE, 7, `x\x1b`},
			`address /a is in use by pid 7 (x\x1b); choose another with --addr`},
		{AddrError{Address{"unix", "/a", 0}, sock.ErrForeignFile, 0, ""},
			"address /a is the place of a file that is not a socket; choose another with --addr"},
		{AddrError{Address{"unix", "/a", 0}, bind(syscall.EACCES), 0, ""},
			"address /a is in a place where this user may not make a socket; choose another with --addr"},
	} {
		if got := c.err.Error(); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
	var errno syscall.Errno
	if err := error(&AddrError{Err: bind(syscall.EACCES)}); !errors.As(err, &errno) || errno != syscall.EACCES {
		t.Errorf("the errno of %v is %v", err, errno)
	}
}

// A program has chosen the address: our user has no --addr to choose another.
func TestProgramAddrGivesNoAdvice(t *testing.T) {
	e := &AddrError{Addr: Address{"tcp", "127.0.0.1", 3000}, Err: syscall.EADDRINUSE}
	if got, want := (programAddr{e}).Error(), "address 127.0.0.1:3000 is in use"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if !errors.Is(programAddr{e}, syscall.EADDRINUSE) {
		t.Error("the errno is lost")
	}
}

// Who holds an address that is in use is named; what else is wrong with one is
// the address's too.
func TestAnAddressInUseNamesItsHolder(t *testing.T) {
	held := Address(mustOpen(t, loopback, sock.Options{}).Addr())
	poll(t, "the holder is named", func() bool { // on a busy machine not in the time there is for it
		_, err := openPort(held, sock.Options{})
		var e *AddrError
		if !errors.As(err, &e) || !errors.Is(err, syscall.EADDRINUSE) || e.Addr != held {
			t.Fatalf("%#v: %v", e, err)
		}
		if runtime.GOOS != "linux" {
			return true
		}
		if e.PID != 0 && e.PID != os.Getpid() {
			t.Fatalf("it is us: %v", err)
		}
		return e.PID != 0 && e.Process != ""
	})
	for _, a := range []Address{{Network: "udp", Host: "127.0.0.1"}, {Network: "tcp", Host: "127.0.0.1", Port: 70000}, {}} {
		var e *AddrError
		if _, err := openPort(a, sock.Options{}); !errors.As(err, &e) || e.Addr != a {
			t.Errorf("%v: %v", a, err)
		}
	}
}
