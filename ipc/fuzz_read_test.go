//go:build unix

package ipc

import (
	"errors"
	"io"
	"reflect"
	"testing"

	"golang.org/x/sys/unix"
)

// Whatever a peer sends, in whatever pieces and with whatever descriptors: no
// panic, no descriptor left over, the same messages as from the bytes alone.
func FuzzRead(f *testing.F) {
	f.Add([]byte(mixed), []byte{1, 2, 3})
	f.Add([]byte(hotFrames["newconn"]+"\n"), []byte{0x80 | 20, 100})
	f.Add([]byte(hotFrames["newconn"]+"\n"), []byte{0xc0 | 20, 100})
	f.Add([]byte(hotFrames["newconn"]+"\n1\n"+hotFrames["newconn"]+"\n"), []byte{0x80 | 63, 63, 1, 0x80 | 63})
	sock, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err != nil {
		f.Fatal(err)
	}
	unix.CloseOnExec(sock)
	f.Cleanup(func() { closeFD(sock) })

	for _, seed := range []string{"\xff\xff", "\x80", "\x14\xff", "\xff\x3f\xc1"} {
		f.Add([]byte(severalFrame+"1\n"+severalFrame), []byte(seed))
	}

	f.Fuzz(func(t *testing.T, data, cuts []byte) {
		noFDLeak(t)
		for _, many := range []bool{false, true} {
			readCut(t, data, cuts, sock, many)
		}
	})
}

func readCut(t *testing.T, data, cuts []byte, sock int, many bool) {
	c, p := withPeer(t)
	c.in.dec.many = many
	sent := make(chan bool, 1)
	go func() { sent <- sendCut(p, data, cuts, sock) }()
	ms, err := readToError(c)
	defer closeMessages(ms)
	c.Close() // so that the sender does not wait for us
	withFDs := <-sent
	for _, m := range ms {
		if m.FD >= 0 && (m.Handle == "" || m.Missing || !same(t, m.FD, sock)) {
			t.Fatalf("descriptor %d in %+v", m.FD, m)
		}
		for _, f := range m.Further {
			if f.FD >= 0 && (m.FD < 0 || !many || !same(t, f.FD, sock)) {
				t.Fatalf("descriptor %d in %+v", f.FD, m)
			}
		}
	}
	if withFDs {
		return // some of the messages may have been refused for them
	}
	d := newDecoder(nil)
	d.many = many
	want, wantErr := put(d, nil, data, none)
	var pe *ProtocolError
	if len(ms) != len(want) || len(ms) > 0 && !reflect.DeepEqual(ms, want) || errors.As(err, &pe) != (wantErr != nil) {
		t.Fatalf("read %+v, %v\nwant %+v, %v", ms, err, want, wantErr)
	}
	if whole := len(data) == 0 || data[len(data)-1] == '\n'; wantErr == nil && (err == io.EOF) != whole {
		t.Fatalf("%q ends with %v", data, err)
	}
}

// sendCut sends data in pieces as cuts says: six bits of length, one for a
// descriptor, one for one more. It reports whether it sent any descriptor.
func sendCut(p *peer, data, cuts []byte, sock int) (withFDs bool) {
	defer p.f.Close()
	for len(data) > 0 {
		n, fds := len(data), []int(nil)
		if len(cuts) > 0 {
			n = min(n, int(cuts[0]&0x3f)+1)
			for bit := byte(0x80); bit >= 0x40; bit >>= 1 {
				if cuts[0]&bit != 0 {
					fds = append(fds, sock)
					withFDs = true
				}
			}
			cuts = cuts[1:]
		}
		var oob []byte
		if len(fds) > 0 {
			oob = unix.UnixRights(fds...)
		}
		n, err := unix.SendmsgN(p.fd, data[:n], oob, nil, sendFlags&^unix.MSG_DONTWAIT)
		if err != nil {
			return withFDs // the reader has had enough
		}
		data = data[n:]
	}
	return withFDs
}
