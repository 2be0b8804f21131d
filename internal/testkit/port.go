package testkit

import (
	"net"
	"os"
	"strconv"
	"sync/atomic"
	"testing"
)

// portsGiven is how many ports FreePorts has given to tests that run at once.
var portsGiven atomic.Int32

// FreePort is an address with a port nobody listens on: see FreePorts.
func FreePort(t testing.TB) string {
	t.Helper()
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(FreePorts(t, 1)))
}

// FreePorts is the first of n ports in a row that nobody listens on, out of the
// range the kernel takes ports from by itself, so that no other process gets
// one before it is used. No other test of this process gets or tries these
// ports.
func FreePorts(t testing.TB, n int) (first int) {
	t.Helper()
next:
	for range 1000 {
		last := 10_000 + (11*os.Getpid()+int(portsGiven.Add(int32(n))))%20_000
		for p := last - n + 1; p <= last; p++ {
			l, err := net.Listen("tcp", ":"+strconv.Itoa(p))
			if err != nil {
				continue next
			}
			l.Close()
		}
		return last - n + 1
	}
	t.Fatal("no port is free")
	return 0
}
