package term

import "bytes"

const (
	esc        = '\x1b'
	pasteBegin = "\x1b[200~"
	pasteEnd   = "\x1b[201~"
)

// escapes sets the escapes apart that one read of the terminal brought together
// with the next key. A slow line does that, and bubbletea then takes the two
// for alt and the key: the escape would be lost. Behind such an escape a second
// one is put, which bubbletea reports as alt+esc; onKey takes that for one esc.
//
// The bytes cannot be handed out in two reads instead: bubbletea waits for the
// descriptor, which has nothing more to tell. Sequences of keys with a real alt
// (CSI 1;3A) have their own form and stay as they are.
//
// It belongs to the goroutine that reads.
type escapes struct{ pasting bool }

// apart sets the escapes in p[:n] apart, where room is left in p, and returns
// the new length. It never fills p: bubbletea takes a full buffer for one that
// has more to come.
func (e *escapes) apart(p []byte, n int) int {
	full := n == len(p)
	for i := 0; i < n; i++ {
		if p[i] != esc {
			continue
		}
		rest := p[i:n]
		switch {
		case bytes.HasPrefix(rest, []byte(pasteBegin)):
			e.pasting = true
		case bytes.HasPrefix(rest, []byte(pasteEnd)):
			e.pasting = false
		case e.pasting || full || n+1 >= len(p) || !lone(rest):
		default:
			copy(p[i+1:n+1], p[i:n])
			n++
			i++
		}
	}
	return n
}

// lone tells whether the escape b begins with is a key, with another behind it
// in the same read.
func lone(b []byte) bool {
	switch {
	case len(b) == 1:
		return false // alone in the read: bubbletea knows it
	case len(b) == 2: // no sequence is so short
		return true
	case b[1] == '[':
		return false
	case b[1] == 'O': // SS3 of cursor and function keys, and of the key pad
		return !(b[2] >= 'A' && b[2] <= 'Z' || b[2] >= 'a' && b[2] <= 'z')
	}
	return true
}
