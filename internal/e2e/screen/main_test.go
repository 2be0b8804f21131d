//go:build linux

package screen

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"muster/internal/e2e/kit"
	"muster/internal/testkit"
)

// muster is the path of the binary under test, built by TestMain.
var muster string

func TestMain(m *testing.M) { os.Exit(testkit.WithBinary(m, &muster)) }

// environment is what muster is started with: the terminal is what the test
// says, not the one the tests happen to run on.
func environment(extra ...string) []string {
	return append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "LC_ALL=C.UTF-8",
		"GORACE=atexit_sleep_ms=0", // else each process built with -race takes a second longer to end
		"TERM=xterm-256color",      // the last: tmux has its own
	}, extra...)
}

// mustBeFree checks that nobody listens on an address, at the latest d from now.
func mustBeFree(t *testing.T, addr string, d time.Duration) {
	t.Helper()
	var err error
	if !testkit.Within(d, func() bool {
		var l net.Listener
		if l, err = net.Listen("tcp", addr); err == nil {
			l.Close()
		}
		return err == nil
	}) {
		t.Errorf("the port is not free: %v", err)
	}
}

// request sends the first line of a request and returns the connection, which
// is closed at the end of the test. It waits for the answer if wait is set; the
// connection stays open then.
func request(t *testing.T, addr, target string, wait bool) net.Conn {
	t.Helper()
	c, err := net.DialTimeout("tcp", addr, kit.Patience)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if _, err := fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: test\r\n\r\n", target); err != nil {
		t.Fatal(err)
	}
	if !wait {
		return c
	}
	if err := c.SetReadDeadline(time.Now().Add(kit.Patience)); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 4<<10)
	n, err := c.Read(buf)
	if err != nil || !bytes.HasPrefix(buf[:n], []byte("HTTP/1.1 ")) {
		t.Fatalf("GET %.80s: %q, %v", target, buf[:n], err)
	}
	return c
}

// sane checks what must not stand in anything muster ever prints.
func sane(t *testing.T, output string) {
	t.Helper()
	for _, bad := range []string{"DATA RACE", "BUG"} {
		if strings.Contains(output, bad) {
			t.Errorf("%q in the output: %q", bad, output)
		}
	}
}
