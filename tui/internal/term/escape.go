package term

import "bytes"

const (
	esc        = '\x1b'
	pasteBegin = "\x1b[200~"
	pasteEnd   = "\x1b[201~"
)

// escapes separates an escape from the next key if one read of the terminal
// brought both. That happens on a slow line, and bubbletea then reads the two
// as alt and the key: the escape would be lost. So escapes puts a second escape
// after it, which bubbletea reports as alt+esc; onKey takes that for one esc.
//
// The bytes cannot be handed out in two reads instead: bubbletea waits for the
// descriptor, which will not become readable again. Sequences of keys with a
// real alt (CSI 1;3A) have their own form and stay as they are.
//
// An escapes belongs to the goroutine that reads.
type escapes struct{ pasting bool }

// apart separates the escapes in p[:n], as far as p has room, and returns the
// new length. It never fills p: bubbletea takes a full buffer as a sign that
// more will come.
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

// lone tells whether the escape at the start of b is a key of its own, with
// another key after it in the same read.
func lone(b []byte) bool {
	switch {
	case len(b) == 1:
		return false // alone in the read: bubbletea recognises it
	case len(b) == 2: // no sequence is so short
		return true
	case b[1] == '[':
		return false
	case b[1] == 'O': // SS3 of cursor and function keys, and of the key pad
		return !(b[2] >= 'A' && b[2] <= 'Z' || b[2] >= 'a' && b[2] <= 'z')
	}
	return true
}
