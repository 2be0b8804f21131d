//go:build unix

package ipc

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// fill sends until the socket takes no more, and says how many it took.
func fill(t *testing.T, c *Conn, line []byte) int {
	t.Helper()
	for n := 0; ; n++ {
		switch err := c.TrySend(line, -1); {
		case errors.Is(err, ErrFull):
			return n
		case err != nil:
			t.Fatal(err)
		case c.Pending() > 0:
			return n + 1
		}
	}
}

func TestLongMessages(t *testing.T) {
	noFDLeak(t)
	for _, size := range []int{400 << 10, 1 << 20, 3 << 20} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			a, b := conns(t)
			sock := sockets(t, 1)[0]
			text := `"` + strings.Repeat("é", size/2) + `"`
			handle, err := AppendHandle(nil, "net.Socket", []byte(text))
			if err != nil {
				t.Fatal(err)
			}
			// All are longer than the socket takes: of the first a part is kept, of
			// the others all.
			for _, err := range []error{a.Send(handle, sock), a.Send([]byte(text), -1), a.Send(handle, sock), a.Send([]byte("1"), -1)} {
				if err != nil {
					t.Fatal(err)
				}
			}
			ms := readN(t, b, 4)
			defer closeMessages(ms)
			for i, want := range []string{text, text, text, "1"} {
				m := ms[i]
				if string(m.Raw) != want || (m.FD >= 0) != (m.Handle != "") || m.FD >= 0 && !same(t, m.FD, sock) {
					t.Errorf("message %d: %v, %d bytes, descriptor %d", i, m.Kind, len(m.Raw), m.FD)
				}
			}
		})
	}
}

func TestSlowReaderGetsAllInOrder(t *testing.T) {
	noFDLeak(t)
	a, b := conns(t)
	sent := fill(t, a, []byte(`"filler"`))
	const n = 50
	var inos []unix.Stat_t
	for i := range n {
		if err := a.Send(fmt.Appendf(nil, `["plain",%d]`, i), -1); err != nil {
			t.Fatal(err)
		}
		sock, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
		if err != nil {
			t.Fatal(err)
		}
		var st unix.Stat_t
		if err := unix.Fstat(sock, &st); err != nil {
			t.Fatal(err)
		}
		inos = append(inos, st)
		if err := a.Send(AppendNewConn(nil, "k", int64(i)), sock); err != nil {
			t.Fatal(err)
		}
		closeFD(sock) // the Conn has a duplicate
		// The descriptor must not be taken for this one's.
		if err := a.Send([]byte(bareWrapper), -1); err != nil {
			t.Fatal(err)
		}
	}
	if a.Pending() == 0 {
		t.Fatal("nothing was kept: the test tests nothing")
	}
	if err := a.TrySend([]byte("1"), -1); !errors.Is(err, ErrFull) {
		t.Errorf("TrySend with output kept: %v", err)
	}
	ms := readN(t, b, sent+3*n)
	defer closeMessages(ms)
	for i := range n {
		plain, handle, probe := ms[sent+3*i], ms[sent+3*i+1], ms[sent+3*i+2]
		if want := fmt.Sprintf(`["plain",%d]`, i); string(plain.Raw) != want || plain.FD != -1 {
			t.Fatalf("plain %d: %+v", i, plain)
		}
		if handle.Cluster.Seq != int64(i) || handle.FD < 0 || !probe.Missing {
			t.Fatalf("handle %d: %+v\nprobe: %+v", i, handle, probe)
		}
		var st unix.Stat_t
		if err := unix.Fstat(handle.FD, &st); err != nil || st.Ino != inos[i].Ino {
			t.Errorf("handle %d has another descriptor (%v)", i, err)
		}
	}
	// All is out, so TrySend works again.
	if err := a.TrySend([]byte("1"), -1); err != nil {
		t.Errorf("TrySend: %v", err)
	}
}

func TestCloseDropsKeptOutput(t *testing.T) {
	noFDLeak(t)
	a, _ := conns(t)
	fill(t, a, []byte(`"filler"`))
	for range 10 {
		if err := a.Send(AppendNewConn(nil, "k", 1), sockets(t, 1)[0]); err != nil {
			t.Fatal(err)
		}
	}
	a.Close()
	if n := a.Pending(); n != 0 {
		t.Errorf("%d bytes kept after Close", n)
	}
}

func TestPeerGoneDropsKeptOutput(t *testing.T) {
	noFDLeak(t)
	c, p := withPeer(t)
	fill(t, c, []byte(`"filler"`))
	if err := c.Send(AppendNewConn(nil, "k", 1), sockets(t, 1)[0]); err != nil {
		t.Fatal(err)
	}
	p.send("1\n")
	p.f.Close()
	c.flusher.Wait()
	if n := c.Pending(); n != 0 {
		t.Errorf("%d bytes kept", n)
	}
	if err := c.Send([]byte("1"), -1); !errors.Is(err, ErrClosed) {
		t.Errorf("Send: %v", err)
	}
	// What the peer had sent is still read.
	if ms, err := readToError(c); len(ms) != 1 || err != io.EOF {
		t.Errorf("%d messages, %v", len(ms), err)
	}
}

func TestPendingIsBounded(t *testing.T) {
	noFDLeak(t)
	c, p := withPeer(t)
	p.send("1\n")
	line := bytes.Repeat([]byte("1"), 1<<20)
	var err error
	sent := 0
	for err == nil && sent < 2*MaxPending {
		if err = c.Send(line, -1); err == nil {
			sent += len(line)
		}
		if c.Pending() > MaxPending {
			t.Fatalf("%d bytes kept", c.Pending())
		}
	}
	if !errors.Is(err, ErrPendingFull) || sent < MaxPending-2<<20 {
		t.Fatalf("after %d bytes: %v", sent, err)
	}
	if c.Pending() != 0 {
		t.Errorf("still %d bytes kept", c.Pending())
	}
	if err := c.TrySend([]byte("1"), -1); !errors.Is(err, ErrPendingFull) {
		t.Errorf("TrySend: %v", err)
	}
	ms, err := readToError(c)
	if !errors.Is(err, ErrPendingFull) || len(ms) != 1 {
		t.Errorf("Read: %d messages, %v", len(ms), err)
	}
	p.readAll() // the peer sees the end: this returns
}

func TestKeptOutputIsWhole(t *testing.T) {
	noFDLeak(t)
	// No part of a frame may be lost or doubled between the first attempt and
	// the flusher: compare with the bytes of all lines.
	c, p := withPeer(t)
	var want bytes.Buffer
	done := make(chan struct{})
	var got []byte
	for i := range 3000 {
		line := fmt.Appendf(nil, "[%d,%q]\n", i, strings.Repeat("x", i%700))
		want.Write(line)
		if err := c.Send(line, -1); err != nil {
			t.Fatal(err)
		}
		if i == 1500 { // it is full by now; from here on the peer reads along
			go func() { defer close(done); got = p.readAll() }()
		}
	}
	c.CloseWhenSent()
	if err := c.Send([]byte("1"), -1); !errors.Is(err, ErrClosed) {
		t.Errorf("Send after CloseWhenSent: %v", err)
	}
	within(t, "the end of the channel", done)
	if !bytes.Equal(got, want.Bytes()) {
		t.Errorf("got %d bytes, want %d", len(got), want.Len())
	}
}

func TestCloseWhenSentLeavesReading(t *testing.T) {
	noFDLeak(t)
	a, b := conns(t)
	if err := a.Send([]byte("1"), -1); err != nil {
		t.Fatal(err)
	}
	a.CloseWhenSent()
	a.CloseWhenSent()
	if ms, err := readToError(b); len(ms) != 1 || err != io.EOF {
		t.Errorf("%d messages, %v", len(ms), err)
	}
	if err := b.Send([]byte("2"), -1); err != nil {
		t.Fatal(err)
	}
	if ms := readN(t, a, 1); string(ms[0].Raw) != "2" {
		t.Errorf("got %s", ms[0].Raw)
	}
}

// A peer that does not read costs a duplicate of each descriptor sent to it.
func TestPendingDescriptorsAreBounded(t *testing.T) {
	noFDLeak(t)
	c, _ := stuck(t)
	sock := sockets(t, 1)[0]
	line := []byte(`{"cmd":"NODE_HANDLE","type":"net.Native","msg":{}}`)
	for i := range MaxPendingFDs {
		if err := c.Send(line, sock); err != nil {
			t.Fatalf("descriptor %d: %v", i+1, err)
		}
	}
	if err := c.Send(line, sock); !errors.Is(err, ErrPendingFull) {
		t.Errorf("one more: %v", err)
	}
}

// What it had said counts: its answers may be among it.
func TestFailedConnReadsWhatThePeerHadSent(t *testing.T) {
	noFDLeak(t)
	a, b := conns(t)
	if err := b.Send([]byte("1"), -1); err != nil {
		t.Fatal(err)
	}
	reason := errors.New("enough")
	a.Fail(reason)
	a.Fail(errors.New("later"))
	if ms, err := a.Read(nil); err != nil || len(ms) != 1 || string(ms[0].Raw) != "1" {
		t.Errorf("read %v, %v", ms, err)
	}
	if _, err := a.Read(nil); err != reason {
		t.Errorf("then %v, want the reason", err)
	}
	if err := a.Send([]byte("2"), -1); err != reason {
		t.Errorf("Send: %v, want the reason", err)
	}
	if _, err := b.Read(nil); !errors.Is(err, io.EOF) {
		t.Errorf("the peer reads %v, want the end", err)
	}
}
