//go:build linux

package screen

import (
	"cmp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"

	"muster/internal/e2e/kit"
	"muster/internal/stopsignal"
	"muster/internal/testkit"
)

// ending is one way a dashboard ends.
type ending struct {
	name string
	env  string // one more variable
	// ask makes it end, when the workers listen at addr.
	ask func(s *terminal, addr string)
	// The exit code, minus the signal that ended the process.
	code int
	// How long what is open may take to finish, 1 s if empty. For a second wish
	// it is long: it would else find the end on its way.
	grace string
	// What the shell's screen has to show afterwards.
	says string
}

// slow is a request that is not answered before the test is over.
const slow = "/slow?ms=60000"

var endings = []ending{
	{name: "q on an idle cluster", ask: func(s *terminal, _ string) { s.press("q") }},
	{name: "q and y", ask: func(s *terminal, addr string) {
		request(s.t, addr, "/", true)
		s.see("open    1")
		s.press("q")
		s.see("stop the cluster and leave?")
		s.press("y")
	}},
	{name: "q and q", ask: func(s *terminal, addr string) {
		request(s.t, addr, "/", true)
		s.see("open    1")
		s.press("q")
		s.see("stop the cluster and leave?")
		s.press("q")
	}},
	{name: "ctrl+c", ask: func(s *terminal, addr string) {
		request(s.t, addr, "/", true) // does not make it ask
		s.see("open    1")
		s.press("\x03")
	}},
	{name: "ctrl+c over the help", ask: func(s *terminal, _ string) { s.press("?"); s.see("THE CLUSTER"); s.press("\x03") }},
	{name: "ctrl+c over the kill menu", ask: func(s *terminal, _ string) { s.press("k"); s.see("SIGUSR1"); s.press("\x03") }},
	{name: "ctrl+c twice", grace: "60s", ask: func(s *terminal, addr string) {
		request(s.t, addr, slow, false)
		s.see("open    1")
		s.press("\x03")
		s.see("stopping")
		s.press("\x03")
	}},
	{name: "SIGTERM", ask: func(s *terminal, _ string) { s.signal(syscall.SIGTERM) }},
	{name: "SIGINT", ask: func(s *terminal, _ string) { s.signal(syscall.SIGINT) }},
	{name: "SIGHUP", ask: func(s *terminal, _ string) { s.signal(syscall.SIGHUP) }},
	{name: "SIGTERM twice", grace: "60s", code: 128 + int(syscall.SIGTERM), ask: func(s *terminal, addr string) {
		request(s.t, addr, slow, false)
		s.see("open    1")
		s.signal(syscall.SIGTERM)
		s.see("stopping")
		<-time.After(2 * stopsignal.Window) // sooner it is the same wish
		s.signal(syscall.SIGTERM)
	}},
	{name: "SIGTERM and SIGINT", grace: "60s", code: 128 + int(syscall.SIGINT), ask: func(s *terminal, addr string) {
		request(s.t, addr, slow, false)
		s.see("open    1")
		s.signal(syscall.SIGTERM)
		s.see("stopping")
		s.signal(syscall.SIGINT)
	}},
	// Go's own dump of all goroutines, but on a terminal one can read it on.
	{name: "SIGQUIT", code: 2, says: "goroutine ", ask: func(s *terminal, _ string) { s.signal(syscall.SIGQUIT) }},
	{name: "panic in the loop", env: "loop", code: 1, says: "muster: panic: test panic in the loop"},
	{name: "panic in another goroutine of the engine", env: "task", code: 1, says: "muster: panic: test panic in a goroutine"},
	{name: "panic in Update", env: "update", code: 1, says: "muster: panic: MUSTER_TEST_PANIC=update"},
	{name: "panic in View", env: "view", code: 1, says: "muster: panic: MUSTER_TEST_PANIC=view"},
	{name: "panic in a command", env: "cmd", code: 1, says: "muster: panic: MUSTER_TEST_PANIC=cmd"},
	{name: "panic in a goroutine of the dashboard", env: "goroutine", code: 1, says: "muster: panic: MUSTER_TEST_PANIC=goroutine"},
}

// | 10 | pseudo-terminal: every way to end of point 6 | termios equal,
// alternate screen left, cursor shown |
//
// Point 6: When the primary has exited (q, SIGTERM, SIGINT, SIGHUP, a panic in
// the loop, a command, View or a goroutine of ours) no worker lives, the port
// is free, the terminal is as it was and the panic's text is readable.
func TestCheck10EveryEndGivesTheTerminalBack(t *testing.T) {
	for _, e := range endings {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			if e.env != "" {
				endsByPanic(t, e)
				return
			}
			s := open(t, 100, 100, nil, "--addr", "127.0.0.1:0", "--workers", "3", "--grace", cmp.Or(e.grace, "1s"))
			addr := s.up(3)
			if err := s.isOurs(); err != nil {
				t.Fatal(err)
			}
			e.ask(s, addr)
			ended(s, e)
			mustBeFree(t, addr, 0)
		})
	}
}

// endsByPanic is for an end that comes by itself, a moment after the start:
// when the machine is busy even before the dashboard has the terminal, and then
// it is tried again. The address cannot be known here: the next run of muster
// on the same one would find it taken.
func endsByPanic(t *testing.T, e ending) {
	for range 5 {
		s := open(t, 160, 150, []string{"MUSTER_TEST_PANIC=" + e.env}, "--addr", "127.0.0.1:0", "--workers", "3")
		if s.code(); !strings.Contains(s.written(), ansi.SetModeAltScreenSaveCursor) {
			continue
		}
		ended(s, e)
		return
	}
	t.Error("it never came as far as the dashboard")
}

// ended checks what must be true after every end but those that give no chance.
func ended(s *terminal, e ending) {
	s.t.Helper()
	if code := s.code(); code != e.code {
		s.t.Errorf("exit code %d, want %d", code, e.code)
	}
	late := kit.Promised
	if e.code == 0 {
		late = 0
	}
	kit.NoneLeft(s.t, s.pid, late)
	s.givenBack()
	_, after, _ := strings.Cut(s.written(), ansi.ResetModeAltScreenSaveCursor)
	for line := range strings.SplitAfterSeq(after, "\n") {
		// A terminal that is still raw would draw a staircase.
		if strings.HasSuffix(line, "\n") && !strings.HasSuffix(line, "\r\n") {
			s.t.Errorf("a line was printed on a raw terminal: %q", line)
			break
		}
	}
	if strings.Contains(after, "of 3 listening") {
		s.t.Error("a frame was drawn on the shell's screen")
	}
	if !strings.Contains(s.text(), e.says) {
		s.t.Errorf("the shell's screen does not say %q", e.says)
	}
	if e.says == "" && strings.Count(after, "\n") > 1 { // the mark
		s.t.Errorf("something was printed after the dashboard: %q", after)
	}
}

// The terminal's window is closed. There is no terminal to give back then; the
// rest of point 6 holds all the same. Under nohup no SIGHUP comes, only the end
// of the terminal itself.
func TestCheck10ClosedTerminal(t *testing.T) {
	for name, args := range map[string][]string{
		"hangup": {"-c", `exec "$0" "$@"`},
		"nohup":  {"-c", `trap "" HUP; exec "$0" "$@"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := openCommand(t, 80, 24, nil, "/bin/sh", append(args, muster, "--addr", "127.0.0.1:0", "--workers", "3", "--grace", "1s")...)
			addr := s.up(3)
			request(t, addr, slow, false)
			s.see("open    1")
			s.vanish()
			if code := s.code(); code != 0 {
				t.Errorf("exit code %d, want 0", code)
			}
			kit.NoneLeft(t, s.pid, 0)
			mustBeFree(t, addr, 0)
		})
	}
}

// kill -9 of the primary: no worker lives 1 s later. Nobody is left to give the
// terminal back: it stays raw and on the other screen, and `reset` mends it.
func TestCheck10KilledPrimary(t *testing.T) {
	t.Parallel()
	s := open(t, 80, 24, nil, "--addr", "127.0.0.1:0", "--workers", "3")
	addr := s.up(3)
	request(t, addr, "/burn?ms=60000", false) // a worker that does not look around
	s.see("open    1")
	s.signal(syscall.SIGKILL)
	if code := s.code(); code != -int(syscall.SIGKILL) {
		t.Errorf("ended with %d", code)
	}
	kit.NoneLeft(t, s.pid, kit.Promised)
	mustBeFree(t, addr, kit.Promised) // a process that ends closes its sockets after it has left the list
}

// | 11 | start on a bare pseudo-terminal (TERM=xterm-256color) that answers no
// query | first frame within 1 s |
func TestCheck11FirstFrameOnASilentTerminal(t *testing.T) {
	limit := time.Second
	if testkit.Race {
		limit = 3 * time.Second // a program built with the race detector is several times slower to start
	}
	var took time.Duration
	for range 3 { // a busy machine may be slow once; a start-up question (5 s) is there each time
		s := open(t, 80, 24, nil, "--addr", "127.0.0.1:0", "--workers", "2")
		for !fullFrame(s) && time.Since(s.started) < kit.Patience {
			<-time.After(2 * time.Millisecond)
		}
		took = time.Since(s.started)
		if asked := questions(s.written()); asked != "" {
			t.Errorf("the terminal was asked %q", asked)
		}
		s.press("q")
		s.code()
		if took < limit {
			t.Logf("the first frame came after %v", took)
			return
		}
	}
	t.Errorf("the first frame came after %v, want at most %v", took, limit)
}

// fullFrame tells whether a whole screen is drawn, from the head to the hints.
func fullFrame(s *terminal) bool {
	l := s.lines()
	return strings.Contains(l[0], "muster") && strings.Contains(l[2], "1 overview") && strings.Contains(l[s.h-1], whole)
}

// A terminal that can draw nothing gets lines.
func TestDumbTerminalGetsLines(t *testing.T) {
	t.Parallel()
	s := open(t, 80, 24, []string{"TERM=dumb"}, "--addr", "127.0.0.1:0", "--workers", "1")
	s.see(" listening ")
	if raw := s.written(); strings.Contains(raw, "\x1b") {
		t.Errorf("sequences on a dumb terminal: %q", raw)
	}
	s.press("\x03")
	if code := s.code(); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
}
