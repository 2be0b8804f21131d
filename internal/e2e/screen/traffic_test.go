//go:build linux

package screen

import (
	"net"
	"regexp"
	"slices"
	"syscall"
	"testing"

	"muster/internal/e2e/kit"
	"muster/internal/testkit"
)

// watching waits for view 3 and until the cluster follows connections: only
// then it knows what waits in the kernel.
func (s *terminal) watching() {
	s.t.Helper()
	s.press("3")
	s.see("[3 traffic]")
	s.see("in the kernel 0")
}

// port is the client's end of a connection, as the list shows it.
func port(t *testing.T, c net.Conn) string {
	t.Helper()
	_, p, err := net.SplitHostPort(c.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// seeLine waits until a line of the screen matches, and returns its parts.
func (s *terminal) seeLine(pattern string) []string {
	s.t.Helper()
	re := regexp.MustCompile(pattern)
	var parts []string
	if !testkit.Within(kit.Patience, func() bool { parts = re.FindStringSubmatch(s.text()); return parts != nil }) {
		s.t.Fatalf("no line like %s", pattern)
	}
	return parts
}

// A connection is seen on its way, open, and closed; its story is told.
func TestAConnectionIsSeenInTheTrafficView(t *testing.T) {
	t.Parallel()
	s := open(t, 80, 24, nil, "--addr", "127.0.0.1:0", "--workers", "2", "--policy", "rr")
	addr := s.up(2)
	s.watching()
	s.see("No connection has come")
	c := request(t, addr, "/", true)
	from := "127.0.0.1:" + port(t, c)
	took := `●── \S+ ─+`
	parts := s.seeLine(`#(\d+) +` + from + ` +` + took + `([12])── \S+ ─+●─ `)
	s.seeLine(parts[2] + `  ● listening +1 open  ▪`)
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	s.seeLine(from + ` +` + took + parts[2] + `── \S+ ─+` + took + `√ +\S+s `)
	s.press("\r")
	s.see("connection #" + parts[1])
	s.see("accepted from " + from)
	s.see("worker " + parts[2] + " closed it after ")
	s.press("\x1b")
	s.see("where they are now") // on the line of the story's title
	s.press("v")
	s.see("slowed, times real")
	s.press("v")
	s.see("p changes the policy")
	s.press("p")
	s.see("the primary sees no connection")
	s.press("1")
	s.see("[1 overview]")
	s.press("\x03")
	if code := s.code(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// What was on the way to a worker that dies is seen to go to another.
func TestADealtAgainConnectionIsSeen(t *testing.T) {
	t.Parallel()
	s := open(t, 80, 24, nil, "--addr", "127.0.0.1:0", "--workers", "2", "--policy", "rr", "--stall", "0")
	addr := s.up(2)
	victim := number(s.seeLine(`►  1 +(\d+) ● listening`)[1])
	if !slices.Contains(testkit.WithPrimary(s.pid), victim) {
		t.Fatalf("%d is no worker of ours", victim)
	}
	s.watching()
	if err := syscall.Kill(victim, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	var conns []net.Conn
	for range 2 { // round robin: one of them goes to the stopped worker
		conns = append(conns, request(t, addr, "/", false))
	}
	parts := s.seeLine(`(127\.0\.0\.1:\d+) +●── \S+ ─+1─ \S* ?on the way ►`)
	if from := parts[1]; from != conns[0].LocalAddr().String() && from != conns[1].LocalAddr().String() {
		t.Fatalf("a connection from %s", from)
	}
	if err := syscall.Kill(victim, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	s.see("× worker 1 died first")
	s.seeLine(regexp.QuoteMeta(parts[1]) + ` +●── \S+ ─+1── \S+ ─+× worker 1 died first *\n +again +●── \S+ ─+\d── \S+ ─+●─`)
	s.press("\x03")
	if code := s.code(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}
