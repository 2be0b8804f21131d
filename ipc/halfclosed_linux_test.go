package ipc

import (
	"errors"
	"io"
	"testing"

	"golang.org/x/sys/unix"
)

// A peer that shuts down its reading half and lives on: sends failed, and the
// reader waited for ever.
func TestPeerThatReadsNoMoreEndsTheChannel(t *testing.T) {
	noFDLeak(t)
	a, b := conns(t)
	if err := b.Send([]byte(`"last words"`), -1); err != nil {
		t.Fatal(err)
	}
	if err := b.rc.Control(func(fd uintptr) { _ = unix.Shutdown(int(fd), unix.SHUT_RD) }); err != nil {
		t.Fatal(err)
	}
	if err := a.Send([]byte("1"), -1); !errors.Is(err, ErrClosed) {
		t.Errorf("Send: %v", err)
	}
	if ms := readN(t, a, 1); string(ms[0].Raw) != `"last words"` {
		t.Errorf("got %s", ms[0].Raw)
	}
	if _, err := a.Read(nil); !errors.Is(err, io.EOF) {
		t.Errorf("Read: %v", err)
	}
}
