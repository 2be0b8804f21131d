package term

import (
	"strings"
	"testing"
)

func TestClipboard(t *testing.T) {
	env := func(kv ...string) func(string) string {
		return func(k string) string {
			if k == kv[0] {
				return kv[1]
			}
			return ""
		}
	}
	bare := "\x1b]52;c;MjA0MTE=\x07"
	if got := Clipboard("20411", env("", "")); got != bare {
		t.Errorf("%q", got)
	}
	if got := Clipboard("20411", env("TMUX", "x")); !strings.HasPrefix(got, bare) || !strings.Contains(got, "\x1bPtmux;") {
		t.Errorf("tmux: %q", got)
	}
	if got := Clipboard("20411", env("TERM", "screen")); !strings.HasPrefix(got, "\x1bP") {
		t.Errorf("screen: %q", got)
	}
	for _, n := range []int{maxCopied, maxCopied + 1} {
		if got := Clipboard(strings.Repeat("x", n), env("", "")); (got != "") != (n <= maxCopied) {
			t.Errorf("of %d bytes %d are copied", n, len(got))
		}
	}
}
