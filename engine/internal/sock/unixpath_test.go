package sock

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"muster/internal/testkit"
)

func unixAddr(path string) Addr { return Addr{Network: "unix", Host: path} }

func TestUnixSocket(t *testing.T) {
	testkit.NoSocketLeft(t, patience)
	a := unixAddr(filepath.Join(t.TempDir(), "s"))
	p := mustOpen(t, a, Options{Sockets: 2, ReadableAll: true, WritableAll: true})
	if p.gated() || p.whyFixed != "a unix socket keeps the policy it started with" || p.addr != a {
		t.Errorf("%+v", p)
	}
	testkit.CheckFlags(t, p.FD(Common))
	if fi, err := os.Lstat(a.Host); err != nil || fi.Mode().Perm()&0o666 != 0o666 {
		t.Errorf("mode %v, %v", fi.Mode(), err)
	}
	e := &echo{side: 'f'}
	p.StartAccept(e.batch, func(err error) { t.Errorf("reported: %v", err) })
	for range 20 {
		if got, err := ask(a); err != nil || got != 'f' {
			t.Errorf("%q, %v", got, err)
		}
	}
	// In use: it answers, and says who it is.
	_, err := Open(a, Options{})
	if !errors.Is(err, syscall.EADDRINUSE) || runtime.GOOS == "linux" && Holder(a, err) != os.Getpid() {
		t.Errorf("a second one: %v", err)
	}
	// At the end the name goes first, what waits is still served.
	if err := p.Quiet(); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(a.Host); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the path after quiet: %v", err)
	}
	mustClose(t, p)
	e.n.Wait()
}

func TestUnixStalePath(t *testing.T) {
	testkit.NoSocketLeft(t, patience)
	a := unixAddr(filepath.Join(t.TempDir(), "s"))
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: a.Host})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close() // as a killed process leaves it
	p := mustOpen(t, a, Options{})
	dial(t, a)
	if b := p.Drain(Front, 10); len(b) != 1 {
		t.Errorf("%d connections", len(b))
	} else {
		closeAccepted(b)
	}
	mustClose(t, p)
	if _, err := os.Lstat(a.Host); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the path after close: %v", err)
	}
}

// What is not ours stays: a file at the path before, and one put there after.
func TestUnixForeignFile(t *testing.T) {
	testkit.NoSocketLeft(t, patience)
	dir := t.TempDir()
	path := filepath.Join(dir, "s")
	write := func() {
		if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	intact := func() {
		t.Helper()
		if b, err := os.ReadFile(path); err != nil || string(b) != "mine" {
			t.Errorf("the file: %q, %v", b, err)
		}
	}
	write()
	_, err := Open(unixAddr(path), Options{})
	if !errors.Is(err, syscall.EADDRINUSE) || !strings.Contains(err.Error(), "a file that is not a socket") {
		t.Error(err)
	}
	intact()
	if err := os.Symlink(path, filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(unixAddr(filepath.Join(dir, "link")), Options{}); err == nil {
		t.Error("opened a symbolic link")
	}
	intact()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	p := mustOpen(t, unixAddr(path), Options{})
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	write()
	mustClose(t, p)
	intact()
}

func TestUnixBadPaths(t *testing.T) {
	testkit.NoSocketLeft(t, patience)
	for path, want := range map[string]error{
		"":                                     syscall.EINVAL,
		"nul\x00inside":                        syscall.EINVAL,
		"/" + strings.Repeat("x", MaxUnixPath): syscall.ENAMETOOLONG,
		filepath.Join(t.TempDir(), "no", "s"):  syscall.ENOENT,
	} {
		p, err := Open(unixAddr(path), Options{})
		if err == nil {
			mustClose(t, p)
		}
		if !errors.Is(err, want) || strings.Contains(path, "\x00") && !strings.Contains(err.Error(), "holds a NUL") {
			t.Errorf("%q: %v, want %v", path, err, want)
		}
	}
	t.Chdir(t.TempDir())
	p := mustOpen(t, unixAddr("@name"), Options{}) // a file, not an abstract socket
	if _, err := os.Lstat("@name"); err != nil {
		t.Error(err)
	}
	mustClose(t, p)
}

func TestOtherNetworks(t *testing.T) {
	for _, a := range []Addr{{Network: "udp", Host: "127.0.0.1"}, {Network: "tcp", Host: "127.0.0.1", Port: 70000}, {}} {
		if _, err := Open(a, Options{}); err == nil {
			t.Errorf("%v: %v", a, err)
		}
	}
}
