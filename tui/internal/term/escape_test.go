package term

import (
	"slices"
	"testing"
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
