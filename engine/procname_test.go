package engine

import "testing"

func TestPrintable(t *testing.T) {
	if got, want := printable([]byte("node\x1b[2J\n\xc3\xa9\x7f~")), `node\x1b[2J\x0a\xc3\xa9\x7f~`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
