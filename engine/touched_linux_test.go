package engine

import (
	"net"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// What the kernel tells of a connection whose worker has died without an answer:
// only one that nobody has used may go to another worker.
func TestConnectionThatWasUsedIsKnown(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	type end = *net.TCPConn
	for name, tt := range map[string]struct {
		do   func(client, server end)
		used bool
	}{
		"nothing":                 {func(_, _ end) {}, false},
		"a request waits":         {func(c, _ end) { c.Write([]byte("GET")) }, false},
		"a request, and the end":  {func(c, _ end) { c.Write([]byte("GET")); c.CloseWrite() }, false},
		"the end":                 {func(c, _ end) { c.CloseWrite() }, false},
		"the client has gone":     {func(c, _ end) { c.Close() }, false},
		"reset":                   {func(c, _ end) { c.Write([]byte("GET")); c.SetLinger(0); c.Close() }, false},
		"looked at":               {func(c, s end) { c.Write([]byte("GET")); peek(s) }, false},
		"one byte read":           {func(c, s end) { c.Write([]byte("GET")); s.Read(make([]byte, 1)) }, true},
		"all read":                {func(c, s end) { c.Write([]byte("GET")); s.Read(make([]byte, 9)) }, true},
		"read, more has come":     {func(c, s end) { c.Write([]byte("GET")); s.Read(make([]byte, 3)); c.Write([]byte("GET")) }, true},
		"all read, and the end":   {func(c, s end) { c.Write([]byte("GET")); s.Read(make([]byte, 9)); c.CloseWrite() }, true},
		"written":                 {func(_, s end) { s.Write([]byte("2")) }, true},
		"written, and its client": {func(c, s end) { s.Write([]byte("2")); c.Close() }, true},
		"our half is shut":        {func(_, s end) { s.CloseWrite() }, true},
	} {
		c, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		s, err := ln.Accept()
		if err != nil {
			t.Fatal(err)
		}
		f, err := s.(end).File() // the primary's copy
		if err != nil {
			t.Fatal(err)
		}
		tt.do(c.(end), s.(end))
		s.Close()
		poll(t, name, func() bool { used, known := touched(int(f.Fd())); return known && used == tt.used })
		<-time.After(time.Millisecond)
		if used, known := touched(int(f.Fd())); !known || used != tt.used {
			t.Errorf("%s: it changed its mind", name)
		}
		f.Close()
		c.Close()
	}
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(pair[0])
	defer unix.Close(pair[1])
	if _, known := touched(pair[0]); known {
		t.Error("of a unix socket nothing can be known")
	}
}

func peek(c *net.TCPConn) {
	f, _ := c.File()
	defer f.Close()
	for range 1000 {
		if n, _, _ := unix.Recvfrom(int(f.Fd()), make([]byte, 3), unix.MSG_PEEK|unix.MSG_DONTWAIT); n == 3 {
			return
		}
		<-time.After(time.Millisecond)
	}
	_, _ = os.Stderr.WriteString("nothing to peek at\n")
}
