package ipc

import (
	"reflect"
	"testing"

	"golang.org/x/sys/unix"
)

// With room for one descriptor the first connection comes, and the others are known
// to be missing.
func TestOutOfDescriptorsForSome(t *testing.T) {
	noFDLeak(t)
	c, p := withPeer(t)
	c.TakeMany()
	p.send(string(AppendNewConns(nil, "k", 5, 6, 7)), sockets(t, 3)...)
	free, err := unix.Dup(0)
	if err != nil {
		t.Fatal(err)
	}
	closeFD(free)
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: uint64(free) + 1, Max: limit.Max}); err != nil {
		t.Fatal(err)
	}
	ms, err := c.Read(nil)
	if e := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); e != nil {
		t.Fatal(e)
	}
	defer closeMessages(ms)
	if err != nil || len(ms) != 1 {
		t.Fatalf("%+v, %v", ms, err)
	}
	if _, with := seqs(ms[0]); !reflect.DeepEqual(with, []bool{true, false, false}) {
		t.Errorf("descriptors came for %v", with)
	}
}
