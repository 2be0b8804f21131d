//go:build linux

package kit

import (
	"os/exec"
	"testing"
	"time"
)

// TestLastLinesWereLostWhenTheReaderWasSlow: a process had ended, and what it had
// written last was thrown away because nobody had read it yet.
func TestLastLinesWereLostWhenTheReaderWasSlow(t *testing.T) {
	const lines = 10_000 // more than the reader's buffer, less than a pipe holds
	var p *Process
	n := 0
	t.Run("a process", func(t *testing.T) {
		started := make(chan struct{})
		p = Start(t, exec.Command("seq", "10000"), func([]byte) bool {
			if n++; n == 1 {
				<-started
				<-p.Exited
				<-time.After(100 * time.Millisecond) // a slow reader
			}
			return true
		})
		close(started)
		<-p.Exited
	})
	if n != lines {
		t.Errorf("%d of %d lines were read", n, lines)
	}
}
