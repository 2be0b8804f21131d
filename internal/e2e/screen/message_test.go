//go:build linux

package screen

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"muster/internal/testkit"
)

// A message that is typed on the screen reaches a real worker, and its answer
// is seen where it was asked for. A text that is not JSON is sent as a string,
// and a pasted one is text, not keys.
func TestAMessageIsAnsweredOnTheScreen(t *testing.T) {
	t.Parallel()
	s := open(t, 80, 24, nil, "--addr", "127.0.0.1:0", "--workers", "2")
	s.up(2)
	s.press("M")
	s.see("message to worker 1 ─")
	title := regexp.MustCompile(`message to worker 1 ─+ pid (\d+) ─`).FindStringSubmatch(s.text())
	if title == nil || !slices.Contains(testkit.WithPrimary(s.pid), number(title[1])) {
		t.Fatalf("the title %q names no worker", title)
	}
	for _, say := range []struct{ keys, sent string }{
		{`{"clear": ["cache", 1]}`, `{"clear":["cache",1]}`},
		{"hello q y", `"hello q y"`}, // neither q nor y is a key here
		{"\x1b[200~pasted \x1b[201~", `"pasted "`},
	} {
		s.press(say.keys)
		s.see("cluster.workers[1].send(" + say.sent + ") ")
		s.press("\r")
		s.see("→ " + say.sent)
		s.see(fmt.Sprintf(`← {"worker":1,"pid":%s,"echo":%s}`, title[1], say.sent))
		s.see("message │ ") // empty again
	}
	s.press("\x1b[A")
	s.see("message pasted │")
	s.press("\x1b")
	s.see(whole)
	text := s.text()
	for _, want := range []string{`message    {"worker":1,`, "> ", `send       "hello q y"`} {
		if !strings.Contains(text, want) {
			t.Errorf("the log lacks %q", want)
		}
	}
	s.press("\x03")
	if code := s.code(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// number is -1 for a text that is none.
func number(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		return -1
	}
	return n
}
