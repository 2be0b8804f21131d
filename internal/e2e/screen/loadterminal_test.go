//go:build linux

package screen

import (
	"strings"
	"syscall"
	"testing"

	"muster/engine"
)

// On a terminal one line is redrawn, keys change the rate, and whatever ends
// it, the terminal is given back.
func TestLoadOnATerminal(t *testing.T) {
	t.Parallel()
	p := openPiped(t, nil, "--json", "--workers", "2")
	p.AwaitKind(2, engine.KindListening)
	for name, end := range map[string]struct {
		how  func(s *terminal)
		code int
	}{
		"q":       {func(s *terminal) { s.press("q") }, 0},
		"Ctrl+C":  {func(s *terminal) { s.press("\x03") }, 0},
		"SIGTERM": {func(s *terminal) { s.signal(syscall.SIGTERM) }, 0},
		"SIGQUIT": {func(s *terminal) { s.signal(syscall.SIGQUIT) }, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := openCommand(t, 80, 24, nil, muster, "load", "http://"+p.addr)
			s.see("of 200/s")
			s.press("+")
			s.see("of 250/s")
			s.press("--")
			s.see("of 160/s")
			_, own, _ := strings.Cut(s.written(), shellText+"\r\n")
			title, line, _ := strings.Cut(own, "\n")
			if !strings.HasPrefix(title, "\rGET http://"+p.addr+"/, 200/s, a connection each") || strings.Contains(line, "\n") {
				t.Errorf("what is sent, and then one line until the end: %q", own)
			}
			end.how(s)
			if got := s.code(); got != end.code {
				t.Errorf("exit code %d, want %d", got, end.code)
			}
			s.modesBack()
			if end.code == 0 {
				s.see("latency    p50 ")
			}
		})
	}
}
