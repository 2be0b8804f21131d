//go:build linux || darwin || freebsd

package tui

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestEscapesAreSetApart(t *testing.T) {
	tests := []struct {
		name  string
		reads []string
		want  []string
	}{
		{"esc alone", []string{"\x1b"}, []string{"\x1b"}},
		{"esc, j", []string{"\x1bj"}, []string{"\x1b\x1bj"}},
		{"esc, enter", []string{"\x1b\r"}, []string{"\x1b\x1b\r"}},
		{"esc, space", []string{"\x1b "}, []string{"\x1b\x1b "}},
		{"esc, ctrl+c", []string{"\x1b\x03"}, []string{"\x1b\x1b\x03"}},
		{"esc, a letter of two bytes", []string{"\x1bé"}, []string{"\x1b\x1bé"}},
		{"esc, [", []string{"\x1b["}, []string{"\x1b\x1b["}},
		{"esc, O", []string{"\x1bO"}, []string{"\x1b\x1bO"}},
		{"esc twice", []string{"\x1b\x1b"}, []string{"\x1b\x1b\x1b"}},
		{"esc, up", []string{"\x1b\x1b[A"}, []string{"\x1b\x1b\x1b[A"}},
		{"esc, a click", []string{"\x1b\x1b[<0;5;5M"}, []string{"\x1b\x1b\x1b[<0;5;5M"}},
		{"esc, a paste", []string{"\x1b\x1b[200~\x1bq\x1b[201~"}, []string{"\x1b\x1b\x1b[200~\x1bq\x1b[201~"}},
		{"keys before and behind", []string{"k\x1bj\x1b"}, []string{"k\x1b\x1bj\x1b"}},
		{"a sequence", []string{"\x1b[A\x1bOB\x1b[1;3A"}, []string{"\x1b[A\x1bOB\x1b[1;3A"}},
		{"esc in a long paste", []string{"\x1b[200~a", "\x1bj", "\x1b[201~", "\x1bj"}, []string{"\x1b[200~a", "\x1bj", "\x1b[201~", "\x1b\x1bj"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var e escapes
			var got []string
			for _, r := range tt.reads {
				p := make([]byte, 256)
				got = append(got, string(p[:e.apart(p, copy(p, r))]))
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("%q becomes %q, want %q", tt.reads, got, tt.want)
			}
		})
	}
}

// A buffer that is full, or would be, keeps what it holds.
func TestEscapesHaveNoRoom(t *testing.T) {
	for _, size := range []int{6, 7} {
		p := append([]byte("abcd\x1bj"), make([]byte, size-6)...)
		if n := new(escapes).apart(p, 6); n != 6 || string(p[:6]) != "abcd\x1bj" {
			t.Errorf("a buffer of %d bytes becomes %q", size, p[:n])
		}
	}
}

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
		{"\x1b\x1b[200~q\x1b[201~", "pasted text is no keys"},
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
