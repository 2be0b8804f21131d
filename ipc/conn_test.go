//go:build unix

package ipc

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestSendAndRead(t *testing.T) {
	noFDLeak(t)
	a, b := conns(t)
	if err := a.Send([]byte(`"no newline"`), -1); err != nil {
		t.Fatal(err)
	}
	if err := b.TrySend(AppendAccepted(nil, 5, 3, true), -1); err != nil {
		t.Fatal(err)
	}
	if m := readN(t, b, 1)[0]; string(m.Raw) != `"no newline"` {
		t.Errorf("got %+v", m)
	}
	if m := readN(t, a, 1)[0]; !m.Cluster.Accepted {
		t.Errorf("got %+v", m)
	}
	if ms, err := a.ReadMore(nil); len(ms) != 0 || err != nil {
		t.Errorf("ReadMore with nothing there: %v, %v", ms, err)
	}
	a.Close()
	if ms, err := b.Read(nil); len(ms) != 0 || err != io.EOF {
		t.Errorf("after the peer's Close: %v, %v", ms, err)
	}
	if ms, err := b.ReadMore(nil); len(ms) != 0 || err != io.EOF {
		t.Errorf("again: %v, %v", ms, err)
	}
}

func TestManyFramesInOneWriteAreOneBatch(t *testing.T) {
	noFDLeak(t)
	c, p := withPeer(t)
	p.send(strings.Repeat(hotFrames["accepted"]+"\n", 100) + `"part`)
	ms, err := c.Read(nil)
	if err != nil || len(ms) != 100 {
		t.Fatalf("%d messages, %v", len(ms), err)
	}
	if ms, err = c.ReadMore(ms); err != nil || len(ms) != 100 {
		t.Fatalf("with a part of one there: %d messages, %v", len(ms), err)
	}
	p.send(`"` + "\n")
	if ms, err = c.ReadMore(ms); err != nil || len(ms) != 101 {
		t.Fatalf("with the rest: %d messages, %v", len(ms), err)
	}
}

func TestSendLines(t *testing.T) {
	noFDLeak(t)
	a, b := conns(t)
	lines := AppendAccepted(AppendAck(nil), 5, 3, true)
	if err := a.SendLines(lines); err != nil {
		t.Fatal(err)
	}
	// One write: one read brings both.
	if ms, err := b.Read(nil); err != nil || len(ms) != 2 || ms[0].Kind != Ack || !ms[1].Cluster.Accepted {
		t.Fatalf("%+v, %v", ms, err)
	}
	sent := fill(t, a, []byte(`"filler"`))
	if err := a.SendLines(lines); err != nil || a.Pending() == 0 {
		t.Fatalf("%d bytes kept, %v", a.Pending(), err)
	}
	if ms := readN(t, b, sent+2); ms[sent].Kind != Ack || !ms[sent+1].Cluster.Accepted {
		t.Errorf("after waiting: %+v", ms[sent:])
	}
	for _, bad := range []string{"", "1\n2"} {
		if err := a.SendLines([]byte(bad)); !errors.Is(err, ErrNotALine) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestRefusesWhatIsNotALine(t *testing.T) {
	a, b := conns(t)
	for _, line := range []string{"", "\n", "1\n2\n", "1\n2", "1\n\n"} {
		if err := a.Send([]byte(line), -1); !errors.Is(err, ErrNotALine) {
			t.Errorf("%q: %v", line, err)
		}
	}
	err := a.Send(bytes.Repeat([]byte("1"), MaxFrame+1), -1)
	if !errors.Is(err, ErrTooLong) || !strings.Contains(err.Error(), "16777217 bytes, the limit is 16777216") {
		t.Errorf("too long: %v", err)
	}
	if err := a.Send([]byte("1"), 1<<20); !errors.Is(err, unix.EBADF) {
		t.Errorf("a descriptor that is none: %v", err)
	}
	if err := a.Send([]byte("2"), -1); err != nil {
		t.Fatal(err)
	}
	if ms := readN(t, b, 1); string(ms[0].Raw) != "2" {
		t.Errorf("got %s", ms[0].Raw)
	}
}

func TestDescriptor(t *testing.T) {
	noFDLeak(t)
	a, b := conns(t)
	socks := sockets(t, 3)
	var want []int
	for i, s := range socks {
		// Plain frames and a bare wrapper before each: the reads are not one a frame.
		for _, line := range [][]byte{[]byte(`"plain"`), []byte(bareWrapper)} {
			if err := a.Send(line, -1); err != nil {
				t.Fatal(err)
			}
			want = append(want, -1)
		}
		if err := a.Send(AppendNewConn(nil, "k", int64(i)), s); err != nil {
			t.Fatal(err)
		}
		want = append(want, s)
	}
	ms := readN(t, b, len(want))
	defer closeMessages(ms)
	for i, m := range ms {
		if (m.FD >= 0) != (want[i] >= 0) || m.Missing != (i%3 == 1) {
			t.Fatalf("message %d: %+v", i, m)
		}
		if m.FD < 0 {
			continue
		}
		if !same(t, m.FD, want[i]) {
			t.Errorf("message %d has another descriptor", i)
		}
		if flags, err := unix.FcntlInt(uintptr(m.FD), unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC == 0 {
			t.Errorf("message %d: not close-on-exec (%v)", i, err)
		}
		if flags, err := unix.FcntlInt(uintptr(m.FD), unix.F_GETFL, 0); err != nil || flags&unix.O_NONBLOCK != 0 {
			t.Errorf("message %d: its flags were changed: %#x (%v)", i, flags, err)
		}
	}
}

// A worker shares memory with its primary by one of muster's own messages, and by
// no other: a program's file must not pass for a socket.
func TestRegularFileComesWithAMusterMessageOnly(t *testing.T) {
	noFDLeak(t)
	file, err := os.Open("conn_test.go")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	const own = `{"cmd":"NODE_HANDLE","type":"muster.Tally","msg":{"cmd":"NODE_MUSTER","msg":{}}}` + "\n"
	const program = `{"cmd":"NODE_HANDLE","type":"net.Socket","msg":1}` + "\n"
	for name, tt := range map[string]struct {
		with, then string // two writes, the first with the file
		good       int    // messages
		bad        bool
	}{
		"own":              {own, "", 1, false},
		"own, in two":      {own[:20], own[20:], 1, false},
		"own, then more":   {own, "2\n", 2, false},
		"a program's":      {program, "", 0, true},
		"likewise, in two": {program[:20], program[20:], 0, true},
		"likewise, more":   {program + "2\n", "", 0, true},
		"behind another":   {"1\n" + hotFrames["newconn"] + "\n", "", 1, true},
	} {
		t.Run(name, func(t *testing.T) {
			c, p := withPeer(t)
			p.send(tt.with, int(file.Fd()))
			p.send(tt.then)
			var ms []Message
			var err error
			for err == nil && (len(ms) < tt.good || tt.bad) {
				ms, err = c.Read(ms)
			}
			var bad *ProtocolError
			if len(ms) != tt.good || errors.As(err, &bad) != tt.bad {
				t.Fatalf("%d messages, %v", len(ms), err)
			}
			for _, m := range ms {
				if (m.Kind == Muster) != (m.FD >= 0) {
					t.Errorf("%+v", m)
				}
				if m.FD >= 0 {
					closeFD(m.FD)
				}
			}
		})
	}
}

func TestRefusedDescriptors(t *testing.T) {
	handle := hotFrames["newconn"] + "\n"
	for _, tt := range []struct {
		name, in, reason string
		fds              int // -1: a pipe
		before           int // messages that are good
	}{
		{"two", handle, "2 descriptors", 2, 0},
		{"two behind a plain frame", "1\n" + handle, "2 descriptors", 2, 1},
		{"two with the start of a frame", "1\n" + handle[:30], "2 descriptors", 2, 1},
		{"very many", handle, "200 descriptors", 200, 0},
		{"with a plain frame", "1\n2\n", "takes none", 1, 1},
		{"pipe", handle, "not a socket", -1, 0},
		{"with garbage", "1\ngarbage\n", "not JSON", 1, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			noFDLeak(t)
			c, p := withPeer(t)
			var fds []int
			if tt.fds < 0 {
				r, w, err := os.Pipe()
				if err != nil {
					t.Fatal(err)
				}
				defer r.Close()
				defer w.Close()
				fds = []int{int(r.Fd())}
			} else {
				fds = sockets(t, tt.fds)
			}
			before := openFDs(t)
			p.send(tt.in, fds...)
			ms, err := c.Read(nil)
			if err == nil {
				ms, err = c.Read(ms)
			}
			var pe *ProtocolError
			if !errors.As(err, &pe) || !strings.Contains(pe.Reason, tt.reason) || len(ms) != tt.before {
				t.Errorf("%d messages, %v", len(ms), err)
			}
			if n := openFDs(t); n != before {
				t.Errorf("%d descriptors open, %d before", n, before)
			}
			if _, again := c.Read(nil); again != err {
				t.Errorf("the next Read: %v", again)
			}
		})
	}
}

func TestOutOfDescriptorsIsMissing(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("what the kernel does then differs")
	}
	noFDLeak(t)
	c, p := withPeer(t)
	socks := sockets(t, 1)
	p.send(hotFrames["newconn"]+"\n", socks[0])
	p.send("1\n")

	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	// Below every number that is free: no new descriptor for this process.
	none := unix.Rlimit{Cur: 0, Max: limit.Max}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &none); err != nil {
		t.Fatal(err)
	}
	ms, err := c.Read(nil)
	if e := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); e != nil {
		t.Fatal(e)
	}
	if err != nil || len(ms) == 0 || !ms[0].Missing || ms[0].FD != -1 || ms[0].Cluster.Act != "newconn" {
		t.Fatalf("%+v, %v", ms, err)
	}
	// The channel goes on.
	if len(ms) < 2 {
		ms = append(ms, readN(t, c, 1)...)
	}
	if string(ms[1].Raw) != "1" {
		t.Errorf("then %+v", ms[1])
	}
}

func TestUnreadDescriptorsAreClosed(t *testing.T) {
	noFDLeak(t)
	c, p := withPeer(t)
	socks := sockets(t, 3)
	p.send(hotFrames["newconn"][:40], socks[0]) // of a frame that stays incomplete
	if ms, err := c.ReadMore(nil); len(ms) != 0 || err != nil {
		t.Fatalf("%v, %v", ms, err)
	}
	p.send(hotFrames["newconn"], socks[1]) // never read
	c.Close()
}

func TestEndOfChannel(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		want     error
		messages int
		unread   bool // the peer leaves something unread, which makes a reset
	}{
		{"at once", "", io.EOF, 0, false},
		{"between frames", "1\n2\n", io.EOF, 2, false},
		{"in a frame", "1\n2", io.ErrUnexpectedEOF, 1, false},
		{"reset between frames", "1\n2\n", io.EOF, 2, true},
		{"reset in a frame", "1\n2", io.ErrUnexpectedEOF, 1, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			noFDLeak(t)
			c, p := withPeer(t)
			if tt.unread {
				if err := c.Send([]byte("3"), -1); err != nil {
					t.Fatal(err)
				}
			}
			p.send(tt.in)
			p.f.Close()
			ms, err := readToError(c)
			if err != tt.want || len(ms) != tt.messages {
				t.Errorf("%d messages, %v", len(ms), err)
			}
			if err := c.Send([]byte("4"), -1); !errors.Is(err, ErrClosed) {
				t.Errorf("Send: %v", err)
			}
		})
	}
}

func TestCloseWakesRead(t *testing.T) {
	noFDLeak(t)
	c, p := withPeer(t)
	p.send(`"half`)
	done := make(chan struct{})
	var err error
	go func() {
		defer close(done)
		_, err = c.Read(nil)
	}()
	// Wait until the reader sleeps: it has taken what was there.
	for n := 1; n > 0; runtime.Gosched() {
		var e error
		if n, e = unix.IoctlGetInt(p.fd, unix.TIOCOUTQ); e != nil {
			t.Fatal(e)
		}
	}
	c.Close()
	within(t, "Read", done)
	if !errors.Is(err, ErrClosed) {
		t.Errorf("Read: %v", err)
	}
	for range 2 {
		if err := c.Close(); err != nil {
			t.Errorf("Close again: %v", err)
		}
	}
	if err := c.Send([]byte("1"), -1); !errors.Is(err, ErrClosed) {
		t.Errorf("Send: %v", err)
	}
	if _, err := c.ReadMore(nil); !errors.Is(err, ErrClosed) {
		t.Errorf("ReadMore: %v", err)
	}
}

func TestPairFlags(t *testing.T) {
	noFDLeak(t)
	c, f, err := Pair()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	defer f.Close()
	check := func(name string, fd uintptr, nonblock int) {
		if flags, err := unix.FcntlInt(fd, unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC == 0 {
			t.Errorf("%s: not close-on-exec (%v)", name, err)
		}
		if flags, err := unix.FcntlInt(fd, unix.F_GETFL, 0); err != nil || flags&unix.O_NONBLOCK != nonblock {
			t.Errorf("%s: flags %#x (%v)", name, flags, err)
		}
	}
	check("the peer's end", f.Fd(), 0)
	if err := c.rc.Control(func(fd uintptr) { check("our end", fd, unix.O_NONBLOCK) }); err != nil {
		t.Error(err)
	}

	// As a worker inherits it: blocking, and not close-on-exec.
	inherited, err := unix.Dup(int(f.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	w, err := Open(inherited)
	if err != nil {
		closeFD(inherited)
		t.Fatal(err)
	}
	defer w.Close()
	check("a worker's end", uintptr(inherited), unix.O_NONBLOCK)
}

func TestOpenRefuses(t *testing.T) {
	noFDLeak(t)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	dgram, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer closeFD(dgram)
	for name, fd := range map[string]int{
		"closed": 1 << 20, "negative": -1, "pipe": int(r.Fd()), "tcp": sockets(t, 1)[0], "datagram": dgram,
	} {
		before, _ := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
		c, err := Open(fd)
		if err == nil {
			c.Close()
			t.Errorf("%s: taken", name)
			continue
		}
		if !strings.Contains(err.Error(), fmt.Sprintf("descriptor %d", fd)) {
			t.Errorf("%s: %v", name, err)
		}
		if after, _ := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0); after != before {
			t.Errorf("%s: flags %#x, before %#x", name, after, before)
		}
	}
	if flags, err := unix.FcntlInt(uintptr(dgram), unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC != 0 {
		t.Errorf("a refused descriptor was changed: %#x, %v", flags, err)
	}
}

// A hand-off is two sends and two reads. unix.Recvmsg allocates room for a
// sender's address, once a read whatever the number of messages; nothing of
// ours allocates.
func TestHandOffAllocatesOnlyInRecvmsg(t *testing.T) {
	a, b := conns(t)
	sock := sockets(t, 1)[0]
	line, ms := make([]byte, 0, 512), make([]Message, 0, 8)
	step := func() { line, ms = handOff(t, a, b, sock, line, ms) }
	step() // makes the buffers and interns the key
	if n := testing.AllocsPerRun(100, step); n > 2 {
		t.Errorf("%v allocations a hand-off", n)
	}
}

// handOff is one whole hand-off, both sides.
func handOff(t testing.TB, primary, worker *Conn, sock int, line []byte, ms []Message) ([]byte, []Message) {
	line = AppendNewConn(line[:0], "127.0.0.1:3000:4::", 7)
	if err := primary.TrySend(line, sock); err != nil {
		t.Fatal(err)
	}
	ms, err := worker.Read(ms[:0])
	if err != nil || len(ms) != 1 || ms[0].FD < 0 {
		t.Fatalf("%+v, %v", ms, err)
	}
	closeFD(ms[0].FD)
	line = AppendAccepted(line[:0], ms[0].Cluster.Seq, 3, true)
	if err := worker.Send(line, -1); err != nil {
		t.Fatal(err)
	}
	if ms, err = primary.Read(ms[:0]); err != nil || len(ms) != 1 || !ms[0].Cluster.Accepted {
		t.Fatalf("%+v, %v", ms, err)
	}
	return line, ms
}

func BenchmarkHandOff(b *testing.B) {
	primary, worker := conns(b)
	sock := sockets(b, 1)[0]
	line, ms := make([]byte, 0, 512), make([]Message, 0, 8)
	b.ReportAllocs()
	for b.Loop() {
		line, ms = handOff(b, primary, worker, sock, line, ms)
	}
}

// A peer that only says nothing more may still read what waits for it.
func TestAPeerThatHadClosedOneHalfWasGone(t *testing.T) {
	for half, gone := range map[bool]bool{true: false, false: true} {
		a, b := conns(t)
		if half {
			b.CloseWhenSent()
		} else {
			b.Close()
		}
		if _, err := readToError(a); err != io.EOF {
			t.Fatal(err)
		}
		if a.PeerGone() != gone {
			t.Errorf("one half closed: %v, gone: %v", half, !gone)
		}
	}
}
