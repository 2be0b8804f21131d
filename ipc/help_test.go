//go:build unix

package ipc

import (
	"errors"
	"io"
	"os"
	"runtime"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"
)

// bareWrapper should have a descriptor with it, and has none.
const bareWrapper = `{"cmd":"NODE_HANDLE","type":"net.Native","msg":{}}`

func TestMain(m *testing.M) {
	// The runtime's poller opens descriptors of its own at first use.
	c, f, err := Pair()
	if err != nil {
		panic(err)
	}
	c.Close()
	f.Close()
	goleak.VerifyTestMain(m)
}

// openFDs is how many descriptors this process has, -1 where that cannot be told.
func openFDs(t testing.TB) int {
	if runtime.GOOS != "linux" {
		return -1
	}
	names, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(names)
}

// noFDLeak fails the test if it ends with other than the descriptors it began
// with. Call it first.
func noFDLeak(t testing.TB) {
	t.Helper()
	before := openFDs(t)
	t.Cleanup(func() {
		if n := openFDs(t); n != before {
			t.Errorf("%d descriptors open at the end, %d at the start", n, before)
		}
	})
}

// conns are both ends of a channel as Conns.
func conns(t testing.TB) (a, b *Conn) {
	t.Helper()
	a, f, err := Pair()
	if err != nil {
		t.Fatal(err)
	}
	fd, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	b, err = Open(fd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close(); b.Close() })
	return a, b
}

// peer is the other end of a Conn, to be used as badly as one likes.
type peer struct {
	t  testing.TB
	f  *os.File
	fd int
}

func withPeer(t testing.TB) (*Conn, *peer) {
	t.Helper()
	c, f, err := Pair()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(); f.Close() })
	return c, &peer{t, f, int(f.Fd())}
}

// send makes one sendmsg.
func (p *peer) send(s string, fds ...int) {
	p.t.Helper()
	var oob []byte
	if len(fds) > 0 {
		oob = unix.UnixRights(fds...)
	}
	for b := []byte(s); len(b) > 0; oob = nil {
		n, err := unix.SendmsgN(p.fd, b, oob, nil, 0)
		if err != nil {
			p.t.Fatalf("sendmsg: %v", err)
		}
		b = b[n:]
	}
}

// readAll reads to the end of the channel.
func (p *peer) readAll() []byte {
	p.t.Helper()
	b, err := io.ReadAll(p.f)
	if err != nil && !errors.Is(err, unix.ECONNRESET) {
		p.t.Fatal(err)
	}
	return b
}

// sockets gives n sockets, open until the test ends.
func sockets(t testing.TB, n int) []int {
	t.Helper()
	fds := make([]int, n)
	for i := range fds {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
		if err != nil {
			t.Fatal(err)
		}
		unix.CloseOnExec(fd)
		t.Cleanup(func() { closeFD(fd) })
		fds[i] = fd
	}
	return fds
}

// same tells whether two descriptors are of one open file.
func same(t testing.TB, a, b int) bool {
	t.Helper()
	var x, y unix.Stat_t
	if err := unix.Fstat(a, &x); err != nil {
		t.Fatalf("descriptor %d: %v", a, err)
	}
	if err := unix.Fstat(b, &y); err != nil {
		t.Fatalf("descriptor %d: %v", b, err)
	}
	return x.Dev == y.Dev && x.Ino == y.Ino
}

// readN reads until n messages have come.
func readN(t testing.TB, c *Conn, n int) []Message {
	t.Helper()
	var ms []Message
	for len(ms) < n {
		var err error
		if ms, err = c.Read(ms); err != nil {
			t.Fatalf("after %d of %d messages: %v", len(ms), n, err)
		}
	}
	return ms
}

// readToError reads until Read fails.
func readToError(c *Conn) ([]Message, error) {
	var ms []Message
	for {
		var err error
		if ms, err = c.Read(ms); err != nil {
			return ms, err
		}
	}
}

func closeMessages(ms []Message) {
	for _, m := range ms {
		if m.FD >= 0 {
			closeFD(m.FD)
		}
		for _, f := range m.Further {
			if f.FD >= 0 {
				closeFD(f.FD)
			}
		}
	}
}

// within fails the test if done is not closed in good time.
func within(t testing.TB, what string, done <-chan struct{}) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatalf("%s: not within 10 s", what)
	}
}
