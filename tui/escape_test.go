//go:build linux || darwin || freebsd

package tui

import (
	"strings"
	"testing"
	"time"
)

// esc joined with the next key was taken for alt and the key: it left the kill
// menu open, and the enter behind it sent the signal.
func TestEscapeJoinedWithTheNextKey(t *testing.T) {
	r := startPTY(t, "open")
	r.await(firstFrame)
	steps := []struct{ keys, seen string }{
		{"k", "kill worker 1"},
		{"\x1b\r", "worker 1   pid"}, // the details, which enter opens without a menu
		{"\x1bk", "kill worker 1"},
		{"\x1bj", "makes it j and k"},
		{"/", " clear  "},
		{"\x1bD", "disconnect all 2"},
		{"\x1bM", "message to worker"},
		{"\x1b\x1b[B\x1b[B", "worker 2 is the last"},
		{"l", "a connection each"},
		{"\x1b\x1b[200~q\x1b[201~", "pasted text is ignored"},
		{"\x1b[1;3A", "alt+up does nothing here"},
		{"\x1b[", "[ does nothing here"},
		{"M", "message to worker"},
		{"a\x1bq", "leave?"},
		{"\x1b\x03", "\x1b[?1049l"},
	}
	for _, s := range steps {
		before := len(r.output())
		r.keys(s.keys)
		if !poll(5*time.Second, func() bool { return strings.Contains(r.output()[before:], s.seen) }) {
			t.Fatalf("%q: %q never came; output %q", s.keys, s.seen, r.output()[before:])
		}
	}
	if code := r.wait(); code != 0 {
		t.Errorf("exit code %d; stderr %s", code, r.stderr.String())
	}
	if got := r.stderr.String(); !strings.Contains(got, "told [stop]") {
		t.Errorf("the cluster was told more than to stop: %s", got)
	}
}
